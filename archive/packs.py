"""Packs: small parts in one set of files, so that many small inputs do not make many small files.

A pack is what a part is: a file of documents, one of the ledger, one of signals where there are
any. Its parts keep their keys and say which of its rows are theirs. Rows are copied, never made
again, and nothing of it is content: root, answers and the order of a feed stay as they are.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from archive.manifest import TABLES, ObjectRef, Part, Slice, packs_of
from archive.schema import arrow_schema
from archive.slices import Slices
from archive.tables import GROUP_BYTES, GROUP_ROWS, TableWriter

if TYPE_CHECKING:
    import pyarrow as pa

Locate = Callable[[ObjectRef], Path]
"""Where the checked bytes of an object are, in the store or not yet."""


@dataclass(frozen=True, slots=True)
class Sizes:
    """When parts are packed, and how large a pack becomes."""

    few: int = 16
    """Files of `small` parts that a version may have; with more of them all are packed."""

    small: int = 4096
    """Documents: less than a full row group, so that reading one is mostly opening it."""

    small_bytes: int = 4 << 20
    """Stored bytes of all its files, from which on it is not small, however few its rows."""

    rows: int = 65_536
    """Documents that a pack has at most, as many as a run of the duplicates."""

    bytes: int = 32 << 20
    """Stored bytes of all its files after which a pack is closed."""


BUILD: Final = Sizes()
COMPACT: Final = Sizes(few=1, small=BUILD.rows // 2, small_bytes=BUILD.bytes // 2)
"""Half a pack is small too: what a build would copy again and again, this does once."""

LEDGER: Final = 4
"""Rows of the ledger for each row of documents that a limit allows."""


def pack(
    parts: Sequence[Part], locate: Locate, folder: Path, sizes: Sizes = BUILD
) -> tuple[list[Part], dict[str, Path]]:
    """The parts in their order with the small ones packed, and the new files by SHA-256.

    The new files are in `folder`. Parts of a pack that these are not all the parts of are copied
    out of it. Where there is nothing to do the parts come back as they are.
    """
    files = packs_of(parts)
    broken = {part.key for each in files if _is_broken(each, locate) for part in each}
    chosen = _chosen(files, broken, sizes)
    moved: dict[str, Part] = {}
    staged: dict[str, Path] = {}
    for kind in dict.fromkeys(_signals(part) for part in parts if part.key in chosen):
        alike = tuple(p for p in parts if p.key in chosen and _signals(p) == kind)
        if alike in files and alike[0].key not in broken:
            continue  # they have files of their own already
        for made, new in _written(alike, locate, folder, sizes):
            moved.update((part.key, part) for part in made)
            staged |= new
    return [moved.get(part.key, part) for part in parts], staged


def _signals(part: Part) -> tuple[str | None, bool]:
    """Parts of one pack have signals by the same rules, or none."""
    return part.signals_key, part.signals is None


def _chosen(files: Sequence[tuple[Part, ...]], broken: set[str], sizes: Sizes) -> set[str]:
    """The keys of the parts that are to be copied into new files."""
    whole = [each for each in files if each[0].key not in broken]
    small = [each for each in whole if _is_small(each, sizes)]
    if len(small) + bool(broken) <= sizes.few:
        return broken
    return broken | {part.key for each in small for part in each}


def _is_broken(parts: Sequence[Part], locate: Locate) -> bool:
    """Whether these are not all the parts that the files are of."""
    import pyarrow.parquet as pq

    for table in TABLES:
        refs = [part.table(table) for part in parts]
        if len({ref and ref.sha256 for ref in refs}) != 1:
            return True  # of versions that were packed or annotated otherwise
        ref = refs[0]
        if isinstance(ref, Slice):
            rows = sum(each.rows for each in refs if each)
            if rows != pq.read_metadata(locate(ref)).num_rows:
                return True
    return False


def _is_small(parts: Sequence[Part], sizes: Sizes) -> bool:
    refs = [ref for table in TABLES if (ref := parts[0].table(table))]
    documents = sum(part.documents.rows for part in parts)
    ledger = sum(part.ledger.rows for part in parts)
    return (
        documents < sizes.small
        and ledger < LEDGER * sizes.small
        and sum(ref.bytes for ref in refs) < sizes.small_bytes
    )


def _written(
    parts: Sequence[Part], locate: Locate, folder: Path, sizes: Sizes
) -> Iterator[tuple[list[Part], dict[str, Path]]]:
    """Packs of these parts, one after the other: their parts, and their files by SHA-256."""
    readers = {table: Slices() for table in TABLES}
    pack: _Pack | None = None
    for part in parts:
        paths = {table: locate(ref) for table in TABLES if (ref := part.table(table))}
        if pack and pack.would_outgrow(part, sizes):
            yield pack.close()
            pack = None
        pack = pack or _Pack(folder, paths)
        for table, path in paths.items():
            ref = part.table(table)
            assert ref is not None, "only tables that it has have paths"
            pack.copy(table, readers[table].batches(path, ref))
        pack.end(part)
    if pack:
        yield pack.close()


def _schema(table: str, path: Path) -> pa.Schema:
    """The columns of a table; those of signals change with the code that made them."""
    import pyarrow.parquet as pq

    return pq.read_schema(path) if table == "signals" else arrow_schema(table)


class _Pack:
    """One pack being written. Its tables are those of the files at `like`."""

    def __init__(self, folder: Path, like: dict[str, Path]) -> None:
        self._home = folder / f"pack-{secrets.token_hex(8)}"
        self._home.mkdir(parents=True)
        self._writers = {
            table: _Writer(table, self._home / f"{table}.parquet", _schema(table, path))
            for table, path in like.items()
        }
        self._ends = dict.fromkeys(like, 0)
        self._parts: list[Part] = []

    def would_outgrow(self, part: Part, sizes: Sizes) -> bool:
        """Whether the part is to begin another pack."""
        return (
            self._ends["documents"] + part.documents.rows > sizes.rows
            or self._ends["ledger"] + part.ledger.rows > LEDGER * sizes.rows
            or sum(writer.stored for writer in self._writers.values()) >= sizes.bytes
        )

    def copy(self, table: str, batches: Iterator[pa.RecordBatch]) -> None:
        """Adds rows of the next part."""
        for batch in batches:
            self._writers[table].add(batch)

    def end(self, part: Part) -> None:
        """All rows since the last part are this one's."""
        slices: dict[str, Any] = {
            table: Slice("", 0, writer.rows - self._ends[table], self._ends[table])
            for table, writer in self._writers.items()
        }
        self._ends = {table: writer.rows for table, writer in self._writers.items()}
        self._parts.append(replace(part, **slices))

    def close(self) -> tuple[list[Part], dict[str, Path]]:
        """The parts with their slices; one that is alone has the files for itself."""
        files = {table: writer.close() for table, writer in self._writers.items()}
        staged = {ref.sha256: self._home / f"{table}.parquet" for table, ref in files.items()}
        if len(self._parts) == 1:
            alone: dict[str, Any] = dict(files)
            return [replace(self._parts[0], **alone)], staged
        return [_placed(part, files) for part in self._parts], staged


