"""Web archives in, records out; every byte of the input accounted for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import cache
from importlib.metadata import entry_points
from pathlib import Path
from typing import Final

from archive.errors import EnvironmentFailed
from archive.recipe import Limits
from archive.records import Outcome, Place, Record
from archive.sources import bzip2, gzip, plain, zstd
from archive.sources.formats import Format, Walk
from archive.sources.framing import PEEK, blank_length
from archive.sources.windows import FileWindow

FORMATS: Final[dict[str, Format]] = {
    "plain": plain.FORMAT,
    "gzip": gzip.FORMAT,
    "zstd": zstd.FORMAT,
    "bzip2": bzip2.FORMAT,
}
"""More come from the entry points `lowbackground.sources`, each a Format."""

OTHERS: Final = {
    b"\x04\x22\x4d\x18": "lz4 frame: not supported",
    b"\xfd7zXZ\x00": "xz: not supported",
    b"PK\x03\x04": "zip (a WACZ?): not supported; give the WARC files in it",
    b"7z\xbc\xaf\x27\x1c": "7z: not supported",
    b"PAR1": "Parquet: no web archive",
}
"""First bytes of what is met among web archives but not read, and what to say of it."""


def read_records(path: Path, limits: Limits) -> Iterator[Record]:
    """Every record of a web archive, in file order, and a row for every range that holds none.

    The format is told by the bytes, never by the name: WARC 0.17 to 1.1 (WET and WAT too) or ARC,
    plain or in gzip, zstd or bzip2, a record for each member or all in one; formats may follow one
    another. The rows obey the laws of archive.records, whatever the bytes are; damage never
    raises. EnvironmentFailed if the file cannot be read.
    """
    try:
        file = path.open("rb")
    except OSError as error:
        raise EnvironmentFailed(f"cannot read {path}: {error.strerror}") from error
    with file:
        window = FileWindow(file)
        yield from _settle(_rows(window, limits), window)


def accounted(records: Iterable[Record]) -> int:
    """How many bytes of the input the rows stand for."""
    return sum(row.place.length for row in records if row.place.member is None)


@cache
def formats() -> dict[str, Format]:
    """The formats that are known here, those of other packages included."""
    added = {point.name: point.load() for point in entry_points(group="lowbackground.sources")}
    return {**FORMATS, **added}


def _rows(window: FileWindow, limits: Limits) -> Iterator[Record]:
    at, known = 0, formats()
    while at < window.end:
        head = window.at(at, PEEK)
        name = next((name for name, each in known.items() if each.matches(head)), None)
        start = at
        if blank := blank_length(window, at):
            at += blank
            yield Record("", Place(start, blank), outcome=Outcome.PADDING, reason="blank")
        elif name is not None:
            walk = Walk(window, at, limits, _foreign(known, name))
            for row in known[name].read(walk):
                if row.place.member is None:
                    at += row.place.length
                yield row
        if at == start:
            # Bytes that no reader wants, before anything that one does.
            at = min(each.find(window, start + 1) for each in known.values())
            reason = f"starts with {head[:16]!r}"
            yield Record("", Place(start, at - start), outcome=Outcome.UNRECOGNISED, reason=reason)


def _foreign(known: dict[str, Format], name: str) -> Callable[[bytes], bool]:
    others = [each for other, each in known.items() if other != name]
    return lambda head: any(each.matches(head) for each in others)


def _settle(rows: Iterator[Record], window: FileWindow) -> Iterator[Record]:
    """Runs of padding become one row; an input without any record becomes one `unrecognised` row.

    In an input that has records, what its reader did not recognise is `damaged`.
    """
    held: Record | None = None
    seen = False  # a record, or a damaged one
    for row in rows:
        if not _idle(row) or (seen and row.outcome is Outcome.UNRECOGNISED):
            if held is not None:
                yield _as_damaged(held)
            held, seen = None, True
            yield _as_damaged(row)
        elif held is not None and (not seen or held.reason == row.reason):
            held = _joined(held, row)
        else:
            if held is not None:
                yield held
            held = row
    if held is not None and held.outcome is Outcome.UNRECOGNISED:
        head = window.at(0, 16)
        known = next((words for magic, words in OTHERS.items() if head.startswith(magic)), None)
        held = replace(held, reason=known or held.reason)
    if held is not None:
        yield held


def _idle(row: Record) -> bool:
    """Whether a row of the input, not of a member, says that nothing is there."""
    nothing = row.outcome is Outcome.PADDING or row.outcome is Outcome.UNRECOGNISED
    return nothing and row.place.member is None


def _as_damaged(row: Record) -> Record:
    if row.outcome is not Outcome.UNRECOGNISED:
        return row
    return replace(row, outcome=Outcome.DAMAGED)


def _joined(first: Record, second: Record) -> Record:
    place = Place(first.place.offset, first.place.length + second.place.length)
    named = first if first.outcome is Outcome.UNRECOGNISED else second
    return replace(named, place=place)
