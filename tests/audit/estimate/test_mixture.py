"""The share by the score, and its interval: algebra that must hold exactly, and coverage."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archive.audit.estimate import Settings, Text
from archive.audit.estimate.bag import Bag, Collector, join
from archive.audit.estimate.interval import Measured, Shift, measure, t_critical
from archive.audit.estimate.mixture import Scorer, fold_of, likeliest, score
from archive.audit.estimate.nulls import mixture
from archive.signals.hashing import Hashes
from tests.audit.estimate.made import documents

RATIOS = st.lists(st.floats(-8, 8), min_size=1, max_size=20).map(np.array)


def bags(*sides: list[Text]) -> tuple[Hashes, list[Bag]]:
    """A lexicon and the sides as bags of it."""
    held = []
    for side in sides:
        collector = Collector(10**6)
        for text in side:
            collector.add(text)
        held.append(collector.bag())
    lexicon = np.unique(np.concatenate([bag.words.astype(np.uint64) for bag in held]))
    return lexicon, [bag.numbered(lexicon) for bag in held]


def scorer_of(
    human: list[Text], machine: list[Text], *others: list[Text]
) -> tuple[Scorer, list[Bag]]:
    lexicon, held = bags(human, machine, *others)
    return Scorer(held[0], held[1], len(lexicon), Settings()), held


@settings(deadline=None)
@given(RATIOS, st.floats(0.01, 0.99))
def test_a_score_is_bounded_by_what_one_sentence_can_say(ratios: np.ndarray, r: float) -> None:
    values = score(ratios, r)
    assert (values >= -1 / (1 - r) - 1e-9).all()
    assert (values <= 1 / r + 1e-9).all()


@settings(deadline=None)
@given(RATIOS)
def test_no_share_is_likelier_than_the_likeliest(ratios: np.ndarray) -> None:
    def likelihood(share: float) -> float:
        return float(np.log1p(share * np.expm1(ratios)).sum())

    best = likelihood(likeliest(ratios))
    assert all(best >= likelihood(share) - 1e-9 for share in np.linspace(0, 1, 21)[:-1])


def test_a_half_of_sure_sentences_is_a_half() -> None:
    assert likeliest(np.array([20.0, -20.0])) == pytest.approx(0.5, abs=1e-6)


@pytest.mark.parametrize("r", [0.05, 0.3, 0.9])
def test_the_mean_score_of_held_out_documents_rises_with_the_share(r: float) -> None:
    scorer, (human, _) = scorer_of(documents("human", 60, 1), documents("machine", 60, 1))
    own, people, synthetic = scorer.sums(human, 0, r)
    assert people.mean < 0 < synthetic.mean
    # The same human documents as a target: four of five folds have seen each of them.
    assert own.mean < people.mean


def test_both_sides_of_a_pair_are_in_one_fold() -> None:
    human, machine = documents("human", 40, 1), documents("machine", 40, 1)
    scorer, _ = scorer_of(human, machine)
    assert len(scorer.clusters) == 40
    assert set(scorer.fold.tolist()) == set(range(5))


def test_another_seed_is_another_split() -> None:
    clusters = np.random.default_rng(0).integers(0, 2**63, 100).astype(np.uint64)
    first, second = (fold_of(clusters, Settings(seed=seed)) for seed in (0, 1))
    assert (first != second).any()
    assert np.array_equal(first, fold_of(clusters, Settings()))


def test_intervals_cover_known_shares() -> None:
    """24 mixtures at six shares: at 95 % fewer than 20 hits have a probability of 1 in 150."""
    scorer, held = scorer_of(
        documents("human", 60, 1), documents("machine", 60, 1),
        documents("human", 160, 2), documents("machine", 160, 2),
    )  # fmt: skip
    hits = 0
    for turn in range(24):
        rng = np.random.default_rng(turn)
        clusters = rng.permutation(np.unique(held[2].clusters))[:60]
        parts = [bag.take(np.isin(bag.clusters, clusters)) for bag in held[2:]]
        mixed = mixture(parts[0], parts[1], (0, 0.05, 0.1, 0.25, 0.5, 1)[turn % 6], rng)
        assert mixed is not None
        found = measure(scorer, mixed[0], retrained=2, rounds=60)
        low, high = found.interval(0.95)
        hits += low <= mixed[1] <= high
        assert abs(found.share - mixed[1]) < 0.15
    assert hits >= 20


def test_a_mixture_never_holds_both_sides_of_a_pair() -> None:
    _, (human, machine) = bags(documents("human", 50, 1), documents("machine", 50, 1))
    for share in (0.0, 0.3, 1.0):
        mixed = mixture(human, machine, share, np.random.default_rng(0))
        assert mixed is not None
        assert len(np.unique(mixed[0].clusters)) == mixed[0].documents == 50
        assert mixed[1] == pytest.approx(share, abs=0.01)


def test_an_estimate_does_not_depend_on_the_order_of_joining() -> None:
    scorer, held = scorer_of(
        documents("human", 40, 1), documents("machine", 40, 1),
        documents("human", 30, 2), documents("machine", 10, 3),
    )  # fmt: skip
    first, second = (
        measure(scorer, join(parts), retrained=1, rounds=20) for parts in (held[2:], held[:1:-1])
    )
    assert first.share == pytest.approx(second.share, abs=1e-12)


SHARES = st.floats(-0.2, 1.2)
VARIANCES = st.tuples(*[st.floats(1e-6, 0.02)] * 3)


@settings(deadline=None)
@given(SHARES, VARIANCES)
def test_the_interval_is_where_the_test_does_not_reject(
    share: float, variances: tuple[float, float, float]
) -> None:
    found = Measured(share, np.diag(variances), 20, 0.5)
    low, high = found.interval(0.95)
    assert low <= share <= high
    critical = t_critical(0.95, 20)
    for at in (low, high):
        if math.isfinite(at):
            reach = critical * math.sqrt(found.variance(at))
            assert abs(share - at) == pytest.approx(reach, rel=1e-6)


def test_references_that_hardly_differ_give_everything() -> None:
    assert Measured(0.5, np.diag([0.1, 0.9, 0.9]), 20, 0.5).interval(0.95) == (-math.inf, math.inf)


@settings(deadline=None)
@given(SHARES, VARIANCES, st.floats(0, 0.3))
def test_a_shift_never_narrows(
    share: float, variances: tuple[float, float, float], shift: float
) -> None:
    found = Measured(share, np.diag(variances), 1e6, 0.5)
    low, high = found.interval(0.95)
    wider_low, wider_high = found.interval(0.95, Shift(shift, 6))
    assert wider_low <= low + 1e-9
    assert wider_high >= high - 1e-9


@pytest.mark.parametrize(
    ("freedom", "critical"), [(3, 3.182), (5, 2.571), (10, 2.228), (30, 2.042), (1e9, 1.960)]
)
def test_critical_values_are_the_tables(freedom: float, critical: float) -> None:
    assert t_critical(0.95, freedom) == pytest.approx(critical, rel=0.01)
