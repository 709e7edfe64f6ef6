"""Each compiled loop gives what a few plain lines give, over hostile text."""

from __future__ import annotations

import random
import re
from collections import Counter
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archive import signals
from archive.signals.kernels import cut, hashes, repeats, scan
from archive.signals.unicode import ALNUM, ALPHA, MARK, SENTENCE, SPACE, UPPER, one_of, properties
from archive.signals.view import NEEDLES, View
from archive.signals.words import CLOSERS, FULL_WIDTH, sentences, stops
from tests.signals import reference
from tests.signals.made import texts

MARKS = "a B1.,:;!?…·'\"»)』。！｡_-=#{}[]<>|@%+/\n\t\r\x85\u202f\u200b\u200d\ufeff\u0301\u24c2ℹ"
MARKS += "漢ก\u05d0\U0001f468\U0001f1e6\ud800\x00"
PHRASES = [*NEEDLES, "1.2", "+44 (0", "...", ". . .", "Www.", "\n"]
hostile = st.one_of(
    texts,
    st.text(alphabet=MARKS, max_size=40),
    st.text(alphabet=st.characters(), max_size=30),
    st.lists(st.sampled_from(PHRASES)).map("".join),
)
batches = st.lists(hostile, min_size=1, max_size=4)
laws = settings(max_examples=80, deadline=None)


def whole(documents: list[str]) -> str:
    return "".join(f"{text}\n" for text in documents)


@laws
@given(batches)
def test_flags_and_lower_case_are_those_of_the_table(documents: list[str]) -> None:
    view, table = View(documents), properties()
    text = whole(documents)
    assert view.flags.tolist() == [table.flags[ord(c)] for c in text]
    assert view.lower == reference.lower(text)


@laws
@given(batches)
def test_tokens_carry_the_flags_and_hashes_of_their_own_code_points(documents: list[str]) -> None:
    view, text = View(documents), whole(documents)
    found = [text[a:b] for a, b in zip(view.tokens.starts, view.tokens.ends, strict=True)]
    assert found == [token for each in documents for token in reference.tokens(each)]
    assert (
        view.tokens.bounds.tolist()
        == np.cumsum([0, *(len(reference.tokens(each)) for each in documents)]).tolist()
    )
    table = properties().flags
    joined = [int(np.bitwise_or.reduce([table[ord(c)] for c in token])) for token in found]
    assert view.token_flags.tolist() == joined
    assert view.token_hashes.tolist() == [reference.span_hash(list(map(ord, t))) for t in found]
    lower = [reference.lower(t) for t, flags in zip(found, joined, strict=True) if flags & ALNUM]
    assert view.lower_word_hashes.tolist() == [
        reference.span_hash(list(map(ord, word))) for word in lower
    ]


@laws
@given(batches)
def test_lines_are_stripped_and_hashed_as_strings_are(documents: list[str]) -> None:
    view, text = View(documents), whole(documents)
    lines = [line for each in documents for line in each.split("\n")]
    blank = "".join(c for c in set(text) if reference.flag(c, SPACE))
    found = [text[a:b] for a, b in zip(view.stripped.starts, view.stripped.ends, strict=True)]
    assert found == [line.strip(blank) for line in lines]
    assert view.line_hashes.tolist() == [reference.span_hash(list(map(ord, x))) for x in lines]
    assert view.stripped_hashes.tolist() == [reference.span_hash(list(map(ord, x))) for x in found]
    for flag in (UPPER, ALPHA):
        counts = [sum(reference.flag(c, flag) for c in line) for line in lines]
        assert view.flagged(view.lines, flag).tolist() == counts


@laws
@given(batches)
def test_marks_strings_and_dots_stand_where_a_search_finds_them(documents: list[str]) -> None:
    view, text = View(documents), whole(documents)
    for characters in (".", "{<%", "|»·•‹›«", "aB漢", CLOSERS):
        where = [i for i, c in enumerate(text) if c in characters]
        assert view.marks(characters).tolist() == where
    lower = reference.lower(text)
    for needle in (*NEEDLES, "ab", "\n\n"):
        where = [match.start() for match in re.finditer(re.escape(needle), lower)]
        assert view.find(needle).tolist() == where, needle
    for step, dots in ((1, "..."), (2, ". . .")):
        where = [match.start() for match in re.finditer(re.escape(dots), text)]
        assert view.dots(step).tolist() == where


