"""What the other side says of a file, and one answer of it with bytes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Facts:
    """Which version of a file it is, as far as the other side tells."""

    size: int | None = None  # bytes of the whole file
    etag: str | None = None
    modified: str | None = None  # in the words of the other side
    dated: bool = False  # `modified` is old enough to mean one version (RFC 9110, 8.8.2.2)

    @property
    def mark(self) -> str | None:
        """What changes when the file does; None where nothing tells of a change."""
        if self.etag:
            return f"ETag: {self.etag}"
        return f"Last-Modified: {self.modified}" if self.modified else None

    @property
    def validator(self) -> str | None:
        """What names one sequence of bytes: a strong ETag, else a date that is old enough."""
        if self.etag and not self.etag.startswith("W/"):
            return self.etag
        return self.modified if self.dated else None

    def differs(self, other: Facts) -> bool:
        """Whether the other is not told to be of the same version, in the same words."""
        if None not in (self.size, other.size) and self.size != other.size:
            return True
        if self.etag or other.etag:
            return self.etag != other.etag
        return self.modified != other.modified


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer to a request for bytes."""

    facts: Facts
    offset: int  # where in the file the bytes begin: what was asked for, or 0 for a whole file
    pieces: Iterator[bytes]
    stop: int | None = None  # where in the file they end, where that is told


Ask = Callable[[int, int | None, Facts | None], AbstractContextManager[Reply]]
"""Asks for the bytes from a start to a stop (None: the end) of the version that is pinned, if any.

What comes may be more (a whole file), less, or of another version: the Reply says so. Else a Fault.
"""
