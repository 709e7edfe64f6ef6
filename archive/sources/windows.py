"""Random access to bytes with a known end: of a file, or of what a compressed member holds."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import BinaryIO, Protocol

from archive.errors import EnvironmentFailed

BLOCK = 1 << 18
JUMP = 1 << 14


class Window(Protocol):
    """Bytes from 0 to `end`. Positions before the last `advance` may be gone."""

    end: int

    def at(self, position: int, size: int) -> bytes:
        """`size` bytes from `position`; fewer only where the window ends."""

    def advance(self, position: int) -> None:
        """Promise never to ask for anything before `position` again."""


class FileWindow:
    """A seekable file, read in blocks. Its size is fixed when it is opened."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._base, self._block = 0, b""
        self.end = os.fstat(file.fileno()).st_size

    def at(self, position: int, size: int) -> bytes:
        size = min(size, self.end - position)
        if size <= 0:
            return b""
        start = position - self._base
        if start >= 0 and start + size <= len(self._block):
            return self._block[start : start + size]
        if size > BLOCK:
            return self._read(position, size)
        # A jump, such as a look at where a length leads, is not the start of much reading.
        ahead = BLOCK if 0 <= start <= len(self._block) else JUMP
        self._block = self._read(position, min(max(ahead, size), self.end - position))
        self._base = position
        return self._block[:size]

    def advance(self, position: int) -> None:
        """A file can always go back."""

    def _read(self, position: int, size: int) -> bytes:
        try:
            self._file.seek(position)
            data = self._file.read(size)
        except OSError as error:
            raise EnvironmentFailed(
                f"cannot read {self._file.name} at byte {position}: {error}",
                next_step="check the disk, then run the same command again",
            ) from error
        if len(data) < size:
            raise EnvironmentFailed(
                f"{self._file.name} became shorter than {self.end} bytes while it was read",
                next_step="wait until nothing writes to it, then run the same command again",
            )
        return data


class PieceWindow:
    """The bytes of an iterator, in order; holds what lies between `advance` and the furthest `at`.

    `end` must be known and no more than the pieces give.
    """

    def __init__(self, pieces: Iterator[bytes], end: int) -> None:
        self._pieces = pieces
        self._base, self._held = 0, bytearray()
        self.end = end

    def at(self, position: int, size: int) -> bytes:
        until = min(position + size, self.end)
        while self._base + len(self._held) < until:
            self._held += next(self._pieces)
        with memoryview(self._held) as view:
            return bytes(view[position - self._base : max(until - self._base, 0)])

    def advance(self, position: int) -> None:
        while (gone := position - self._base) > len(self._held):
            # Pull and drop, so that skipping a huge record needs no memory.
            self._base += len(self._held)
            self._held = bytearray(next(self._pieces))
        if gone > 0:
            del self._held[:gone]
            self._base = position


class HeldWindow:
    """Bytes that are in memory as a whole."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.end = len(data)

    def at(self, position: int, size: int) -> bytes:
        return self._data[position : position + size]

    def advance(self, position: int) -> None:
        """Everything stays."""
