"""Somebody else's SQL over a snapshot: one SELECT, in a process that can only read it.

What holds the query in (all of it, or the query is refused): the parent checks every file's
bytes and caps the query's length; a fresh process, its environment empty, locks itself in
(sandbox_child), lets one SELECT through, and answers over a pipe; the parent counts what arrives,
and kills. Two protections keep the query off every other file:

- `landlock`: the kernel lets the process read the snapshot's files and nothing else.
- `dataset`: pyarrow reads the files and DuckDB may touch none. Anywhere; some five times slower.
"""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final

from archive.errors import EnvironmentFailed, LimitReached, LowbgError, UsageError
from archive.query import cells, landlock, views
from archive.query.connection import Result, utf8

if TYPE_CHECKING:
    from archive.manifest import Manifest
    from archive.store.local import Store

_BOOT: Final = (
    "import json, sys; request = json.load(sys.stdin); sys.path[:] = request['path']; "
    "from archive.query.sandbox_child import main; main(request)"
)
_HOME: Final = str(Path(__file__).resolve().parents[2])
_PIPE_BYTES: Final = 1 << 16
_ERRORS: Final = {"UsageError": UsageError, "LimitReached": LimitReached}


@dataclass(frozen=True, slots=True)
class SandboxLimits:
    """What one untrusted query may use. Time, rows and cell as in Datasette 0.65.5."""

    seconds: float = 1.0  # from the moment the process is ready to its last row
    memory: int = 512 << 20  # bytes, above what an idle process has mapped
    rows: int = 1_000  # more are cut off, and the result says so
    cell: int = 2_048  # characters, bytes or items of one value; likewise
    answer: int = 32 << 20  # bytes over the pipe; beyond is an error
    query: int = 64 << 10  # bytes of SQL: the parser is superlinear in some of them
    start: float = 60.0  # seconds until the process is ready; beyond is an error
    threads: int = 2


@dataclass(frozen=True, slots=True)
class SandboxResult(Result):
    """An answer, how it was held in, and what was cut off it."""

    protection: str
    cut_rows: bool  # there are more rows than these
    cut_cells: int  # values of these rows that are longer than shown
    seconds: float
    peak_bytes: int  # resident memory of the process at its highest; 0 where it cannot be told


def available() -> str:
    """The best protection that this machine has. Raises EnvironmentFailed where there is none."""
    if landlock.abi() > 0:
        return "landlock"
    if find_spec("resource") and find_spec("pyarrow"):
        return "dataset"
    raise EnvironmentFailed(
        "untrusted SQL cannot be held in on this machine",
        next_step="use Linux 5.13 or later, or any Unix with pyarrow",
    )


def run(
    store: Store,
    manifest: Manifest,
    query: str,
    limits: SandboxLimits | None = None,
    *,
    clean: str | None = None,
    protection: str | None = None,
) -> SandboxResult:
    """Answers one SELECT of somebody who is not trusted. `clean` is as for connection.connect.

    `protection` is `landlock` or `dataset`; None takes the best there is. Raises Corrupt,
    UsageError for anything but one good SELECT, LimitReached at a limit, EnvironmentFailed where
    the query cannot be held in.
    """
    limits = limits or SandboxLimits()
    protection = protection or available()
    if protection not in ("landlock", "dataset"):
        raise UsageError(f"unknown protection {protection!r}", next_step="landlock or dataset")
    size = len(utf8(query))
    if size > limits.query:
        raise UsageError(f"the query has {size} bytes, {limits.query} are allowed")
    request = {
        # Not the current folder, which may be anybody's; but always where this package is.
        "path": [*(os.path.abspath(entry) for entry in sys.path if entry), _HOME],
        "clean": clean,
        "tables": asdict(views.verified(store, manifest)),
        "query": query,
        "limits": asdict(limits),
        "protection": protection,
    }
    # Closed here and now: an error that somebody holds would keep the process waiting to be buried.
    with closing(_converse(json.dumps(request), limits)) as frames:
        return _collect(frames)


