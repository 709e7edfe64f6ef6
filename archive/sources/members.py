"""Walking a file of compressed members: each record of one, and every byte of the file.

A member is inflated to its end, its checksum verified, before anything of it is believed. One of
up to HOLD bytes is kept meanwhile; a larger one (a whole file in one gzip member) is inflated a
second time to read its records, so memory stays bounded by one record.

A member that breaks costs itself: reading goes on at the next member that holds a record. What it
holds before the break is believed only where several records share it and, if it was cut off, the
record is complete and its digest, if recorded, agrees; if its bytes are wrong (checksum, bad data)
only where a digest agrees.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final, Protocol

from archive.records import NOT_RECORDS, Outcome, Place, Record
from archive.sources import digests
from archive.sources.arc import Arc
from archive.sources.formats import Walk
from archive.sources.framing import PEEK, Frame, blank_length, read_rows
from archive.sources.warc import Warc
from archive.sources.windows import HeldWindow, PieceWindow, Window

HOLD: Final = 16 << 20
PIECE: Final = 1 << 20  # inflated at once
STEP: Final = 1 << 20
DIALECTS: Final = (Warc(), Arc())
_NESTED = 48


class Broken(Exception):
    """A member cannot be inflated to its end."""

    def __init__(self, reason: str, near: int, *, cut: bool = False) -> None:
        super().__init__(reason)
        self.reason, self.near, self.cut = reason, near, cut


class Inflater(Protocol):
    """The pieces of one member, each at most about PIECE bytes; `end` is known after the last."""

    end: int

    def __iter__(self) -> Iterator[bytes]:
        """Raises Broken."""


class Codec(Protocol):
    """A compressed format whose files are members laid end to end."""

    name: str
    magic: re.Pattern[bytes]
    reach: int  # how far a damaged member may be misread past its true end, in bytes

    def skip(self, window: Window, at: int) -> tuple[int, str] | None:
        """Length and name of a part at `at` that holds no data, such as a dictionary."""

    def open(self, window: Window, at: int, slow: range | None = None) -> Inflater:
        """The member that starts at `at`; see slow_step for `slow`."""


def slow_step(slow: range, position: int, size: int, limit: int) -> tuple[int, int]:
    """How much to feed a decoder at `position`, and how much to inflate at once.

    A decoder that fails keeps back what the failing call had inflated. To see it all, a broken
    member is inflated once more, in small steps where it failed before, and not past `slow`.
    """
    if position < slow.start:
        return min(size, slow.start - position), limit
    return max(min(16, slow.stop - position), 0), 1 << 12


@dataclass(frozen=True, slots=True)
class Member:
    """What inflating a member to its end, or to where it breaks, has shown."""

    offset: int
    end: int  # in the input; where it broke, if it did
    inflated: int
    held: bytes | None  # all of it, if no more than HOLD
    tail: bytes  # the last inflated bytes, if it broke
    broken: Broken | None
    slow: range | None = None


def read_members(walk: Walk, codec: Codec) -> Iterator[Record]:
    """Rows that tile the file from `walk.start`, up to its end or to another format's bytes."""
    window, at = walk.window, walk.start
    while at < window.end:
        head = window.at(at, PEEK)
        if skipped := codec.skip(window, at):
            length, what = skipped
            yield Record("", Place(at, length), outcome=Outcome.PADDING, reason=what)
            at += length
        elif codec.magic.match(head):
            member = _probe(codec, window, at)
            if member.broken is None:
                yield from _intact(walk, codec, member)
                at = member.end
            else:
                end = find_member(codec, window, at + 1, member)
                yield from _damaged(walk, codec, member, end)
                at = end
        elif head[0] in b"\r\n\0":
            length = blank_length(window, at)
            yield Record("", Place(at, length), outcome=Outcome.PADDING, reason="blank")
            at += length
        elif walk.foreign(head):
            return
        else:
            end = find_member(codec, window, at + 1)
            reason = f"no {codec.name} member: starts with {head[:16]!r}"
            yield Record("", Place(at, end - at), outcome=Outcome.UNRECOGNISED, reason=reason)
            at = end


def find_member(codec: Codec, window: Window, at: int, after: Member | None = None) -> int:
    """The next position from `at` on where a member starts that holds a record, else the end.

    After a broken member the search begins a codec's reach before the break: no damage makes a
    decoder run on further, and all of it would be quadratic work on a hostile file. Bytes that
    the broken member itself inflates to are its content, not the next member.
    """
    broken = after.broken if after else None
    position = max(at, broken.near - codec.reach) if broken else at
    step = min(PEEK, STEP)
    while position < window.end:
        data = window.at(position, step)
        for match in codec.magic.finditer(data):
            found = position + match.start()
            nested = after is not None and window.at(found, _NESTED) in after.tail
            if not nested and _holds_record(codec, window, found):
                return found
        position += max(len(data) - 16, 1)
        step = min(2 * step, STEP)
    return window.end


