"""Does a target differ from the archive by more than the archive's own samples do?

A topic or a register that the references lack is read as a share of something (audit tools that
skip this report 20 to 100 % of human text as synthetic). So the target's words are compared with
those of a mix of the two references at the estimated share: by Jensen-Shannon divergence, beside
the same for samples of that mix as large as the target against the rest of it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from archive.audit.estimate.bag import Bag, Floats, Mask, summed
from archive.audit.estimate.mixture import Scorer
from archive.signals.hashing import Hashes, Positions

MOST_OF_ARCHIVE = 0.5  # goes into a sample at most; the rest stands against it
BINS = 20  # of the distribution of sentences' ratios


@dataclass(frozen=True, slots=True)
class Drift:
    """Divergence in bits, 0 to 1, of the target and of the archive's own samples from the rest."""

    target: float
    samples: tuple[float, ...]

    @property
    def excess(self) -> float:
        """How much further from the rest the target lies than samples of its size, in bits."""
        return self.target - float(np.mean(self.samples))

    @property
    def deviations(self) -> float:
        """How many standard deviations of the samples the target lies above them."""
        spread = float(np.std(self.samples, ddof=1))
        return self.excess / max(spread, 1e-9)


def divergence(first: Floats, second: Floats) -> float:
    """The Jensen-Shannon divergence of two vectors of counts, in bits."""
    p, q = first / max(first.sum(), 1e-300), second / max(second.sum(), 1e-300)
    middle = (p + q) / 2

    def entropy(x: Floats) -> float:
        positive = x[x > 0]
        return float(-(positive * np.log2(positive)).sum())

    return max(0.0, entropy(middle) - (entropy(p) + entropy(q)) / 2)


def drift(scorer: Scorer, target: Bag, share: float, *, vocabulary_only: bool) -> Drift:
    """The drift of a target whose share is about this, in the vocabulary or in all words.

    Words that the rest of the archive lacks are one class together with those unknown to it.
    """
    asked = scorer.vocabulary if vocabulary_only else np.ones(scorer.words, dtype=bool)
    clusters = scorer.clusters
    tables = [
        _of_words(bag, clusters, asked, vocabulary_only) for bag in (scorer.human, scorer.synthetic)
    ]
    own = _of_words(target, np.unique(target.clusters), asked, vocabulary_only)
    return _compare(scorer, tables, own, share)


def shape(scorer: Scorer, target: Bag, share: float) -> Drift:
    """The drift in how the sentences' ratios are distributed.

    A share of synthetic sentences gives some that look synthetic among others that do not. Text
    that is strange in another way is a little strange everywhere: equal in the mean, not in shape.
    """
    trained = scorer.trained(0)
    both = np.concatenate((trained.human, trained.synthetic))
    edges = np.unique(np.quantile(both, np.linspace(0, 1, BINS + 1)[1:-1]))
    kinds = ((scorer.human, trained.human), (scorer.synthetic, trained.synthetic))
    tables = [_of_ratios(bag, scorer.clusters, [ratios], edges) for bag, ratios in kinds]
    ratios = [scorer.ratios(fold, target) for fold in trained.folds]
    own = _of_ratios(target, np.unique(target.clusters), ratios, edges)
    return _compare(scorer, tables, own, share)


def _compare(scorer: Scorer, tables: list[_Table], own: _Table, share: float) -> Drift:
    """Samples of both the target and the mix against the rest of the mix, over and over."""
    share = min(max(share, 0.0), 1.0)
    rng = np.random.default_rng([scorer.settings.seed, 4])
    human, synthetic = tables
    # What stands in the mix if each cluster gives one kind.
    archive = (1 - share) * human.total + share * synthetic.total
    wanted = min(own.total, MOST_OF_ARCHIVE * archive)
    found, samples = [], []
    for _ in range(scorer.settings.drift_draws):
        part = own.counts(own.some(rng, wanted))
        machine = rng.random(len(human.sizes)) < share
        order = rng.permutation(len(human.sizes))
        sizes = np.where(machine, synthetic.sizes, human.sizes)[order]
        chosen = np.zeros(len(order), dtype=bool)
        chosen[order[: int(np.searchsorted(np.cumsum(sizes), wanted)) + 1]] = True
        sample = human.counts(chosen & ~machine) + synthetic.counts(chosen & machine)
        rest = _mixed(human.counts(~chosen), synthetic.counts(~chosen), share)
        found.append(_distance(part, rest))
        samples.append(_distance(sample, rest))
    return Drift(float(np.mean(found)), tuple(samples))


def _mixed(human: Floats, synthetic: Floats, share: float) -> Floats:
    mixed: Floats = (1 - share) * human / max(human.sum(), 1)
    mixed += share * synthetic / max(synthetic.sum(), 1)
    return mixed


def _distance(sample: Floats, rest: Floats) -> float:
    """What the rest lacks is counted as one; the last place holds what is unknown to it."""
    lacking = rest == 0
    lacking[-1] = True
    folded = np.append(sample[~lacking], sample[lacking].sum())
    return divergence(folded, np.append(rest[~lacking], rest[-1]))


class _Table:
    """Counts of categories by cluster, so that those of any choice of clusters are quickly had."""

    def __init__(
        self, owner: Positions, category: Positions, values: Floats, unknown: Floats,
        categories: int,
    ) -> None:  # fmt: skip
        self._owner, self._category, self._values = owner, category, values
        self._unknown, self._categories = unknown, categories
        self.sizes = summed(owner, values, len(unknown)) + unknown
        self.total = float(self.sizes.sum())

    def counts(self, chosen: Mask) -> Floats:
        """Counts of each category, then of the unknown, in these clusters."""
        found = summed(self._category, self._values * chosen[self._owner], self._categories)
        return np.append(found, self._unknown[chosen].sum())

    def some(self, rng: np.random.Generator, wanted: float) -> Mask:
        """Clusters at random that hold about as much as wanted; all, if that is all."""
        if wanted >= self.total:
            return np.ones(len(self.sizes), dtype=bool)
        order = rng.permutation(len(self.sizes))
        chosen = np.zeros(len(self.sizes), dtype=bool)
        chosen[order[: int(np.searchsorted(np.cumsum(self.sizes[order]), wanted)) + 1]] = True
        return chosen


def _of_words(bag: Bag, clusters: Hashes, asked: Mask, vocabulary_only: bool) -> _Table:
    number = np.searchsorted(clusters, bag.clusters)
    owner = number[bag.document][bag.sentence]
    kept = asked[bag.words]
    size = len(asked)
    keys, values = np.unique(owner[kept] * size + bag.words[kept], return_counts=True)
    # A word that is not in the lexicon is not in the vocabulary either.
    strangers = np.zeros(bag.documents) if vocabulary_only else bag.unknown.astype(np.float64)
    unknown = summed(number, strangers, len(clusters))
    return _Table(keys // size, keys % size, values.astype(np.float64), unknown, size)


def _of_ratios(bag: Bag, clusters: Hashes, ratios: list[Floats], edges: Floats) -> _Table:
    """Sentences by the bin of their ratio; by several folds each counts as a part of one."""
    owner = np.searchsorted(clusters, bag.clusters)[bag.document]
    size = len(edges) + 1
    keys = np.concatenate([owner * size + np.searchsorted(edges, values) for values in ratios])
    keys, counts = np.unique(keys, return_counts=True)
    unknown = np.zeros(len(clusters))
    return _Table(keys // size, keys % size, counts.astype(np.float64) / len(ratios), unknown, size)
