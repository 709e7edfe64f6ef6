"""A detector's flags turned into a share."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archive.audit.estimate import Settings, from_scores, rogan_gladen


def test_the_share_is_what_rogan_and_gladen_say() -> None:
    """30 % flagged, 10 % false and 90 % true positives: (0.3 - 0.1) / 0.8."""
    assert rogan_gladen(300, 1000, 100, 1000, 900, 1000).estimate == pytest.approx(0.25)


@settings(deadline=None)
@given(st.integers(0, 200), st.integers(0, 80), st.integers(120, 200))
def test_the_interval_holds_the_estimate_and_lies_between_0_and_1(
    flagged: int, false: int, true: int
) -> None:
    answer = rogan_gladen(flagged, 200, false, 200, true, 200)
    if answer.estimate is None:
        assert answer.reason.startswith("range: ")
        return
    assert answer.low is not None
    assert answer.high is not None
    assert 0 <= answer.low <= answer.estimate <= answer.high <= 1


def test_none_flagged_of_a_hundred_is_no_proof_of_none() -> None:
    answer = rogan_gladen(0, 100, 0, 100, 100, 100)
    assert answer.estimate == 0
    assert answer.high is not None
    assert 0.01 < answer.high < 0.1


def test_a_detector_that_flags_no_more_synthetic_than_human_text_says_nothing() -> None:
    answer = rogan_gladen(50, 100, 30, 100, 30, 100)
    assert answer.estimate is None
    assert answer.reason.startswith("detector: it flags 30.0% of synthetic and 30.0% of human")


def test_too_few_documents_say_nothing() -> None:
    assert rogan_gladen(1, 20, 0, 100, 90, 100).reason.startswith("size: 20 documents")


def test_scores_cover_known_shares() -> None:
    """40 mixtures at 20 %: at 95 %, fewer than 34 hits have a probability of 1 in 300."""
    hits = 0
    for seed in range(40):
        rng = np.random.default_rng(seed)
        human, synthetic = rng.normal(0, 1, 300), rng.normal(2, 1, 300)
        target = np.concatenate((rng.normal(0, 1, 320), rng.normal(2, 1, 80)))
        answer = from_scores(target.tolist(), human.tolist(), synthetic.tolist())
        assert answer.low is not None
        assert answer.high is not None
        hits += answer.low <= 0.2 <= answer.high
    assert hits >= 34


def test_scores_that_tell_nothing_are_undetermined_and_order_does_not_matter() -> None:
    rng = np.random.default_rng(0)
    human, synthetic, target = (rng.normal(0, 1, 200).tolist() for _ in range(3))
    assert from_scores(target, human, synthetic).reason.startswith("identifiable: ")
    better = [score + 3 for score in synthetic]
    first = from_scores(target, human, better, Settings())
    assert first.to_json() == from_scores(target[::-1], human[::-1], better[::-1]).to_json()
