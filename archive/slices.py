"""Reads the rows of a part: a file of its own, or a slice of one that many parts share."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING, Final

from archive.errors import Corrupt
from archive.leaves import batches
from archive.manifest import ObjectRef, Slice

if TYPE_CHECKING:
    import pyarrow as pa

KEEP_BYTES: Final = 64 << 20
"""Decoded row groups that are held for the next slice: a few, as parts come in order."""


class Slices:
    """Reads `columns` (None: all) of tables, page checksums verified.

    A row group that many slices lie in is decoded once while it is held, `keep` bytes of them.
    A file that is read whole is streamed, and nothing of it is held.
    """

    def __init__(self, columns: Sequence[str] | None = None, keep: int = KEEP_BYTES) -> None:
        self._columns = None if columns is None else list(columns)
        self._keep, self._size = keep, 0
        self._held: OrderedDict[tuple[Path, int], pa.Table] = OrderedDict()
        self._edges: dict[Path, list[int]] = {}

    def batches(self, path: Path, ref: ObjectRef) -> Iterator[pa.RecordBatch]:
        """The rows of a part's table in order, from its file at `path`."""
        if not isinstance(ref, Slice):
            yield from batches(path, self._columns)
            return
        if ref.rows:
            for piece in self._pieces(path, ref.first, ref.first + ref.rows):
                yield from piece.to_batches()

    def table(self, path: Path, ref: ObjectRef, first: int, end: int) -> pa.Table:
        """The rows `first` to `end` - 1 of a part, counted in the part."""
        import pyarrow as pa

        begin = ref.first if isinstance(ref, Slice) else 0
        return pa.concat_tables(self._pieces(path, begin + first, begin + end))

    def _pieces(self, path: Path, first: int, end: int) -> Iterator[pa.Table]:
        """What each row group has of the rows `first` to `end` - 1; one piece at least."""
        edges = self._edges.get(path) or self._read_edges(path)
        if end > edges[-1]:
            raise Corrupt(path, f"{end} rows or more", f"{edges[-1]} rows")
        groups = range(len(edges) - 1) if first < end else ()
        wanted = [g for g in groups if edges[g] < end and edges[g + 1] > first]
        for number in wanted:
            start = max(first, edges[number])
            group = self._group(path, number)
            yield group.slice(start - edges[number], min(end, edges[number + 1]) - start)
        if not wanted:
            yield self._empty(path)

    def _read_edges(self, path: Path) -> list[int]:
        """Where the row groups of a file begin, and the number of its rows."""
        import pyarrow.parquet as pq

        about = pq.read_metadata(path)
        sizes = (about.row_group(number).num_rows for number in range(about.num_row_groups))
        self._edges[path] = list(accumulate(sizes, initial=0))
        return self._edges[path]

    def _group(self, path: Path, number: int) -> pa.Table:
        import pyarrow.parquet as pq

        if (path, number) in self._held:
            self._held.move_to_end((path, number))
            return self._held[path, number]
        with pq.ParquetFile(path, page_checksum_verification=True) as file:
            group = file.read_row_group(number, columns=self._columns, use_threads=False)
        self._held[path, number] = group
        self._size += group.nbytes
        while self._size > self._keep and len(self._held) > 1:
            _, dropped = self._held.popitem(last=False)
            self._size -= dropped.nbytes
        return group

    def _empty(self, path: Path) -> pa.Table:
        import pyarrow.parquet as pq

        schema = pq.read_schema(path)
        return schema.empty_table().select(self._columns or schema.names)
