"""What every reader of a corpus gives: rows with a text, and rows that could not be read."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from archive.errors import UsageError

MOST_BYTES: Final = 64 << 20
"""A row's bytes, or a text file's; what is longer is left out and counted."""


@dataclass(frozen=True, slots=True)
class Item:
    """One document: its text, the other columns of its row, and where it is (file:line)."""

    text: str
    columns: Mapping[str, Any]
    place: str


@dataclass(frozen=True, slots=True)
class Left:
    """A row that gave no document: a short reason to count it by, and what exactly is wrong."""

    reason: str
    place: str
    detail: str = ""


Row = Item | Left
Told = Callable[[int], None]
"""Told the bytes of the input that were read since the last call."""


@dataclass(frozen=True)
class Corpus:
    """One named input. `rows` reads it from its beginning, as often as it is asked to.

    `bytes` is what its reading will tell of, 0 where that is not known.
    """

    name: str
    kind: str
    bytes: int
    rows: Callable[[Told], Iterator[Row]]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which columns an audit reads of a table: the text, and those it slices by.

    A name with dots goes into nested columns, as in metadata.url.
    """

    text: str = "text"
    others: tuple[str, ...] = ()

    def roots(self) -> set[str]:
        """The columns to read: those of these names, and those that such a name goes into."""
        names = (self.text, *self.others)
        return {*names, *(name.split(".")[0] for name in names)}


def lookup(columns: Mapping[str, Any], name: str) -> Any:
    """A column's value, a nested one's too; None where there is none."""
    if name in columns:
        return columns[name]
    value: Any = columns
    for step in name.split("."):
        value = value.get(step) if isinstance(value, Mapping) else None
    return value


def row(columns: Mapping[str, Any], wanted: Wanted, place: str) -> Row:
    """A row of a table as a document, or what is wrong with it."""
    text = lookup(columns, wanted.text)
    if isinstance(text, str):
        others = {name: value for name, value in columns.items() if name != wanted.text}
        return Item(well_formed(text), others, place)
    if text is None:
        there = well_formed(", ".join(map(str, list(columns)[:20]))) or "none"
        return Left("no text", place, f"no column {wanted.text!r}; columns there: {there}")
    return Left("text of another type", place, f"{wanted.text} is {type(text).__name__}")


def well_formed(text: str) -> str:
    """The text with halves of characters, which no encoding has, replaced."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def require_column(name: str, there: Sequence[str], where: str) -> None:
    """Raises UsageError with the columns there are, where one is missing in a typed table."""
    if name not in there and name.split(".")[0] not in there:
        raise UsageError(
            f"{where} has no column {name!r}",
            next_step=f"--text-column; columns there: {', '.join(sorted(there)[:40])}",
        )
