"""What a format is to the reader, and what it is given."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from archive.recipe import Limits
from archive.records import Record
from archive.sources.windows import FileWindow


@dataclass(frozen=True, slots=True)
class Walk:
    """A reader's task: rows for the file's bytes from `start` on."""

    window: FileWindow
    start: int
    limits: Limits
    foreign: Callable[[bytes], bool]  # whether another format starts with these bytes


@dataclass(frozen=True, slots=True)
class Format:
    """A format of input files.

    `read` yields rows that tile the file from `walk.start` without gap, and may stop early only
    where `walk.foreign` holds. Bytes in which it sees no archive it calls `unrecognised`.
    """

    matches: Callable[[bytes], bool]  # given the first bytes, up to framing.PEEK
    find: Callable[[FileWindow, int], int]  # the next position where it may start, else the end
    read: Callable[[Walk], Iterator[Record]]