@laws
@given(batches)
def test_sentences_end_where_the_rule_says_read_mark_by_mark(documents: list[str]) -> None:
    view, text = View(documents), whole(documents)
    ends = []
    for end in re.finditer("\0+(?:\2{0,3}\0+)*\2{0,3}", "".join(map(_kind, text))):
        after = end.end()
        if reference.flag(text[after], SPACE) or text[after - 1] in FULL_WIDTH:
            ends.append(after - 1)
    assert stops(view).tolist() == ends
    lines = zip(view.stripped.starts.tolist(), view.stripped.ends.tolist(), strict=True)
    expected = [sum(a <= at < b for at in ends) + (b > a and b - 1 not in ends) for a, b in lines]
    assert sentences(view, view.stripped).tolist() == expected


def _kind(character: str) -> str:
    """\\0: ends a sentence, \\2: closes; all others 3."""
    if reference.flag(character, SENTENCE):
        return "\0"
    return "\2" if character in CLOSERS else "\3"


@laws
@given(st.text(alphabet="0123456789.-+( x", max_size=60), st.sampled_from([(1, 0), (4, 3), (8, 0)]))
def test_runs_of_digits_are_found_as_by_hand(text: str, least: tuple[int, int]) -> None:
    codes = np.array([ord(c) for c in text], dtype=np.uint32)
    starts, ends = scan.digit_runs(codes, one_of("0123456789.-+("), 4, *least)
    expected = []
    for match in re.finditer(r"\d(?:[.\-+(]{0,3}\d)*", text):
        digits = sum(map(str.isdigit, match.group()))
        if digits >= least[0] and len(match.group()) - digits >= least[1]:
            expected.append(match.span())
    assert list(zip(starts.tolist(), ends.tolist(), strict=True)) == expected


@laws
@given(st.lists(st.lists(st.integers(0, 6), max_size=12), min_size=1, max_size=5))
def test_equal_keys_are_grouped_text_by_text(keys: list[list[int]]) -> None:
    # Keys that share all lower bits meet in one place of the table.
    flat = np.array([key << 40 for each in keys for key in each], dtype=np.uint64)
    bounds = np.cumsum([0, *map(len, keys)])
    number, sizes, first, groups = hashes.grouped(flat, bounds)
    assert groups.tolist() == np.cumsum([0, *(len(set(each)) for each in keys)]).tolist()
    for text, each in enumerate(keys):
        counts = Counter(each)  # in the order of first occurrence
        own = slice(groups[text], groups[text + 1])
        assert sizes[own].tolist() == list(counts.values())
        assert (first[own] - bounds[text]).tolist() == [each.index(key) for key in counts]
        assert number[bounds[text] : bounds[text + 1]].tolist() == [
            groups[text] + list(counts).index(key) for key in each
        ]


@laws
@given(st.lists(st.integers(0, 9)), st.lists(st.integers(0, 9), min_size=1, max_size=4))
def test_known_hashes_are_found_among_others(some: list[int], known: list[int]) -> None:
    found = hashes.wanted(
        np.array([n << 32 for n in some], dtype=np.uint64),
        np.array([n << 32 for n in known], dtype=np.uint64),
    )
    assert found.tolist() == [i for i, n in enumerate(some) if n in known]


@laws
@given(st.lists(st.integers(0, 30)), st.lists(st.integers(0, 30)))
def test_ranks_are_those_of_a_binary_search(some: list[int], places: list[int]) -> None:
    positions, wanted = np.sort(np.array(some, np.int64)), np.sort(np.array(places, np.int64))
    assert scan.ranks(positions, wanted).tolist() == np.searchsorted(positions, wanted).tolist()


