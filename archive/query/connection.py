"""SQL over a snapshot: DuckDB views over verified files, rows that stream, errors that explain.

This is the trusted mode: whoever writes the query may do what the user of this process may do,
`COPY ... TO` and reading other files included. For anybody else's query see archive.query.sandbox.
"""

from __future__ import annotations

import os
import re
import signal
import socket
import tempfile
import threading
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from archive import schema
from archive.errors import EnvironmentFailed, LimitReached, LowbgError, UsageError
from archive.query import views

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

    from archive.manifest import Manifest
    from archive.store.local import Store

Row = tuple[Any, ...]
Parameters = Sequence[Any] | dict[str, Any] | None

BATCH_ROWS: Final = 256
"""Rows in Python's hands at once: some texts are megabytes long."""
_SIZE: Final = re.compile(r"(\d+(?:\.\d+)?) *([kmgt])(i?)b", re.IGNORECASE)
GROUP_BYTES: Final = 64 << 20
"""Bytes of Arrow data that become one row group of a Parquet file written."""


@dataclass(frozen=True, slots=True)
class Result:
    """The whole answer of a query, in memory. `types` are DuckDB's names."""

    columns: tuple[str, ...]
    types: tuple[str, ...]
    rows: list[Row]


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer that is still being computed; `batches` hands out its rows once."""

    columns: tuple[str, ...]
    types: tuple[str, ...]
    batches: Iterator[list[Row]]


def open_duckdb(
    memory_limit: str, threads: int | None, *, spill: bool = True
) -> duckdb.DuckDBPyConnection:
    """A DuckDB in memory that loads no extension, sees no Python variable and thinks in UTC.

    With `spill`, a query that outgrows its memory goes on in a folder of temporary files, which
    DuckDB makes at need and removes at the end.
    """
    import duckdb

    config: dict[str, str | bool | int | float | list[str]] = {
        "autoinstall_known_extensions": "false",
        "autoload_known_extensions": "false",
        "python_enable_replacements": "false",
        "memory_limit": memory_limit,
        "temp_directory": "",
    }
    if spill:
        folder = os.path.join(tempfile.gettempdir(), f"lowbg-{uuid.uuid4().hex}")
        config["temp_directory"] = folder
    if threads is not None:
        config["threads"] = str(threads)
    try:
        con = duckdb.connect(config=config)
    except duckdb.Error as error:
        raise translate(error) from error
    con.execute("SET TimeZone = 'UTC'")
    return con


def connect(
    store: Store,
    manifest: Manifest,
    *,
    clean: str | None = None,
    memory_limit: str = "2GB",
    threads: int | None = None,
) -> duckdb.DuckDBPyConnection:
    """The views of views.NAMES over the snapshot's files.

    `clean` is a further statement, such as cuts.define_clean gives.

    Every file is read and checked first: raises Corrupt before there is a row to read. In
    `ledger` a revisit has the document it resolves to, or else the outcome `unresolved`.
    """
    tables = views.verified(store, manifest)
    con = open_duckdb(memory_limit, threads)
    views.create(con, tables)
    if clean:
        con.execute(clean)
    return con


def utf8(query: str) -> bytes:
    """The bytes of a query. Raises UsageError for half a character, which has none."""
    try:
        return query.encode()
    except UnicodeEncodeError as error:
        raise UsageError(
            f"the query holds half a character at {error.start}", next_step="write it in UTF-8"
        ) from error


def stream(con: duckdb.DuckDBPyConnection, query: str, parameters: Parameters = None) -> Answer:
    """Starts a query; its rows are computed as `batches` are taken, so memory stays bounded."""
    import duckdb

    utf8(query)
    try:
        con.execute(query, parameters) if parameters is not None else con.execute(query)
    except duckdb.Error as error:
        raise translate(error, query) from error
    except RuntimeError as error:
        raise _as_ctrl_c(error) from None
    described = con.description or []
    return Answer(
        tuple(column[0] for column in described),
        tuple(str(column[1]) for column in described),
        _batches(con, query) if described else iter(()),
    )


def _batches(con: duckdb.DuckDBPyConnection, query: str) -> Iterator[list[Row]]:
    import duckdb

    try:
        while rows := con.fetchmany(BATCH_ROWS):
            yield rows
    except duckdb.Error as error:
        raise translate(error, query) from error
    except RuntimeError as error:
        raise _as_ctrl_c(error) from None


def _as_ctrl_c(error: RuntimeError) -> RuntimeError | KeyboardInterrupt:
    """What DuckDB makes of Ctrl-C, where it is the one that sees it, made Ctrl-C again."""
    return KeyboardInterrupt() if str(error) == "Query interrupted" else error


def sql(
    store: Store, manifest: Manifest, query: str, parameters: Parameters = None, **options: Any
) -> Result:
    """The whole answer of one query, in memory. `options` are those of `connect`."""
    con = connect(store, manifest, **options)
    try:
        answer = stream(con, query, parameters)
        rows = [row for batch in answer.batches for row in batch]
        return Result(answer.columns, answer.types, rows)
    finally:
        con.close()


def write_parquet(
    con: duckdb.DuckDBPyConnection,
    query: str,
    path: Path,
    parameters: Parameters = None,
    *,
    limit: int | None = None,
) -> int:
    """Writes the answer as Parquet: aside first, renamed when whole. Returns the rows written.

    Through Arrow, because DuckDB's own COPY turns a HUGEINT (every sum of integers) into a DOUBLE.
    """
    import duckdb
    import pyarrow as pa

    aside = path.with_name(f".{path.name}.{uuid.uuid4().hex}.aside")
    try:
        reader = _arrow_reader(con, query, parameters)
        refuse_twins(reader.schema.names)
        rows = _write_groups(reader.schema, _arrow_batches(reader, query), aside, limit)
        os.replace(aside, path)
        return rows
    except duckdb.Error as error:
        raise translate(error, query) from error
    except pa.ArrowNotImplementedError as error:
        raise UsageError(
            f"Parquet has no type for a column: {error}", next_step="cast it: column::VARCHAR"
        ) from error
    finally:
        aside.unlink(missing_ok=True)


def _arrow_reader(
    con: duckdb.DuckDBPyConnection, query: str, parameters: Parameters
) -> pa.RecordBatchReader:
    relation: Any = con.sql(query, params=parameters)
    if relation is None:
        raise UsageError("this statement has no rows to write", next_step="write a SELECT")
    # The method has another name from DuckDB 1.5 on.
    read = getattr(relation, "to_arrow_reader", None) or relation.fetch_arrow_reader
    return read(2048)


def _arrow_batches(reader: pa.RecordBatchReader, query: str) -> Iterator[pa.RecordBatch]:
    import pyarrow as pa

    try:
        yield from reader
    except (OSError, pa.ArrowException) as error:
        raise translate(error, query) from error


def _write_groups(
    columns: pa.Schema, batches: Iterator[pa.RecordBatch], path: Path, limit: int | None
) -> int:
    import pyarrow as pa
    import pyarrow.parquet as pq

    rows, held = 0, []
    with path.open("wb") as file:
        with pq.ParquetWriter(file, columns, compression="zstd") as writer:
            for batch in batches:
                if limit is not None:
                    batch = batch.slice(0, limit - rows)
                rows += batch.num_rows
                held.append(batch)
                if sum(b.nbytes for b in held) >= GROUP_BYTES:
                    writer.write_table(pa.Table.from_batches(held))
                    held = []
                if rows == limit:
                    break
            if held:
                writer.write_table(pa.Table.from_batches(held))
        file.flush()
        os.fsync(file.fileno())
    return rows


def refuse_twins(columns: Sequence[str]) -> None:
    """Raises UsageError where two columns have one name, and one would hide the other."""
    twins = sorted({name for name in columns if columns.count(name) > 1})
    if twins:
        raise UsageError(
            f"two columns are named {twins[0]!r}", next_step="give one another name with AS"
        )


def memory_bytes(text: str) -> int:
    """Bytes of a size as DuckDB writes them: 500MB, 2GiB. Raises UsageError for anything else."""
    found = _SIZE.fullmatch(text)
    if not found:
        raise UsageError(f"not a size: {text!r}", next_step="write such as 500MB or 2GiB")
    base = 1024 if found[3] else 1000
    return int(float(found[1]) * base ** "BKMGT".index(found[2].upper()))


def _interrupt_until(done: threading.Event, con: duckdb.DuckDBPyConnection) -> None:
    """Again and again: DuckDB forgets an interrupt that comes just before its query."""
    while not done.is_set():
        con.interrupt()
        done.wait(0.05)


@contextmanager
def stoppable(con: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Lets Ctrl-C stop the connection's query at once, which DuckDB's fetch would not notice.

    A signal is written to a socket even while the interpreter waits for DuckDB; a thread reads it.
    Does nothing outside the main thread, where no signal arrives.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    heard, told = socket.socketpair()
    told.setblocking(False)
    before = signal.set_wakeup_fd(told.fileno(), warn_on_full_buffer=False)

    done, asked = threading.Event(), threading.Event()

    def listen() -> None:
        while numbers := heard.recv(16):
            if signal.SIGINT in numbers:
                asked.set()
                _interrupt_until(done, con)

    listener = threading.Thread(target=listen, daemon=True)
    listener.start()
    try:
        yield
    except LowbgError as error:
        if asked.is_set():  # an interrupted query fails as one that met its time limit does
            raise KeyboardInterrupt from error
        raise
    finally:
        signal.set_wakeup_fd(before)
        done.set()
        told.close()
        listener.join()
        heard.close()


class TimeLimit:
    """Interrupts a connection's query after some seconds; `reached` says whether it did."""

    def __init__(self, con: duckdb.DuckDBPyConnection, seconds: float | None) -> None:
        self.seconds, self.reached = seconds, False
        self._con, self._done = con, threading.Event()
        self._timer = threading.Timer(seconds, self._stop) if seconds is not None else None

    def _stop(self) -> None:
        if not self._done.is_set():
            self.reached = True
            _interrupt_until(self._done, self._con)

    def __enter__(self) -> TimeLimit:
        if self._timer:
            self._timer.daemon = True
            self._timer.start()
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        self._done.set()
        if self._timer:
            self._timer.cancel()
            self._timer.join()  # so that no late interrupt meets the next query
        if error is not None and self.reached:
            raise LimitReached(
                f"the query was stopped after {self.seconds:g} s", next_step="raise --time-limit"
            ) from error