def _holds_record(codec: Codec, window: Window, at: int) -> bool:
    head = b""
    try:
        for piece in codec.open(window, at):
            head += piece
            if len(head) >= PEEK:
                break
    except Broken:
        pass
    head = head.lstrip(b"\r\n")
    return any(dialect.starts(head) for dialect in DIALECTS)


def _probe(codec: Codec, window: Window, at: int, slow: range | None = None) -> Member:
    inflater = codec.open(window, at, slow)
    held: list[bytes] | None = []
    inflated, before, last = 0, b"", b""
    broken: Broken | None = None
    try:
        for piece in inflater:
            inflated += len(piece)
            if held is not None:
                held.append(piece)
            if inflated > HOLD:
                held = None
            before, last = last, piece
    except Broken as error:
        broken = error
    end = broken.near if broken else inflater.end
    tail = (before + last)[-4 * PIECE :] if broken else b""
    whole = None if held is None else b"".join(held)
    return Member(at, end, inflated, whole, tail, broken, slow)


def _rows(walk: Walk, codec: Codec, member: Member) -> Iterator[Record]:
    """What is in the member, up to its end or to where it breaks.

    A record that fills an intact member is placed in the input, not in the member.
    """
    window: Window
    if member.held is not None:
        window = HeldWindow(member.held)
    else:
        window = PieceWindow(_pieces(codec, walk.window, member), member.inflated)
    alone = Place(member.offset, member.end - member.offset)

    def placed(offset: int, length: int) -> Place:
        if length == member.inflated and not member.broken:
            return alone
        return Place(offset, length, member.offset)

    return read_rows(Frame(window, walk.limits, DIALECTS, placed=placed))


def _pieces(codec: Codec, window: Window, member: Member) -> Iterator[bytes]:
    try:
        yield from codec.open(window, member.offset, member.slow)
    except Broken:
        return


def _intact(walk: Walk, codec: Codec, member: Member) -> Iterator[Record]:
    place = Place(member.offset, member.end - member.offset)
    if not member.inflated:
        yield Record("", place, outcome=Outcome.PADDING, reason=f"empty {codec.name} member")
        return
    rows = _rows(walk, codec, member)
    first = next(rows)
    if first.place.member is None:
        lost = first.outcome in (Outcome.UNRECOGNISED, Outcome.DAMAGED)
        yield replace(first, reason=f"{codec.name} member, {first.reason}") if lost else first
        return
    yield _inside(first)
    for row in rows:
        yield _inside(row)
    yield Record("", place, outcome=Outcome.CONTAINER, reason=f"{codec.name} member")


def _damaged(walk: Walk, codec: Codec, member: Member, end: int) -> Iterator[Record]:
    assert member.broken is not None
    reason = f"{codec.name} member: {member.broken.reason}"
    slow = range(member.broken.near, max(end, member.broken.near))
    again = _probe(codec, walk.window, member.offset, slow)
    member = replace(again, broken=member.broken)
    rows = _rows(walk, codec, member)
    first = next(rows, None)
    nothing = first is None or (
        first.outcome is Outcome.UNRECOGNISED and first.place.length == member.inflated
    )
    if first is not None and first.outcome is None and first.place.length < member.inflated:
        yield from _salvage(first, rows, member)
    outcome = Outcome.UNRECOGNISED if nothing else Outcome.DAMAGED
    yield Record("", Place(member.offset, end - member.offset), outcome=outcome, reason=reason)


def _salvage(first: Record, rows: Iterator[Record], member: Member) -> Iterator[Record]:
    """The records of a broken shared member that can be believed; the others as damaged."""
    assert member.broken is not None
    row: Record | None = first
    while row is not None:
        following = next(rows, None)
        if row.outcome is not None and row.outcome not in NOT_RECORDS and member.broken.cut:
            # Past the first damage of a cut member nothing vouches for the framing.
            rest = replace(row.place, length=member.inflated - row.place.offset)
            yield replace(row, place=rest, outcome=Outcome.DAMAGED)
            return
        yield _believed(row, member.broken, last=following is None)
        row = following


def _believed(row: Record, broken: Broken, *, last: bool) -> Record:
    if row.outcome is not None:
        return row
    recorded = any(row.header(f"warc-{part}-digest") for part in ("block", "payload"))
    if digests.vouched(row):
        note = f"from a broken member ({broken.reason}); its digest agrees"
    elif broken.cut and not recorded and not last:
        note = f"from a broken member ({broken.reason}); complete before the break"
    else:
        return Record(
            "", row.place, outcome=Outcome.DAMAGED, reason=f"in a broken member: {broken.reason}"
        )
    return replace(row, notes=(*row.notes, note))


def _inside(row: Record) -> Record:
    return replace(row, outcome=Outcome.DAMAGED) if row.outcome is Outcome.UNRECOGNISED else row
