"""The measures behind the gates, against values worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archive.audit.estimate.auc import auc, auc_error
from archive.audit.estimate.drift import divergence
from archive.audit.estimate.interval import Shift
from archive.audit.estimate.nulls import Null, shift

COUNTS = st.lists(st.integers(0, 50), min_size=3, max_size=3).filter(any)


@pytest.mark.parametrize(
    ("negative", "positive", "expected"),
    [([1, 2], [3, 4], 1.0), ([3, 4], [1, 2], 0.0), ([1, 1], [1, 1], 0.5), ([1, 3], [2, 3], 0.625)],
)
def test_auc_counts_pairs_with_ties_half(
    negative: list[float], positive: list[float], expected: float
) -> None:
    assert auc(np.array(negative, float), np.array(positive, float)) == expected


def test_the_error_of_an_auc_is_that_of_its_placements() -> None:
    """Placements 2/3, 1 and 1, 1, 1/2; squares over 2 and 3 documents, 7/216; five clusters."""
    human, synthetic = np.array([1.0, 2.0, 3.0]), np.array([2.5, 4.0])
    found = auc_error(human, synthetic, np.arange(3), np.arange(3, 5))
    assert found == pytest.approx(math.sqrt(7 / 216 * 5 / 4))
    assert auc_error(human, human + 9, np.arange(3), np.arange(3)) == 0


def test_the_error_of_an_auc_is_what_repetition_shows() -> None:
    rng = np.random.default_rng(0)
    draws = [(rng.normal(0, 1, 60), rng.normal(1, 1, 40)) for _ in range(300)]
    spread = float(np.std([auc(*pair) for pair in draws]))
    owners = np.arange(60), np.arange(60, 100)
    assert np.mean([auc_error(*pair, *owners) for pair in draws]) == pytest.approx(spread, rel=0.15)


@settings(deadline=None)
@given(COUNTS, COUNTS)
def test_divergence_is_symmetric_and_between_0_and_1(first: list[int], second: list[int]) -> None:
    p, q = np.array(first, float), np.array(second, float)
    found = divergence(p, q)
    assert 0 <= found <= 1 + 1e-12
    assert found == pytest.approx(divergence(q, p), abs=1e-12)
    assert divergence(p, 3 * p) == pytest.approx(0, abs=1e-12)


def test_divergence_of_nothing_in_common_is_one_bit() -> None:
    assert divergence(np.array([4.0, 0.0]), np.array([0.0, 2.0])) == pytest.approx(1)


def null(share: float, error: float) -> Null:
    return Null("s", 10, 100, share, share - 2 * error, share + 2 * error, error, 0.0)


def test_the_shift_is_what_chance_does_not_explain() -> None:
    assert shift([null(0.05, 0.03), null(-0.05, 0.03)]).deviation == pytest.approx(0.04)
    assert shift([null(0.01, 0.03)]) == Shift(0.0, 1)
    assert shift([]).deviation == 0


def test_a_shift_found_in_few_sources_is_worth_few_degrees_of_freedom() -> None:
    assert shift([null(0.1, 0.0)] * 6).freedom == 6
    assert math.isclose(shift([null(0.1, 0.0)] * 6).deviation, 0.1)
