"""Texts as letters: what no encoding changes, and what texts that share a passage share."""

from __future__ import annotations

import unicodedata

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.audit.letters import Letters, covered, plain
from archive.audit.options import Matching, admitted
from archive.errors import UnknownName, UsageError
from tests.audit.made import WHOLE, prose

MATCHING = Matching()
SMALL = Matching(letters=8, window=4)
ALPHABETS = (
    "abcxyz éüñßœ ÀÉÎ .,-—'",
    "αβγσς ΆΈΏ ώΐ",
    "абвгд ёйъ ЯЖЩ",
    "漢字かなカナ、。 한국말",
    "ıiİ I ﬁ ① ½ x²",
    "हिन्दी में ไทย עברית",
)
TEXTS = st.one_of(*(st.text(alphabet, min_size=1, max_size=80) for alphabet in ALPHABETS))


def letters(text: str) -> str:
    return Letters.of([text]).codes.tobytes().decode("utf-32-le")


def test_the_letters_of_a_page_worked_out_by_hand() -> None:
    page = "<p id=1>Caf&eacute; <b>No.</b>&nbsp;5 — <!-- not --> STRAßE</p><style>p{}</style>"
    assert letters(page) == "caféno5strasse"


@pytest.mark.parametrize("encode", WHOLE, ids=lambda f: f.__name__)
def test_an_encoding_changes_no_letter(encode: object) -> None:
    assert callable(encode)
    for seed in range(5):
        text = prose(seed)
        assert encode(text) != text
        assert letters(encode(text)) == letters(text)


@given(TEXTS)
def test_case_and_composition_change_no_letter(text: str) -> None:
    lowered = letters(text)
    assert letters(text.upper()) == lowered or "İ" in text  # whose lower case is two characters
    assert letters(unicodedata.normalize("NFD", text)) == lowered
    assert letters(unicodedata.normalize("NFC", text)) == lowered


@given(TEXTS)
def test_letters_stay_as_they_are(text: str) -> None:
    assert letters(letters(text)) == letters(text)


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("a < b and c > d", "abandcd"),
        ("<script>never closed", "neverclosed"),
        ("<!-- never closed", "neverclosed"),
        ("x<script>one</SCRIPT >y<style>two</style>z", "xyz"),
        ("1 <2> 3", "123"),
        ("<script>all there is</script>", "scriptallthereisscript"),
        ("&lt;b&gt;bold&lt;/b&gt;", "bold"),
        ("half a character: \ud800", "halfacharacter"),
        ("\x00\ufeff\u200b", ""),
        ("", ""),
    ],
)
def test_what_looks_like_markup_and_is_none(text: str, left: str) -> None:
    assert Letters.of([text]).codes.tobytes().decode("utf-32-le") == left


def test_openings_without_ends_cost_no_more_than_their_length() -> None:
    # Looked for to the end of the text each time, these would take hours.
    hostile = "</script>" * 20_000 + "<script>" * 20_000 + "<!--" * 20_000 + "<a" * 50_000
    assert "script" not in plain(hostile)


@given(st.lists(TEXTS, min_size=2, max_size=6))
def test_no_key_depends_on_the_other_texts_of_a_batch(texts: list[str]) -> None:
    together = Letters.of(texts)
    starts, keys = together.passages(SMALL)
    wholes = together.wholes()
    for place, text in enumerate(texts):
        alone = Letters.of([text])
        own = (starts >= together.bounds[place]) & (starts < together.bounds[place + 1])
        assert alone.passages(SMALL)[1].tolist() == keys[own].tolist()
        assert alone.wholes()[0] == wholes[place]


@given(st.integers(0, 1000), st.integers(0, 60), st.integers(0, 60))
def test_what_two_texts_share_is_found_from_its_guaranteed_length_on(
    seed: int, before: int, after: int
) -> None:
    shared = letters(prose(seed, 60))[: MATCHING.letters + MATCHING.window - 1]
    one = letters(prose(seed + 5000, 40))[:before] + shared + letters(prose(seed + 9000, 9))
    other = letters(prose(seed + 7000, 9)) + shared + letters(prose(seed + 8000, 40))[:after]
    keys = [set(Letters.of([text]).passages(MATCHING)[1].tolist()) for text in (one, other)]
    assert keys[0] & keys[1]


@given(st.integers(0, 1000), st.integers(1, 400))
def test_passages_leave_no_gap_and_reach_both_ends(seed: int, words: int) -> None:
    found = Letters.of([prose(seed, words)])
    starts, keys = found.passages(MATCHING)
    size = len(found.codes)
    assert (len(starts) > 0) == (size >= MATCHING.letters)
    if len(starts):
        assert (starts[0], starts[-1]) == (0, size - MATCHING.letters)
        assert np.diff(starts).max(initial=0) <= MATCHING.window
        assert covered(starts, MATCHING.letters, found).tolist() == [size]
        assert len(keys) == len(starts)


def test_of_the_passages_about_two_in_seventeen_are_chosen() -> None:
    found = Letters.of([prose(3, 40_000)])
    share = len(found.passages(MATCHING)[0]) / len(found.codes)
    assert abs(share - 2 / (MATCHING.window + 1)) < 0.005


def test_keys_fill_every_range_alike_so_that_ranges_bound_a_merge() -> None:
    keys = Letters.of([prose(3, 40_000)]).passages(MATCHING)[1]
    sizes = np.bincount((keys >> np.uint64(60)).astype(int), minlength=16)
    assert sizes.max() < 1.2 * len(keys) / 16


def test_covered_letters_are_counted_once_and_by_text() -> None:
    found = Letters.of(["a" * 30, "b" * 20])
    assert covered(np.array([0, 4, 22]), 8, found).tolist() == [20, 0]
    assert covered(np.array([30]), 8, found).tolist() == [0, 8]


@pytest.mark.parametrize(
    "wrong", [{"letters": 7}, {"window": 51}, {"window": 0}, {"common": 1}, {"similar": 0.0}]
)
def test_parameters_that_cannot_be_meant_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(UsageError):
        Matching(**wrong)


def test_grades_are_admitted_from_the_best_to_the_least() -> None:
    assert admitted("consistent") == ("attested", "consistent")
    with pytest.raises(UnknownName, match="grade"):
        admitted("none")
