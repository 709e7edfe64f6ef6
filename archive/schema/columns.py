"""What describes one column of a table."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Column:
    """One column.

    `type` is string, int64, int32, bool, float64, binary, timestamp (us, UTC), list<string> or
    list<int32>. `source` says where the formula of a derived column comes from.
    """

    name: str
    type: str
    meaning: str
    unit: str = ""
    nullable: bool = True
    source: str = ""
