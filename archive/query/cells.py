"""Values of a query's rows as JSON and back, exactly: how rows cross from one process to another.

JSON's own values stand for themselves, floats too where they are finite; every other value is a
list of a tag and text. Nothing read back can run code, which a pickle could.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID


def encode(value: Any) -> Any:
    """A value as DuckDB hands it out, in JSON's types."""
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else ["float", repr(value)]
    if isinstance(value, list | tuple):
        return ["list", [encode(item) for item in value]]
    if isinstance(value, dict):
        return ["dict", [[encode(key), encode(item)] for key, item in value.items()]]
    if isinstance(value, bytes | bytearray | memoryview):
        return ["bytes", bytes(value).hex()]
    if isinstance(value, datetime):
        return ["datetime", (value.astimezone(UTC) if value.tzinfo else value).isoformat()]
    if isinstance(value, timedelta):
        return ["interval", [value.days, value.seconds, value.microseconds]]
    for tag, kind in (("date", date), ("time", time)):
        if isinstance(value, kind):
            return [tag, value.isoformat()]
    tag = {Decimal: "decimal", UUID: "uuid"}.get(type(value), "text")
    return [tag, str(value)]


def decode(value: Any) -> Any:
    """The value that `encode` was given. Else raises ValueError, TypeError or KeyError."""
    if not isinstance(value, list):
        return value
    tag, held = value
    if tag == "list":
        return [decode(item) for item in held]
    if tag == "dict":
        return {decode(key): decode(item) for key, item in held}
    if tag == "interval":
        return timedelta(*held)
    readers: dict[str, Callable[[str], Any]] = {
        "float": float,
        "bytes": bytes.fromhex,
        "datetime": datetime.fromisoformat,
        "date": date.fromisoformat,
        "time": time.fromisoformat,
        "decimal": Decimal,
        "uuid": UUID,
        "text": str,
    }
    return readers[tag](held)


def shorten(value: Any, limit: int) -> tuple[Any, int]:
    """The value with every text, byte string and collection in it cut to `limit`; cuts made."""
    if isinstance(value, str | bytes) and len(value) > limit:
        return value[:limit], 1
    if isinstance(value, list | tuple):
        kept, cuts = [], int(len(value) > limit)
        for item in value[:limit]:
            short, more = shorten(item, limit)
            kept.append(short)
            cuts += more
        return kept, cuts
    if isinstance(value, dict):
        kept_items, cuts = {}, int(len(value) > limit)
        for key in list(value)[:limit]:
            kept_items[key], more = shorten(value[key], limit)
            cuts += more
        return kept_items, cuts
    return value, 0
