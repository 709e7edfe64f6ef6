"""Brings bytes of a file to hand, try after try, and never mixes two versions of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final, Protocol

from archive.remote import by_fsspec, by_http
from archive.remote.faults import Fault, Tries, trying
from archive.remote.limits import limits_of
from archive.remote.politeness import Politeness
from archive.remote.reply import Ask, Facts, Reply

SKIP: Final = 16 << 20
"""A server without ranges sends the whole file: so much before a range is read and thrown away."""

Report = Callable[[int], None]


class Sink(Protocol):
    """Where bytes go. They begin at `start` of the file; `length` of them are there."""

    start: int
    length: int
    facts: Facts | None  # the version they are of
    fixed: bool  # that version is the only one wanted: bytes of it are in use

    def write(self, piece: bytes) -> None:
        """Takes the bytes that come next."""
        ...

    def clear(self) -> None:
        """Throws away what is there."""
        ...


@dataclass(slots=True)
class Bytes:
    """A sink in memory."""

    start: int
    facts: Facts | None = None
    fixed: bool = False
    length: int = 0
    data: bytearray = field(default_factory=bytearray)

    def write(self, piece: bytes) -> None:
        self.data += piece
        self.length = len(self.data)

    def clear(self) -> None:
        self.data.clear()
        self.length = 0


def asker(url: str, politeness: Politeness) -> Ask:
    """What asks for the bytes of a URL, whatever its kind."""
    web = url.lower().startswith(("http://", "https://"))
    return by_http.asker(url, politeness) if web else by_fsspec.asker(url, politeness)


def facts_of(url: str, politeness: Politeness) -> Facts:
    """What the other side says of a file, without its bytes."""
    ask = asker(url, politeness)

    def asked() -> Facts:
        with limits_of(politeness).connection(politeness.clock), ask(0, 1, None) as reply:
            if reply.stop == 1:
                for _ in reply.pieces:  # the one byte: then the connection can be used again
                    pass
            return reply.facts

    return trying(url, politeness, asked)


def receive(
    url: str,
    ask: Ask,
    sink: Sink,
    politeness: Politeness,
    *,
    stop: int | None = None,
    report: Report | None = None,
) -> None:
    """Fills the sink up to `stop` of the file, or to its end if that comes first.

    A try goes on where the last one ended if something vouches for the file being the same.
    `report` is told how many bytes more there are, or, where they had to be thrown away, fewer.
    Raises Unreachable when politeness is at its end; errors of the sink are passed on.
    """
    tries, told, furthest = Tries(url, politeness), 0, sink.length
    while True:
        if sink.length and not (sink.facts and sink.facts.validator):
            sink.clear()
        if sink.facts and sink.facts.size is not None and _is_full(sink, stop):
            if report:
                report(sink.length - told)
            return  # all of it had come already
        try:
            with (
                limits_of(politeness).connection(politeness.clock),
                ask(sink.start + sink.length, stop, sink.facts) as reply,
            ):
                for _ in _taken(reply, sink, stop, politeness):
                    if report:
                        report(sink.length - told)
                    told = sink.length
            _require_end(reply, sink, stop)
            return
        except Fault as fault:
            # Bytes that came before and were thrown away are no progress: it would never end.
            tries.failed(fault, sink.length - furthest)
            furthest = max(furthest, sink.length)


def _taken(reply: Reply, sink: Sink, stop: int | None, politeness: Politeness) -> Iterator[None]:
    """Writes what an answer has of what is still wanted, a piece at each step."""
    limits, skip = limits_of(politeness), _agreed(reply, sink)
    yield
    for piece in reply.pieces:
        limits.spend(len(piece), politeness.clock)
        dropped = min(skip, len(piece))
        skip -= dropped
        kept = piece[dropped:]
        if stop is not None:
            kept = kept[: stop - sink.start - sink.length]
        sink.write(kept)
        yield
        if stop is not None and sink.start + sink.length >= stop:
            return


def _agreed(reply: Reply, sink: Sink) -> int:
    """Makes the sink fit an answer, or raises Fault; how many bytes of the answer are not new."""
    asked, size = sink.start + sink.length, reply.facts.size
    if reply.offset not in (0, asked):
        told = f"bytes from {asked:,} on were asked for, bytes from {reply.offset:,} on came"
        raise Fault(told)
    if sink.facts and sink.facts.differs(reply.facts):
        if sink.fixed:
            raise Fault("it changed while it was read", passing=False)
        sink.clear()
        sink.facts = None
    at = sink.start + sink.length
    if reply.offset > at:
        raise Fault("it changed while it was read")
    if size is not None and size < at:
        raise Fault(f"it ends at byte {size:,}, before byte {at:,}", passing=False)
    if at - reply.offset > SKIP and sink.start:
        raise Fault(
            "the server sends no ranges, only the whole file",
            passing=False,
            next_step="read the whole file, or read it from a server that has ranges",
        )
    sink.facts = sink.facts or reply.facts
    return at - reply.offset


def _require_end(reply: Reply, sink: Sink, stop: int | None) -> None:
    """Raises Fault where an answer ended before what was asked for did, or may have."""
    at = sink.start + sink.length
    if not _is_full(sink, stop):
        raise Fault(f"{_end(sink, stop):,} bytes announced, {at:,} received")
    if reply.facts.size is None and reply.stop is not None and (stop is None or at < stop):
        raise Fault(
            "the server sends a part and does not say of how much",
            passing=False,
            next_step="fetch the file with another tool, then name the copy",
        )


def _is_full(sink: Sink, stop: int | None) -> bool:
    """Whether the end has been reached; where nobody tells the size, whatever came was all."""
    end = _end(sink, stop)
    return end is None or sink.start + sink.length == end


def _end(sink: Sink, stop: int | None) -> int | None:
    size = sink.facts.size if sink.facts else None
    return size if size is None or stop is None else min(stop, size)
