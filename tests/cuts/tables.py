"""Documents, signals and duplicates in a DuckDB, made from texts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import duckdb
import pyarrow as pa

from archive import schema, signals
from archive.digest import sha256_hex

Row = dict[str, Any]


def document(text: str, url: str = "http://a.example/", year: int = 2010) -> Row:
    """A row of documents with this text."""
    captured = datetime(year, 1, 1, tzinfo=UTC)
    given = {
        "id": sha256_hex(f"{url} {year} {text}".encode()),
        "text": text,
        "url": url,
        "captured_at": captured,
        "year": year,
        "host": urlsplit(url).hostname,
        "grade_reasons": [],
    }
    empty = {"string": "", "int64": 0, "int32": 0, "timestamp": captured}
    rest = {c.name: None if c.nullable else empty.get(c.type) for c in schema.DOCUMENTS}
    return rest | given


def connect(
    documents: Sequence[Row],
    later: Iterable[tuple[Row, Row]] = (),
    *,
    unannotated: Iterable[str] = (),
) -> duckdb.DuckDBPyConnection:
    """The three tables. `later` pairs a first capture with one that copies it; the documents
    with an `unannotated` id have no row of signals."""
    con = duckdb.connect()
    rows = signals.compute(list(documents))
    _add(con, "documents", pa.Table.from_pylist(list(documents), schema.arrow_schema("documents")))
    _add(con, "signals", pa.Table.from_batches([rows]))
    for one in unannotated:
        con.execute("DELETE FROM signals WHERE id = ?", [one])
    found: dict[str, Row] = {}
    for first, copy in later:
        cluster = {"cluster": first["id"], "similarity": None, "kind": None}
        found[first["id"]] = {"id": first["id"], "is_first": True, **cluster}
        found[copy["id"]] = {"id": copy["id"], "is_first": False, **cluster, "kind": "exact"}
    table = pa.Table.from_pylist(list(found.values()), schema.arrow_schema("duplicates"))
    _add(con, "duplicates", table)
    return con


def _add(con: duckdb.DuckDBPyConnection, name: str, table: pa.Table) -> None:
    con.register("arrow_table", table)
    con.execute(f"CREATE TABLE {name} AS SELECT * FROM arrow_table")
    con.unregister("arrow_table")
