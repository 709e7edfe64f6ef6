"""The stages `duplicates-shingles` and `duplicates-verify`: exact Jaccard of candidate pairs.

The shingles are those that the signatures were made of (archive.signals.minhash), as 64-bit
hashes. Each text that is needed is read and cut once, part by part in the order of its rows;
what is then compared, pair by pair, are mapped arrays, so the texts need no cache.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow.parquet as pq

from archive.duplicates.corpus import Corpus, Piece
from archive.duplicates.files import Array, Ranks, Words, load, save, staged
from archive.duplicates.memo import remember
from archive.duplicates.pairs import text_pairs, unpacked
from archive.signals.minhash import shingles as cut
from archive.signals.view import View

BATCH_ROWS: Final = 1 << 8
BATCH_CHARACTERS: Final = 1 << 17
GROUP: Final = 1 << 10
"""Pairs whose sets are looked up at once."""


def shingles(task: dict[str, Any], report: Callable[[int], None]) -> dict[str, Any]:
    """The shingle sets of some texts of one run, each sorted, end to end.

    Arrays: `rows` of the run, `ends` of their sets; the sets are the raw file `hashes`.
    """

    def make(aside: Path) -> dict[str, Any]:
        corpus = Corpus(Path(task["corpus"]))
        run = corpus.runs[task["index"]]
        wanted = np.flatnonzero(load(Path(task["wanted"]))[corpus.ranks_of(run)])
        sizes = []
        with (aside / "hashes").open("wb") as file:
            for texts in _batches(_texts(corpus.pieces(task["index"]), wanted)):
                for hashes in _sets(texts):
                    hashes.tofile(file)
                    sizes.append(len(hashes))
        save(aside, rows=wanted.astype(np.uint32), ends=np.cumsum(sizes, dtype=np.int64))
        return {"texts": len(wanted)}

    return staged(Path(task["out"]), task["spec"], make)


def _texts(pieces: Sequence[Piece], wanted: Array) -> Iterator[str]:
    """The texts of some rows of a run, in order; tables without any are not opened."""
    begin = 0
    for piece in pieces:
        end = begin + piece.rows
        low, high = np.searchsorted(wanted, [begin, end])
        if low < high:
            yield from _rows_of(piece.documents, wanted[low:high] - begin + piece.first)
        begin = end


def _rows_of(documents: str, wanted: Array) -> Iterator[str]:
    """The texts of some rows of a table, in order; row groups without any are not read."""
    file = pq.ParquetFile(documents)
    begin = 0
    for group in range(file.num_row_groups):
        end = begin + file.metadata.row_group(group).num_rows
        low, high = np.searchsorted(wanted, [begin, end])
        if low < high:
            at = begin
            for batch in file.iter_batches(BATCH_ROWS, row_groups=[group], columns=["text"]):
                here = wanted[(wanted >= at) & (wanted < at + len(batch))]
                yield from batch["text"].take(here - at).to_pylist()
                at += len(batch)
        begin = end


def _batches(texts: Iterator[str]) -> Iterator[list[str]]:
    held: list[str] = []
    characters = 0
    for text in texts:
        held.append(text)
        characters += len(text)
        if characters >= BATCH_CHARACTERS:
            yield held
            held, characters = [], 0
    if held:
        yield held


def _sets(texts: list[str]) -> Iterator[Words]:
    hashes, first = cut(View(texts))
    for begin, end in zip(first, np.append(first[1:], len(hashes)), strict=True):
        one = np.sort(hashes[begin:end])
        yield one[np.concatenate(([True], one[1:] != one[:-1]))]


def verify(task: dict[str, Any], report: Callable[[int], None]) -> dict[str, Any]:
    """The exact overlap of the unknown pairs of one range, together with the known ones.

    Arrays: `pairs` (sorted), and `counts`: shingles in both texts, and in either. New pairs are
    also written to the memo.
    """

    def make(aside: Path) -> dict[str, Any]:
        corpus, merged = Corpus(Path(task["corpus"])), Path(task["merged"])
        new = load(merged / "unknown.npy")
        counts = overlaps(_Sets(corpus, task["shingles"]), *unpacked(new))
        if len(new):
            remember(Path(task["memo"]), task["spec"], *text_pairs(corpus, new), counts)
        pairs = np.concatenate([load(merged / "known.npy"), new])
        counts = np.concatenate([load(merged / "known_counts.npy"), counts])
        order = np.argsort(pairs)
        save(aside, pairs=pairs[order], counts=counts[order])
        return {"verified": len(new)}

    return staged(Path(task["out"]), task["spec"], make)


class _Sets:
    """Shingle sets by rank, from every round's folders."""

    def __init__(self, corpus: Corpus, folders: list[list[Any]]) -> None:
        self._corpus = corpus
        self._files: dict[int, list[tuple[Array, Array, Words]]] = {}
        for index, folder in folders:
            path = Path(folder)
            sets = np.memmap(path / "hashes", dtype=np.uint64, mode="r").view(np.ndarray)
            at = (load(path / "rows.npy"), load(path / "ends.npy"), sets)
            self._files.setdefault(corpus.runs[index].base, []).append(at)

    def of(self, ranks: Ranks) -> list[Words]:
        """The set of each, in the order given; a set is never empty."""
        sets: list[Words] = [np.empty(0, dtype=np.uint64)] * len(ranks)
        for run, where, local in self._corpus.places(self._corpus.row[ranks]):
            for rows, ends, hashes in self._files[run.base]:
                at = np.minimum(np.searchsorted(rows, local), len(rows) - 1)
                here = np.flatnonzero(rows[at] == local)
                stops = ends[at[here]]
                begins = np.where(at[here] > 0, ends[at[here] - 1], 0)
                for place, begin, stop in zip(where[here], begins, stops, strict=True):
                    sets[place] = hashes[begin:stop]
        assert all(len(each) for each in sets), "every text of a pair was cut into shingles"
        return sets


def overlaps(sets: _Sets, first: Ranks, other: Ranks) -> Array:
    """(shingles in both, shingles in either) of each pair; pairs come sorted by their first."""
    counts = np.zeros((len(first), 2), dtype=np.uint32)
    for start in range(0, len(first), GROUP):
        block = slice(start, start + GROUP)
        ranks, places = np.unique(np.stack([first[block], other[block]]), return_inverse=True)
        held = sets.of(ranks)
        ones, others = places.reshape(2, -1)
        begins = np.flatnonzero(np.concatenate(([True], ones[1:] != ones[:-1])))
        for begin, end in zip(begins, np.append(begins[1:], len(ones)), strict=True):
            compared = [held[place] for place in others[begin:end]]
            counts[start + begin : start + end] = _overlap(held[ones[begin]], compared)
    return counts


def _overlap(one: Words, others: list[Words]) -> Array:
    sizes = np.array([len(each) for each in others])
    joined = np.concatenate(others)
    found = one[np.minimum(np.searchsorted(one, joined), len(one) - 1)] == joined
    sums = np.concatenate(([0], np.cumsum(found)))
    ends = np.cumsum(sizes)
    both = sums[ends] - sums[ends - sizes]
    return np.stack([both, len(one) + sizes - both], axis=1).astype(np.uint32)
