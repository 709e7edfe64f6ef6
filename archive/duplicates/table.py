"""The table `duplicates`: one row for each document of a cluster of two or more, by id."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from archive.duplicates.clusters import similarities
from archive.duplicates.corpus import Corpus
from archive.duplicates.files import Array, Ranks, Words, load
from archive.duplicates.pairs import packed
from archive.schema import arrow_schema

GROUP_ROWS: Final = 1 << 14
KINDS: Final = pa.array(["exact", "near"])


def write_table(
    path: Path, corpus: Corpus, texts: Ranks, labels: Ranks, verified: list[Path]
) -> dict[str, int]:
    """Writes the table; returns the counts of its rows. Holds some 60 bytes a row."""
    members = np.flatnonzero(np.bincount(labels, minlength=len(labels))[labels] > 1)
    measured = _Measured(texts, labels, members, verified)
    # Rows in the order of ids: by the first word, then by the others where that is not enough.
    ids = corpus.gather("ids", corpus.row[members]).reshape(-1, 4)
    members = members[np.lexsort((ids[:, 3], ids[:, 2], ids[:, 1], ids[:, 0]))]
    del ids
    schema = arrow_schema("duplicates")
    counts = {"rows": len(members), "firsts": 0, "exact": 0, "near": 0}
    with pq.ParquetWriter(
        path,
        schema,
        version="2.6",
        data_page_version="1.0",
        compression="zstd",
        compression_level=3,
        use_dictionary=["kind"],
        store_schema=False,
        write_page_checksum=True,
    ) as writer:
        for start in range(0, len(members), GROUP_ROWS):
            ranks = members[start : start + GROUP_ROWS]
            first, exact = labels[ranks] == ranks, texts[ranks] != ranks
            counts["firsts"] += int(first.sum())
            counts["exact"] += int(exact.sum())
            columns = {
                "id": _hex(corpus, ranks),
                "cluster": _hex(corpus, labels[ranks]),
                "kind": KINDS.take(pa.array(np.where(exact, 0, 1), mask=first)),
                "is_first": pa.array(first),
                "similarity": pa.array(measured.of(ranks), mask=first),
            }
            writer.write_table(pa.table(columns, schema=schema), row_group_size=GROUP_ROWS)
    counts["near"] = counts["rows"] - counts["firsts"] - counts["exact"]
    return counts


def _hex(corpus: Corpus, ranks: Array) -> pa.Array:
    joined = corpus.gather("ids", corpus.row[ranks]).astype(">u8").tobytes().hex()
    return pa.array([joined[at : at + 64] for at in range(0, len(joined), 64)], pa.string())


class _Measured:
    """The similarity of a document's text with that of its first."""

    def __init__(self, texts: Ranks, labels: Ranks, members: Array, verified: list[Path]) -> None:
        self._texts, self._labels = texts, labels
        wanted = members[(labels[members] != members) & (texts[members] == members)]
        self._pairs = np.sort(packed(labels[wanted], wanted.astype(np.uint32)))
        self._similarity = np.full(len(self._pairs), np.nan)
        for pairs, counts in _arrays(verified):
            at = np.minimum(np.searchsorted(pairs, self._pairs), max(0, len(pairs) - 1))
            hit = np.flatnonzero(pairs[at] == self._pairs) if len(pairs) else np.empty(0, int)
            self._similarity[hit] = similarities(counts[at[hit]])

    def of(self, ranks: Array) -> Array:
        """Of each; 1 where the text is that of the first."""
        text, label = self._texts[ranks], self._labels[ranks]
        found = np.ones(len(ranks))
        near = np.flatnonzero(text != label)
        found[near] = self._similarity[
            np.searchsorted(self._pairs, packed(label[near], text[near]))
        ]
        return found


def _arrays(verified: list[Path]) -> Iterator[tuple[Words, Any]]:
    for folder in verified:
        yield load(folder / "pairs.npy"), load(folder / "counts.npy")
