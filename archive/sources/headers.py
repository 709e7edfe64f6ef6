"""Header blocks of WARC records and HTTP messages: lines, fields, folding."""

from __future__ import annotations


def header_lines(data: bytes) -> tuple[list[str], tuple[str, ...]]:
    """The lines of a header block, up to its blank line: as UTF-8, else as Latin-1 with a note."""
    notes: tuple[str, ...] = ()
    try:
        text = data.decode()
    except UnicodeDecodeError:
        text, notes = data.decode("latin-1"), ("headers are not UTF-8: read as Latin-1",)
    # Not splitlines(): it also splits at U+0085, U+2028 and the like.
    lines = [line.rstrip("\r") for line in text.split("\n")]
    while lines and not lines[-1]:
        lines.pop()
    return lines, notes


def header_fields(
    lines: list[str],
) -> tuple[tuple[tuple[str, str], ...], tuple[str, ...]]:
    """Names, lower-cased, and values in file order; a line that starts with a blank goes on."""
    fields: list[tuple[str, str]] = []
    folded: list[str] = []
    notes: list[str] = []
    for line in lines:
        if line[:1] in (" ", "\t") and fields:
            folded.append(line.strip())
            continue
        _unfold(fields, folded)
        name, colon, value = line.partition(":")
        if colon:
            fields.append((name.strip().lower(), value.strip()))
        elif not notes:
            notes.append(f"a header line has no colon: {line[:40]!r}")
    _unfold(fields, folded)
    return tuple(fields), tuple(notes)


def _unfold(fields: list[tuple[str, str]], folded: list[str]) -> None:
    if folded:
        name, value = fields[-1]
        fields[-1] = (name, " ".join([value, *folded]).strip())
        folded.clear()
