"""By what a corpus is sliced: columns of its rows, and year, host and language where derived."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import urlsplit

from archive.audit.items import Item, lookup, well_formed
from archive.errors import UsageError

URLS: Final = ("url", "uri", "source_url", "link", "metadata.url", "meta.url")
DATES: Final = (
    *("captured_at", "date", "timestamp", "created", "created_at", "published", "date_download"),
    *("metadata.date", "metadata.timestamp", "meta.date", "metadata.date_download"),
)
DERIVED: Final[Mapping[str, tuple[str, ...]]] = {
    "year": ("year", "metadata.year", *DATES),
    "host": ("host", "metadata.host", *URLS),
}
"""Where a year or a host is looked for, the first that is there."""

LANGUAGE: Final = "language"
"""Sliced by the column of that name, else by what the offline models say (archive.signals)."""

NO_VALUE: Final = "(none)"
LONGEST: Final = 120
"""Characters of a value that are kept."""

_YEAR: Final = re.compile(
    r"(?<!\d)((?:1[5-9]|20|21)\d\d)(?:(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?:\d{6})?)?(?!\d)"
)
"""A year that is no part of a longer number, or that of YYYYMMDD or YYYYMMDDhhmmss."""

_SECONDS: Final = re.compile(r"(\d{9,10})(?:\d{3}|\d{6}|\d{9})?(?:\.\d+)?")
"""Seconds since 1970, or thousandths, millionths or billionths: from March 1973 on."""


def columns_for(by: Sequence[str]) -> tuple[str, ...]:
    """The columns that a reader must hand out for these slices."""
    return tuple(dict.fromkeys(c for name in by for c in (name, *DERIVED.get(name, ()))))


def require(by: Sequence[str], rows: Sequence[Item], corpus: str) -> None:
    """Raises UsageError for a column that none of these rows has or lets derive."""
    for name in by:
        if name == LANGUAGE or any(value_of(item, name) != NO_VALUE for item in rows):
            continue
        if rows and not any(_there(item, name) for item in rows):
            there = sorted({well_formed(str(key)) for item in rows for key in item.columns})
            raise UsageError(
                f"{corpus} has no column {name!r} to slice by",
                next_step=f"columns there: {', '.join(there[:40]) or 'none'}",
            )


def _there(item: Item, name: str) -> bool:
    return any(_holds(item.columns, each) for each in (name, *DERIVED.get(name, ())))


def _holds(columns: Mapping[str, Any], name: str) -> bool:
    """Whether a column is there, be it without a value."""
    inner, _, last = name.rpartition(".")
    held = lookup(columns, inner) if inner else columns
    return name in columns or (isinstance(held, Mapping) and last in held)


def value_of(item: Item, name: str) -> str:
    """The slice of a row by one column, as text."""
    if name == "year":
        return year_of(item) or NO_VALUE
    if name == "host":
        return host_of(item) or NO_VALUE
    value = lookup(item.columns, name)
    return NO_VALUE if value is None or value == "" else well_formed(str(value)[:LONGEST])


def year_of(item: Item) -> str:
    """The first year of our calendar that a date column states; empty without one."""
    for name in DERIVED["year"]:
        value = lookup(item.columns, name)
        if isinstance(value, dt.date):
            return str(value.year)
        if value is not None and (year := _stated(str(value))):
            return year
    return ""


def _stated(date: str) -> str:
    if found := _YEAR.search(date):
        return found[1]
    if counted := _SECONDS.fullmatch(date):
        return str(dt.datetime.fromtimestamp(int(counted[1]), tz=dt.UTC).year)
    return ""


def host_of(item: Item) -> str:
    """The host column, or that of a URL; empty without one."""
    for name in DERIVED["host"]:
        value = lookup(item.columns, name)
        if isinstance(value, str) and value:
            host = _host(value) if "://" in value else value
            return well_formed(host.lower()[:LONGEST])
    return ""


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:  # such as http://[broken
        return ""
