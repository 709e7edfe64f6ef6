"""Writes the tables of a snapshot as the plainest Parquet that checks itself."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from archive.digest import sha256_file
from archive.manifest import ObjectRef
from archive.schema import arrow_schema

Row = dict[str, Any]

GROUP_ROWS: Final = 4096
GROUP_BYTES: Final = 16 << 20
"""A row group is closed at this many rows or bytes of text, so memory stays bounded."""

DICTIONARY: Final = {
    "documents": (
        *("source", "extractor", "host", "registered_domain", "media_type", "charset"),
        *("charset_reason", "declared_language", "crawl", "truncated", "digests", "grade"),
    ),
    "ledger": ("source", "type", "outcome", "media_type", "digests"),
    "revisits": ("source", "matched_by"),
    "signals": ("language", "language_by", "fasttext_language", "cld2_language", "script"),
}
"""Columns of few values; a dictionary for texts or ids would only cost memory."""

LONG: Final = ("text", "said", "minhash")
"""Columns whose smallest and largest value would help no query."""


class TableWriter:
    """Writes rows as they come, a row group at a time. `schema` is that of the table's documented
    columns unless it is given."""

    def __init__(self, table: str, path: Path, schema: pa.Schema | None = None) -> None:
        self._schema = arrow_schema(table) if schema is None else schema
        self._path = path
        self._writer = pq.ParquetWriter(
            path,
            self._schema,
            version="2.6",
            data_page_version="1.0",
            compression="zstd",
            compression_level=3,
            use_dictionary=list(DICTIONARY[table]),
            write_statistics=[f.name for f in self._schema if f.name not in LONG],
            store_schema=False,
            write_page_checksum=True,
        )
        self._rows: list[Row] = []
        self._bytes = 0
        self.count = 0

    @property
    def rows(self) -> int:
        """Rows added so far, also those that are not written yet."""
        return self.count + len(self._rows)

    def add(self, row: Row) -> None:
        self._rows.append(row)
        self._bytes += len(row.get("text") or "")
        if len(self._rows) >= GROUP_ROWS or self._bytes >= GROUP_BYTES:
            self._flush()

    def add_group(self, table: pa.Table) -> None:
        """Writes a table as a row group of its own."""
        self._flush()
        self._writer.write_table(table.combine_chunks(), row_group_size=GROUP_ROWS)
        self.count += table.num_rows

    def close(self) -> ObjectRef:
        """Writes what is left; returns what the file is."""
        self._flush()
        self._writer.close()
        return ObjectRef(sha256_file(self._path), self._path.stat().st_size, self.count)

    def _flush(self) -> None:
        if self._rows:
            rows, self._rows, self._bytes = self._rows, [], 0
            self.add_group(pa.Table.from_pylist(rows, schema=self._schema))


def write_rows(table: str, path: Path, rows: Iterable[Row]) -> ObjectRef:
    """One whole table in one file."""
    writer = TableWriter(table, path)
    for row in rows:
        writer.add(row)
    return writer.close()
