"""How hard other people's servers may be worked, and how long they are waited for."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, fields
from typing import Any, Final

from archive.errors import UsageError
from archive.remote.clock import Clock, SystemClock

USER_AGENT: Final = "lowbackground (lowbg; reads web archives, backs off when told)"
ANONYMOUS: Final = "LOWBG_S3_ANONYMOUS"


@dataclass(frozen=True, slots=True)
class Politeness:
    """Limits and patience. None of it decides a byte of what is read.

    The defaults suit a public server that many share. Common Crawl advises at most ten downloads at
    once (commoncrawl/cc-downloader, README) and asks for no more than one retry a second, and for
    slowing down where errors come (status.commoncrawl.org, 2024 and 2025).
    """

    connections: int = 4
    """Requests under way at once, of all processes that share `limits`."""

    bytes_per_second: int | None = 20_000_000
    """What all of them may receive together, on average over some seconds; None: no limit."""

    attempts: int = 10
    """Tries in a row that get less than a megabyte further, before it is given up."""

    first_wait_s: float = 1.0
    """Longest wait before the second try. It doubles with each; half of it is chance."""

    longest_wait_s: float = 60.0
    """No wait of our own is longer."""

    longest_asked_s: float = 300.0
    """A server that asks for a longer wait (Retry-After) is left alone: it is an error at once."""

    timeout_s: float = 60.0
    """For a connection, and for the next bytes on it."""

    anonymous: bool = False
    """S3: requests are not signed."""

    cache_bytes: int = 0
    """Inputs from elsewhere that are kept for later builds, at most; 0: none."""

    limits: str | None = None
    """Folder with the locks of processes that share the limits; None: each has them for itself."""

    user_agent: str = USER_AGENT
    """What servers are told about who is asking."""

    clock: Clock = field(default_factory=SystemClock, compare=False, repr=False)
    """What waits."""

    def __post_init__(self) -> None:
        for name in ("connections", "bytes_per_second", "attempts"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise UsageError(f"{name} is {value}", next_step="give it at least 1")

    def as_task(self) -> dict[str, Any]:
        """All but the clock, for the plain dict that a worker process is given."""
        return {
            each.name: getattr(self, each.name) for each in fields(self) if each.name != "clock"
        }


_CURRENT: ContextVar[Politeness | None] = ContextVar("politeness", default=None)


def polite() -> Politeness:
    """What holds where a call is given no politeness: that of the block it is in, or the defaults.

    $LOWBG_S3_ANONYMOUS, set to anything but 0, makes S3 requests unsigned.
    """
    unsigned = os.environ.get(ANONYMOUS, "0") not in ("", "0")
    return _CURRENT.get() or Politeness(anonymous=unsigned)


@contextmanager
def politely(politeness: Politeness) -> Iterator[None]:
    """Makes it what holds for calls in the block, in this thread."""
    token = _CURRENT.set(politeness)
    try:
        yield
    finally:
        _CURRENT.reset(token)
