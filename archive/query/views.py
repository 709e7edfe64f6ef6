"""The tables of a snapshot as DuckDB views: which verified files, under which names."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from archive import schema

if TYPE_CHECKING:
    import duckdb

    from archive.manifest import Manifest, ObjectRef
    from archive.store.local import Store

SQL_TYPES: Final = {
    "string": "VARCHAR",
    "int64": "BIGINT",
    "int32": "INTEGER",
    "float64": "DOUBLE",
    "bool": "BOOLEAN",
    "binary": "BLOB",
    "timestamp": "TIMESTAMP WITH TIME ZONE",
    "list<string>": "VARCHAR[]",
    "list<int32>": "INTEGER[]",
}
"""Types of schema.py as DuckDB names them."""


@dataclass(frozen=True, slots=True)
class Tables:
    """What the views of one snapshot stand on. Every path's bytes were checked."""

    documents: tuple[str, ...]
    ledger: tuple[str, ...]
    revisits: tuple[str, ...]
    signals: tuple[str, ...]
    duplicates: tuple[str, ...]
    inputs: tuple[tuple[str | int | None, ...], ...]  # rows, in the order of schema.INPUTS

    def paths(self, table: str) -> tuple[str, ...]:
        """The files of a table that has any."""
        found: tuple[str, ...] = getattr(self, table)
        return found

    def files(self) -> list[str]:
        """All of them."""
        return [path for table in STORED for path in self.paths(table)]


STORED: Final = ("documents", "signals", "duplicates", "ledger", "revisits")
"""The tables kept in files; `inputs` is in the manifest."""

NAMES: Final = (*STORED, "inputs")
"""The views, in the order that they are listed."""

Scan = Callable[[str, tuple[str, ...]], str]
"""A table's name and its files to the SQL that reads them, for use behind FROM."""


def verified(store: Store, manifest: Manifest) -> Tables:
    """The files of a snapshot. Each is read and compared with its digest: Corrupt if it differs.

    A file that several parts share is named once: all its rows are rows of this snapshot.
    """
    stored = {
        table: tuple(_checked(store, ref) for ref in manifest.files(table))
        for table in ("documents", "ledger", "signals")
    }
    return Tables(
        **stored,
        revisits=(_checked(store, manifest.revisits),),
        duplicates=(_checked(store, manifest.duplicates),) if manifest.duplicates else (),
        inputs=tuple(
            tuple(getattr(entry, column.name) for column in schema.INPUTS)
            for entry in manifest.inputs
        ),
    )


def _checked(store: Store, ref: ObjectRef) -> str:
    return str(store.check(ref).absolute())


def quoted(text: str) -> str:
    """A string literal of SQL."""
    return "'" + text.replace("'", "''") + "'"


def parquet_scan(table: str, paths: tuple[str, ...]) -> str:
    """Reads Parquet files, with none of DuckDB's guesses from their paths."""
    listed = ", ".join(map(quoted, paths))
    return f"read_parquet([{listed}], hive_partitioning = false)"


def create(
    con: duckdb.DuckDBPyConnection,
    tables: Tables,
    *,
    schema_name: str = "main",
    scan: Scan = parquet_scan,
) -> None:
    """Defines the views of NAMES in a schema of the connection."""
    if schema_name != "main":
        con.execute(f'CREATE SCHEMA "{schema_name}"')
    for table in ("documents", "signals", "duplicates", "revisits"):
        con.execute(_view(schema_name, table, _columns(table, tables.paths(table), scan)))
    rows = _columns("ledger", tables.ledger, scan)
    con.execute(_view(schema_name, "ledger", _folded_ledger(schema_name, rows)))
    _fill_inputs(con, schema_name, tables)


def _view(schema_name: str, table: str, select: str) -> str:
    return f'CREATE VIEW "{schema_name}".{table} AS {select}'


def _columns(table: str, paths: tuple[str, ...], scan: Scan) -> str:
    """SELECT of the documented columns, and of no others; typed and empty where no file is."""
    columns = schema.TABLES[table]
    if not paths:
        nulls = ", ".join(f'NULL::{SQL_TYPES[c.type]} AS "{c.name}"' for c in columns)
        return f"SELECT {nulls} WHERE false"
    names = ", ".join(f'"{c.name}"' for c in columns)
    return f"SELECT {names} FROM {scan(table, paths)}"


def _folded_ledger(schema_name: str, rows: str) -> str:
    """Revisits point across parts, so only the snapshot's own table knows what they resolve to."""
    return f"""
        SELECT l.* REPLACE (
            CASE WHEN l.outcome = 'revisit' AND r.matched_by IS NULL THEN 'unresolved'
                 ELSE l.outcome END AS outcome,
            CASE WHEN l.outcome = 'revisit' THEN r.document ELSE l.document END AS document)
        FROM ({rows}) AS l
        LEFT JOIN "{schema_name}".revisits AS r
          ON l.outcome = 'revisit' AND l.source = r.source AND l."offset" = r."offset"
         AND l.member IS NOT DISTINCT FROM r.member"""


def _fill_inputs(con: duckdb.DuckDBPyConnection, schema_name: str, tables: Tables) -> None:
    """One row per input file; the columns travel as lists, so a long manifest is one statement."""
    columns = schema.INPUTS
    lists = [[row[i] for row in tables.inputs] for i in range(len(columns))]
    # Lists of one length: side by side, UNNEST gives their rows back.
    picked = ", ".join(
        f'unnest(${i}::{SQL_TYPES[c.type]}[]) AS "{c.name}"' for i, c in enumerate(columns, 1)
    )
    con.execute(f'CREATE TABLE "{schema_name}".inputs AS SELECT {picked}', lists)
