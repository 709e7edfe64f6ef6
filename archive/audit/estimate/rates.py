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
from archive.signals.hashing import Positions

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


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """How many sentences of each unit (a cluster within a source) hold each word.

    Rows of `unit`, `word` and `count`; `cluster`, `source` and `sentences` are of the units.
    `names` are those of the sources.
    """

    unit: Positions
    word: Positions
    count: Floats
    cluster: Positions
    source: Positions
    sentences: Floats
    names: tuple[str, ...]

    @classmethod
    def of(cls, bag: Bag, owner: Positions, words: int) -> Table:
        """The table of a bag whose documents belong to the clusters `owner`."""
        sources = max(len(bag.names), 1)
        keys, unit = np.unique(owner * sources + bag.sources, return_inverse=True)
        of_sentence = unit[bag.document]
        pairs, count = np.unique(of_sentence[bag.sentence] * words + bag.words, return_counts=True)
        return cls(
            pairs // max(words, 1), pairs % max(words, 1), count.astype(np.float64),
            keys // sources, keys % sources,
            np.bincount(of_sentence, minlength=len(keys)).astype(np.float64), bag.names,
        )  # fmt: skip

    def counts(self, weights: Floats, words: int) -> Floats:
        """Sentences that hold each word, clusters weighted so."""
        return summed(self.word, self.count * weights[self.cluster][self.unit], words)

    def total(self, weights: Floats) -> float:
        return float(self.sentences @ weights[self.cluster])

    def holding(self, weights: Floats, words: int) -> Floats:
        """Units with any weight that hold each word."""
        return summed(self.word, (weights > 0)[self.cluster][self.unit].astype(np.float64), words)

    def units(self, weights: Floats) -> int:
        return int((weights > 0)[self.cluster].sum())


def train(
    human: Table, synthetic: Table, clusters: Floats, words: int, settings: Settings
) -> Ratio:
    """The ratio of clusters weighted so (0: not seen), for a lexicon of so many words."""
    # Half a sentence more with and without the word (Jeffreys), so that none is impossible.
    p, q = (
        (table.counts(clusters, words) + 0.5) / (table.total(clusters) + 1)
        for table in (human, synthetic)
    )
    held = [table.holding(clusters, words) for table in (human, synthetic)]
    kept = held[0] + held[1] >= settings.least_clusters
    kept &= _in_sources((human, synthetic), clusters, words, settings.least_sources)
    kept &= _steady(human, clusters, p, q, words)
    absent = np.where(kept, np.log1p(-q) - np.log1p(-p), 0.0)
    weights = np.where(kept, np.log(q) - np.log(p), 0.0) - absent
    return Ratio(weights, absent, held[0] >= COMMON * human.units(clusters))


def _in_sources(tables: tuple[Table, Table], clusters: Floats, words: int, least: int) -> Mask:
    """Words of at least so many sources, or of all where there are fewer."""
    names = sorted({name for table in tables for name in table.names})
    seen = np.zeros((len(names), words), dtype=bool)
    for table in tables:
        used = (clusters > 0)[table.cluster][table.unit]
        place = np.array([names.index(name) for name in table.names], dtype=np.int64)
        seen[place[table.source[table.unit[used]]], table.word[used]] = True
    sources = int(seen.any(axis=1).sum())
    enough: Mask = seen.sum(axis=0) >= min(least, sources)
    return enough


def _steady(human: Table, clusters: Floats, p: Floats, q: Floats, words: int) -> Mask:
    """Words whose rate varies less between human sources than between human and synthetic text.

    The variance between sources is what is left of the spread of their rates after the spread
    that chance gives (method of moments; DerSimonian and Laird 1986, formula 8).
    """
    names = len(human.names)
    sizes = summed(human.source, human.sentences * clusters[human.cluster], names)
    used = sizes > 0
    if used.sum() < 2:
        return np.ones(words, dtype=bool)
    places = human.source[human.unit] * words + human.word
    weighted = human.count * clusters[human.cluster][human.unit]
    counts = summed(places, weighted, names * words).reshape(names, words)[used]
    sizes = sizes[used]
    spread = (sizes[:, None] * (counts / sizes[:, None] - p) ** 2).sum(axis=0)
    total = float(sizes.sum())
    chance = (len(sizes) - 1) * p * (1 - p)
    between = np.maximum(0.0, spread - chance) / (total - float(sizes @ sizes) / total)
    steady: Mask = between <= (q - p) ** 2
    return steady
