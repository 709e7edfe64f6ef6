"""Leaves of whole Arrow batches: `digest.row_leaf` for thousands of rows, without a Python object
for each value. A test holds the two equal."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from archive.digest import LEAF_PREFIX, ROW_PREFIX
from archive.schema import IDENTITY

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

BATCH_BYTES: Final = 4 << 20
"""About as many bytes of a row group are held as values at a time."""


def leaves_of(batch: pa.RecordBatch) -> list[bytes]:
    """The leaf (32 bytes) of each row of a batch that has the identity columns of `documents`."""
    import pyarrow as pa
    import pyarrow.compute as pc

    binary = pa.large_binary()  # a batch may hold more than the 2 GiB of `binary`
    colon, comma, null = (pa.scalar(text, binary) for text in (b":", b",", b"-"))
    fields = []
    for name in IDENTITY:
        values = _as_bytes(batch.column(batch.schema.get_field_index(name)))
        lengths = pc.binary_length(values).cast(pa.large_string()).cast(binary)
        fields.append(pc.coalesce(pc.binary_join_element_wise(lengths, values, colon), null))
    # ROW_PREFIX ends in the comma that the join puts there; so does a row.
    start = pa.scalar(LEAF_PREFIX + ROW_PREFIX.removesuffix(b","), binary)
    rows = pc.binary_join_element_wise(start, *fields, pa.scalar(b"", binary), comma)
    return [hashlib.sha256(row).digest() for row in _slices(rows)]


def _as_bytes(values: pa.Array) -> pa.Array:
    """Values as row-v1 spells them: UTF-8, decimal, microseconds since 1970 UTC in decimal."""
    import pyarrow as pa

    if pa.types.is_timestamp(values.type):
        if values.type.unit != "us":
            raise TypeError(f"timestamps are in microseconds, not {values.type}")
        values = values.cast(pa.int64())
    return values.cast(pa.large_string()).cast(pa.large_binary())


def _slices(rows: pa.Array) -> Iterator[memoryview]:
    """The values of a large_binary array, as views of its buffer."""
    _, offsets, data = rows.buffers()
    ends = memoryview(offsets).cast("q")[rows.offset : rows.offset + len(rows) + 1]
    view = memoryview(data) if data is not None else memoryview(b"")
    return (view[ends[i] : ends[i + 1]] for i in range(len(rows)))


def batches(path: Path, columns: list[str] | None) -> Iterator[pa.RecordBatch]:
    """Batches of a Parquet file of about BATCH_BYTES each, page checksums verified."""
    import pyarrow.parquet as pq

    with pq.ParquetFile(path, page_checksum_verification=True) as file:
        yield from batches_of(file, columns)


def batches_of(file: pq.ParquetFile, columns: list[str] | None) -> Iterator[pa.RecordBatch]:
    """As `batches`, of a file that is open."""
    for group in range(file.num_row_groups):
        about: Any = file.metadata.row_group(group)
        rows = max(1, BATCH_BYTES * about.num_rows // max(1, about.total_byte_size))
        yield from file.iter_batches(
            batch_size=min(rows, 8192), row_groups=[group], columns=columns, use_threads=False
        )


def stored_leaves(path: Path) -> Iterator[bytes]:
    """The column `id` of a file as leaves, in its order."""
    for batch in batches(path, ["id"]):
        for value in batch.column(0).to_pylist():
            yield bytes.fromhex(value)
