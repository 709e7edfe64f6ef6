"""Texts: what is read, how it is cut into words, and how documents get their roles."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.errors import CheckFailed, UsageError
from archive.replay.corpus import Corpus, prepare
from archive.replay.roles import ROLES
from archive.replay.scribes import UNKNOWN
from archive.replay.texts import Text, read_paths, take, words
from tests.replay.made import documents, taken


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("It isn't so, he said.", ["It", "isn't", "so", ",", "he", "said", "."]),
        ("हिन्दी में", ["हिन्दी", "में"]),
        ("今日は", ["今", "日", "は"]),
        ("naïve e\u0301tat", ["naïve", "e\u0301tat"]),
    ],
)
def test_words_are_whole_in_every_script(text: str, expected: list[str]) -> None:
    assert words(text) == expected


@given(st.text())
def test_words_lose_nothing_but_white_space(text: str) -> None:
    kept = "".join(words(text))
    assert [c for c in text if c.isalnum()] == [c for c in kept if c.isalnum()]


def test_tei_gives_the_text_without_header_and_notes(tmp_path: Path) -> None:
    (tmp_path / "a.xml").write_text(
        '<TEI xmlns="http://www.tei-c.org/ns/1.0"><teiHeader>no</teiHeader><text><body>'
        "<p>One\n   <hi>two</hi>.<note>not this</note></p><p>Three.</p></body></text></TEI>"
    )
    (text,) = read_paths([tmp_path])
    assert (text.group, text.text) == ("a", "One two.\nThree.")


def test_a_wikitext_file_holds_a_document_for_each_article(tmp_path: Path) -> None:
    (tmp_path / "w.raw").write_text(
        " \n = First = \n\n text \n = = Part = = \n more \n = Second = \n x \n"
    )
    assert [t.text.split()[1] for t in read_paths([tmp_path / "w.raw"])] == ["First", "Second"]


@pytest.mark.parametrize(
    ("name", "data"), [("a.txt", b"\xff\xfe\x00"), ("a.xml", b"<a>"), ("none", None)]
)
def test_what_cannot_be_read_is_named(tmp_path: Path, name: str, data: bytes | None) -> None:
    if data is not None:
        (tmp_path / name).write_bytes(data)
    with pytest.raises(UsageError, match=name):
        list(read_paths([tmp_path / name]))


def test_taking_texts_depends_on_the_set_and_not_on_the_order() -> None:
    texts = [*documents(count=30, words=200), Text("x", "  "), Text("z", documents(1, 200)[0].text)]
    shuffled = random.Random(1).sample(texts, len(texts))
    assert take(texts, 20_000) == take(shuffled, 20_000)
    assert take(texts).left_out["copies"] == 1
    assert take(texts, 20_000).left_out["beyond the size of a run"] > 0


def test_roles_have_about_their_shares_and_no_training_block_is_unknown() -> None:
    corpus = prepare(taken(count=60, words=700))
    sizes = {role: len(blocks) for role, blocks in corpus.blocks.items()}
    for role, share in ROLES.items():
        assert sizes[role] / sum(sizes.values()) == pytest.approx(share / 100, abs=0.04)
    for role in ("train", "fresh"):
        assert corpus.blocks[role].min() > UNKNOWN
    assert corpus.groups == (("group0", "group1"),)


def test_documents_of_two_languages_are_also_judged_by_language() -> None:
    texts = [
        Text(f"host of {language}", text.text, language)
        for text, language in zip(
            documents(count=60, words=1500), ["en", "gv", "gv"] * 20, strict=True
        )
    ]
    corpus = prepare(take(texts))
    assert corpus.groups == (("host of en", "host of gv"), ("language en", "language gv"))
    assert np.array_equal(corpus.test_groups[0], corpus.test_groups[1])
    assert set(corpus.test_groups[0]) == {0, 1}


def test_a_corpus_that_was_saved_is_the_same(tmp_path: Path) -> None:
    corpus = prepare(taken())
    corpus.save(tmp_path)
    loaded = Corpus.load(tmp_path)
    assert loaded.scribe.digest == corpus.scribe.digest
    assert np.array_equal(loaded.test_words, corpus.blocks["test"])
    assert all(np.array_equal(loaded.blocks[r], corpus.blocks[r]) for r in ROLES)
    assert (loaded.facts, loaded.test_bytes) == (corpus.facts, corpus.test_bytes)


def test_an_evaluation_document_that_repeats_training_text_is_left_out() -> None:
    texts = documents(count=60, words=700)
    copies = [Text("copy", f"{text.text} and a new end") for text in texts[:15]]
    corpus = prepare(take([*texts, *copies]))
    gone = corpus.facts["evaluation documents that share text with training"]
    assert 0 < gone < 15
    known = {tuple(block[:40]) for role in ("train", "fresh") for block in corpus.blocks[role]}
    assert not known & {tuple(block[:40]) for block in corpus.blocks["test"]}


def test_texts_that_all_repeat_each_other_are_refused() -> None:
    (one,) = documents(count=1)
    with pytest.raises(CheckFailed, match="shares passages"):
        prepare(take([Text("x", f"{one.text} {i}") for i in range(20)]))


def test_too_few_documents_are_refused() -> None:
    with pytest.raises(UsageError, match="cannot be split"):
        prepare(taken(count=3))