def translate(error: Exception, query: str = "") -> LowbgError:
    """DuckDB's error in the project's own tree, its message kept, with a next step.

    By the message's first words, because what Arrow passes on of an error is its message alone.
    """
    message = str(error)
    kind = message.partition(" Error")[0].lower()
    if kind == "out of memory" or "Out of memory: malloc" in message:  # the latter is Arrow's
        return LimitReached(message, next_step="raise --memory-limit, or ask for less")
    if kind == "interrupt":
        return LimitReached("the query was interrupted", next_step="run it again to see it whole")
    if kind == "io":
        return EnvironmentFailed(message, next_step="check the path, and the space on the disk")
    if kind in ("internal", "fatal"):
        return EnvironmentFailed(message, next_step="a defect of DuckDB: try another version")
    return UsageError(message, next_step=_known_names(message, query))


def _known_names(message: str, query: str) -> str:
    if "Table with name" in message:
        return f"tables: {', '.join(views.NAMES)}"
    if not message.startswith("Binder Error") or "olumn" not in message:
        return ""
    words = set(re.findall(r"\w+", query.lower()))
    missing = re.search(r'Referenced column "(\w+)"', message)
    elsewhere = [
        f"{missing[1]} is a column of {name}: join {name} using (id)"
        for name in views.NAMES
        if missing and name not in words and _has(name, missing[1])
    ]
    named = [
        f"columns of {name}: {', '.join(column.name for column in schema.TABLES[name])}"
        for name in views.NAMES
        if name in words
    ]
    return "\n       ".join([*elsewhere, *named])


def _has(table: str, column: str) -> bool:
    """Whether documents can be joined with a table to have a column of it."""
    names = {each.name for each in schema.TABLES[table]}
    return {"id", column.lower()} <= names
