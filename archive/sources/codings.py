"""Content-codings, each inflated no further than a limit."""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass
from typing import Any, Final

from isal import isal_zlib

from archive.sources.gzip import Gzip
from archive.sources.members import PIECE, Broken, Codec
from archive.sources.windows import HeldWindow
from archive.sources.zstd import Zstd

SYNONYMS: Final = {
    "x-gzip": "gzip",
    "zlib": "deflate",
    "x-deflate": "deflate",
    "x-compress": "compress",
    "brotli": "br",
    "zst": "zstd",
}
UNMARKED: Final = frozenset({"deflate", "br", "compress"})
"""Codings that no first bytes announce: only the header tells."""
FEED: Final = 1 << 16
_CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class Decoded:
    """What a coding gave: no data if the bytes are not that coding after all."""

    data: bytes | None
    note: str = ""
    over: bool = False  # more than the limit


def magic(data: bytes) -> str | None:
    """The coding that the first bytes announce: gzip, zstd, deflate (in its zlib wrapper)."""
    if data.startswith(b"\x1f\x8b\x08"):
        return "gzip"
    if data.startswith(b"\x28\xb5\x2f\xfd"):
        return "zstd"
    if len(data) > 2 and data[0] == 0x78 and int.from_bytes(data[:2], "big") % 31 == 0:
        return "deflate"
    return None


def is_texty(data: bytes) -> bool:
    """Whether the first KiB could be text in some charset: it has almost no control characters."""
    head = data[:1024]
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return True
    return len(_CONTROL.findall(head)) * 100 <= len(head)


def decode(coding: str, data: bytes, limit: int, *, sure: bool) -> Decoded:
    """Undoes one coding. `sure`: the header claims it, so that a partial result will do."""
    if coding == "gzip":
        return _members(Gzip(), data, limit)
    if coding == "zstd":
        return _members(Zstd(), data, limit)
    if coding == "br":
        return _brotli(data, limit)
    if coding != "deflate":
        return Decoded(None)
    result = _deflate(data, limit, zlib.MAX_WBITS) if magic(data) == "deflate" else Decoded(None)
    if result.over or (result.data is not None and (sure or not result.note)):
        return result
    # Without a wrapper nothing but a clean end tells deflate from any other bytes.
    result = _deflate(data, limit, -zlib.MAX_WBITS) if sure else Decoded(None)
    return Decoded(None) if result.note else result


def _members(codec: Codec, data: bytes, limit: int) -> Decoded:
    """All members, one after the other; what follows the last is left out with a note."""
    window, at, size = HeldWindow(data), 0, 0
    parts: list[bytes] = []
    while codec.magic.match(data, at):
        member = codec.open(window, at)
        try:
            for piece in member:
                size += len(piece)
                parts.append(piece)
                if size > limit:
                    return Decoded(None, over=True)
        except Broken as error:
            note = f"the {codec.name} body is broken: {error.reason}"
            return Decoded(b"".join(parts), note) if size else Decoded(None)
        at = member.end
    junk = len(data[at:].strip(b"\0\r\n"))
    return Decoded(b"".join(parts), f"{junk} bytes after the {codec.name} body" if junk else "")


def _deflate(data: bytes, limit: int, wbits: int) -> Decoded:
    decoder = isal_zlib.decompressobj(wbits=wbits)
    parts: list[bytes] = []
    at, size, rest = 0, 0, b""
    while not decoder.eof:
        if not rest:
            rest, at = data[at : at + FEED], at + FEED
        fault = "cut off" if not rest else ""
        try:
            piece = decoder.decompress(rest, PIECE)
        except isal_zlib.IsalError:  # type: ignore[misc]  # the stub has it wrong
            fault, piece = "bad data", b""
        size += len(piece)
        parts.append(piece)
        if size > limit:
            return Decoded(None, over=True)
        if fault and not piece:
            note = f"the deflate body is broken: {fault}"
            return Decoded(b"".join(parts), note) if size else Decoded(None)
        rest = decoder.unconsumed_tail
    junk = len((decoder.unused_data + data[at:]).strip(b"\0\r\n"))
    return Decoded(b"".join(parts), f"{junk} bytes after the deflate body" if junk else "")


def _brotli(data: bytes, limit: int) -> Decoded:
    """Only what decodes cleanly to its end: brotli has no magic and no checksum."""
    import brotli

    decoder: Any = brotli.Decompressor()
    parts: list[bytes] = []
    size, rest = 0, data
    try:
        while not decoder.is_finished():
            if not rest and decoder.can_accept_more_data() and not (parts and parts[-1]):
                return Decoded(None)
            piece = decoder.process(rest, output_buffer_limit=1 << 20)
            rest = b""
            size += len(piece)
            parts.append(piece)
            if size > limit:
                return Decoded(None, over=True)
    except brotli.error:
        return Decoded(None)
    return Decoded(b"".join(parts))