def _placed(part: Part, files: dict[str, ObjectRef]) -> Part:
    """A part of a pack whose files are known by now."""
    slices: dict[str, Any] = {
        table: replace(ref, sha256=files[table].sha256, bytes=files[table].bytes)
        for table in files
        if (ref := part.table(table))
    }
    return replace(part, **slices)


class _Writer:
    """One file of a pack: what comes in small pieces is written in full row groups."""

    def __init__(self, table: str, path: Path, schema: pa.Schema) -> None:
        self._writer, self._path, self._schema = TableWriter(table, path, schema), path, schema
        self._held: list[pa.RecordBatch] = []
        self._rows, self._bytes, self.rows = 0, 0, 0

    @property
    def stored(self) -> int:
        """Bytes in the file so far."""
        return self._path.stat().st_size

    def add(self, batch: pa.RecordBatch) -> None:
        while batch.num_rows:
            piece = batch.slice(0, GROUP_ROWS - self._rows)
            batch = batch.slice(piece.num_rows)
            self._held.append(piece)
            self._rows += piece.num_rows
            self._bytes += piece.nbytes
            self.rows += piece.num_rows
            if self._rows >= GROUP_ROWS or self._bytes >= GROUP_BYTES:
                self._flush()

    def close(self) -> ObjectRef:
        self._flush()
        return self._writer.close()

    def _flush(self) -> None:
        import pyarrow as pa

        if self._held:
            self._writer.add_group(pa.Table.from_batches(self._held, self._schema))
            self._held, self._rows, self._bytes = [], 0, 0
