"""Reads the two tables of parts side by side: leaves, places, order, outcomes, sums."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from archive.leaves import batches, leaves_of
from archive.manifest import ObjectRef, Part
from archive.records import Outcome
from archive.schema import IDENTITY, arrow_schema
from archive.slices import Slices
from archive.verify.findings import CORRUPT, Finding, check_file

if TYPE_CHECKING:
    import pyarrow as pa

MADE_WRONG = "its bytes are as they were written: it was made wrong, build it again"

_DOCUMENTS: Final = ["id", *IDENTITY]
_LEDGER: Final = ["source", "offset", "length", "member", "outcome", "document"]

# What both tables say of a document: its id, offset, length, member.
_Row = tuple[str | None, int, int, int | None]


@dataclass(frozen=True, slots=True)
class PackTask:
    """Parts that share their files, or one with files of its own, and what is recorded of them."""

    parts: tuple[Part, ...]
    inputs: tuple[tuple[str, int], ...]  # name and size of the input of each
    files: dict[str, ObjectRef]  # table -> the whole file
    paths: dict[str, Path]
    shown: dict[str, str]  # table -> path below the store's folder


@dataclass(slots=True)
class Faults:
    """Collects what is wrong with one file: the first of each sort, and how often it occurs."""

    path: str
    inputs: tuple[str, ...] = ()
    first: dict[str, tuple[str, str]] = field(default_factory=dict)
    times: Counter[str] = field(default_factory=Counter)

    def add(self, what: str, expected: object, found: object) -> None:
        self.first.setdefault(what, (str(expected), str(found)))
        self.times[what] += 1

    def findings(self) -> list[Finding]:
        return [
            Finding(
                CORRUPT,
                self.path,
                f"{what} {expected}",
                found + (f" (and {self.times[what] - 1} more)" if self.times[what] > 1 else ""),
                MADE_WRONG,
                self.inputs,
            )
            for what, (expected, found) in self.first.items()
        ]


def check_pack(task: PackTask) -> list[Finding]:
    """Every byte of the files of parts; where those are right, every leaf, place and count in them.

    What is wrong with rows is told with the input they are of.
    """
    wrong = [
        check_file(task.paths[table], ref.sha256, ref.bytes, task.shown[table])
        for table, ref in task.files.items()
    ]
    if any(wrong):
        return [finding for finding in wrong if finding]
    faults = {table: Faults(path) for table, path in task.shown.items()}
    for table, each in faults.items():
        check_table(task.paths[table], table, task.files[table], each, arrow_schema(table))
    readers = {"documents": Slices(_DOCUMENTS), "ledger": Slices(_LEDGER)}
    findings = [finding for each in faults.values() for finding in each.findings()]
    if findings:
        return findings
    for part, (name, size) in zip(task.parts, task.inputs, strict=True):
        told = {table: Faults(path, (name,)) for table, path in task.shown.items()}
        _check_part(task, part, size, readers, told)
        findings += (finding for each in told.values() for finding in each.findings())
    return findings


def _check_part(
    task: PackTask, part: Part, size: int, readers: dict[str, Slices], faults: dict[str, Faults]
) -> None:
    tables = {
        table: readable(reader.batches(task.paths[table], ref), table, faults[table])
        for (table, reader), ref in zip(readers.items(), (part.documents, part.ledger), strict=True)
    }
    documents = _documents(tables["documents"], part, faults["documents"])
    ledger = _kept(tables["ledger"], part, size, faults["ledger"])
    try:
        for document, kept in zip_longest(documents, ledger):
            if document != kept:
                faults["ledger"].add("kept rows like its documents:", document, kept)
    except ValueError as error:  # such as text that is no UTF-8
        faults["documents"].add("valid", "values", error)


def read_table(
    path: Path, table: str, ref: ObjectRef, columns: list[str], faults: Faults
) -> Iterator[pa.RecordBatch]:
    """Batches of a file that should have the schema of `table`; what cannot be read is a fault."""
    if check_table(path, table, ref, faults, arrow_schema(table)):
        yield from readable(batches(path, columns), table, faults)


def check_table(
    path: Path, table: str, ref: ObjectRef, faults: Faults, schema: pa.Schema | None = None
) -> bool:
    """Whether a file can be read as `table`, with as many rows as it should have or not.

    Its columns have to be those of `schema`; None: they are another's concern.
    """
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:
            if schema is not None and not file.schema_arrow.equals(schema):
                faults.add("schema of", table, str(file.schema_arrow).replace("\n", ", "))
                return False
            if file.metadata.num_rows != ref.rows:
                faults.add("rows:", ref.rows, file.metadata.num_rows)
    except Exception as error:  # whatever a reader makes of a file that is no sound Parquet
        faults.add("a readable", table, f"{type(error).__name__}: {error}")
        return False
    return True


def readable(
    rows: Iterator[pa.RecordBatch], table: str, faults: Faults
) -> Iterator[pa.RecordBatch]:
    """The batches; an error in the middle of them is a fault, and their end."""
    try:
        yield from rows
    except Exception as error:  # likewise
        faults.add("a readable", table, f"{type(error).__name__}: {error}")


def _documents(rows: Iterator[pa.RecordBatch], part: Part, faults: Faults) -> Iterator[_Row]:
    order = _Order(faults)
    for batch in rows:
        batch.validate(full=True)
        stated, ids = _list(batch, "id"), [leaf.hex() for leaf in leaves_of(batch)]
        if stated != ids:
            for was, right in zip(stated, ids, strict=True):
                if was != right:
                    faults.add("id", right, was)
        _check_source(batch, part.source, faults)
        offsets, lengths, members = (_list(batch, n) for n in ("offset", "length", "member"))
        order.check(offsets, members)
        yield from zip(stated, offsets, lengths, members, strict=True)


def _kept(rows: Iterator[pa.RecordBatch], part: Part, size: int, faults: Faults) -> Iterator[_Row]:
    """The ledger's rows of documents; its tiling, order and outcomes are checked on the way."""
    order = _Order(faults)
    outcomes: Counter[str] = Counter()
    end = 0
    for batch in rows:
        _check_source(batch, part.source, faults)
        offsets, lengths, members, kinds, documents = (_list(batch, n) for n in _LEDGER[1:])
        order.check(offsets, members)
        outcomes.update(kinds)
        for offset, length, member, outcome, document in zip(
            offsets, lengths, members, kinds, documents, strict=True
        ):
            if member is None:
                if offset != end:
                    faults.add("a row for the bytes from", end, f"one from {offset}")
                end = offset + length
            if outcome == Outcome.KEPT:
                yield document, offset, length, member
            elif document is not None:
                faults.add("no document of a row that is", outcome, document)
    if end != size:
        faults.add("rows for all bytes of the input,", size, end)
    if (expected := {k: n for k, n in part.outcomes.items() if n}) != outcomes:
        faults.add("outcomes", expected, dict(outcomes))


