"""Whether the bytes of a range are the record that the index promised."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from isal import isal_zlib

from archive.commoncrawl.selected import MAX_LENGTH, Selected
from archive.recipe import Limits
from archive.records import Record
from archive.sources import digests
from archive.sources.arc import Arc
from archive.sources.framing import Frame, read_rows
from archive.sources.http import decode_body, parse_http
from archive.sources.warc import Warc
from archive.sources.windows import HeldWindow

LIMITS: Final = Limits()
INFLATED: Final = LIMITS.record_bytes + LIMITS.header_bytes + (1 << 10)


@dataclass(frozen=True, slots=True)
class Checked:
    """The record and how it agrees with the index, or what it has against it."""

    record: Record | None = None
    agrees: str = ""
    problem: str = ""


def unreadable(wanted: Selected) -> str | None:
    """Why a row's place cannot be one of a record, whatever the file holds; None if it can."""
    if wanted.offset < 0:
        return f"the index says offset {wanted.offset}"
    if not 0 < wanted.length <= MAX_LENGTH:
        return f"the index says length {wanted.length}"
    return None


def check(wanted: Selected, data: bytes) -> Checked:
    """Compares the bytes of a range with what the index says of it.

    They must be one gzip member from the first byte to the last, and hold one record. Its digest
    must be that of the index: computed, or at least the one that the record states (writers
    differ in which bytes they computed it over). Without a digest in the index the URL must agree.
    """
    if len(data) != wanted.length:
        return Checked(problem=f"{len(data)} bytes are there, the index says {wanted.length}")
    inflated = _inflate(data)
    if isinstance(inflated, str):
        return Checked(problem=inflated)
    rows = list(read_rows(Frame(HeldWindow(inflated), LIMITS, (Warc(), Arc()))))
    if len(rows) != 1 or rows[0].outcome is not None:
        reason = next((f": {row.reason}" for row in rows if row.reason), "")
        return Checked(problem=f"the range holds no single record{reason}")
    return _compared(wanted, rows[0])


def _inflate(data: bytes) -> bytes | str:
    """What the one gzip member holds, or what is wrong with it."""
    decoder = isal_zlib.decompressobj(wbits=31)
    try:
        inflated = decoder.decompress(data, INFLATED)
    except isal_zlib.IsalError as error:  # type: ignore[misc]  # the stub has it wrong
        return f"the range is no gzip member: {error}"
    if decoder.eof:
        extra = len(decoder.unused_data)
        return f"the member ends {extra} bytes before the range" if extra else inflated
    if len(inflated) >= INFLATED:
        return f"the range inflates to more than {INFLATED} bytes"
    return "the member goes on beyond the range"


def _compared(wanted: Selected, record: Record) -> Checked:
    if wanted.digest is None:
        if record.url == wanted.url:
            return Checked(record, "no digest in the index, the URL agrees")
        problem = f"the record is of {record.url!r}, and the index has no digest"
        return Checked(problem=problem)
    expected = digests.normalise(wanted.digest)
    if expected is None:
        return Checked(problem=f"the index's digest is not understood: {wanted.digest!r}")
    asked = replace(record, headers=(("warc-payload-digest", wanted.digest),))
    message = parse_http(record.block, LIMITS) if record.block.startswith(b"HTTP/") else None
    found = digests.check(asked, message, decode_body(message, LIMITS) if message else None)
    if found.startswith("payload ok"):
        return Checked(record, found)
    stated = digests.normalise(record.header("warc-payload-digest") or "")
    if stated == expected:
        return Checked(record, "the record states the index's digest, its bytes have another")
    problem = f"{found}: the index says {wanted.digest}, the record states {stated}"
    return Checked(problem=problem)
