"""Where records begin and end in plain bytes: the loop that WARC and ARC share.

A record is believed where its length leads to the start of another record, to padding, or to the
end. Where it does not, the declared block, then the block up to the next record start, is tried
against the recorded block digest; if neither agrees the range is damaged and reading goes on at
the next line that starts a record. All work is linear in the bytes, whatever they claim.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final, Protocol

from archive.recipe import Limits
from archive.records import Outcome, Place, Record
from archive.sources import digests
from archive.sources.windows import FileWindow, Window

PEEK: Final = 1 << 13  # enough for any header line that is looked at, URL and all
CLOSING: Final = 8  # line ends after a block that still belong to its record; WARC has 4, ARC 1
STEP: Final = 1 << 20
OVERLAP: Final = 64
_CLOSING = re.compile(rb"[\r\n]{0,%d}" % CLOSING)
_END = re.compile(rb"(?:\r\n\r\n|\n\n|\r\n|\n)\Z")
_BLANK = re.compile(rb"[\r\n\0]*")


@dataclass(frozen=True, slots=True)
class Head:
    """A record's header, read: `record` has everything but the block and the final length."""

    record: Record
    block_at: int
    block_length: int


@dataclass(frozen=True, slots=True)
class Fault:
    """Why no header could be read."""

    outcome: Outcome
    reason: str


class Dialect(Protocol):
    """A record format: how a record starts, and what its header says."""

    hint: re.Pattern[bytes]  # matches at the line end before what may be a record, in < OVERLAP

    def starts(self, head: bytes) -> bool:
        """Whether a record starts here; `head` is up to PEEK bytes."""

    def parse(self, window: Window, at: int, limits: Limits) -> Head | Fault:
        """The header at a position where a record starts."""


def find_start(window: Window, at: int, dialects: Sequence[Dialect], keep: int = 0) -> int:
    """The first position from `at` on that follows a line end and starts a record, else the end.

    The last `keep` bytes before it stay readable.
    """
    position = at
    while position < window.end:
        before = max(position - 1, 0)  # the line end that a record start follows
        window.advance(max(before - keep, 0))
        data = window.at(before, STEP)
        found = [
            start
            for dialect in dialects
            if (start := _first(window, dialect, data, before, at)) is not None
        ]
        if found:
            return min(found)
        position += max(len(data) - OVERLAP, 1)
    return window.end


def _first(window: Window, dialect: Dialect, data: bytes, base: int, at: int) -> int | None:
    for match in dialect.hint.finditer(data):
        start = base + match.start() + 1
        if start >= at and dialect.starts(window.at(start, PEEK)):
            return start
    return None


def blank_length(window: Window, at: int) -> int:
    """How many line ends and NUL bytes lie at `at`."""
    position = at
    while data := window.at(position, STEP if position > at else 1 << 10):
        match = _BLANK.match(data)
        run = match.end() if match else 0
        position += run
        if run < len(data):
            break
        window.advance(position)
    return position - at


def read_rows(
    window: Window,
    start: int,
    limits: Limits,
    dialects: Sequence[Dialect],
    foreign: Callable[[bytes], bool] = lambda head: False,
) -> Iterator[Record]:
    """Rows that tile the window from `start`, in order, without gap.

    Stops early only between records, where `foreign` recognises the bytes as another format's.
    Bytes before the first record are `unrecognised`, between records `damaged`.
    """
    at, seen = start, False
    dialect = dialects[0]
    while at < window.end:
        window.advance(at)
        head = window.at(at, PEEK)
        if head[0] in b"\r\n\0":
            blank = blank_length(window, at)
            yield Record("", Place(at, blank), outcome=Outcome.PADDING, reason="blank")
            at += blank
            continue
        dialect = next((d for d in dialects if d.starts(head)), dialect)
        if dialect.starts(head):
            row, seen = _read_one(window, at, limits, dialect, foreign), True
        elif foreign(head):
            return
        else:
            end = find_start(window, at + 1, [dialect] if seen else dialects)
            reason = f"no record header: starts with {head[:16]!r}"
            outcome = Outcome.DAMAGED if seen else Outcome.UNRECOGNISED
            row = Record("", Place(at, end - at), outcome=outcome, reason=reason)
        yield row
        at += row.place.length


def _read_one(
    window: Window, at: int, limits: Limits, dialect: Dialect, foreign: Callable[[bytes], bool]
) -> Record:
    head = dialect.parse(window, at, limits)
    if isinstance(head, Fault):
        end = find_start(window, at + 1, [dialect])
        return Record("", Place(at, end - at), outcome=head.outcome, reason=head.reason)
    end = head.block_at + head.block_length
    if end > window.end:
        return _misfit(window, at, head, dialect, limits)
    large = head.block_length > limits.record_bytes
    if large:
        window.advance(end)
    after = window.at(end, PEEK)
    closing = _CLOSING.match(after)
    trail = closing.end() if closing else 0
    rest = after[trail:]
    fits = not rest or rest[0] in b"\r\n\0" or dialect.starts(rest) or foreign(rest)
    place = Place(at, end + trail - at)
    if fits and large:
        return replace(head.record, place=place, outcome=Outcome.OVER_LIMIT, reason="record_bytes")
    if fits:
        return replace(head.record, place=place, block=window.at(head.block_at, head.block_length))
    if large and not isinstance(window, FileWindow):
        # What was skipped is gone from a compressed member: no second look at it.
        end = find_start(window, end, [dialect])
        reason = f"the length says {head.block_length}, but no record follows there"
        return Record("", Place(at, end - at), outcome=Outcome.DAMAGED, reason=reason)
    return _misfit(window, at, head, dialect, limits)


def _misfit(window: Window, at: int, head: Head, dialect: Dialect, limits: Limits) -> Record:
    """A record whose length does not lead to another: only a digest can tell what its block is."""
    following = find_start(window, at + 1, [dialect], keep=limits.record_bytes + PEEK)
    until = following - head.block_at
    said = f"the length says {head.block_length}, "
    if 0 <= until <= limits.record_bytes:
        data = window.at(head.block_at, until)
        if head.block_length <= until:
            block = data[: head.block_length]
            if digests.block_agrees(head.record, block):
                closing = _CLOSING.match(data, head.block_length)
                length = head.block_at + (closing.end() if closing else len(block)) - at
                note = "its digest agrees, but bytes that belong to no record follow"
                return _noted(head.record, Place(at, length), block, note)
        block = _END.sub(b"", data)
        if digests.block_agrees(head.record, block):
            note = f"{said}its digest agrees with {len(block)} bytes"
            return _noted(head.record, Place(at, following - at), block, note)
    left = "are left" if following == window.end else "lie before the next record"
    reason = f"{said}{max(until, 0)} {left}"
    return Record("", Place(at, following - at), outcome=Outcome.DAMAGED, reason=reason)


def _noted(record: Record, place: Place, block: bytes, note: str) -> Record:
    return replace(record, place=place, block=block, notes=(*record.notes, note))
