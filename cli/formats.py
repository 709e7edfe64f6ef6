"""Rows as a table, CSV, JSON or NDJSON, written as they come.

Values, the same in all of them: times are ISO 8601, with a Z where DuckDB's type has a time zone;
bytes are hexadecimal; integers and decimals have all their digits. In JSON a float that JSON has
no number for is the string "NaN", "Infinity" or "-Infinity", as in PostgreSQL's to_json. In CSV
null is nothing between two commas and an empty text is `""`, as in PostgreSQL's COPY.
"""

from __future__ import annotations

import json
import math
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Final

from archive.errors import UsageError

Row = Sequence[Any]
Batches = Iterable[list[tuple[Any, ...]]]

CELL_WIDTH: Final = 80
"""Columns of a terminal that one value may take in a table; longer ones end in an ellipsis."""
_NUMBERS: Final = ("INT", "DECIMAL", "DOUBLE", "FLOAT")


def json_text(value: Any) -> str:
    """A value as JSON text, every digit kept."""
    if value is None or isinstance(value, bool | int | str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, float | Decimal):
        return _number(value)
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(json_text, value))}]"
    if isinstance(value, dict):
        pairs = (f"{json_text(plain_text(k))}: {json_text(v)}" for k, v in value.items())
        return f"{{{', '.join(pairs)}}}"
    return json.dumps(plain_text(value), ensure_ascii=False)


def _number(value: float | Decimal) -> str:
    if math.isfinite(value):
        return repr(value) if isinstance(value, float) else f"{value:f}"
    word = "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    return f'"{word}"'


def plain_text(value: Any) -> str:
    """A value as text, without JSON's quotes where it is one word."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, datetime):
        if value.tzinfo is None:
            return value.isoformat()
        return value.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return _duration(value)
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, bool | int | float | Decimal | list | tuple | dict):
        return json_text(value).strip('"') if isinstance(value, float) else json_text(value)
    return str(value)


def _duration(value: timedelta) -> str:
    """ISO 8601: days, and seconds with their fraction. DuckDB hands out a month as 30 days."""
    seconds = Decimal(value.seconds) + Decimal(value.microseconds) / 1_000_000
    return f"P{value.days}DT{seconds.normalize():f}S"


def csv_lines(columns: Row, types: Row, batches: Batches) -> Iterator[str]:
    """RFC 4180 with a header and bare line feeds."""
    yield ",".join(map(_csv_cell, columns))
    for batch in batches:
        for row in batch:
            yield ",".join(map(_csv_cell, row))


def _csv_cell(value: Any) -> str:
    if value is None:
        return ""
    text = plain_text(value)
    if text == "" or text != text.strip() or any(mark in text for mark in ',"\n\r'):
        return '"' + text.replace('"', '""') + '"'
    return text


def ndjson_lines(columns: Row, types: Row, batches: Batches) -> Iterator[str]:
    """One object a line."""
    refuse_twins(columns)
    names = [json.dumps(name, ensure_ascii=False) for name in columns]
    for batch in batches:
        for row in batch:
            pairs = (f"{name}: {json_text(value)}" for name, value in zip(names, row, strict=True))
            yield f"{{{', '.join(pairs)}}}"


def json_lines(columns: Row, types: Row, batches: Batches) -> Iterator[str]:
    """One array of objects, one of them a line."""
    opening = "["
    for line in ndjson_lines(columns, types, batches):
        yield opening + line
        opening = ","
    yield "[]" if opening == "[" else "]"


def table_lines(columns: Row, types: Row, batches: Batches) -> Iterator[str]:
    """Padded columns, as wide as the first batch needs, so that any number of rows can follow."""
    right = [any(word in str(kind) for word in _NUMBERS) and "[" not in str(kind) for kind in types]
    widths: list[int] = []
    for batch in batches:
        cells = [[_table_cell(value) for value in row] for row in batch]
        if not widths:
            cells.insert(0, [_table_cell(name) for name in columns])
            widths = [max(map(_width, column)) for column in zip(*cells, strict=True)]
        for row in cells:
            yield _padded(row, widths, right)
    if not widths:
        yield "  ".join(_table_cell(name) for name in columns)


def _table_cell(value: Any) -> str:
    """One line of text that cannot move the cursor, at most CELL_WIDTH wide."""
    text = plain_text(value)
    # Only as much is looked at as can be shown: a document's text may be megabytes long.
    shown = "".join(map(_visible, text[: CELL_WIDTH + 1]))
    if len(text) <= CELL_WIDTH and _width(shown) <= CELL_WIDTH:
        return shown
    while _width(shown) > CELL_WIDTH - 1:
        shown = shown[:-1]
    return shown + "…"


def _visible(character: str) -> str:
    """Web text may hold control characters, also those that a terminal obeys."""
    if character in "\t\n\r":
        return " "
    return "\N{REPLACEMENT CHARACTER}" if unicodedata.category(character)[0] == "C" else character


def _width(text: str) -> int:
    """Columns of a terminal: two for wide characters, none for combining marks."""
    return sum(
        2 if unicodedata.east_asian_width(c) in "WF" else 0 if unicodedata.combining(c) else 1
        for c in text
    )


def _padded(row: Sequence[str], widths: Sequence[int], right: Sequence[bool]) -> str:
    cells = []
    for cell, width, to_the_right in zip(row, widths, right, strict=True):
        space = " " * max(width - _width(cell), 0)
        cells.append(space + cell if to_the_right else cell + space)
    return "  ".join(cells).rstrip()


def refuse_twins(columns: Row) -> None:
    """Raises UsageError where two columns have one name: an object would lose one of them."""
    twins = sorted({name for name in columns if list(columns).count(name) > 1})
    if twins:
        raise UsageError(
            f"two columns are named {twins[0]!r}", next_step="give one another name with AS"
        )


WRITERS: Final[dict[str, Callable[[Row, Row, Batches], Iterator[str]]]] = {
    "table": table_lines,
    "csv": csv_lines,
    "json": json_lines,
    "ndjson": ndjson_lines,
}
