"""Measures against their definitions."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.replay.measures import distinct, jensen_shannon, rarefied_types, survival
from archive.replay.scribes import Words, WordScribe


@given(st.lists(st.integers(0, 6), min_size=2, max_size=8).filter(lambda c: sum(c) > 3))
def test_rarefied_types_are_the_mean_over_draws(counts: list[int]) -> None:
    tokens = np.repeat(np.arange(len(counts)), counts)
    size = tokens.size // 2
    rng = np.random.default_rng(0)
    drawn = [np.unique(rng.permutation(tokens)[:size]).size for _ in range(400)]
    expected = rarefied_types(np.array(counts), size)
    assert expected == pytest.approx(np.mean(drawn), abs=0.35)
    assert rarefied_types(np.array(counts), tokens.size) == pytest.approx(np.count_nonzero(counts))


def test_the_distance_of_a_text_is_nought_to_itself_and_one_to_another_vocabulary() -> None:
    a, b = np.array([5, 3, 0, 0]), np.array([0, 0, 2, 9])
    assert jensen_shannon(a, a * 3) == pytest.approx(0, abs=1e-7)
    assert jensen_shannon(a, b) == pytest.approx(1)


def test_survival_counts_words_by_how_often_they_were_there() -> None:
    first = np.array([0, 1, 1, 1, 1, 2, 4, 50])
    now = np.array([9, 1, 0, 0, 7, 1, 0, 3])
    shares = survival(now, first)
    assert shares["1"] == 0.5
    assert (shares["2"], shares["3-5"], shares["11-100"]) == (1, 0, 1)
    assert shares["6-10"] is None


def test_distinct_is_the_share_of_different_pairs_within_blocks() -> None:
    words = WordScribe(("", "a", "b")).words(np.array([[1, 2, 1, 2], [1, 2, 1, 2]], np.int32))
    assert distinct(words, 2) == pytest.approx(2 / 6)
    assert distinct(words, 4) == pytest.approx(1 / 2)
    assert distinct(words, 5) == 0, "no block holds five"
    assert distinct(Words(np.zeros(0, np.int64), np.zeros(0, np.int64)), 2) == 0
