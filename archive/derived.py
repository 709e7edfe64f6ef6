"""Annotations of a snapshot: signals of each document, duplicates over all of them.

Both are derived from the documents alone and lie outside the content root: they can be made again,
by newer rules, without an input being read (`lowbg annotate`).
"""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from archive import signals
from archive.digest import canonical_json, sha256_file, sha256_hex
from archive.duplicates import Options, PartFiles, find
from archive.engines import Engine, Report
from archive.manifest import ObjectRef, Part, Slice, packs_of
from archive.parts import read_receipt, write_receipt
from archive.schema import arrow_field
from archive.store.work import signals_folder, taking_turns
from archive.tables import GROUP_ROWS, TableWriter

FILES: Final = ("signals",)

Locate = Callable[[ObjectRef], Path]
"""Where the checked bytes of an object are, in the store or not yet."""


@cache
def signals_key() -> str:
    """The SHA-256 of what decides signals; a part with another one is annotated again."""
    return sha256_hex(canonical_json(signals.versions()))


def recorded() -> dict[str, Any]:
    """What decided the annotations, as a manifest records it."""
    return {"signals": signals.versions(), "duplicates": Options().to_json()}


def annotate_parts(
    parts: Sequence[Part], locate: Locate, work: Path, engine: Engine, report: Report
) -> tuple[list[Part], dict[str, Path]]:
    """The parts with their signals, and the new files by SHA-256. Current signals are kept.

    Signals lie as the documents do: parts that share a file of these share one of those.
    """
    held = packs_of(parts)
    todo = [each for each in held if not all(map(_is_current, each))]
    tasks = [_task(each[0], locate(each[0].documents), work) for each in todo]
    receipts = engine.run("signals", tasks, report=report)
    made: dict[str, Part] = {}
    staged: dict[str, Path] = {}
    for each, task, receipt in zip(todo, tasks, receipts, strict=True):
        file = ObjectRef(*receipt["signals"])
        staged[file.sha256] = Path(task["folder"]) / "signals.parquet"
        for part in each:
            ref = _like(part.documents, file)
            made[part.key] = replace(part, signals=ref, signals_key=signals_key())
    return [made.get(part.key, part) for part in parts], staged


def _is_current(part: Part) -> bool:
    return part.signals_key == signals_key() and part.signals is not None


def _like(documents: ObjectRef, file: ObjectRef) -> ObjectRef:
    """The rows of a file of signals that are of a part's documents."""
    if isinstance(documents, Slice):
        return Slice(file.sha256, file.bytes, documents.rows, documents.first)
    return file


def _task(part: Part, documents: Path, work: Path) -> dict[str, Any]:
    folder = signals_folder(work, part.documents.sha256, signals_key())
    return {"name": part.source, "documents": str(documents), "folder": str(folder)}


def make_signals(task: dict[str, Any], report: Callable[[int], None]) -> dict[str, Any]:
    """The stage `signals`: one row for each document of a part, in their order."""
    folder, documents = Path(task["folder"]), Path(task["documents"])
    folder.mkdir(parents=True, exist_ok=True)
    if finished := read_receipt(folder, FILES):
        return finished
    aside = folder / f".signals.{secrets.token_hex(8)}"
    try:
        schema = pa.schema([arrow_field(column) for column in signals.columns()])
        writer = TableWriter("signals", aside, schema)
        for group in _groups(documents):
            writer.add_group(pa.Table.from_batches([signals.compute(group)], schema))
            report(group.nbytes)
        ref = writer.close()
        os.replace(aside, folder / "signals.parquet")
    finally:
        aside.unlink(missing_ok=True)
    receipt = {"signals": [ref.sha256, ref.bytes, ref.rows]}
    write_receipt(folder, receipt)
    return receipt


def _groups(documents: Path) -> Iterator[pa.RecordBatch]:
    """Ids and texts, at most a row group at a time."""
    file = pq.ParquetFile(documents, page_checksum_verification=True)
    for number in range(file.num_row_groups):
        table = file.read_row_group(number, columns=["id", "text"]).combine_chunks()
        yield from table.to_batches(max_chunksize=GROUP_ROWS)


def find_duplicates(
    parts: Sequence[Part], locate: Locate, work: Path, engine: Engine, table: Path
) -> ObjectRef:
    """Writes the table `duplicates` over all parts, which have signals by now, to `table`.

    What is kept for the next version is kept by file, so a pack is read again when it is new.
    """
    files = [
        PartFiles(
            f"{part.documents.sha256}-{part.signals.sha256}",
            locate(part.documents),
            locate(part.signals),
        )
        for part, *_ in (p for p in packs_of(parts) if any(each.documents.rows for each in p))
        if part.signals is not None
    ]
    with taking_turns(work, "duplicates"):
        made = find(files, work, engine, cache=work / "duplicates-cache")
        os.link(made, table)
        shutil.rmtree(made.parent)
    rows = pq.read_metadata(table).num_rows
    return ObjectRef(sha256_file(table), table.stat().st_size, rows)
