"""A body that is labelled with a coding although it was asked for as it is."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from itertools import chain
from typing import Final

from archive.remote.faults import Fault

_MAGIC: Final = b"\x1f\x8b"
_PIECE: Final = 1 << 18
_HEAD: Final = 1 << 20
"""What is inside shows in the first bytes, but for a header that never ends."""


def as_stored(coding: str, path: str, pieces: Iterator[bytes]) -> tuple[bool, Iterator[bytes]]:
    """Whether the bytes that came are the file's own, and the bytes of the file.

    Many servers label what is stored as .gz with `Content-Encoding: gzip` and send it untouched;
    others compress on the way, whatever was asked for. So a .gz stays as it is, unless there is
    another gzip in it; what has another name loses its coding. No other coding is taken off.
    """
    if coding not in ("gzip", "x-gzip"):
        raise Fault(
            f"it comes in the coding {coding!r}, though it was asked for as it is",
            passing=False,
            next_step="fetch the file with another tool, then name the copy",
        )
    first, came = [], 0
    inside = b""
    peeling = zlib.decompressobj(wbits=31)
    for piece in pieces:
        first.append(piece)
        came += len(piece)
        if came > _HEAD:
            raise Fault(f"the gzip around it holds nothing in {_HEAD:,} bytes", passing=False)
        try:
            inside += peeling.decompress(piece, 2)
        except zlib.error:
            return True, chain(first, pieces)  # not gzip at all: a label and no more
        if len(inside) >= 2:
            break
    again = chain(first, pieces)
    if path.lower().endswith((".gz", ".gzip", ".tgz")) and inside[:2] != _MAGIC:
        return True, again
    return False, _peeled(again)


def _peeled(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """The pieces without one layer of gzip; Fault if it is damaged or not all there."""
    peeling = zlib.decompressobj(wbits=31)
    begun = False
    for piece in pieces:
        left = piece
        while left:
            if peeling.eof:
                peeling = zlib.decompressobj(wbits=31)
            begun = True
            try:
                out = peeling.decompress(left, _PIECE)
            except zlib.error as error:
                raise Fault(f"the gzip around it is damaged ({error})") from error
            if out:
                yield out
            left = peeling.unconsumed_tail or peeling.unused_data
    if begun and not peeling.eof:
        raise Fault("the gzip around it is cut off")
