"""gzip: a member for each record, or one for the whole file, extra fields and all."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from isal import isal_zlib

from archive.records import Record
from archive.sources.formats import Format, Walk
from archive.sources.members import PIECE, Broken, find_member, read_members, slow_step
from archive.sources.windows import FileWindow, Window

FEEDS: Final = (1 << 12, 1 << 14, 1 << 16)  # small first: most members are small, and copied


class Gzip:
    """The codec of members.read_members for gzip (RFC 1952)."""

    name = "gzip"
    magic = re.compile(rb"\x1f\x8b\x08[\x00-\x1f]")
    reach = 1 << 17

    def skip(self, window: Window, at: int) -> None:
        return None

    def open(self, window: Window, at: int, slow: range | None = None) -> _Member:
        return _Member(window, at, slow)


class _Member:
    def __init__(self, window: Window, at: int, slow: range | None) -> None:
        self._window, self._at, self._slow = window, at, slow
        self.end = at

    def __iter__(self) -> Iterator[bytes]:
        decoder = isal_zlib.decompressobj(wbits=31)
        position, feeds, limit = self._at, iter(FEEDS), PIECE
        while not decoder.eof:
            size = next(feeds, FEEDS[-1])
            if self._slow:
                size, limit = slow_step(self._slow, position, size, limit)
            data = self._window.at(position, size)
            if not data:
                raise Broken("cut off at the end of the input", position, cut=True)
            while data and not decoder.eof:
                try:
                    piece = decoder.decompress(data, limit)
                except isal_zlib.IsalError as error:  # type: ignore[misc]  # the stub has it wrong
                    raise Broken(_words(error), position) from None
                position += len(data) - len(decoder.unconsumed_tail)
                data = decoder.unconsumed_tail
                if piece:
                    yield piece
        self.end = position - len(decoder.unused_data)


def _words(error: Exception) -> str:
    text = str(error)
    return "checksum mismatch" if "checksum" in text else "bad data"


def _matches(head: bytes) -> bool:
    return Gzip.magic.match(head) is not None


def _find(window: FileWindow, at: int) -> int:
    return find_member(Gzip(), window, at)


def _read(walk: Walk) -> Iterator[Record]:
    return read_members(walk, Gzip())


FORMAT = Format(_matches, _find, _read)