def _converse(request: str, limits: SandboxLimits) -> Generator[dict[str, Any], None, None]:
    """Starts the process and yields its frames; it is dead and gone when this ends, however."""
    child = subprocess.Popen(
        [sys.executable, "-I", "-X", "utf8", "-c", _BOOT],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=_environment(),
        cwd="/",
    )
    assert child.stdin is not None
    assert child.stdout is not None
    assert child.stderr is not None
    try:
        try:
            child.stdin.write(request.encode())
            child.stdin.close()
        except BrokenPipeError:
            pass  # it died at start: reading says how
        yield from _read(child, child.stdout, limits)
    finally:
        child.kill()
        child.wait()
        for pipe in (child.stdout, child.stderr):
            pipe.close()


def _environment() -> dict[str, str]:
    """Nothing of the parent's but where libraries are: its variables may hold secrets."""
    kept = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "SYSTEMROOT")
    found = {name: os.environ[name] for name in kept if name in os.environ}
    # Each malloc arena reserves 64 MiB of address space, which is what RLIMIT_AS counts.
    return found | {"TZ": "UTC", "HOME": "/nonexistent", "MALLOC_ARENA_MAX": "2"}


def _read(
    child: subprocess.Popen[bytes], pipe: IO[bytes], limits: SandboxLimits
) -> Iterator[dict[str, Any]]:
    deadline, ready = time.monotonic() + limits.start, False
    held, arrived = b"", 0
    while True:
        wait = deadline - time.monotonic()
        if wait <= 0 or not select.select([pipe], [], [], wait)[0]:
            raise _too_late(limits, ready)
        data = os.read(pipe.fileno(), _PIPE_BYTES)
        if not data:
            raise _died(child, ready)
        arrived += len(data)
        if arrived > limits.answer:
            raise LimitReached(
                f"the answer is longer than {limits.answer} bytes", next_step="select less"
            )
        *lines, held = (held + data).split(b"\n")
        for line in lines:
            frame = _frame(line)
            if "ready" in frame and not ready:
                ready, deadline = True, time.monotonic() + limits.seconds
            yield frame
            if "end" in frame or "error" in frame:
                return


def _frame(line: bytes) -> dict[str, Any]:
    try:
        frame = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise EnvironmentFailed("the query's process answered in no known form") from error
    if not isinstance(frame, dict):
        raise EnvironmentFailed("the query's process answered in no known form")
    return frame


def _too_late(limits: SandboxLimits, ready: bool) -> LowbgError:
    if not ready:
        return EnvironmentFailed(
            f"the query's process was not ready after {limits.start:g} s",
            next_step="the machine is busy, or the snapshot has very many parts: try again",
        )
    return LimitReached(
        f"the query was killed after {limits.seconds:g} s", next_step="raise --time-limit"
    )


def _died(child: subprocess.Popen[bytes], ready: bool) -> LowbgError:
    code = child.wait()
    assert child.stderr
    # Only what fits the pipe is ever there, so this cannot wait or grow.
    said = os.read(child.stderr.fileno(), _PIPE_BYTES).decode("utf-8", "replace").strip()
    how = f"signal {-code}" if code < 0 else f"status {code}"
    last = said.splitlines()[-1] if said else "no message"
    if ready:
        return LimitReached(
            f"the query ended its process ({how}: {last})",
            next_step="it most likely outgrew its memory: raise --memory-limit, or ask for less",
        )
    return EnvironmentFailed(
        f"the query's process did not start ({how}: {last})", next_step="check the installation"
    )


def _collect(frames: Iterator[dict[str, Any]]) -> SandboxResult:
    """One result of all frames, or the error that one of them is."""
    gathered: dict[str, Any] = {}
    rows: list[tuple[Any, ...]] = []
    try:
        for frame in frames:
            if "error" in frame:
                kind = _ERRORS.get(str(frame["error"]), EnvironmentFailed)
                raise kind(str(frame["message"]), next_step=str(frame["next_step"]))
            for row in frame.pop("rows", ()):
                rows.append(tuple(cells.decode(value) for value in row))
            gathered |= frame
        return SandboxResult(
            columns=tuple(map(str, gathered["columns"])),
            types=tuple(map(str, gathered["types"])),
            rows=rows,
            protection=str(gathered["protection"]),
            cut_rows=bool(gathered["cut_rows"]),
            cut_cells=int(gathered["cut_cells"]),
            seconds=float(gathered["seconds"]),
            peak_bytes=int(gathered["peak_bytes"]),
        )
    except (ValueError, TypeError, KeyError, ArithmeticError, RecursionError) as error:
        raise EnvironmentFailed("the query's process answered in no known form") from error
