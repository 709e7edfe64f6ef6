"""Why a cut keeps or drops one document: every rule, what it read, what it said."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from archive.cuts.check import columns_of
from archive.cuts.cut import FIRST, Cut, Rule, annotated
from archive.errors import UsageError

if TYPE_CHECKING:
    import duckdb

PREFIX: Final = re.compile(r"[0-9a-f]{4,64}")
SHOWN: Final = 10
"""Candidates named where a reference means several documents."""

FIRST_RULE: Final = Rule(FIRST, "is_first", "the earliest capture of its text")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one rule says: kept, cut, or unknown (a column it reads is NULL), which also cuts."""

    rule: str
    meaning: str
    predicate: str
    values: dict[str, Any]
    outcome: str


@dataclass(frozen=True, slots=True)
class Why:
    """All verdicts of a cut on a document."""

    id: str
    url: str
    captured_at: str
    cut: str
    hash: str
    kept: bool
    verdicts: tuple[Verdict, ...]


def why(con: duckdb.DuckDBPyConnection, cut: Cut, document: str) -> Why:
    """The verdicts on the document with this id (four digits of it are enough) or URL.

    Raises UsageError where no document, or more than one, is meant.
    """
    identity, url, captured_at = find(con, document)
    rules = (FIRST_RULE, *cut.rules) if cut.first_only else cut.rules
    verdicts = tuple(_verdict(con, cut, rule, identity) for rule in rules)
    return Why(
        id=identity,
        url=url,
        captured_at=captured_at,
        cut=cut.name,
        hash=cut.hash,
        kept=all(verdict.outcome == "kept" for verdict in verdicts),
        verdicts=verdicts,
    )


def find(con: duckdb.DuckDBPyConnection, document: str) -> tuple[str, str, str]:
    """Id, URL and capture date of the one document that an id's beginning or a URL means."""
    by_id = bool(PREFIX.fullmatch(document))
    condition = "starts_with(id, ?)" if by_id else "url = ?"
    # The date as text: DuckDB needs a package of time zones to make a Python date of it.
    found = con.execute(
        "SELECT id, url, strftime(captured_at, '%Y-%m-%dT%H:%M:%SZ') FROM documents"
        f" WHERE {condition} ORDER BY captured_at, id LIMIT {SHOWN + 1}",
        [document],
    ).fetchall()
    if len(found) == 1:
        identity, url, captured_at = found[0]
        return identity, url, captured_at
    if not found:
        raise UsageError(
            f"no document has the {'id' if by_id else 'URL'} {document}",
            next_step="give four or more digits of an id, or a whole URL; what became of a record:"
            " lowbg sql SNAPSHOT \"select outcome, reason from ledger where url = '...'\"",
        )
    listed = "\n       ".join(f"{row[0][:16]}  {row[2]}  {row[1]}" for row in found[:SHOWN])
    count = f"more than {SHOWN}" if len(found) > SHOWN else str(len(found))
    raise UsageError(
        f"{count} documents have the {'id' if by_id else 'URL'} {document}",
        next_step=f"give the id of one:\n       {listed}",
    )


def _verdict(con: duckdb.DuckDBPyConnection, cut: Cut, rule: Rule, identity: str) -> Verdict:
    read = columns_of(rule, cut.name)
    listed = "".join(f', "{name}"' for name in read)
    row = con.execute(
        f"SELECT (\n{rule.predicate}\n){listed} FROM ({annotated()}) AS annotated WHERE id = ?",
        [identity],
    ).fetchone()
    assert row is not None
    outcome = {True: "kept", False: "cut", None: "unknown"}[row[0]]
    values = {name: _plain(value) for name, value in zip(read, row[1:], strict=True)}
    return Verdict(rule.name, rule.meaning, rule.predicate, values, outcome)


def _plain(value: Any) -> Any:
    """A value that JSON can hold; of bytes and of long texts the beginning."""
    if isinstance(value, bytes):
        return value[:16].hex()
    if isinstance(value, str) and len(value) > 80:
        return f"{value[:80]}…"
    return value if value is None or isinstance(value, int | float | bool | str) else str(value)
