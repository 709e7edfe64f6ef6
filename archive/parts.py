"""A part: the documents and the ledger of one input under one recipe, as two Parquet files.

Making a part is a stage: a pure function of its task, so it can be cached, resumed, and run
anywhere. The files are staged under the store's work folder; the commit moves them to objects.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from archive import evidence
from archive.digest import canonical_json, sha256_file, sha256_hex
from archive.errors import Unaccounted
from archive.extract import versions
from archive.judge import Judge, Row, Told
from archive.manifest import ObjectRef, Part
from archive.recipe import Recipe, recipe_from_json
from archive.records import NOT_RECORDS, Outcome
from archive.schema import arrow_schema
from archive.sources import read_records

GROUP_ROWS: Final = 4096
GROUP_BYTES: Final = 16 << 20
"""A row group is closed at this many rows or bytes of text, so memory stays bounded."""

DICTIONARY: Final = {
    "documents": ["source", "extractor", "host", "registered_domain", "media_type", "charset"]
    + ["charset_reason", "declared_language", "crawl", "truncated", "digests", "grade"],
    "ledger": ["source", "type", "outcome", "media_type", "digests"],
    "revisits": ["source", "matched_by"],
}
"""Columns of few values; a dictionary for texts or ids would only cost memory."""

PART_FILES: Final = ("documents", "ledger")


class TableWriter:
    """Writes the rows of one table in the plainest Parquet that checks itself."""

    def __init__(self, table: str, path: Path) -> None:
        self._schema = arrow_schema(table)
        self._path = path
        self._writer = pq.ParquetWriter(
            path,
            self._schema,
            version="2.6",
            data_page_version="1.0",
            compression="zstd",
            compression_level=3,
            use_dictionary=DICTIONARY[table],
            write_statistics=[f.name for f in self._schema if f.name not in ("text", "said")],
            store_schema=False,
            write_page_checksum=True,
        )
        self._rows: list[Row] = []
        self._bytes = 0
        self.count = 0

    def add(self, row: Row) -> None:
        self._rows.append(row)
        self._bytes += len(row.get("text") or "")
        if len(self._rows) >= GROUP_ROWS or self._bytes >= GROUP_BYTES:
            self._flush()

    def close(self) -> ObjectRef:
        """Writes what is left; returns what the file is."""
        self._flush()
        self._writer.close()
        return ObjectRef(sha256_file(self._path), self._path.stat().st_size, self.count)

    def _flush(self) -> None:
        if self._rows:
            table = pa.Table.from_pylist(self._rows, schema=self._schema)
            self._writer.write_table(table.combine_chunks(), row_group_size=GROUP_ROWS)
            self.count += len(self._rows)
            self._rows, self._bytes = [], 0


@dataclass(frozen=True, slots=True)
class Found:
    """An input whose bytes are at hand: where, how many, which, and who vouches for them."""

    name: str
    path: Path
    source: str  # SHA-256
    bytes: int
    attested_by: str | None = None  # the name that a publisher's digest list gives these bytes


def recorded(recipe: Recipe) -> dict[str, Any]:
    """The recipe as a manifest records it: with the versions of what decides content."""
    return {**recipe.to_json(), "versions": versions(recipe.extractor)}


def part_task(found: Found, recipe: Recipe, attest: Path | None, work: Path) -> dict[str, Any]:
    """The task of the stage `part` for one input. Its key names all that the part depends on."""
    depends = {
        "source": found.source,
        "file_date": evidence.file_name_date(found.name),
        "attested_by": found.attested_by,
        "recipe": recorded(recipe),
    }
    key = sha256_hex(canonical_json(depends))
    return {
        **depends,
        "key": key,
        "name": found.name,
        "path": str(found.path),
        "bytes": found.bytes,
        "attest": str(attest) if attest else None,
        "work": str(work / "parts" / key),
    }


def make_part(task: dict[str, Any], report: Callable[[int], None]) -> dict[str, Any]:
    """The stage `part`: reads one input, writes its documents and its ledger, returns a receipt.

    `report` is told the input bytes read since the last call. Raises Unaccounted if the ledger
    does not add up to the input's size.
    """
    folder = Path(task["work"])
    folder.mkdir(parents=True, exist_ok=True)
    if finished := read_receipt(folder):
        report(task["bytes"])
        return finished
    aside = {table: folder / f".{table}.{os.getpid()}" for table in PART_FILES}
    try:
        receipt = _write_part(task, aside, report)
        for table, path in aside.items():
            os.replace(path, folder / f"{table}.parquet")
        write_receipt(folder, receipt)
    finally:
        for path in aside.values():
            path.unlink(missing_ok=True)
    return receipt


def _write_part(
    task: dict[str, Any], aside: dict[str, Path], report: Callable[[int], None]
) -> dict[str, Any]:
    recipe = recipe_from_json(task["recipe"])
    writers = {table: TableWriter(table, path) for table, path in aside.items()}
    outcomes: Counter[str] = Counter()
    accounted = 0
    judge = _judge(task, recipe)
    for record in read_records(Path(task["path"]), recipe.limits):
        row, document = judge.judge(record)
        if document:
            writers["documents"].add(document)
        writers["ledger"].add(row)
        outcomes[row["outcome"]] += 1
        if record.place.member is None:
            accounted += record.place.length
            report(record.place.length)
    if accounted != task["bytes"]:
        raise Unaccounted(task["name"], task["bytes"], accounted)
    refs = {table: writer.close() for table, writer in writers.items()}
    return {
        "key": task["key"],
        "source": task["source"],
        "accounted": accounted,
        "records": sum(n for outcome, n in outcomes.items() if Outcome(outcome) not in NOT_RECORDS),
        "outcomes": dict(sorted(outcomes.items())),
        **{table: [ref.sha256, ref.bytes, ref.rows] for table, ref in refs.items()},
    }


def _judge(task: dict[str, Any], recipe: Recipe) -> Judge:
    attested = evidence.read_attestations(Path(task["attest"])) if task["attest"] else {}
    told = Told(task["source"], task["file_date"], task["attested_by"])
    return Judge(recipe, told, attested)


def part_of(receipt: dict[str, Any]) -> Part:
    """The manifest's entry for a finished part."""
    return Part(
        key=receipt["key"],
        source=receipt["source"],
        documents=ObjectRef(*receipt["documents"]),
        ledger=ObjectRef(*receipt["ledger"]),
        outcomes=receipt["outcomes"],
    )


def read_receipt(folder: Path) -> dict[str, Any] | None:
    """The receipt of a finished part, if its files are there with the bytes that it states."""
    try:
        receipt: dict[str, Any] = json.loads((folder / "receipt.json").read_bytes())
        for table in PART_FILES:
            if sha256_file(folder / f"{table}.parquet") != receipt[table][0]:
                return None
    except (OSError, ValueError, KeyError, TypeError):  # torn or absent: the part is made again
        return None
    return receipt


def write_receipt(folder: Path, receipt: dict[str, Any]) -> None:
    """The receipt comes last. Nothing is synced here: whoever reads it hashes what it names, and
    the commit syncs what becomes an object."""
    aside = folder / f".receipt.{os.getpid()}"
    aside.write_bytes(canonical_json(receipt))
    os.replace(aside, folder / "receipt.json")


def write_rows(table: str, path: Path, rows: Iterable[Row]) -> ObjectRef:
    """One whole table in one file."""
    writer = TableWriter(table, path)
    for row in rows:
        writer.add(row)
    return writer.close()
