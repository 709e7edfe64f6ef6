"""The laws of archive.records, as one assertion over the rows of an input."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from archive.recipe import Limits
from archive.records import Outcome, Record
from archive.sources import accounted, read_records

LIMITS = Limits()


def rows_of(path: Path, data: bytes, limits: Limits = LIMITS) -> list[Record]:
    """The rows of an input of these bytes, after holding them to the laws."""
    path.write_bytes(data)
    rows = list(read_records(path, limits))
    assert_laws(rows, len(data))
    return rows


def assert_laws(rows: Sequence[Record], size: int) -> None:
    position = 0
    inside: dict[int, int] = defaultdict(int)
    for row in rows:
        assert row.place.length > 0, row
        if row.place.member is None:
            assert row.place.offset == position, "a gap or an overlap in the input"
            position += row.place.length
            if row.outcome is Outcome.CONTAINER:
                assert inside.pop(row.place.offset, 0), "a container without rows"
            inside.pop(row.place.offset, None)
        else:
            assert row.place.member == position, "a row outside its member"
            assert row.place.offset == inside[row.place.member], "a gap inside a member"
            inside[row.place.member] += row.place.length
        assert row.type or row.outcome, "a row that is neither a record nor accounted for"
        assert row.outcome in (None, Outcome.CONTAINER) or row.reason, "an outcome without reason"
    assert position == size == accounted(rows)
    assert not inside, "rows inside a member that no row stands for"


def records(rows: Sequence[Record]) -> list[Record]:
    return [row for row in rows if row.outcome is None]


def outcomes(rows: Sequence[Record]) -> list[str]:
    return [row.outcome or row.type for row in rows]
