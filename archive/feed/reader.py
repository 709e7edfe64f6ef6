"""Reads blocks of parts, verified: as Arrow tables, then as documents in any order of rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa

from archive.errors import Corrupt, UnknownName
from archive.feed.cut import Chosen
from archive.manifest import Slice
from archive.schema import DOCUMENTS, arrow_schema
from archive.slices import Slices

if TYPE_CHECKING:
    from archive.feed.order import Ints, Window
    from archive.manifest import Manifest
    from archive.store.local import Store

SLICE: Final = 512
"""Rows that become Python objects together."""

SHARED_BYTES: Final = 256 << 20
"""Decoded row groups of files that parts share: the blocks of small parts are small, and come from
everywhere, so that a group is wanted again and again."""


def known_columns(columns: Sequence[str] | None) -> list[str]:
    """The columns asked for, all of them for None; UnknownName if there is no such column."""
    known = [column.name for column in DOCUMENTS]
    for name in columns or ():
        if name not in known:
            raise UnknownName("column", name, known)
    return list(columns) if columns is not None else known


class Reader:
    """Reads from the document files of a snapshot, each checked before its first row is given."""

    def __init__(
        self, store: Store, manifest: Manifest, chosen: Chosen, columns: Sequence[str]
    ) -> None:
        self._store, self._manifest, self._chosen = store, manifest, chosen
        self._columns = list(columns)
        self._shared = Slices(columns, keep=SHARED_BYTES)

    def window(self, window: Window) -> pa.Table:
        """The documents of a window's blocks, one block after the other."""
        return pa.concat_tables([self.block(int(block)) for block in window.blocks])

    def empty(self) -> pa.Table:
        """No documents, with their columns and types."""
        schema = arrow_schema("documents")
        return pa.schema([schema.field(name) for name in self._columns]).empty_table()

    def block(self, block: int) -> pa.Table:
        """The documents that the cut keeps of one block."""
        part, first, end = self._chosen.blocks[block]
        rows = self._chosen.rows(block)
        if rows is not None and not rows:
            first = end  # nothing to read
        table = self._rows(part, first, end)
        return table if rows is None or not rows else table.take(pa.array(rows, pa.int64()))

    def _rows(self, part: int, first: int, end: int) -> pa.Table:
        ref = self._manifest.parts[part].documents
        path = self._store.check(ref)
        slices = self._shared if isinstance(ref, Slice) else Slices(self._columns, keep=0)
        try:
            table = slices.table(path, ref, first, end)
        except (pa.ArrowException, OSError) as error:  # it changed after it was checked
            raise Corrupt(path, "Parquet pages with the checksums they state", str(error)) from None
        return table.select(self._columns)


def documents(table: pa.Table, rows: Ints) -> Iterator[dict[str, Any]]:
    """The rows of a table, in the order given, as dicts."""
    batch = _one_batch(table)
    names = batch.schema.names
    for start in range(0, len(rows), SLICE):
        taken = batch.take(pa.array(rows[start : start + SLICE]))
        columns = [taken.column(name).to_pylist() for name in names]
        for values in zip(*columns, strict=True):
            yield dict(zip(names, values, strict=True))


def _one_batch(table: pa.Table) -> pa.RecordBatch:
    """The table in one piece; texts get 64-bit offsets, as a window may have more than 2 GiB."""
    wide = pa.schema(
        [f.with_type(pa.large_string()) if f.type == pa.string() else f for f in table.schema]
    )
    batches = table.cast(wide).combine_chunks().to_batches()
    return batches[0] if batches else pa.RecordBatch.from_pylist([], schema=wide)
