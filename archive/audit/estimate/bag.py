"""Documents as what the estimator counts: sentences, each the set of its words, in bounded memory.

What is kept of a stream does not depend on its order. Above `most` sentences only clusters whose
hash lies below a limit are kept, and the limit is halved until they fit: a sample of whole
clusters by hash, the same whichever document came first.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from archive.audit.estimate.sentences import cut
from archive.audit.estimate.texts import Text
from archive.digest import sha256_hex
from archive.signals.hashing import Hashes, Positions

BATCH: Final = 1 << 18  # code points cut at a time; no value depends on it
EVERYTHING: Final = 1 << 64

Mask = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]


def summed(places: npt.NDArray[np.integer], values: Floats, size: int) -> Floats:
    """The sum of the values at each place, for `size` places or as many as there are."""
    return np.bincount(places, weights=values, minlength=size).astype(np.float64)


@dataclass(frozen=True, slots=True, eq=False)
class Bag:
    """Sentences of documents, document by document.

    `words`: of each sentence in turn, hashes, or numbers in a lexicon. `starts`: where each
    sentence begins in it, and its end. `document`: whose each sentence is. For each document:
    `clusters`, `keys` (hashes of its cluster and of its text), `sources` (a number in `names`),
    `unknown` (words of its sentences that the lexicon lacks).
    """

    words: npt.NDArray[np.integer[Any]]
    starts: Positions
    document: Positions
    clusters: Hashes
    keys: Hashes
    sources: Positions
    unknown: Positions
    names: tuple[str, ...]

    @property
    def sentences(self) -> int:
        return len(self.document)

    @property
    def documents(self) -> int:
        return len(self.clusters)

    @property
    def sentence(self) -> Positions:
        """In which sentence each word stands."""
        return np.repeat(np.arange(self.sentences), np.diff(self.starts))

    def take(self, documents: Positions | Mask) -> Bag:
        """These documents alone, in this order (a mask keeps theirs)."""
        if documents.dtype == bool:
            documents = np.flatnonzero(documents)
        sizes = np.bincount(self.document, minlength=self.documents)
        first = np.cumsum(sizes) - sizes
        rows = _ranges(first[documents], sizes[documents])
        lengths = np.diff(self.starts)[rows]
        return Bag(
            self.words[_ranges(self.starts[rows], lengths)],
            np.append(0, np.cumsum(lengths)),
            np.repeat(np.arange(len(documents)), sizes[documents]),
            self.clusters[documents],
            self.keys[documents],
            self.sources[documents],
            self.unknown[documents],
            self.names,
        )

    def numbered(self, lexicon: Hashes) -> Bag:
        """Hashes replaced by their places in a sorted lexicon; others are counted and dropped."""
        places = np.minimum(np.searchsorted(lexicon, self.words), max(len(lexicon) - 1, 0))
        known = lexicon[places] == self.words if len(lexicon) else np.zeros(len(places), dtype=bool)
        sentence = self.sentence
        owners = self.document[sentence[~known]]
        counts = np.bincount(sentence[known], minlength=self.sentences)
        return Bag(
            places[known].astype(np.int32),
            np.append(0, np.cumsum(counts)),
            self.document,
            self.clusters,
            self.keys,
            self.sources,
            self.unknown + np.bincount(owners, minlength=self.documents),
            self.names,
        )


def join(bags: list[Bag]) -> Bag:
    """Several bags of one lexicon as one; the names of sources are brought together."""
    names = tuple(sorted({name for bag in bags for name in bag.names}))
    place = {name: i for i, name in enumerate(names)}
    documents = np.cumsum([0] + [bag.documents for bag in bags])
    words = np.cumsum([0] + [len(bag.words) for bag in bags])
    sources = [np.array([place[name] for name in bag.names], dtype=np.int64) for bag in bags]
    return Bag(
        np.concatenate([bag.words for bag in bags]),
        np.concatenate([[0]] + [bag.starts[1:] + at for bag, at in zip(bags, words, strict=False)]),
        np.concatenate([bag.document + at for bag, at in zip(bags, documents, strict=False)]),
        np.concatenate([bag.clusters for bag in bags]),
        np.concatenate([bag.keys for bag in bags]),
        np.concatenate([to[bag.sources] for bag, to in zip(bags, sources, strict=True)]),
        np.concatenate([bag.unknown for bag in bags]),
        names,
    )


class Collector:
    """Takes texts one by one and keeps them as a bag of at most `most` sentences."""

    def __init__(self, most: int, lexicon: Hashes | None = None) -> None:
        self.documents = 0
        """Texts added, kept or not."""
        self._most, self._lexicon, self._limit = most, lexicon, EVERYTHING
        self._waiting: list[tuple[Text, int, int]] = []
        self._size = self._kept = 0
        self._bags: list[Bag] = []

    def add(self, text: Text) -> None:
        self.documents += 1
        cluster = int(text.group[:16], 16)
        if cluster >= self._limit:
            return
        own = sha256_hex(text.text.encode("utf-8", "surrogatepass")) if text.cluster else text.group
        self._waiting.append((text, cluster, int(own[:16], 16)))
        self._size += len(text.text) + 1
        if self._size > BATCH:
            self._flush()

    def bag(self) -> Bag:
        """What is kept, in the order of clusters, then texts: the order of adding is forgotten."""
        self._flush()
        whole = join(self._bags) if self._bags else _empty(self._lexicon is not None)
        return whole.take(np.lexsort((whole.sources, whole.keys, whole.clusters)))

    def _flush(self) -> None:
        if not self._waiting:
            return
        texts, clusters, keys = zip(*self._waiting, strict=True)
        self._waiting, self._size = [], 0
        found = cut([text.text for text in texts])
        names = tuple(sorted({text.source for text in texts}))
        lengths = np.bincount(found.sentence, minlength=len(found.text))
        bag = Bag(
            found.words,
            np.append(0, np.cumsum(lengths)),
            found.text,
            np.array(clusters, dtype=np.uint64),
            np.array(keys, dtype=np.uint64),
            np.array([names.index(text.source) for text in texts], dtype=np.int64),
            np.zeros(len(texts), dtype=np.int64),
            names,
        )
        self._bags.append(bag if self._lexicon is None else bag.numbered(self._lexicon))
        self._kept += bag.sentences
        while self._kept > self._most:
            self._limit //= 2
            self._bags = [b.take(b.clusters < np.uint64(self._limit)) for b in self._bags]
            self._kept = sum(b.sentences for b in self._bags)


def _empty(numbered: bool) -> Bag:
    none = np.zeros(0, dtype=np.int64)
    hashes = none.astype(np.uint64)
    words: npt.NDArray[np.integer[Any]] = none.astype(np.int32) if numbered else hashes
    return Bag(words, np.zeros(1, dtype=np.int64), none, hashes, hashes, none, none, ())


def _ranges(starts: Positions, lengths: Positions) -> Positions:
    """start, start + 1, ... of every range in turn."""
    ends = np.cumsum(lengths)
    total = int(ends[-1]) if len(ends) else 0
    places: Positions = np.arange(total) + np.repeat(starts - (ends - lengths), lengths)
    return places
