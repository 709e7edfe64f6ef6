"""The process that runs somebody else's query: it locks itself in, says so, answers, and ends.

Started by sandbox; reads one request, writes frames (one JSON value a line). In order:
no file can be written and no TCP socket opened (Landlock, over every thread this process ever
has), the modules are loaded, only the snapshot's own files can be read (Landlock again), DuckDB
opens with every setting locked, memory and processor time get their ceiling. Only then does it
look at the query, for the parser is not safe from it either.
"""

from __future__ import annotations

import contextlib
import ctypes
import importlib
import json
import math
import os
import resource
import signal
import sys
import time
from collections.abc import Iterator
from typing import IO, TYPE_CHECKING, Any, Final

from archive.errors import EnvironmentFailed, LimitReached, LowbgError, UsageError
from archive.query import cells, landlock

if TYPE_CHECKING:
    import duckdb

    from archive.query.views import Tables

Frame = dict[str, Any]

SELECT_NODES: Final = frozenset(
    {"SELECT_NODE", "SET_OPERATION_NODE", "RECURSIVE_CTE_NODE", "CTE_NODE"}
)
"""What a query may be made of. DuckDB 2.0 also serializes INSERT and COPY inside WITH: refused."""

_USED_LATER: Final = ("datetime", "decimal", "uuid", "pytz", "duckdb", "archive.query.connection")
_OWN_NOTES: Final = ("/proc/self", "/sys/fs/cgroup")
"""What the kernel says of this process. DuckDB 2.0 crashes on opening where it may not read it."""
_MESSAGE: Final = 8_192
_PR_SET_PDEATHSIG: Final = 1


def main(request: Frame) -> None:
    """Answers one request on standard output and ends the process, threads or not."""
    try:
        for frame in _frames(request):
            _send(frame)
    except LowbgError as error:
        _send(_error(error))
    except MemoryError:
        _send(_error(LimitReached("the query needs more than its memory limit")))
    except RecursionError:
        _send(_error(UsageError("the query is nested too deeply")))
    except Exception as error:
        _send(_error(_known(error)))
    sys.stdout.flush()
    os._exit(0)


def _send(frame: Frame) -> None:
    sys.stdout.write(json.dumps(frame, ensure_ascii=True) + "\n")
    sys.stdout.flush()


def _known(error: Exception) -> LowbgError:
    import duckdb

    from archive.query.connection import translate

    if isinstance(error, duckdb.Error):
        return translate(error)
    return EnvironmentFailed(f"{type(error).__name__}: {error}")


def _error(error: LowbgError) -> Frame:
    kinds = (UsageError, LimitReached)
    kind = next((k.__name__ for k in kinds if isinstance(error, k)), "EnvironmentFailed")
    message, step = str(error)[:_MESSAGE], error.next_step[:_MESSAGE]
    return {"error": kind, "message": message, "next_step": step}


def _frames(request: Frame) -> Iterator[Frame]:
    limits: Frame = request["limits"]
    # Opened while files can still be opened; read again at the end.
    with open("/proc/self/status") if os.path.exists("/proc/self/status") else _nothing() as status:
        con, said = _locked_in(request, status)
        yield {"ready": True, "protection": said}
        started = time.monotonic()
        _gate(con, request["query"])
        yield from _answer(con, request["query"], limits, status, started)


def _nothing() -> contextlib.nullcontext[None]:
    return contextlib.nullcontext(None)


def _locked_in(request: Frame, status: IO[str] | None) -> tuple[duckdb.DuckDBPyConnection, str]:
    """A connection over the snapshot's tables in a process that can do nothing else."""
    limits, protection = request["limits"], request["protection"]
    _die_with_parent()
    if protection == "landlock":
        # Two steps, because DuckDB 1.4 starts a thread at import, which a later step would miss.
        landlock.restrict(folders=["/"])
    for module in _USED_LATER:
        importlib.import_module(module)
    from archive.query.views import Tables

    tables = Tables(**{name: tuple(value) for name, value in request["tables"].items()})
    files = tables.files()
    if protection == "landlock":
        folders = filter(os.path.isdir, _OWN_NOTES)
        said = f"landlock ABI {landlock.restrict(files=files, folders=folders)}"
        con = _open_files(tables, files, limits)
    else:
        said = "pyarrow dataset"
        con = _open_dataset(tables, limits)
    if request["clean"]:
        con.execute(request["clean"])
    con.execute("SET lock_configuration = true")
    _ceilings(limits, status)
    return con, said


def _open(limits: Frame) -> duckdb.DuckDBPyConnection:
    from archive.query.connection import open_duckdb

    con = open_duckdb(f"{limits['memory'] >> 20}MiB", limits["threads"], spill=False)
    con.execute("SET allow_persistent_secrets = false")
    con.execute("SET allow_community_extensions = false")
    return con


