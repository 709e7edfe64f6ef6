"""Documents as plain JSON values, for the formats that have no types of their own."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import pyarrow as pa

BATCH_ROWS: Final = 256


def rows(tables: Iterator[pa.Table]) -> Iterator[dict[str, Any]]:
    """The documents of tables, one at a time; a time is text such as 2009-01-02T03:04:05.000006Z.

    Always with six decimals, so that the texts sort as the times do.
    """
    for table in tables:
        for batch in table.to_batches(max_chunksize=BATCH_ROWS):
            for row in batch.to_pylist():
                yield {name: _plain(value) for name, value in row.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, dt.datetime):
        return f"{value.astimezone(dt.UTC):%Y-%m-%dT%H:%M:%S.%f}Z"
    return value


def line(value: Any) -> bytes:
    """JSON in UTF-8 on one line, keys in the order given."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
