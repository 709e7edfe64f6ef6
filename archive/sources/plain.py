"""WARC and ARC that are not compressed."""

from __future__ import annotations

from collections.abc import Iterator

from archive.records import Record
from archive.sources.formats import Format, Walk
from archive.sources.framing import Frame, find_start, read_rows
from archive.sources.members import DIALECTS
from archive.sources.windows import FileWindow


def _matches(head: bytes) -> bool:
    return any(dialect.starts(head) for dialect in DIALECTS)


def _find(window: FileWindow, at: int) -> int:
    return find_start(window, at, DIALECTS)


def _read(walk: Walk) -> Iterator[Record]:
    return read_rows(Frame(walk.window, walk.limits, DIALECTS, walk.foreign), walk.start)


FORMAT = Format(_matches, _find, _read)
