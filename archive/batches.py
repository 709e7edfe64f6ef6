"""Small inputs, many to a task: their parts come out as slices of one pair of files.

An input of some kilobytes costs more in files, folders and hashes than in reading. What a batch
has finished is found again by part, whatever inputs a later build has; an input that kills its
worker costs the others of its batch nothing, because they are then made one by one.
"""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from archive.digest import canonical_json, sha256_hex
from archive.manifest import ObjectRef, Part, Slice
from archive.parts import (
    PART_FILES,
    read_into,
    read_receipt,
    require_versions,
    write_receipt,
)
from archive.tables import TableWriter

SMALL_BYTES: Final = 1 << 20
"""Inputs from this size on are a task each."""
FEW: Final = 16
"""As many small inputs, and fewer, are a task each too."""
BATCH_INPUTS: Final = 128
BATCH_BYTES: Final = 8 << 20
"""A batch is closed at so many inputs or bytes of them: some seconds of work."""

Task = dict[str, Any]


def batches(tasks: Sequence[Task], work: Path) -> tuple[list[Task], list[Task]]:
    """The tasks of the stage `parts`, and those of the stage `part` for what is in none of them."""
    there = _listed(work / "parts")
    small = [t for t in tasks if t["bytes"] < SMALL_BYTES and t["key"] not in there]
    if len(small) <= FEW:
        return [], list(tasks)
    batched = {task["key"] for task in small}
    return [
        {
            "name": f"{len(held)} inputs from {held[0]['name']}",
            "recipe": held[0]["recipe"],
            "parts": held,
            "work": str(work / "parts" / sha256_hex(canonical_json([t["key"] for t in held]))),
        }
        for held in _cut(small)
    ], [task for task in tasks if task["key"] not in batched]


def _cut(tasks: Sequence[Task]) -> Iterator[list[Task]]:
    held: list[Task] = []
    for task in tasks:
        held.append(task)
        if len(held) == BATCH_INPUTS or sum(each["bytes"] for each in held) >= BATCH_BYTES:
            yield held
            held = []
    if held:
        yield held


def make_parts(task: Task, report: Callable[[int], None]) -> dict[str, Any]:
    """The stage `parts`: reads some inputs one after the other into one pair of files.

    Raises what `archive.parts.make_part` raises. The receipt's `parts` say which rows are whose.
    """
    require_versions(task["recipe"])
    folder = Path(task["work"])
    folder.mkdir(parents=True, exist_ok=True)
    if finished := read_receipt(folder, PART_FILES):
        report(sum(each["bytes"] for each in task["parts"]))
        return finished
    aside = {table: folder / f".{table}.{secrets.token_hex(8)}" for table in PART_FILES}
    try:
        writers = {table: TableWriter(table, path) for table, path in aside.items()}
        parts = []
        for each in task["parts"]:
            firsts = {table: writer.rows for table, writer in writers.items()}
            receipt = read_into(each, writers, report)
            rows = {t: [first, writers[t].rows - first] for t, first in firsts.items()}
            parts.append({**receipt, **rows})
        refs = {table: writer.close() for table, writer in writers.items()}
        for table, path in aside.items():
            os.replace(path, folder / f"{table}.parquet")
        files = {table: [ref.sha256, ref.bytes, ref.rows] for table, ref in refs.items()}
        receipt = {"parts": parts, **files}
        write_receipt(folder, receipt)
    finally:
        for path in aside.values():
            path.unlink(missing_ok=True)
    return receipt


def parts_of(receipt: dict[str, Any]) -> Iterator[Part]:
    """The manifest's entries for the parts of a batch."""
    files = {table: ObjectRef(*receipt[table]) for table in PART_FILES}
    for each in receipt["parts"]:
        tables: dict[str, Any] = {
            table: Slice(ref.sha256, ref.bytes, each[table][1], each[table][0])
            for table, ref in files.items()
        }
        yield Part(each["key"], each["source"], outcomes=each["outcomes"], **tables)


def finished(work: Path, wanted: set[str]) -> Iterator[tuple[Part, Path]]:
    """Parts that batches of earlier builds have made and that are `wanted`, with their folder."""
    missing = set(wanted)
    for name in sorted(_listed(work / "parts")):
        folder = work / "parts" / name
        if not missing.isdisjoint(batch_keys(folder)) and (
            receipt := read_receipt(folder, PART_FILES)
        ):
            for part in parts_of(receipt):
                if part.key in missing:
                    missing.remove(part.key)
                    yield part, folder


def batch_keys(folder: Path) -> list[str]:
    """The keys of the parts that a batch has made in this folder; none where it is no batch's."""
    try:
        return [each["key"] for each in json.loads((folder / "receipt.json").read_bytes())["parts"]]
    except (OSError, ValueError, KeyError, TypeError):
        return []


def _listed(folder: Path) -> set[str]:
    return set(os.listdir(folder)) if folder.is_dir() else set()
