"""The distributions and fits against tables and laws."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.replay.stats import digamma, falling_fit, holm, slope, t_quantile, t_upper_tail


@pytest.mark.parametrize(
    ("probability", "df", "expected"),
    [(0.95, 1, 6.313752), (0.95, 4, 2.131847), (0.975, 10, 2.228139), (0.995, 30, 2.749996)],
)
def test_t_quantiles_are_those_of_the_tables(probability: float, df: int, expected: float) -> None:
    assert t_quantile(probability, df) == pytest.approx(expected, abs=1e-6)


@given(st.floats(0.001, 0.999), st.integers(1, 200))
def test_the_tail_beyond_a_quantile_is_what_is_left(probability: float, df: int) -> None:
    assert t_upper_tail(t_quantile(probability, df), df) == pytest.approx(1 - probability, abs=1e-9)


@given(st.floats(0.1, 300))
def test_digamma_obeys_its_recurrence(x: float) -> None:
    assert digamma(x + 1) == pytest.approx(digamma(x) + 1 / x, abs=1e-9)


def test_digamma_of_one_is_minus_eulers_constant() -> None:
    assert digamma(1.0) == pytest.approx(-0.5772156649015329, abs=1e-9)


@given(st.floats(-5, 5), st.floats(-5, 5), st.integers(2, 12))
def test_the_slope_of_a_line_is_its_own(start: float, step: float, length: int) -> None:
    assert slope([start + step * i for i in range(length)]) == pytest.approx(step, abs=1e-9)


def test_one_outlier_does_not_move_the_slope() -> None:
    assert slope([0, 1, 2, 100, 4, 5, 6]) == pytest.approx(1, abs=0.2)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_holm_lies_between_bonferroni_and_no_correction(p_values: list[float]) -> None:
    rejected = holm(p_values, 0.05)
    for p, said in zip(p_values, rejected, strict=True):
        assert said or p > 0.05 / len(p_values)
        assert not said or p <= 0.05


@given(st.lists(st.floats(-10, 10), min_size=1, max_size=20))
def test_a_falling_fit_falls_keeps_the_mean_and_keeps_what_falls(values: list[float]) -> None:
    fitted = falling_fit(np.array(values))
    assert np.all(np.diff(fitted) <= 1e-9)
    assert math.isclose(fitted.mean(), np.mean(values), abs_tol=1e-9)
    ordered = np.sort(values)[::-1]
    assert np.allclose(falling_fit(ordered), ordered)
