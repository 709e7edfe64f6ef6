"""Reads canonical JSON and nothing else: what one program wrote, no other can read differently."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any, Final, NoReturn

from archive.digest import canonical_json
from archive.errors import Corrupt

MAX_INTEGER: Final = (1 << 53) - 1  # beyond it, JSON readers that use doubles disagree
MAX_NESTING: Final = 16
MAX_BYTES: Final = 256 << 20


class _Refused(ValueError):
    """What the parser's hooks raise: what was expected, what was found."""


def parse(data: bytes, what: str, limit: int = MAX_BYTES) -> Any:
    """The value that `data` is the canonical JSON of; anything else raises Corrupt.

    Refused: more than `limit` bytes, no UTF-8, duplicate keys, floats, NaN, integers beyond
    2^53 - 1, keys outside ASCII, nesting deeper than MAX_NESTING, and any other spelling (order of
    keys, white space, escapes) than `digest.canonical_json` gives.
    """
    if len(data) > limit:
        raise Corrupt(what, f"at most {limit} bytes", f"{len(data)} bytes")
    try:
        value = json.loads(
            data.decode(),
            object_pairs_hook=_pairs,
            parse_float=_no_float,
            parse_constant=_no_float,
            parse_int=_integer,
        )
        if _depth(value) > MAX_NESTING:
            raise _Refused(f"nesting deeper than {MAX_NESTING}")
        canonical = canonical_json(value)
    except RecursionError:
        raise Corrupt(what, "canonical JSON", f"nesting deeper than {MAX_NESTING}") from None
    except ValueError as error:  # also JSONDecodeError, UnicodeDecodeError, UnicodeEncodeError
        raise Corrupt(what, "canonical JSON", str(error)) from None
    if canonical != data:
        raise Corrupt(what, "canonical JSON", "the same value in another spelling")
    return value


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise _Refused("a key that stands twice in one object")
    for key in value:
        if not key.isascii():
            raise _Refused(f"the key {key!r}, which is not ASCII")
    return value


def _no_float(digits: str) -> NoReturn:
    raise _Refused(f"the number {digits[:40]}, which is not an integer")


def _integer(digits: str) -> int:
    # The length first: turning a million digits into an integer takes quadratic time.
    if len(digits) > 17 or abs(int(digits)) > MAX_INTEGER:
        raise _Refused(f"the integer {digits[:40]}, beyond 2^53 - 1")
    return int(digits)


def _depth(value: Any) -> int:
    depth, level = 0, [value]
    while level := [item for item in level if isinstance(item, dict | list)]:
        depth += 1
        if depth > MAX_NESTING:
            break
        level = [
            child for item in level for child in (item.values() if isinstance(item, dict) else item)
        ]
    return depth


# One reader per type; each refuses with the place, what it expected and what it found.

Reader = Callable[[Any, str], Any]


def mapping(value: Any, where: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise Corrupt(where, "an object", _shown(value))
    return value


def fields_of(
    value: Any, where: str, readers: Mapping[str, Reader], drop: str = ""
) -> dict[str, Any]:
    """The fields of an object that has exactly the keys of `readers`; `drop` is only checked."""
    given = mapping(value, where)
    if unknown := sorted(given.keys() - readers.keys()):
        raise Corrupt(where, "known keys", f"the keys {', '.join(unknown)}")
    if absent := sorted(readers.keys() - given.keys()):
        raise Corrupt(where, f"the keys {', '.join(absent)}", "none of these")
    values = {key: read(given[key], f"{where}.{key}") for key, read in readers.items()}
    values.pop(drop, None)
    return values


def text(value: Any, where: str) -> str:
    if not isinstance(value, str):
        raise Corrupt(where, "text", _shown(value))
    return value


def matching(pattern: re.Pattern[str], expected: str) -> Reader:
    def read(value: Any, where: str) -> str:
        if not pattern.fullmatch(text(value, where)):
            raise Corrupt(where, expected, _shown(value))
        return str(value)

    return read


def count(value: Any, where: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise Corrupt(where, "a whole number, 0 or more", _shown(value))
    return value


def flag(value: Any, where: str) -> bool:
    if not isinstance(value, bool):
        raise Corrupt(where, "true or false", _shown(value))
    return value


def or_null(read: Reader) -> Reader:
    return lambda value, where: None if value is None else read(value, where)


def dict_of(read: Reader) -> Reader:
    return lambda value, where: {
        key: read(item, f"{where}.{key}") for key, item in mapping(value, where).items()
    }


def list_of(read: Reader) -> Reader:
    def read_all(value: Any, where: str) -> tuple[Any, ...]:
        if not isinstance(value, list):
            raise Corrupt(where, "a list", _shown(value))
        return tuple(read(item, f"{where}[{i}]") for i, item in enumerate(value))

    return read_all


def _shown(value: Any) -> str:
    shown = repr(value)
    return shown if len(shown) <= 80 else shown[:77] + "..."
