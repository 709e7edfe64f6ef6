"""Asks a snapshot everything that its report says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from archive.cuts import Cut, define_clean
from archive.cuts.tails import Tails, tails
from archive.errors import UsageError
from archive.query.connection import stream
from archive.report import queries

if TYPE_CHECKING:
    import duckdb

    from archive.manifest import Manifest


@dataclass(frozen=True, slots=True)
class Answer:
    """One query and all that it gave."""

    sql: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]

    def records(self) -> list[dict[str, Any]]:
        """Each row by the names of its columns."""
        return [dict(zip(self.columns, row, strict=True)) for row in self.rows]

    def column(self, name: str) -> list[Any]:
        return [row[self.columns.index(name)] for row in self.rows]


@dataclass(frozen=True, slots=True)
class Collected:
    """What a report says. `lacking` is what was never computed: signals, duplicates, or a cut."""

    manifest: Manifest
    answers: dict[str, Answer]
    tails: tuple[Tails, ...]
    lacking: dict[str, str]

    @property
    def reference(self) -> str:
        return f"{self.manifest.name}@{self.manifest.version}"


def collect(con: duckdb.DuckDBPyConnection, manifest: Manifest, cuts: Sequence[Cut]) -> Collected:
    """Every answer, over the views of `archive.query.connection.connect`.

    Raises UsageError where two different cuts have one name.
    """
    chosen = _chosen(cuts)
    wanted, lacking = dict(queries.DOCUMENTS), {}
    annotate = f"lowbg annotate {manifest.name}@{manifest.version}"
    if all(part.signals for part in manifest.parts):
        wanted |= queries.SIGNALS
    else:
        lacking["signals"] = annotate
    if manifest.duplicates is not None:
        wanted |= queries.DUPLICATES
    else:
        lacking["duplicates"] = annotate
    answers = {name: _ask(con, sql) for name, sql in wanted.items()}
    found = []
    for cut in chosen:
        try:
            define_clean(manifest, cut)
        except UsageError as error:
            lacking[cut.name] = error.next_step
        else:
            found.append(tails(con, cut))
    return Collected(manifest, answers, tuple(found), lacking)


def _chosen(cuts: Sequence[Cut]) -> list[Cut]:
    chosen: dict[str, Cut] = {}
    for cut in cuts:
        if chosen.setdefault(cut.name, cut).hash != cut.hash:
            raise UsageError(
                f"two different cuts are named {cut.name}",
                next_step="give one another name on its line '-- cut:'",
            )
    return list(chosen.values())


def _ask(con: duckdb.DuckDBPyConnection, sql: str) -> Answer:
    answer = stream(con, sql)
    return Answer(sql, answer.columns, tuple(row for batch in answer.batches for row in batch))
