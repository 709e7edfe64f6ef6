"""Many small pieces of a file: those that lie together are asked for together, a few at once."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

from archive.errors import Unreachable
from archive.remote.faults import Fault
from archive.remote.politeness import Politeness, polite
from archive.remote.receive import Bytes, asker, receive
from archive.remote.reply import Ask, Facts, Reply

GAP: Final = 64 << 10
"""Bytes that are read and thrown away rather than asking once more."""

SPAN: Final = 8 << 20
"""Ranges are read together up to so many bytes; `connections` such spans are in memory at most."""


@dataclass(slots=True)
class _Span:
    """Ranges that one request asks for."""

    start: int
    stop: int
    ranges: list[tuple[int, int]]


def read_ranges(
    url: str,
    ranges: Sequence[tuple[int, int]],
    *,
    politeness: Politeness | None = None,
    gap: int = GAP,
) -> Iterator[bytes]:
    """The bytes of ranges, each an (offset, length), in their order; each exactly its length.

    Ranges that follow each other in the file with at most `gap` bytes between them are asked for
    together, up to 8 MiB; sort them by offset to gain from it. Up to `connections` requests are
    under way at once. All bytes are of one version of the file, as far as the other side tells.
    Unreachable if any cannot be had: nothing shorter is ever given.
    """
    politeness = politeness or polite()
    spans = deque(_spans(ranges, gap))
    if not spans:
        return
    reader = _Reader(url, asker(url, politeness), politeness)
    first = spans.popleft()
    yield from _cut(reader.read(first), first)  # before any other: it says which version it is
    waiting: deque[tuple[_Span, Future[bytes]]] = deque()
    with _threads(politeness.connections, reader) as pool:
        while spans or waiting:
            while spans and len(waiting) < politeness.connections:
                span = spans.popleft()
                waiting.append((span, pool.submit(reader.read, span)))
            span, coming = waiting.popleft()
            yield from _cut(coming.result(), span)


def _spans(ranges: Sequence[tuple[int, int]], gap: int) -> Iterator[_Span]:
    span: _Span | None = None
    for offset, length in ranges:
        if offset < 0 or length < 0:
            raise ValueError(f"no range of bytes: {offset}, {length}")
        stop = offset + length
        if span and span.start <= offset <= span.stop + gap and stop - span.start <= SPAN:
            span.stop = max(span.stop, stop)
            span.ranges.append((offset, length))
            continue
        if span:
            yield span
        span = _Span(offset, stop, [(offset, length)])
    if span:
        yield span


def _cut(data: bytes, span: _Span) -> Iterator[bytes]:
    for offset, length in span.ranges:
        yield data[offset - span.start : offset - span.start + length]


@dataclass(slots=True)
class _Reader:
    """Reads spans of one version of a file: the one that the first of them was of."""

    url: str
    ask: Ask
    politeness: Politeness
    facts: Facts | None = None
    left: threading.Event = field(default_factory=threading.Event)
    """Nobody wants more of it: what fails is not tried again."""

    @contextmanager
    def _asked(self, start: int, stop: int | None, pinned: Facts | None) -> Iterator[Reply]:
        if self.left.is_set():
            raise Fault("it is not wanted any more", passing=False)
        with self.ask(start, stop, pinned) as reply:
            yield reply

    def read(self, span: _Span) -> bytes:
        if span.stop == span.start:
            return b""
        sink = Bytes(span.start, self.facts, fixed=self.facts is not None)
        receive(self.url, self._asked, sink, self.politeness, stop=span.stop)
        if sink.length != span.stop - span.start:
            end = span.start + sink.length
            raise Unreachable(
                self.url,
                f"it ends at byte {end:,}, and bytes up to {span.stop:,} were asked for",
                1,
                next_step="check that the list of ranges is of this file",
            )
        self.facts = self.facts or sink.facts
        return bytes(sink.data)


@contextmanager
def _threads(count: int, reader: _Reader) -> Iterator[ThreadPoolExecutor]:
    """Threads that are not waited for when what they bring is not wanted any more.

    The interpreter would wait for them at its end, so they do not go on trying for minutes.
    """
    pool = ThreadPoolExecutor(count)
    try:
        yield pool
    finally:
        reader.left.set()
        pool.shutdown(wait=False, cancel_futures=True)
