"""Near-duplicates of a text in an archive: candidates by MinHash bands, then the true Jaccard."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
import pyarrow.parquet as pq

from archive.audit.index import Index, Source
from archive.audit.options import Matching
from archive.audit.sign import bands
from archive.duplicates import Options
from archive.duplicates.files import Array, load
from archive.signals import views
from archive.signals.hashing import Hashes
from archive.signals.minhash import SHINGLE, shingles, signatures

HELD_GROUPS: Final = 4
"""Row groups of texts that are kept, because one witness seldom comes alone."""


@dataclass(frozen=True, slots=True)
class Found:
    """A near-duplicate: its row, the Jaccard similarity of the sets of word 5-grams, and the share
    of the text's own letters whose words stand in 5-grams of both."""

    row: int
    similarity: float
    share: float


class Near:
    """Finds near-duplicates among the documents of an index.

    Of the documents that share a bucket the index keeps the earliest, so a bucket has one.
    """

    def __init__(self, index: Index, texts: Texts, matching: Matching) -> None:
        self._index, self._texts, self._matching = index, texts, matching

    def find(self, texts: Sequence[str]) -> list[Found | None]:
        """For each text the most similar document above the threshold, the earliest of equals."""
        if not texts:
            return []
        cut, signed = _cut(texts)
        rows, hosts = self._index.find(bands(signed))
        rows[hosts >= self._matching.common] = -1  # a template's, not a text's
        rows = rows.reshape(Options().bands, len(texts))
        return [
            self._best(own, _candidates(met, self._matching.candidates))
            for own, met in zip(cut, rows.T, strict=True)
        ]

    def _best(self, own: _Cut, candidates: list[int]) -> Found | None:
        best: Found | None = None
        for row in candidates:
            other = _cut([self._texts.of(row)])[0][0]
            both = len(np.intersect1d(own.set, other.set, assume_unique=True))
            similarity = both / (len(own.set) + len(other.set) - both)
            better = best is None or (similarity, -row) > (best.similarity, -best.row)
            if similarity >= self._matching.similar and better:
                best = Found(row, similarity, own.share(other))
        return best


@dataclass(frozen=True)
class _Cut:
    """A text's 5-grams of words in their order, and the letters of each word."""

    grams: Hashes
    lengths: Array

    @cached_property
    def set(self) -> Hashes:
        return np.unique(self.grams)

    def share(self, other: _Cut) -> float:
        """How much of the words stands in 5-grams that the other has too, by letters."""
        change = np.zeros(len(self.lengths) + 1, dtype=np.int64)
        shared = np.flatnonzero(np.isin(self.grams, other.set))
        ends = np.minimum(shared + SHINGLE, len(self.lengths))
        np.add.at(change, shared, 1)
        np.add.at(change, ends, -1)
        inside = np.cumsum(change[:-1]) > 0
        return float(self.lengths[inside].sum() / max(1, self.lengths.sum()))


def _candidates(rows: Array, most: int) -> list[int]:
    """The documents that share most bands, then the earlier rows."""
    met, counts = np.unique(rows[rows >= 0], return_counts=True)
    kept: list[int] = met[np.lexsort((met, -counts))][:most].tolist()
    return kept


def _cut(texts: Sequence[str]) -> tuple[list[_Cut], Array]:
    """Each text as its 5-grams, and the signatures, a row each."""
    made: list[_Cut] = []
    signed = []
    for view in views(list(texts)):
        grams, first = shingles(view)
        signed.append(signatures(grams, first))
        words = view.words
        lengths = np.split(words.lengths, words.bounds[1:-1])
        made += map(_Cut, np.split(grams, first[1:]), lengths)
    return made, np.concatenate(signed)


class Texts:
    """The texts of an index's documents by row, from the files that it was made of."""

    def __init__(self, index: Index, sources: Sequence[Source]) -> None:
        self._index, self._sources = index, sources
        self._files: dict[int, tuple[pq.ParquetFile, Array, Array | None]] = {}
        self._groups: OrderedDict[tuple[int, int], list[str]] = OrderedDict()

    def of(self, row: int) -> str:
        """One text; a row group is read for it unless it was one of the last."""
        source, counted = self._index.place(row)
        file, begins, kept = self._file(source)
        at = counted if kept is None else int(kept[counted])
        group = int(np.searchsorted(begins, at, side="right")) - 1
        if (source, group) not in self._groups:
            table = file.read_row_group(group, columns=["text"])
            self._groups[source, group] = table["text"].to_pylist()
            if len(self._groups) > HELD_GROUPS:
                self._groups.popitem(last=False)
        self._groups.move_to_end((source, group))
        return self._groups[source, group][at - int(begins[group])]

    def _file(self, source: int) -> tuple[pq.ParquetFile, Array, Array | None]:
        if source not in self._files:
            held = self._sources[source]
            file = pq.ParquetFile(held.documents, page_checksum_verification=True)
            meta = file.metadata
            sizes = [meta.row_group(each).num_rows for each in range(meta.num_row_groups)]
            begins = np.concatenate(([0], np.cumsum(sizes[:-1], dtype=np.int64)))
            kept = load(held.rows) if held.rows else None
            self._files = {source: (file, begins, kept)}  # one open file is enough
        return self._files[source]
