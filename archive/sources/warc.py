"""WARC 0.17 to 1.1 headers; WET and WAT are WARC files of conversion and metadata records."""

from __future__ import annotations

import re

from archive.recipe import Limits
from archive.records import Outcome
from archive.sources.framing import Fault, Head
from archive.sources.headers import read_headers
from archive.sources.windows import Window

_FIRST_LINE = re.compile(rb"WARC/\d{1,2}\.\d{1,4}[ \t]*\r?\n")
_HEADER_END = re.compile(rb"\n\r?\n")
_USUAL_HEADER = 1 << 11


class Warc:
    """The dialect of framing.read_rows for WARC."""

    hint = re.compile(rb"\nWARC/\d")

    def starts(self, head: bytes) -> bool:
        return _FIRST_LINE.match(head) is not None

    def parse(self, window: Window, at: int, limits: Limits) -> Head | Fault:
        size = _header_size(window, at, limits.header_bytes)
        if size is None and window.end - at > limits.header_bytes:
            return Fault(Outcome.OVER_LIMIT, "header_bytes")
        if size is None:
            return Fault(Outcome.DAMAGED, "the record header does not end")
        headers, notes = read_headers(window.at(at, size))
        first = dict(reversed(headers))
        length = first.get("content-length", "")
        if not (length.isascii() and length.isdecimal() and len(length) < 20):
            told = f"is {length[:40]!r}" if "content-length" in first else "is missing"
            return Fault(Outcome.DAMAGED, f"Content-Length {told}")
        kind = first.get("warc-type", "").lower()
        if not kind:
            return Fault(Outcome.DAMAGED, "no WARC-Type")
        url, more = _url(first.get("warc-target-uri"))
        return Head(
            type=kind,
            headers=headers,
            url=url,
            record_id=first.get("warc-record-id"),
            date=first.get("warc-date"),
            notes=notes + more,
            block_at=at + size,
            block_length=int(length),
        )


def _header_size(window: Window, at: int, limit: int) -> int | None:
    """Up to and with the blank line, where that is within `limit` bytes."""
    for size in (min(_USUAL_HEADER, limit), limit):
        match = _HEADER_END.search(window.at(at, size))
        if match:
            return match.end()
    return None


def _url(written: str | None) -> tuple[str | None, tuple[str, ...]]:
    if written is None:
        return None, ()
    url, notes = written, []
    if url.startswith("<") and url.endswith(">"):
        url = url[1:-1].strip()
        notes.append("the URL was in angle brackets")
    if " " in url:
        notes.append("the URL holds a space")
    return url or None, tuple(notes)