def _open_files(tables: Tables, files: list[str], limits: Frame) -> duckdb.DuckDBPyConnection:
    """DuckDB reads the files itself. Its own lock stands behind Landlock, not in its place."""
    from archive.query import views

    con = _open(limits)
    con.execute(f"SET allowed_paths = [{', '.join(map(views.quoted, files))}]")
    con.execute("SET enable_external_access = false")
    views.create(con, tables)
    return con


def _open_dataset(tables: Tables, limits: Frame) -> duckdb.DuckDBPyConnection:
    """pyarrow reads the files, so that DuckDB may be refused every file there is."""
    import pyarrow as pa
    import pyarrow.dataset as ds

    from archive import schema
    from archive.query import views

    con = _open(limits)
    pa.set_cpu_count(limits["threads"])
    pa.set_io_thread_count(limits["threads"])
    # Arrow's own allocators reserve address space by the gigabyte, which is what is limited.
    pa.set_memory_pool(pa.system_memory_pool())
    options = ds.ParquetFragmentScanOptions(page_checksum_verification=True)

    def registered(table: str, paths: tuple[str, ...]) -> str:
        form = ds.ParquetFileFormat(default_fragment_scan_options=options)
        held = ds.dataset(list(paths), schema=schema.arrow_schema(table), format=form)
        held.head(1)  # starts Arrow's threads before there is a ceiling for them to count against
        con.register(f"{table}_files", held)
        return f"{table}_files"

    con.execute("SET enable_external_access = false")
    views.create(con, tables, scan=registered)
    return con


def _die_with_parent() -> None:
    if sys.platform.startswith("linux"):
        libc = ctypes.CDLL(None, use_errno=True)
        libc.prctl(_PR_SET_PDEATHSIG, ctypes.c_ulong(signal.SIGKILL))


def _ceilings(limits: Frame, status: IO[str] | None) -> None:
    """Memory above what is mapped now, processor seconds above what is spent, no core dump.

    No limit on file sizes: with RLIMIT_FSIZE 0 a COPY empties its target before it fails.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    mapped = _read_status(status, "VmSize")
    if mapped:
        ceiling = mapped + limits["memory"] + (128 << 20)
        resource.setrlimit(resource.RLIMIT_AS, (ceiling, ceiling))
    spent = sum(resource.getrusage(resource.RUSAGE_SELF)[:2])
    seconds = math.ceil(spent + limits["seconds"] * (limits["threads"] + 1)) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))


def _read_status(status: IO[str] | None, field: str) -> int:
    """A size from /proc/self/status in bytes; 0 where there is none."""
    if status is None:
        return 0
    status.seek(0)
    for line in status.read().splitlines():
        if line.startswith(f"{field}:"):
            return int(line.split()[1]) << 10
    return 0


def _gate(con: duckdb.DuckDBPyConnection, query: str) -> None:
    """Lets one SELECT through and nothing else, by the tree that the parser makes of it."""
    row = con.execute("SELECT json_serialize_sql(?::VARCHAR)", [query]).fetchone()
    tree: dict[str, Any] = json.loads(row[0]) if row else {"error": True}
    if tree["error"]:
        raise UsageError(
            str(tree.get("error_message", "the query cannot be parsed")),
            next_step="an untrusted query is one SELECT",
        )
    if len(tree["statements"]) != 1:
        raise UsageError(
            f"{len(tree['statements'])} statements", next_step="an untrusted query is one SELECT"
        )
    for node in _nodes(tree):
        if node not in SELECT_NODES:
            raise UsageError(
                f"the query holds a {node}", next_step="an untrusted query is one SELECT"
            )


def _nodes(tree: Any) -> Iterator[str]:
    """Every `type` of a query node in a serialized statement, however deep."""
    waiting = [tree]
    while waiting:
        item = waiting.pop()
        if isinstance(item, dict):
            kind = item.get("type")
            if isinstance(kind, str) and kind.endswith("_NODE"):
                yield kind
            waiting.extend(item.values())
        elif isinstance(item, list):
            waiting.extend(item)


def _answer(
    con: duckdb.DuckDBPyConnection,
    query: str,
    limits: Frame,
    status: IO[str] | None,
    started: float,
) -> Iterator[Frame]:
    from archive.query.connection import stream

    answer = stream(con, query)
    yield {"columns": answer.columns, "types": answer.types}
    left, cut_rows, cut_cells = limits["rows"], False, 0
    for batch in answer.batches:
        cut_rows = len(batch) > left
        rows = []
        for row in batch[:left]:
            short, cuts = cells.shorten(row, limits["cell"])
            rows.append([cells.encode(value) for value in short])
            cut_cells += cuts
        left -= len(rows)
        yield {"rows": rows}
        if cut_rows:
            break
    yield {
        "end": True,
        "cut_rows": cut_rows,
        "cut_cells": cut_cells,
        "seconds": time.monotonic() - started,
        "peak_bytes": _read_status(status, "VmHWM"),
    }
