"""The file of witnesses: for every matched document the capture that proves it, or parts of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from archive.aside import writing
from archive.audit.against import Against
from archive.audit.items import Item, well_formed
from archive.audit.match import Proof
from archive.audit.options import STANDINGS
from archive.errors import UsageError

if TYPE_CHECKING:
    import duckdb

SUFFIXES: Final = (".parquet", ".jsonl")
GROUP_ROWS: Final = 1 << 14

SCHEMA: Final = pa.schema(
    [
        ("number", pa.int64()),  # of the document among those that were read
        ("corpus", pa.string()),
        ("place", pa.string()),
        ("match", pa.string()),
        ("share", pa.float64()),
        ("similarity", pa.float64()),
        ("witness", pa.string()),
        ("captured_at", pa.timestamp("us", tz="UTC")),
        ("grade", pa.string()),
    ]
)

# In the order of reading; the join is out of core.
_JOINED: Final = """SELECT found.* EXCLUDE (number), named.url AS witness_url
FROM read_parquet($found) AS found
LEFT JOIN (SELECT id, min(url) AS url FROM {documents} GROUP BY id) AS named
  ON named.id = found.witness
ORDER BY number"""


def check_path(path: Path) -> None:
    """Refuses a name that says no format, before any work is done."""
    if path.suffix not in SUFFIXES:
        raise UsageError(
            f"witnesses are written as Parquet or JSON Lines, not {path.name!r}",
            next_step="name a file that ends in .parquet or .jsonl",
        )


class Witnesses:
    """Gathers the witnesses in a scratch file; `write` makes the file that was asked for."""

    def __init__(self, against: Against, scratch: Path) -> None:
        self._against, self._path = against, scratch / "witnesses.parquet"
        self._writer = pq.ParquetWriter(self._path, SCHEMA, compression="zstd")
        self._rows: list[dict[str, Any]] = []

    def add(self, number: int, corpus: str, item: Item, proof: Proof) -> None:
        index = self._against.index
        grade = STANDINGS[index.grades[proof.row]]
        self._rows.append(
            {
                "number": number,
                "corpus": well_formed(corpus),
                "place": well_formed(item.place),
                "match": proof.kind,
                "share": proof.share,
                "similarity": proof.similarity,
                "witness": index.id(proof.row),
                "captured_at": int(index.captured[proof.row]) or None,
                "grade": grade,
            }
        )
        if len(self._rows) >= GROUP_ROWS:
            self._flush()

    def _flush(self) -> None:
        self._writer.write_table(pa.Table.from_pylist(self._rows, schema=SCHEMA))
        self._rows = []

    def write(self, path: Path) -> int:
        """Writes the file whole or not at all: witnesses with the URL or place of each."""
        from archive.query.connection import stoppable, write_parquet

        self._flush()
        self._writer.close()
        con, documents = self._connect()
        query, parameters = _JOINED.format(documents=documents), {"found": str(self._path)}
        try:
            with stoppable(con):
                if path.suffix == ".parquet":
                    return write_parquet(con, query, path, parameters)
                return _write_lines(con, query, path, parameters)
        finally:
            con.close()

    def _connect(self) -> tuple[duckdb.DuckDBPyConnection, str]:
        from archive.query.connection import connect, open_duckdb
        from archive.query.views import quoted

        held = self._against.held
        if held:
            return connect(held.store, held.manifest), "documents"
        files = ", ".join(quoted(str(source.documents)) for source in self._against.sources)
        return open_duckdb("2GB", None), f"read_parquet([{files}])"


def _write_lines(
    con: duckdb.DuckDBPyConnection, query: str, path: Path, parameters: dict[str, Any]
) -> int:
    from archive.query.connection import stream

    answer = stream(con, query, parameters)
    count = 0
    with writing(path) as out:
        for batch in answer.batches:
            for row in batch:
                said = dict(zip(answer.columns, row, strict=True))
                out.write((json.dumps(said, ensure_ascii=False, default=str) + "\n").encode())
                count += 1
    return count
