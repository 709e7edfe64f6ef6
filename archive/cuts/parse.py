"""A cut's file, read.

    -- cut: mine
    -- source: who says so, and where
    -- version: 1
    -- deviation: what this does not do that its source does
    --   (three spaces or more after the dashes go on with the line before)
    -- captures: first

    -- rule: long-enough: at least fifty words
    words >= 50

`captures` is first (the default) or all. Any other comment without a colon is free.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from typing import Final

from archive.cuts.cut import FIRST, Cut, Rule
from archive.errors import UnknownName, UsageError

HEADER: Final = ("cut", "source", "version", "deviation", "captures")
KEYED: Final = re.compile(r"--[ ]?([A-Za-z_-]+):(?:[ ](.*))?")
CONTINUED: Final = re.compile(r"--\s{3,}(\S.*)")
NAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]*")
CAPTURES: Final = ("first", "all")


@dataclass
class _Block:
    """A rule while its lines are read."""

    said: str
    lines: list[str] = field(default_factory=list)


def parse(text: str, where: str) -> Cut:
    """The cut that a file's text holds. `where` names the file in errors.

    Raises UsageError for what is not in the form above. The expressions are not looked into: see
    `archive.cuts.check`.
    """
    lines = normalised(text).split("\n")[:-1]
    header, blocks = _read(lines, where)
    for key in ("cut", "source", "version"):
        values = [value for value in header.get(key, ()) if value]
        if len(values) != 1:
            found = "more than one" if values else "no"
            raise UsageError(f"{where}: {found} line '-- {key}:'", next_step="write one")
    captures = header.get("captures", ["first"])
    if captures not in ([one] for one in CAPTURES):
        raise UnknownName(f"value of captures in {where}", " ".join(captures), CAPTURES)
    if not NAME.fullmatch(header["cut"][0]):
        raise UsageError(
            f"{where}: not a name: {header['cut'][0]!r}", next_step="a-z, 0-9, dots and dashes"
        )
    return Cut(
        name=header["cut"][0],
        source=header["source"][0],
        version=header["version"][0],
        deviations=tuple(header.get("deviation", ())),
        rules=_rules(blocks, where),
        first_only=captures == ["first"],
        hash=hashlib.sha256(normalised(text).encode()).hexdigest(),
    )


def normalised(text: str) -> str:
    """The text that a cut's hash is of: see `Cut`."""
    unix = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    lines = (line.rstrip() for line in unix.split("\n"))
    return "".join(f"{line}\n" for line in lines if line)


def _read(lines: list[str], where: str) -> tuple[dict[str, list[str]], list[_Block]]:
    header: dict[str, list[str]] = {}
    blocks: list[_Block] = []
    last: str | None = None  # the key that a continued line goes on with
    for number, line in enumerate(lines, 1):
        keyed, continued = KEYED.fullmatch(line), CONTINUED.fullmatch(line)
        if keyed:
            last, value = keyed[1], (keyed[2] or "").strip()
            if last == "rule":
                blocks.append(_Block(value))
            elif last not in HEADER:
                raise UnknownName(f"line of {where}", last, (*HEADER, "rule"))
            elif blocks:
                raise UsageError(
                    f"{where}: '-- {last}:' after a rule", next_step="the header comes first"
                )
            else:
                header.setdefault(last, []).append(value)
        elif continued and last == "rule":
            blocks[-1].said += f" {continued[1]}"
        elif continued and last:
            header[last][-1] += f" {continued[1]}"
        elif blocks:
            last = None
            blocks[-1].lines.append(line)
        elif not line.startswith("--"):
            raise UsageError(
                f"{where}: an expression before the first rule, at line {number} of those that"
                f" are not empty: {line[:60]!r}",
                next_step="write '-- rule: name: meaning' above it",
            )
        else:
            last = None
    return header, blocks


def _rules(blocks: list[_Block], where: str) -> tuple[Rule, ...]:
    rules: dict[str, Rule] = {}
    for block in blocks:
        name, colon, meaning = (piece.strip() for piece in block.said.partition(":"))
        if not colon or not meaning or not NAME.fullmatch(name) or name == FIRST:
            raise UsageError(
                f"{where}: not a rule: {block.said!r}",
                next_step="write '-- rule: name: meaning'; the name 'first' is taken",
            )
        if name in rules:
            raise UsageError(f"{where}: two rules are named {name!r}", next_step="rename one")
        if all(line.startswith("--") for line in block.lines):
            raise UsageError(f"{where}: rule {name!r} is empty", next_step="write its expression")
        rules[name] = Rule(name, "\n".join(block.lines), meaning)
    return tuple(rules.values())
