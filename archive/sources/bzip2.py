"""bzip2: one stream or many, each a member."""

from __future__ import annotations

import bz2
import re
from collections.abc import Iterator

from archive.records import Record
from archive.sources.formats import Format, Walk
from archive.sources.members import PIECE, Broken, find_member, read_members, slow_step
from archive.sources.windows import FileWindow, Window

FEED = 1 << 16


class Bzip2:
    """The codec of members.read_members for bzip2. A block of 900 kB may be misread whole."""

    name = "bzip2"
    magic = re.compile(rb"BZh[1-9](?:1AY&SY|\x17\x72\x45\x38\x50\x90)")
    reach = 1 << 20

    def skip(self, window: Window, at: int) -> None:
        return None

    def open(self, window: Window, at: int, slow: range | None = None) -> _Member:
        return _Member(window, at, slow)


class _Member:
    def __init__(self, window: Window, at: int, slow: range | None) -> None:
        self._window, self._at, self._slow = window, at, slow
        self.end = at

    def __iter__(self) -> Iterator[bytes]:
        decoder, position = bz2.BZ2Decompressor(), self._at
        size, limit = FEED, PIECE
        while not decoder.eof:
            if self._slow:
                size, limit = slow_step(self._slow, position, FEED, limit)
            data = self._window.at(position, size) if decoder.needs_input else b""
            if decoder.needs_input and not data:
                raise Broken("cut off at the end of the input", position, cut=True)
            try:
                piece = decoder.decompress(data, limit)
            except OSError:
                raise Broken("bad data", position) from None
            position += len(data)
            if piece:
                yield piece
        self.end = position - len(decoder.unused_data)


def _matches(head: bytes) -> bool:
    return Bzip2.magic.match(head) is not None


def _find(window: FileWindow, at: int) -> int:
    return find_member(Bzip2(), window, at)


def _read(walk: Walk) -> Iterator[Record]:
    return read_members(walk, Bzip2())


FORMAT = Format(_matches, _find, _read)
