"""Does a target differ from the archive by more than the archive's own samples do?

A topic or a register that the references lack is read as a share of something (audit tools that
skip this report 20 to 100 % of human text as synthetic). So the target's words are compared with
those of a mix of the two references at the estimated share: by Jensen-Shannon divergence, beside
the same for samples of that mix as large as the target against the rest of it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from archive.audit.estimate.bag import Bag, Floats, Mask, summed
from archive.audit.estimate.mixture import Scorer

MOST_OF_ARCHIVE = 0.5  # of the archive's words at most go into a sample, the rest stands against it


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
    human, synthetic = scorer.human, scorer.synthetic
    asked = scorer.vocabulary if vocabulary_only else np.ones(scorer.words, dtype=bool)
    rng = np.random.default_rng([scorer.settings.seed, 4])
    share = min(max(share, 0.0), 1.0)
    clusters = np.union1d(human.clusters, synthetic.clusters)
    tables = [_Table(bag, clusters, asked) for bag in (human, synthetic)]
    own = _Table(target, np.unique(target.clusters), asked)
    # The archive's size in the mix: what stands in it if each cluster gives one kind.
    archive = (1 - share) * tables[0].total + share * tables[1].total
    wanted = min(own.total, MOST_OF_ARCHIVE * archive)
    found, samples = [], []
    for _ in range(scorer.settings.drift_draws):
        part = own.counts(own.some(rng, wanted))
        kinds = rng.random(len(clusters)) < share
        order = rng.permutation(len(clusters))
        sizes = np.where(kinds, tables[1].sizes, tables[0].sizes)[order]
        drawn = order[: int(np.searchsorted(np.cumsum(sizes), wanted)) + 1]
        chosen = np.zeros(len(clusters), dtype=bool)
        chosen[drawn] = True
        sample = tables[0].counts(chosen & ~kinds) + tables[1].counts(chosen & kinds)
        rest = _mixed(tables[0].counts(~chosen), tables[1].counts(~chosen), share)
        found.append(_compare(part, rest))
        samples.append(_compare(sample, rest))
    return Drift(float(np.mean(found)), tuple(samples))


def _mixed(human: Floats, synthetic: Floats, share: float) -> Floats:
    mixed: Floats = (1 - share) * human / max(human.sum(), 1)
    mixed += share * synthetic / max(synthetic.sum(), 1)
    return mixed


def _compare(sample: Floats, rest: Floats) -> float:
    """Words that the rest lacks are counted as one; the last place holds the unknown ones."""
    lacking = rest == 0
    lacking[-1] = True
    folded = np.append(sample[~lacking], sample[lacking].sum())
    return divergence(folded, np.append(rest[~lacking], rest[-1]))


class _Table:
    """Words by cluster, so that the counts of any choice of clusters are quickly had."""

    def __init__(self, bag: Bag, clusters: npt.NDArray[np.uint64], asked: Mask):
        number = np.searchsorted(clusters, bag.clusters)
        owner = number[bag.document][bag.sentence]
        kept = asked[bag.words]
        size = len(asked)
        pairs = owner[kept].astype(np.int64) * size + bag.words[kept]
        keys, self._values = np.unique(pairs, return_counts=True)
        self._owner, self._word = keys // size, keys % size
        # A word that is not in the lexicon is not in the vocabulary either.
        unknown = np.where(asked.all(), bag.unknown, 0.0)
        self._unknown = summed(number, unknown, len(clusters))
        self._words = size
        known = np.bincount(self._owner, weights=self._values, minlength=len(clusters))
        self.sizes = known + self._unknown
        self.total = float(self.sizes.sum())

    def counts(self, chosen: Mask) -> Floats:
        """Counts of each word asked for, then of the unknown ones, in these clusters."""
        weights = self._values * chosen[self._owner]
        found = np.bincount(self._word, weights=weights, minlength=self._words)
        return np.append(found, self._unknown[chosen].sum())

    def some(self, rng: np.random.Generator, wanted: float) -> Mask:
        """Clusters at random that hold about as many words as wanted; all, if that is all."""
        if wanted >= self.total:
            return np.ones(len(self.sizes), dtype=bool)
        order = rng.permutation(len(self.sizes))
        chosen = np.zeros(len(self.sizes), dtype=bool)
        chosen[order[: int(np.searchsorted(np.cumsum(self.sizes[order]), wanted)) + 1]] = True
        return chosen
