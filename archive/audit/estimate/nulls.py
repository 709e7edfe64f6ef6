"""What the estimator says where the truth is known: unseen sources, and held-out mixtures.

A null test takes one source of human text out of both references and estimates its share: the
truth is 0. A spike-in takes one fold out and mixes its own human and synthetic documents in known
shares, one kind from each cluster.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from archive.audit.estimate.bag import Bag, Mask, join
from archive.audit.estimate.drift import drift
from archive.audit.estimate.interval import NONE, Shift, measure
from archive.audit.estimate.mixture import Scorer, fold_of
from archive.audit.estimate.texts import Settings, finite

SHARES: Final = (0.0, 0.025, 0.05, 0.1, 0.25, 0.5, 0.75, 1.0)
LEAST: Final = 10  # clusters of a source that is tested, and of what is left without it
MOST_SOURCES: Final = 12  # the largest are tested


@dataclass(frozen=True, slots=True)
class Null:
    """One source of human text, estimated by references that have not seen it.

    `share`, `low` and `high` are not clipped to 0..1; the bounds are infinite (in JSON null) where
    no share is ruled out. `excess`: how much further the source's
    words lie from the rest of the archive than the archive's own samples do, in bits.
    """

    source: str
    documents: int
    sentences: int
    share: float
    low: float
    high: float
    error: float
    excess: float

    def to_json(self) -> dict[str, Any]:
        return _fields(self)


@dataclass(frozen=True, slots=True)
class SpikeIn:
    """A mixture of held-out documents: its true share, and what was made of it.

    `raw` is the likeliest share before calibration, which is what the published estimator gives.
    """

    true: float
    share: float
    low: float
    high: float
    raw: float

    def to_json(self) -> dict[str, Any]:
        return _fields(self)


def _fields(test: Null | SpikeIn) -> dict[str, Any]:
    """All fields as JSON; a bound that is not there is null."""
    bounds = {"low": finite(test.low), "high": finite(test.high)}
    return {name: getattr(test, name) for name in test.__slots__} | bounds


def null_tests(human: Bag, synthetic: Bag, words: int, settings: Settings) -> Iterator[Null]:
    """A null test of every source that is large enough, and leaves enough; largest first."""
    if len(human.names) < 2:
        return
    sizes = [(-int((human.sources == i).sum()), name, i) for i, name in enumerate(human.names)]
    for _, name, place in sorted(sizes)[:MOST_SOURCES]:
        held = human.sources == place
        target, rest = human.take(held), human.take(~held)
        others = synthetic.take(_unrelated(synthetic, target, name))
        if min(_clusters(bag) for bag in (target, rest, others)) < LEAST or not target.sentences:
            continue
        scorer = Scorer(rest, others, words, settings)
        found = measure(scorer, target, retrained=0, rounds=settings.bootstrap)
        low, high = found.interval(settings.level)
        far = drift(scorer, target, found.share, vocabulary_only=False)
        yield Null(
            name, target.documents, target.sentences, found.share, low, high,
            math.sqrt(max(found.variance(found.share), 0.0)), far.excess,
        )  # fmt: skip


def shift(nulls: Sequence[Null]) -> Shift:
    """How far a share of 0 is off on an unseen source: root mean square beyond chance."""
    if not nulls:
        return NONE
    squares = [null.share**2 - null.error**2 for null in nulls]
    return Shift(math.sqrt(max(0.0, math.fsum(squares) / len(squares))), len(nulls))


def spike_ins(human: Bag, synthetic: Bag, words: int, settings: Settings) -> Iterator[SpikeIn]:
    """Held-out mixtures at each of SHARES, the folds taking turns."""
    clusters = np.union1d(human.clusters, synthetic.clusters)
    fold = fold_of(clusters, settings)
    scorers: dict[int, Scorer] = {}
    for turn, true in enumerate(SHARES):
        out = turn % settings.folds
        held = [fold[np.searchsorted(clusters, bag.clusters)] == out for bag in (human, synthetic)]
        rest = human.take(~held[0]), synthetic.take(~held[1])
        rng = np.random.default_rng([settings.seed, 3, turn])
        mixed = mixture(human.take(held[0]), synthetic.take(held[1]), true, rng)
        if mixed is None or min(_clusters(bag) for bag in rest) < LEAST:
            continue
        if out not in scorers:
            scorers[out] = Scorer(*rest, words, settings)
        target, realised = mixed
        found = measure(scorers[out], target, retrained=0, rounds=settings.bootstrap)
        low, high = found.interval(settings.level)
        yield SpikeIn(realised, found.share, low, high, found.raw)


def mixture(
    human: Bag, synthetic: Bag, share: float, rng: np.random.Generator
) -> tuple[Bag, float] | None:
    """Documents of both, and the share of sentences that is synthetic; None if a kind lacks.

    The share is that of clusters. Where both have a cluster it gives one kind only: the same topic
    on both sides would be told apart more easily than documents of strangers.
    """
    people, machine = np.unique(human.clusters), np.unique(synthetic.clusters)
    size = len(np.union1d(people, machine))
    if share:
        size = min(size, int(len(machine) / share))
    if share < 1:
        size = min(size, int(len(people) / (1 - share)))
    chosen = rng.permutation(machine)[: round(share * size)]
    left = rng.permutation(np.setdiff1d(people, chosen))[: size - len(chosen)]
    first = human.take(np.isin(human.clusters, left))
    second = synthetic.take(np.isin(synthetic.clusters, chosen))
    total = first.sentences + second.sentences
    return (join([first, second]), second.sentences / total) if total else None


def _unrelated(synthetic: Bag, target: Bag, source: str) -> Mask:
    """Synthetic documents that are neither of the source nor of the target's clusters."""
    place = synthetic.names.index(source) if source in synthetic.names else -1
    others: Mask = (synthetic.sources != place) & ~np.isin(synthetic.clusters, target.clusters)
    return others


def _clusters(bag: Bag) -> int:
    return len(np.unique(bag.clusters))