@laws
@given(st.lists(st.lists(st.integers(0, 3), max_size=30), min_size=1, max_size=4))
def test_repeated_ngrams_are_counted_as_tuples_are(documents: list[list[int]]) -> None:
    lengths = [word + 1 for text in documents for word in text]
    sums = np.concatenate(([0], np.cumsum(lengths, dtype=np.int64)))
    bounds = np.cumsum([0, *map(len, documents)])
    keys = np.array([word for text in documents for word in text], dtype=np.uint64)
    number, sizes, _, _ = hashes.grouped(keys, bounds)
    for dclm in (False, True):
        top, duplicated = repeats.repeated(number, sizes, sums, bounds, dclm)
        for row, text in enumerate(documents):
            spelt = ["x" * (word + 1) for word in text]
            for n in (2, 3, 4):
                assert top[row, n - 2] == _top(spelt, n, dclm)
            for n in range(5, 11):
                assert duplicated[row, n - 5] == _duplicated(spelt, n, dclm)


def _grams(words: list[str], n: int) -> list[tuple[str, ...]]:
    return [tuple(words[i : i + n]) for i in range(len(words) - n + 1)]


def _top(words: list[str], n: int, dclm: bool) -> int:
    counts = Counter(_grams(words, n))
    if not counts:
        return 0
    most = max(counts.values())
    if not dclm:
        return len(" ".join(next(g for g in counts if counts[g] == most))) * most
    return max(len("".join(g)) for g in counts if counts[g] == most) * most if most > 1 else 0


def _duplicated(words: list[str], n: int, dclm: bool) -> int:
    grams = _grams(words, n)
    if not dclm:
        return reference._greedy(words, n)
    counts = Counter(grams)
    covered = {i + k for i, gram in enumerate(grams) if counts[gram] > 1 for k in range(n)}
    return sum(len(words[i]) for i in covered)


def test_no_loop_reads_past_the_end_of_what_it_is_given() -> None:
    empty = np.zeros(0, dtype=np.int64)
    codes = np.zeros(0, dtype=np.uint32)
    flags = np.zeros(0, dtype=np.uint8)
    assert len(cut.boundaries(codes, flags, properties().word_break)) == 0
    assert all(len(each) == 0 for each in cut.tokens(codes, codes, flags, flags))
    assert all(len(each) == 0 for each in cut.pieces(flags))
    assert len(scan.stops(codes, flags, one_of("."), one_of("."))) == 0
    assert len(scan.dots(codes, empty, 1)) == 0
    assert len(scan.ranks(empty, empty)) == 0


HUGE: dict[str, Any] = {
    "one word": "x" * 300_000,
    "marks": "\u0301" * 60_000,
    "apostrophes": "a'" * 60_000,
    "marks in words": ("a" + "\u0301" * 20 + "'") * 3_000,
    "one phrase": "a b c " * 40_000,
    "lines": "\n" * 100_000,
    "no spaces": "漢字" * 60_000,
    "dots": "..." * 50_000,
    "digits": "1.1.1." * 20_000,
}


@pytest.mark.parametrize("name", HUGE)
def test_a_huge_text_is_counted_as_a_short_one(name: str) -> None:
    text = HUGE[name]
    found = signals.compute([{"id": "", "text": text}, {"id": "", "text": "the end"}])
    row = found.to_pylist()[0]
    assert row["characters"] == len(text)
    assert row["pieces"] == len(text.split())
    assert (
        found.slice(1).to_pylist() == signals.compute([{"id": "", "text": "the end"}]).to_pylist()
    )


@pytest.mark.parametrize(
    "text", ["\u202fabc the end", "\u200dℹ", "\ufeffWort", "«\u202fmot\u202f»", "\u2060\u24c2"]
)
def test_what_begins_with_nothing_visible_adds_nothing_to_the_text_before(text: str) -> None:
    # No letter of the next text may make a word of this one's last mark.
    alone = signals.compute([{"id": "", "text": "One two !"}])
    both = signals.compute([{"id": "", "text": "One two !"}, {"id": "", "text": text}])
    assert both.slice(0, 1).to_pylist() == alone.to_pylist()
    assert both.to_pylist()[1]["words"] == len(reference.words(text))


def test_the_signs_that_rules_look_for_are_neither_letters_nor_marks_on_them() -> None:
    # View.marks looks for these among signs alone.
    flags = properties().flags
    for character in "#.…{<[%@|»·•‹›«,;、，\ufffd" + CLOSERS:
        assert not flags[ord(character)] & (ALNUM | SPACE | MARK), character
    draw = random.Random(1)
    text = "".join(draw.choices(MARKS, k=2000))
    assert View([text]).marks("a漢").tolist() == [i for i, c in enumerate(text) if c in "a漢"]
