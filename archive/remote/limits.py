"""How much is asked of servers at once, by all processes that share a folder of locks.

A lock is the system's: it goes when its process does. Where the folder's file system has none, and
where no folder is named, each process keeps the limits for itself.
"""

from __future__ import annotations

import contextlib
import os
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import IO, Final

from archive.remote.clock import Clock
from archive.remote.locks import lock
from archive.remote.politeness import Politeness

BURST_S: Final = 1.0
"""Seconds that an idle share of the rate may be made up for."""

_SANE_S: Final = 3600.0
"""The clock went back if the next byte is due later than this: the count begins anew."""

_DUE: Final = struct.Struct("<d")


class Limits:
    """Requests under way, and bytes per second, of those who share them."""

    def __init__(self, connections: int, rate: int | None, folder: Path | None) -> None:
        self._rate = rate
        self._free = threading.BoundedSemaphore(connections)  # of this process
        self._lock = threading.Lock()
        self._due = 0.0  # when the next byte may come
        self._folder = _locking(folder)
        self._slots = [f"connection-{number}" for number in range(connections)]

    @contextmanager
    def connection(self, clock: Clock) -> Iterator[None]:
        """One of the connections, waited for if need be, until the block ends."""
        with self._free, contextlib.ExitStack() as held:
            while self._folder and not any(
                _held(held, self._folder / each) for each in self._slots
            ):
                clock.sleep(0.02 + 0.08 * clock.chance())
            yield

    def spend(self, count: int, clock: Clock) -> None:
        """Returns when so many bytes more are within the rate."""
        rate = self._rate
        if not rate:
            return
        now = clock.now()
        due = self._move_due(lambda due: _next_due(due, now, count / rate))
        if due > now:
            clock.sleep(due - now)

    def _move_due(self, move: Callable[[float], float]) -> float:
        with self._lock:
            if not self._folder:
                self._due = move(self._due)
                return self._due
            with (self._folder / "rate").open("a+b") as file:
                lock(file)
                file.seek(0)
                stored = file.read(_DUE.size)
                due = move(_DUE.unpack(stored)[0] if len(stored) == _DUE.size else 0.0)
                file.truncate(0)  # opened to append: what is written stands at the end
                file.write(_DUE.pack(due))
            return due


def limits_of(politeness: Politeness) -> Limits:
    """The limits that this process has for such politeness; those of a fork are its own."""
    return _limits(
        os.getpid(), politeness.connections, politeness.bytes_per_second, politeness.limits
    )


@cache
def _limits(process: int, connections: int, rate: int | None, folder: str | None) -> Limits:
    return Limits(connections, rate, Path(folder) if folder else None)


def _next_due(due: float, now: float, seconds: float) -> float:
    if not due <= now + _SANE_S:
        due = now
    return max(due, now - BURST_S) + seconds


def _held(held: contextlib.ExitStack, path: Path) -> bool:
    """Whether the lock could be had; if so the stack lets it go."""
    file: IO[bytes] = path.open("ab")
    if not lock(file, wait=False):
        file.close()
        return False
    held.enter_context(file)
    return True


def _locking(folder: Path | None) -> Path | None:
    """The folder, if locks work in it."""
    if folder is None:
        return None
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "rate").open("ab") as file:
        try:
            lock(file)
        except OSError:
            return None
    return folder
