"""Header blocks of WARC records and HTTP messages: a first line, then fields."""

from __future__ import annotations

import re

Fields = tuple[tuple[str, str], ...]

_FIELD = re.compile(r"([^\s:][^:\r\n]*):[ \t]*([^\r\n]*)\r?\n")


def read_headers(data: bytes) -> tuple[Fields, tuple[str, ...]]:
    """The fields of a header block, names lower-cased, in file order; and notes of its oddities.

    Its first line, a version or a status, is left out. UTF-8, else Latin-1; a line that starts
    with a blank goes on with the one before.
    """
    notes: tuple[str, ...] = ()
    try:
        text = data.decode()
    except UnicodeDecodeError:
        text, notes = data.decode("latin-1"), ("headers are not UTF-8: read as Latin-1",)
    text = text.partition("\n")[2].rstrip("\r\n") + "\n"
    fields = _FIELD.findall(text)
    if len(fields) == text.count("\n"):
        return tuple([(name.rstrip().lower(), value.rstrip()) for name, value in fields]), notes
    odd, more = _odd_fields(text)
    return odd, notes + more


def _odd_fields(text: str) -> tuple[Fields, tuple[str, ...]]:
    """Line by line, for folded lines and lines that are no field."""
    fields: list[tuple[str, list[str]]] = []
    notes: list[str] = []
    # Not splitlines(): it also splits at U+0085, U+2028 and the like.
    for line in text.split("\n"):
        name, colon, value = line.partition(":")
        if line[:1] in (" ", "\t") and fields:
            fields[-1][1].append(line.strip())
        elif colon:
            fields.append((name.strip().lower(), [value.strip()]))
        elif line.strip() and not notes:
            notes.append(f"a header line has no colon: {line[:40].strip()!r}")
    return tuple((name, " ".join(parts).strip()) for name, parts in fields), tuple(notes)
