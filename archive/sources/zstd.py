"""zstd: a frame is a member; a dictionary may lie in a skippable frame (IIPC .warc.zst).

Frames are walked block by block (RFC 8878, 3.1.1), so the end of each is known without trusting
what it inflates to, and no more than one block, 128 KiB, is inflated at once. A frame that was
written without its optional checksum shows damage only where the format itself breaks.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

import zstandard

from archive.records import Record
from archive.sources.formats import Format, Walk
from archive.sources.members import Broken, find_member, read_members
from archive.sources.windows import FileWindow, Window

MAGIC: Final = b"\x28\xb5\x2f\xfd"
DICTIONARY: Final = b"\x5d\x2a\x4d\x18"
DICTIONARY_BYTES: Final = 64 << 20
WINDOW_BYTES: Final = 128 << 20  # what the zstd tool decodes without being told more
BLOCK_BYTES: Final = 128 << 10
_SKIPPABLE = re.compile(rb"[\x50-\x5f]\x2a\x4d\x18")


class Zstd:
    """The codec of members.read_members for zstd; keeps the last dictionary met."""

    name = "zstd"
    magic = re.compile(re.escape(MAGIC))
    reach = 1 << 20

    def __init__(self) -> None:
        self._decompressor = _decompressor(b"")

    def skip(self, window: Window, at: int) -> tuple[int, str] | None:
        head = window.at(at, 8)
        size = int.from_bytes(head[4:8], "little")
        if not _SKIPPABLE.match(head) or at + 8 + size > window.end:
            return None
        if not head.startswith(DICTIONARY) or size > DICTIONARY_BYTES:
            return 8 + size, "zstd skippable frame"
        self._decompressor = _decompressor(_plain(window.at(at + 8, size)))
        return 8 + size, "zstd dictionary"

    def open(self, window: Window, at: int, slow: range | None = None) -> _Frame:
        return _Frame(window, at, self._decompressor)


def _decompressor(dictionary: bytes) -> Any:
    shared = zstandard.ZstdCompressionDict(dictionary) if dictionary else None
    return zstandard.ZstdDecompressor(dict_data=shared, max_window_size=WINDOW_BYTES)


def _plain(dictionary: bytes) -> bytes:
    """A dictionary as it is, or itself compressed with zstd; what cannot be read is none."""
    if not dictionary.startswith(MAGIC):
        return dictionary
    try:
        with zstandard.ZstdDecompressor(max_window_size=WINDOW_BYTES).stream_reader(
            dictionary
        ) as reader:
            return bytes(reader.read(DICTIONARY_BYTES))
    except zstandard.ZstdError:
        return b""


class _Frame:
    def __init__(self, window: Window, at: int, decompressor: Any) -> None:
        self._window, self._at, self._decompressor = window, at, decompressor
        self.end = at

    def __iter__(self) -> Iterator[bytes]:
        decoder = self._decompressor.decompressobj()
        position = self._at
        for part in self._parts():
            try:
                piece = decoder.decompress(part)
            except zstandard.ZstdError as error:
                words = "its dictionary is missing" if "ictionary" in str(error) else "bad data"
                raise Broken(words, position) from None
            position += len(part)
            if piece:
                yield piece
        if not decoder.eof:
            raise Broken("bad data", position)
        self.end = position

    def _parts(self) -> Iterator[bytes]:
        """The frame's header, each block, and its checksum."""
        position = self._at
        head = self._window.at(position, 18)
        try:
            size = zstandard.frame_header_size(head)
            checksum = zstandard.get_frame_parameters(head).has_checksum
        except zstandard.ZstdError:
            raise Broken("bad frame header", position, cut=len(head) < 18) from None
        yield self._take(position, size)
        position += size
        last = False
        while not last:
            header = int.from_bytes(self._take(position, 3), "little")
            last, kind, size = bool(header & 1), header >> 1 & 3, header >> 3
            if kind == 3 or size > BLOCK_BYTES:
                raise Broken("bad block header", position)
            length = 3 + (1 if kind == 1 else size)
            yield self._take(position, length)
            position += length
        if checksum:
            yield self._take(position, 4)

    def _take(self, position: int, size: int) -> bytes:
        data = self._window.at(position, size)
        if len(data) < size:
            raise Broken("cut off at the end of the input", position, cut=True)
        return data


def _matches(head: bytes) -> bool:
    return head.startswith(MAGIC) or _SKIPPABLE.match(head) is not None


def _find(window: FileWindow, at: int) -> int:
    return find_member(Zstd(), window, at)


def _read(walk: Walk) -> Iterator[Record]:
    return read_members(walk, Zstd())


FORMAT = Format(_matches, _find, _read)
