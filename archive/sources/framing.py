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
    """A record's header, read; `block_at` is where its block starts in the window."""

    type: str
    headers: tuple[tuple[str, str], ...]
    url: str | None
    record_id: str | None
    date: str | None
    notes: tuple[str, ...]
    block_at: int
    block_length: int

    def record(self, place: Place, block: bytes, note: str = "") -> Record:
        """The record with its block."""
        notes = (*self.notes, note) if note else self.notes
        return Record(
            self.type,
            place,
            self.headers,
            block,
            self.url,
            self.record_id,
            self.date,
            notes=notes,
        )


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
    # Small steps first: the next record is near, and a hostile file makes us search often.
    position, step = at, min(PEEK, STEP)
    while position < window.end:
        before = max(position - 1, 0)  # the line end that a record start follows
        window.advance(max(before - keep, 0))
        data = window.at(before, step)
        found = [
            start
            for dialect in dialects
            if (start := _first(window, dialect, data, before, at)) is not None
        ]
        if found:
            return min(found)
        position += max(len(data) - OVERLAP, 1)
        step = min(2 * step, STEP)
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


@dataclass(frozen=True, slots=True)
class Frame:
    """The bytes that rows are read from, and how."""

    window: Window
    limits: Limits
    dialects: Sequence[Dialect]
    foreign: Callable[[bytes], bool] = lambda head: False  # whether another format starts so
    placed: Callable[[int, int], Place] = Place  # what a position and length are called outside


def read_rows(frame: Frame, start: int = 0) -> Iterator[Record]:
    """Rows that tile the window from `start`, in order, without gap.

    Stops early only between records, where `foreign` recognises the bytes as another format's.
    Bytes before the first record are `unrecognised`, between records `damaged`.
    """
    window, at, seen = frame.window, start, False
    dialect = frame.dialects[0]
    while at < window.end:
        window.advance(at)
        head = window.at(at, PEEK)
        if head[0] in b"\r\n\0":
            end = at + blank_length(window, at)
            place = frame.placed(at, end - at)
            yield Record("", place, outcome=Outcome.PADDING, reason="blank")
        elif found := next((d for d in frame.dialects if d.starts(head)), None):
            dialect, seen = found, True
            end, row = _read_one(frame, at, dialect)
            yield row
        elif frame.foreign(head):
            return
        else:
            end = find_start(window, at + 1, [dialect] if seen else frame.dialects)
            reason = f"no record header: starts with {head[:16]!r}"
            outcome = Outcome.DAMAGED if seen else Outcome.UNRECOGNISED
            yield _lost(frame, at, end, reason, outcome)
        at = end


def _read_one(frame: Frame, at: int, dialect: Dialect) -> tuple[int, Record]:
    """The record at `at` and where it ends, its closing line ends included."""
    window = frame.window
    head = dialect.parse(window, at, frame.limits)
    if isinstance(head, Fault):
        end = find_start(window, at + 1, [dialect])
        return end, _lost(frame, at, end, head.reason, head.outcome)
    end = head.block_at + head.block_length
    if end > window.end:
        return _misfit(frame, at, head, dialect)
    large = head.block_length > frame.limits.record_bytes
    if large:
        window.advance(end)
    after = window.at(end, CLOSING + 1)
    closing = len(after) - len(after.lstrip(b"\r\n"))
    trail = min(closing, CLOSING)
    if len(after) > closing and after[closing] != 0:
        rest = window.at(end + trail, PEEK)
        fits = dialect.starts(rest) or frame.foreign(rest)
    else:
        fits = True
    if fits and large:
        record = head.record(frame.placed(at, end + trail - at), b"")
        return end + trail, replace(record, outcome=Outcome.OVER_LIMIT, reason="record_bytes")
    if fits:
        block = window.at(head.block_at, head.block_length)
        return end + trail, head.record(frame.placed(at, end + trail - at), block)
    if large and not isinstance(window, FileWindow):
        # What was skipped is gone from a compressed member: no second look at it.
        end = find_start(window, end, [dialect])
        reason = f"the length says {head.block_length}, but no record follows there"
        return end, _lost(frame, at, end, reason)
    return _misfit(frame, at, head, dialect)


def _misfit(frame: Frame, at: int, head: Head, dialect: Dialect) -> tuple[int, Record]:
    """A record whose length does not lead to another: only a digest can tell what its block is."""
    window, limit = frame.window, frame.limits.record_bytes
    following = find_start(window, at + 1, [dialect], keep=limit + PEEK)
    until = following - head.block_at
    said = f"the length says {head.block_length}, "
    if 0 <= until <= limit:
        data = window.at(head.block_at, until)
        block = data[: head.block_length]
        if len(block) == head.block_length and digests.block_agrees(head.headers, block):
            closing = _CLOSING.match(data, head.block_length)
            end = head.block_at + (closing.end() if closing else len(block))
            note = "its digest agrees, but bytes that belong to no record follow"
            return end, head.record(frame.placed(at, end - at), block, note)
        block = _END.sub(b"", data)
        if digests.block_agrees(head.headers, block):
            note = f"{said}its digest agrees with {len(block)} bytes"
            return following, head.record(frame.placed(at, following - at), block, note)
    left = "are left" if following == window.end else "lie before the next record"
    return following, _lost(frame, at, following, f"{said}{max(until, 0)} {left}")


def _lost(
    frame: Frame, at: int, end: int, reason: str, outcome: Outcome = Outcome.DAMAGED
) -> Record:
    return Record("", frame.placed(at, end - at), outcome=outcome, reason=reason)
