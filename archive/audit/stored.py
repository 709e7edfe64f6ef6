"""The documents of a snapshot that a cut and a grade admit, file by file."""

from __future__ import annotations

import datetime as dt
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow.parquet as pq

from archive.audit.index import Source
from archive.audit.items import Item, Row, Told
from archive.audit.options import GRADES, admitted
from archive.digest import canonical_json, sha256_file, sha256_hex
from archive.manifest import ObjectRef, Slice

if TYPE_CHECKING:
    from archive.feed.cut import Chosen
    from archive.manifest import Manifest, Part
    from archive.store.local import Store

COLUMNS: Final = ("id", "text", "url", "host", "year", "captured_at", "grade", "title")
BATCH_ROWS: Final = 256


@dataclass(frozen=True)
class Held:
    """A snapshot, its files checked, and which rows of each count."""

    store: Store
    manifest: Manifest
    cut: str
    cut_sha256: str
    least: str
    documents: int
    sources: tuple[Source, ...]

    @property
    def reference(self) -> str:
        return f"{self.manifest.name}@{self.manifest.version}"

    @property
    def bytes(self) -> int:
        return sum(part.documents.bytes for part in self.manifest.parts)

    @property
    def key(self) -> str:
        """Names the documents that count, wherever their files are."""
        return sha256_hex(canonical_json([self.manifest.content_root, self.cut_sha256]))

    def facts(self) -> dict[str, Any]:
        """What a result records of it."""
        return {
            "snapshot": self.reference,
            "content_root": self.manifest.content_root,
            "cut": self.cut,
            "cut_sha256": self.cut_sha256,
            "least_grade": self.least,
            "documents": self.documents,
        }


def held(store: Store, manifest: Manifest, cut: str, least: str, stack: ExitStack) -> Held:
    """The documents that a cut keeps and whose grade is `least` or better.

    Every file is verified. The rows are written to a folder that `stack` removes.
    """
    from archive.feed.cut import choose

    grades = ", ".join(f"'{grade}'" for grade in admitted(least))
    where = None if least == GRADES[-1] else f"grade IN ({grades})"
    chosen = choose(store, manifest, cut, where)
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="lowbg-audit-")))
    shared: dict[str, list[int]] = {}
    for number, part in enumerate(manifest.parts):
        shared.setdefault(part.documents.sha256, []).append(number)
    sources = []
    for sha256, numbers in sorted(shared.items()):
        parts = [manifest.parts[number] for number in numbers]
        rows = [_rows(chosen, n) + _first(manifest.parts[n].documents) for n in numbers]
        kept = np.sort(np.concatenate(rows))
        if len(kept):
            path = folder / f"{sha256}.npy"
            np.save(path, kept, allow_pickle=False)
            key = sha256_hex(canonical_json([sha256, sha256_file(path)]))
            documents = store.check(parts[0].documents)
            sources.append(Source(key, documents, _signals(store, parts), path))
    count = int(chosen.counts.sum())
    return Held(store, manifest, chosen.name, chosen.digest, least, count, tuple(sources))


def _rows(chosen: Chosen, part: int) -> np.ndarray[Any, np.dtype[np.int64]]:
    """The rows of a part that are chosen, counted in the part."""
    rows = chosen.part_rows[part]
    if chosen.bitmaps is None:
        return np.arange(rows)
    return np.flatnonzero(np.unpackbits(chosen.bitmaps[part])[:rows])


def _first(ref: ObjectRef) -> int:
    """Where a table's rows begin in its file."""
    return ref.first if isinstance(ref, Slice) else 0


def _signals(store: Store, parts: Sequence[Part]) -> Path | None:
    """The signals of a file's parts where they lie row by row beside the documents."""
    places = {
        (part.signals.sha256, _first(part.signals) - _first(part.documents))
        for part in parts
        if part.signals
    }
    signals = parts[0].signals
    if signals is None or any(part.signals is None for part in parts):
        return None
    beside = len(places) == 1 and next(iter(places))[1] == 0
    return store.check(signals) if beside else None


def snapshot_rows(snapshot: Held, told: Told) -> Iterator[Row]:
    """The documents as rows of a corpus, in the order of the parts."""
    for source in snapshot.sources:
        assert source.rows is not None
        for held_row in picked(source.documents, np.load(source.rows), COLUMNS):
            text = held_row.pop("text")
            when: dt.datetime = held_row["captured_at"]
            columns = held_row | {"captured_at": when.isoformat()}
            yield Item(text, columns, f"{snapshot.reference}:{held_row['id'][:16]}")
        told(source.documents.stat().st_size)


def picked(
    path: Path, kept: np.ndarray[Any, np.dtype[np.int64]], columns: tuple[str, ...]
) -> Iterator[dict[str, Any]]:
    """Some rows of a Parquet file, in order; row groups without any are not read."""
    import pyarrow as pa

    file = pq.ParquetFile(path, page_checksum_verification=True)
    begin = 0
    for group in range(file.num_row_groups):
        end = begin + file.metadata.row_group(group).num_rows
        low, high = np.searchsorted(kept, [begin, end])
        at = begin
        if low < high:
            for batch in file.iter_batches(BATCH_ROWS, row_groups=[group], columns=list(columns)):
                first, last = np.searchsorted(kept, [at, at + len(batch)])
                yield from batch.take(pa.array(kept[first:last] - at)).to_pylist()
                at += len(batch)
        begin = end
