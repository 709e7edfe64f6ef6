"""The verdict: its error rates by simulation, its controls, what it says when it cannot tell."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import numpy as np
import pytest

from archive.replay.endpoints import Endpoint, Margins, rarest_bin
from archive.replay.mixes import ALL_HUMAN, REPLACE
from archive.replay.stats import t_quantile
from archive.replay.sweep import smallest_share
from archive.replay.verdict import (
    COLLAPSES,
    INCONCLUSIVE,
    NOT_SENSITIVE,
    RESISTS,
    Judgement,
    decide,
    with_controls,
)

RUNS, SEEDS = 2000, 5
MARGINS = {"loss": 0.10, "slope": 0.005, "tail loss": 0.15, "rare words lost": 0.2, "group": 0.2}
# The spread over seeds that word models of ten generations show, and well above it.
SPREAD = 0.15
"""Of each endpoint, in units of its margin."""


def verdicts(truth: Mapping[str, float], rng: np.random.Generator) -> str:
    """The verdict of one simulated run on a policy whose endpoints are truly `truth` margins."""
    runs = {
        ALL_HUMAN: dict.fromkeys(MARGINS, 0.0),
        REPLACE: dict.fromkeys(MARGINS, 5.0),
        "ours": truth,
    }
    decided = {}
    for name, true in runs.items():
        # What a seed has in common moves all its endpoints.
        common = rng.standard_normal(SEEDS)
        endpoints = []
        for key, margin in MARGINS.items():
            own = rng.standard_normal(SEEDS)
            noise = SPREAD * (0.7 * common + np.sqrt(1 - 0.49) * own)
            endpoints.append(Endpoint(key, margin, tuple(margin * (true[key] + noise))))
        decided[name] = decide(endpoints)[0]
    return with_controls(decided)["ours"]


def rates(truth: Mapping[str, float], seed: int) -> dict[str, float]:
    rng = np.random.default_rng(seed)
    counts = Counter(verdicts(truth, rng) for _ in range(RUNS))
    return {verdict: count / RUNS for verdict, count in counts.items()}


def at(loss: float, others: float) -> dict[str, float]:
    return dict.fromkeys(MARGINS, others) | {"loss": loss}


# Two standard errors of a rate of 5 % in so many runs.
CHANCE = 2 * (0.05 * 0.95 / RUNS) ** 0.5


def test_at_the_margin_at_most_one_run_in_twenty_is_falsely_said_to_resist() -> None:
    assert rates(at(1.0, 0.0), seed=1).get(RESISTS, 0) <= 0.05 + CHANCE
    # With every endpoint at its margin it is rarer still.
    assert rates(at(1.0, 1.0), seed=2).get(RESISTS, 0) <= 0.05


def test_at_the_margin_at_most_one_run_in_twenty_is_falsely_said_to_collapse() -> None:
    assert rates(at(1.0, 1.0), seed=3).get(COLLAPSES, 0) <= 0.05 + CHANCE
    assert rates(at(1.0, 0.0), seed=4).get(COLLAPSES, 0) <= 0.05


def test_the_power_is_what_the_documentation_states() -> None:
    assert rates(at(0.5, 0.5), seed=5)[RESISTS] > 0.95
    assert rates(at(2.0, 0.0), seed=6)[COLLAPSES] > 0.95


def endpoint(*values: float, name: str = "loss", margin: float = 0.1) -> Endpoint:
    return Endpoint(name, margin, values)


def test_the_interval_is_that_of_t() -> None:
    held = endpoint(0.1, 0.2, 0.3, 0.4, 0.5)
    half = t_quantile(0.95, 4) * np.std(held.values, ddof=1) / 5**0.5
    assert held.bounds == pytest.approx((0.3 - half, 0.3 + half))


@pytest.mark.parametrize(
    ("replace", "human"), [(INCONCLUSIVE, RESISTS), (RESISTS, RESISTS), (COLLAPSES, COLLAPSES)]
)
def test_without_sound_controls_there_is_no_verdict(replace: str, human: str) -> None:
    said = with_controls({REPLACE: replace, ALL_HUMAN: human, "ours": RESISTS})
    assert said == {REPLACE: replace, ALL_HUMAN: human, "ours": NOT_SENSITIVE}


def test_fewer_than_three_seeds_only_describe() -> None:
    assert decide([endpoint(0.0, 0.0)])[0] == INCONCLUSIVE
    assert decide([endpoint(9.0)])[0] == INCONCLUSIVE


def test_one_endpoint_beyond_its_margin_is_enough_to_collapse_and_is_named() -> None:
    tail = endpoint(1.0, 1.1, 1.2, name="tail loss")
    assert decide([endpoint(0.0, 0.01, 0.0), tail]) == (COLLAPSES, ("tail loss",))


def test_seeds_needed_shrink_as_the_answer_gets_clearer() -> None:
    near, far = endpoint(0.05, 0.09, 0.11), endpoint(-0.02, 0.02, 0.04)
    assert near.seeds_needed is not None
    assert far.seeds_needed is not None
    assert near.seeds_needed > far.seeds_needed >= 3
    assert endpoint(0.0, 0.1, 0.2).seeds_needed is None, "the mean lies on the margin"


def test_the_smallest_share_is_the_one_from_which_all_resist() -> None:
    def judged(verdict: str, loss: float) -> Judgement:
        held = endpoint(loss - 0.01, loss, loss + 0.01, margin=Margins().loss)
        return Judgement(verdict, "", (held,), (), None, {}, {}, None)

    found = smallest_share(
        {
            0.05: judged(RESISTS, 0.30),  # by luck: a larger share collapses
            0.1: judged(COLLAPSES, 0.20),
            0.3: judged(RESISTS, 0.05),
            0.5: judged(RESISTS, 0.02),
        }
    )
    assert found.judged == 0.3
    assert found.crossing == pytest.approx(0.1 + 0.2 * (0.1 / 0.15))
    low, high = found.interval
    assert low is not None
    assert high is not None
    assert 0.1 < low <= 0.1 + 0.2 * (0.1 / 0.15) <= high < 0.3


@pytest.mark.parametrize(
    ("shares", "expected"),
    [
        ([{"1": 0.25, "2": 0.5}, {"1": 0.21, "2": 0.6}], "1"),
        ([{"1": 0.25, "2": 0.5}, {"1": 0.19, "2": 0.6}], "2"),
        ([{"1": None, "2": 0.5}, {"1": None, "2": 0.2}], "2"),
        ([{"1": 0.0, "2": 0.1}, {"1": 0.9, "2": 0.1}], "2"),
    ],
)
def test_rare_words_are_judged_where_every_twin_keeps_enough_of_them(
    shares: list[dict[str, float | None]], expected: str
) -> None:
    assert rarest_bin([{"text": {"survival": held}} for held in shares]) == expected
