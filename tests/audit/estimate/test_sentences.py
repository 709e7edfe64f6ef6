"""Where a sentence ends, and what is kept of it."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from archive.audit.estimate.sentences import LONGEST, SHORTEST, cut
from archive.signals.hashing import of_text

ODD = st.text(alphabet="ab c.!?\n\"'”。\u0301\u200bÄß12,", max_size=60)


def held(text: str) -> list[set[int]]:
    found = cut([text])
    return [set(found.words[found.sentence == i].tolist()) for i in range(len(found.text))]


def hashes(words: str) -> set[int]:
    return {of_text(word) for word in words.split()}


def test_a_mark_and_white_space_end_a_sentence() -> None:
    text = 'One two three four. "Five six seven eight!" nine ten v1.2 eleven'
    expected = ["one two three four", "five six seven eight", "nine ten v1.2 eleven"]
    assert held(text) == [hashes(words) for words in expected]


def test_a_line_that_goes_on_in_lower_case_is_one_sentence() -> None:
    assert held("one two three\nfour five") == [hashes("one two three four five")]


def test_a_line_that_begins_anew_or_after_an_empty_one_is_another_sentence() -> None:
    two = [hashes("a b c d"), hashes("e f g h")]
    assert held("a b c d\nE f g h") == two
    assert held("a b c d\n\ne f g h") == two


def test_a_fragment_is_not_counted() -> None:
    assert SHORTEST == 4
    assert held("Home. About us. Read more here. This one has four.") == [
        hashes("this one has four")
    ]


def test_a_word_counts_once_in_a_sentence_whatever_its_case() -> None:
    assert held("The cat and the cat and THE dog.") == [hashes("the cat and dog")]


def test_text_without_marks_is_cut_after_so_many_words() -> None:
    text = " ".join(f"w{i}" for i in range(2 * LONGEST + 10))
    assert [len(words) for words in held(text)] == [LONGEST, LONGEST, 10]


def test_text_without_words_has_no_sentence() -> None:
    found = cut(["", " \n", "!!! ..."])
    assert len(found.text) == len(found.words) == 0


@settings(deadline=None)
@given(st.lists(ODD, min_size=1, max_size=4))
def test_a_text_is_cut_alike_alone_and_among_others(texts: list[str]) -> None:
    together = cut(texts)
    for place, text in enumerate(texts):
        mine = np.flatnonzero(together.text == place)
        sets = [set(together.words[together.sentence == i].tolist()) for i in mine]
        assert sets == held(text)
