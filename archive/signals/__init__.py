"""Signals: every derived column of a document, computed from its text alone.

A family is a module with `COLUMNS` (names) and `compute(view)` (a value per text for each name).
Another package adds one through the entry point group `lowbackground.signals`; its module also
describes its columns, as `SIGNALS`. Nothing here is part of a snapshot's content root: signals can
be computed again at any time.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from importlib import import_module
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any, Final, Protocol

from archive.errors import UnknownName

if TYPE_CHECKING:
    import pyarrow as pa

    from archive.schema.columns import Column
    from archive.signals.view import View

RULES: Final = "2"
"""Raised with every change that gives any text another value."""

BATCH: Final = 1 << 18  # code points cut and counted at a time; no value depends on it

BUILT_IN: Final = {
    name: f"archive.signals.{name}"
    for name in (
        "language",
        "script",
        "words",
        "quality",
        "c4",
        "repetition",
        "pii",
        "marks",
        "minhash",
    )
}


class Family(Protocol):
    """One module of signals."""

    COLUMNS: tuple[str, ...]

    def compute(self, view: View) -> dict[str, Any]:
        """One value per text, for each of COLUMNS."""


@cache
def families() -> dict[str, Family]:
    """Every family by name: the built-in ones, then those of other packages."""
    return {name: import_module(path) for name, path in BUILT_IN.items()} | _added()


@cache
def _added() -> dict[str, Any]:
    """The families of other packages by name; none stands in for a built-in one."""
    points = sorted(entry_points(group="lowbackground.signals"), key=lambda point: point.name)
    return {point.name: point.load() for point in points if point.name not in BUILT_IN}


def family(name: str) -> Family:
    """One family; an unknown name is an error that lists the known ones."""
    known = families()
    if name not in known:
        raise UnknownName("family of signals", name, known)
    return known[name]


def columns() -> tuple[Column, ...]:
    """Every column of the table: the project's own, then those of other packages."""
    from archive.schema import SIGNALS

    return SIGNALS + tuple(column for one in _added().values() for column in one.SIGNALS)


def compute(documents: pa.RecordBatch | list[dict[str, Any]]) -> pa.RecordBatch:
    """The signals of documents (`id` and `text` are read), in their order.

    The columns are `columns()`. Each row is a function of that row's text: how documents are
    batched changes no value.
    """
    import pyarrow as pa

    schema = _schema()
    ids, texts = _ids_and_texts(documents)
    found: dict[str, list[Any]] = {name: [] for name in schema.names}
    found["id"] = [ids]
    for view in views(texts):
        for one in families().values():
            for name, values in one.compute(view).items():
                found[name].append(values)
    arrays = [pa.array(_joined(found[field.name]), field.type) for field in schema]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


@cache
def _schema() -> pa.Schema:
    import pyarrow as pa

    from archive.schema import arrow_field

    return pa.schema([arrow_field(column) for column in columns()])


def _joined(values: list[Any]) -> Any:
    """Values of one column, batch by batch, in one list or array."""
    import numpy as np

    if len(values) == 1:
        return values[0]
    if values and isinstance(values[0], np.ndarray):
        return np.concatenate(values)
    return [value for each in values for value in each]


def versions() -> dict[str, str]:
    """What decides the signals: rules, tables, models, parameters. No other version does."""
    from archive.signals import language, minhash
    from archive.signals.unicode import properties

    return {
        "rules": RULES,
        "unicode": properties().version,
        "minhash": minhash.PARAMETERS,
        **language.versions(),
    }


def _ids_and_texts(documents: pa.RecordBatch | list[dict[str, Any]]) -> tuple[list[str], list[str]]:
    if isinstance(documents, list):
        return [row["id"] for row in documents], [row["text"] for row in documents]
    return documents.column("id").to_pylist(), documents.column("text").to_pylist()


def views(texts: list[str]) -> Iterator[View]:
    """The texts in batches of about BATCH code points, in order."""
    from archive.signals.view import View

    batch: list[str] = []
    size = 0
    for text in texts:
        if batch and size + len(text) > BATCH:
            yield View(batch)
            batch, size = [], 0
        batch.append(text)
        size += len(text) + 1
    if batch:
        yield View(batch)
