"""The mixture's share: a likelihood score over sentences, calibrated on held-out documents.

With L = Q/P of a sentence, the likelihood of a share a is the product of 1 + a (L - 1), and its
score at r is the mean of psi_r = (L - 1) / (1 + r (L - 1)). The published estimator solves for the
r at which that mean is 0 and believes it. Here the two references are cut into folds, every fold
is scored by the word rates of the others, and

    share = (mean psi_r of the target - of human) / (mean psi_r of synthetic - of human).

That is the exact inverse of the spike-in curve: mixed from held-out documents in a share a, the
mean score is linear in a. It is unbiased whatever word rates and whatever r are used, as long as
both are fixed; they decide only how sharp it is. The wrong independence of words, words never
seen, and a vocabulary full of chance therefore cost width and not truth.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from archive.audit.estimate.bag import Bag, Floats, Mask, summed
from archive.audit.estimate.rates import Ratio, Table, train
from archive.audit.estimate.texts import Settings
from archive.signals.hashing import mix

STEEPEST = 30.0  # of a log-likelihood ratio: beyond it a sentence is certain either way
NEAREST = 0.05  # r keeps this far from 0 and 1, where psi is not bounded


def score(ratio: Floats, r: float) -> Floats:
    """psi_r of log-likelihood ratios: between -1/(1 - r) and 1/r."""
    excess = np.expm1(np.clip(ratio, -STEEPEST, STEEPEST))
    found: Floats = excess / (1 + r * excess)
    return found


def likeliest(ratio: Floats, weights: Floats | None = None) -> float:
    """The share that maximises the likelihood (Liang et al., equation 3), by bisection.

    The score falls as r rises, since the log-likelihood is concave.
    """
    low, high = 0.0, 1.0
    for _ in range(40):
        middle = (low + high) / 2
        values = score(ratio, middle)
        if (values.sum() if weights is None else values @ weights) > 0:
            low = middle
        else:
            high = middle
    return (low + high) / 2


@dataclass(frozen=True, slots=True, eq=False)
class Sums:
    """Per cluster: the sum of scores and the number of sentences."""

    scores: Floats
    sentences: Floats

    @property
    def mean(self) -> float:
        return float(self.scores.sum() / self.sentences.sum())


@dataclass(frozen=True, slots=True, eq=False)
class Trained:
    """The ratios of every fold, and each reference sentence's by the fold that had not seen it."""

    folds: tuple[Ratio, ...]
    human: Floats
    synthetic: Floats


class Scorer:
    """Two references, cut into folds by cluster; scores targets of the same lexicon.

    Clusters that both references have (pairs about one topic) fall into one fold and are resampled
    together.
    """

    def __init__(self, human: Bag, synthetic: Bag, words: int, settings: Settings) -> None:
        self.human, self.synthetic, self.settings = human, synthetic, settings
        self.words = words
        self.clusters = np.union1d(human.clusters, synthetic.clusters)
        self.human_owner = np.searchsorted(self.clusters, human.clusters)
        self.synthetic_owner = np.searchsorted(self.clusters, synthetic.clusters)
        self.fold = fold_of(self.clusters, settings)
        self._tables = (
            Table.of(human, self.human_owner, words),
            Table.of(synthetic, self.synthetic_owner, words),
        )
        self._trained: dict[int, Trained] = {}

    def trained(self, replicate: int) -> Trained:
        """Word rates of the references as they are (0), or of a resample of their clusters."""
        if replicate not in self._trained:
            self._trained[replicate] = self._train(replicate)
        return self._trained[replicate]

    @property
    def vocabulary(self) -> Mask:
        """The words of the lexicon that weigh anything in some fold."""
        used: Mask = np.any([fold.weights != 0 for fold in self.trained(0).folds], axis=0)
        return used

    def _train(self, replicate: int) -> Trained:
        drawn = np.ones(len(self.clusters))
        if replicate:
            rng = np.random.default_rng([self.settings.seed, 1, replicate])
            drawn = resampled(rng, len(self.clusters))
        folds = []
        for fold in range(self.settings.folds):
            used = drawn * (self.fold != fold)
            ratio = train(*self._tables, used, self.words, self.settings)
            folds.append(ratio)
        return Trained(tuple(folds), *self.held_out(folds))

    def held_out(self, folds: Sequence[Ratio]) -> tuple[Floats, Floats]:
        """Ratios of human and synthetic sentences, each by the fold that has not seen it."""
        kinds = (self.human, self.human_owner), (self.synthetic, self.synthetic_owner)
        found = []
        for bag, owner in kinds:
            ratios = np.zeros(bag.sentences)
            for fold, ratio in enumerate(folds):
                held = (self.fold == fold)[owner]
                ratios[held[bag.document]] = self.ratios(ratio, bag.take(held))
            found.append(ratios)
        return found[0], found[1]

    def ratios(self, ratio: Ratio, bag: Bag) -> Floats:
        """Each sentence's log ratio, or that of the document it stands in."""
        found = ratio.of(bag)
        if self.settings.unit == "document":
            return summed(bag.document, found, bag.documents)[bag.document]
        return found

    def raw(self, target: Bag) -> float:
        """The likeliest share as the published estimator has it: not calibrated."""
        folds = self.trained(0).folds
        return float(np.mean([likeliest(self.ratios(fold, target)) for fold in folds]))

    def sums(self, target: Bag, replicate: int, r: float) -> tuple[Sums, Sums, Sums]:
        """Scores at r by cluster: of target, human and synthetic text."""
        trained = self.trained(replicate)
        return self.by_cluster(target, trained.folds, trained.human, trained.synthetic, r)

    def by_cluster(
        self, target: Bag, folds: Sequence[Ratio], human: Floats, synthetic: Floats, r: float
    ) -> tuple[Sums, Sums, Sums]:
        """The same for any ratios; a target's score is the mean of what the folds give it."""
        ratios = [self.ratios(fold, target) for fold in folds]
        own = np.unique(target.clusters, return_inverse=True)[1]
        scores = np.mean([score(values, r) for values in ratios], axis=0)
        size = len(self.clusters)
        return (
            _summed(scores, own[target.document]),
            _summed(score(human, r), self.human_owner[self.human.document], size),
            _summed(score(synthetic, r), self.synthetic_owner[self.synthetic.document], size),
        )


def fold_of(clusters: npt.NDArray[np.uint64], settings: Settings) -> npt.NDArray[np.int64]:
    """The fold of each cluster: by its hash and the seed alone."""
    salt = np.uint64((settings.seed * 0x9E3779B97F4A7C15 + 1) % 2**64)
    return (mix(clusters ^ salt) % np.uint64(settings.folds)).astype(np.int64)


def resampled(rng: np.random.Generator, size: int) -> Floats:
    """How often each of `size` clusters is drawn, drawing as many with replacement."""
    return np.bincount(rng.integers(0, size, size), minlength=size).astype(np.float64)


def _summed(values: Floats, clusters: npt.NDArray[np.int64], size: int = 0) -> Sums:
    counts = np.bincount(clusters, minlength=size).astype(np.float64)
    return Sums(summed(clusters, values, size), counts)
