"""Word rates in human and in synthetic sentences, and the log-likelihood ratio they give.

A sentence is the set of its words, each there or not independently of the others (Liang et al.,
arXiv 2403.07183, section 3): log Q(x)/P(x) is an offset plus a weight for every word of it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from archive.audit.estimate.bag import Bag, Floats, Mask, summed
from archive.audit.estimate.texts import Settings
from archive.signals.hashing import Hashes, Positions

COMMON: Final = 0.1  # of the human clusters hold a common word


@dataclass(frozen=True, slots=True, eq=False)
class Ratio:
    """log Q(x)/P(x) of a sentence: the sum of `absent`, plus the `weights` of its words.

    Both have one number for each word of the lexicon, 0 for those not in the vocabulary. `common`
    are the words that COMMON of the human clusters hold.
    """

    weights: Floats
    absent: Floats
    common: Mask

    def of(self, bag: Bag) -> Floats:
        """The log-likelihood ratio of every sentence."""
        gathered = self.weights[bag.words]
        return summed(bag.sentence, gathered, bag.sentences) + float(self.absent.sum())

    def only(self, words: Mask) -> Ratio:
        """The ratio by these words alone."""
        return replace(
            self, weights=np.where(words, self.weights, 0), absent=np.where(words, self.absent, 0)
        )


def train(
    human: Bag, synthetic: Bag, human_weights: Floats, synthetic_weights: Floats, size: int,
    settings: Settings,
) -> Ratio:  # fmt: skip
    """The ratio of documents weighted so (0: not seen), for a lexicon of `size` words."""
    people, people_sentences = _counts(human, human_weights, size)
    machine, machine_sentences = _counts(synthetic, synthetic_weights, size)
    # Half a sentence more with and without the word (Jeffreys), so that none is impossible.
    p = (people + 0.5) / (people_sentences + 1)
    q = (machine + 0.5) / (machine_sentences + 1)
    kept = _often_enough(human, synthetic, human_weights, synthetic_weights, size, settings)
    kept &= _steady(human, human_weights, p, q, size)
    absent = np.where(kept, np.log1p(-q) - np.log1p(-p), 0.0)
    weights = np.where(kept, np.log(q) - np.log(p), 0.0) - absent
    people_clusters = int((summed(_numbers(human.clusters), human_weights, 0) > 0).sum())
    common = _holding(human, human_weights, human.clusters, size) >= COMMON * people_clusters
    return Ratio(weights, absent, common)


def _counts(bag: Bag, weights: Floats, size: int) -> tuple[Floats, float]:
    """Weighted sentences that hold each word, and weighted sentences."""
    of_sentence = weights[bag.document]
    counts = summed(bag.words, of_sentence[bag.sentence], size)
    return counts, float(of_sentence.sum())


def _often_enough(
    human: Bag, synthetic: Bag, human_weights: Floats, synthetic_weights: Floats, size: int,
    settings: Settings,
) -> Mask:  # fmt: skip
    """Words of enough clusters, and of more than one source where there is more than one."""
    clusters = np.zeros(size, dtype=np.int64)
    sources: set[str] = set()
    seen = np.zeros((0, size), dtype=bool)
    for bag, weights in ((human, human_weights), (synthetic, synthetic_weights)):
        clusters += _holding(bag, weights, bag.clusters, size)
    for name in sorted(set(human.names) | set(synthetic.names)):
        row = np.zeros(size, dtype=bool)
        for bag, weights in ((human, human_weights), (synthetic, synthetic_weights)):
            mine = np.array([n == name for n in bag.names], dtype=bool)
            used = weights * mine[bag.sources] if len(mine) else weights
            if used.any():
                sources.add(name)
                row[bag.words[used[bag.document][bag.sentence] > 0]] = True
        seen = np.vstack((seen, row[None]))
    least = min(settings.least_sources, len(sources))
    enough: Mask = (clusters >= settings.least_clusters) & (seen.sum(axis=0) >= least)
    return enough


def _holding(bag: Bag, weights: Floats, clusters: Hashes, size: int) -> Positions:
    """How many clusters hold each word."""
    owners = _numbers(clusters)[bag.document][bag.sentence]
    used = weights[bag.document][bag.sentence] > 0
    pairs = np.unique(owners[used].astype(np.int64) * size + bag.words[used])
    return np.bincount(pairs % max(size, 1), minlength=size)


def _numbers(clusters: Hashes) -> Positions:
    return np.unique(clusters, return_inverse=True)[1]


def _steady(human: Bag, weights: Floats, p: Floats, q: Floats, size: int) -> Mask:
    """Words whose rate varies less between human sources than between human and synthetic text.

    The variance between sources is what is left of the spread of their rates after the spread
    that chance gives (method of moments; DerSimonian and Laird 1986, formula 8).
    """
    of_sentence = weights[human.document]
    source = human.sources[human.document]
    sizes = np.bincount(source, weights=of_sentence, minlength=len(human.names))
    used = np.flatnonzero(sizes > 0)
    if len(used) < 2:
        return np.ones(size, dtype=bool)
    spread = np.zeros(size)
    for one in used:
        mine = of_sentence * (source == one)
        rate = np.bincount(human.words, weights=mine[human.sentence], minlength=size) / sizes[one]
        spread += sizes[one] * (rate - p) ** 2
    total = sizes.sum()
    chance = (len(used) - 1) * p * (1 - p)
    between = np.maximum(0.0, spread - chance) / (total - (sizes**2).sum() / total)
    steady: Mask = between <= (q - p) ** 2
    return steady