class _Order:
    """Rows stand by their place in the input, records of a shared member by that in the member."""

    def __init__(self, faults: Faults) -> None:
        self._faults = faults
        self._last: tuple[int, int] = (0, 0)

    def check(self, offsets: list[int], members: list[int | None]) -> None:
        """Goes on from the rows before with those of one more batch."""
        plain = members.count(None) == len(members) and offsets == sorted(offsets)
        if plain and offsets and offsets[0] > self._last[0]:
            self._last = (offsets[-1], 0)
            return
        for offset, member in zip(offsets, members, strict=True):
            self._check(offset, member)

    def _check(self, offset: int, member: int | None) -> None:
        # The row of a shared member itself may stand before or after those of its records.
        place = (offset, self._last[1]) if member is None else (member, offset)
        if member is None and offset != self._last[0]:
            place = (offset, 0)
        if place < self._last:
            self._faults.add("rows in order, not", place, f"after {self._last}")
        self._last = place


def _check_source(batch: pa.RecordBatch, source: str, faults: Faults) -> None:
    for other in set(batch.column(_index(batch, "source")).unique().to_pylist()) - {source}:
        faults.add("source", source, other)


def _list(batch: pa.RecordBatch, name: str) -> list[Any]:
    values: list[Any] = batch.column(_index(batch, name)).to_pylist()
    return values


def _index(batch: pa.RecordBatch, name: str) -> int:
    return int(batch.schema.get_field_index(name))
