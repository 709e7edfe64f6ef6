"""A part: the documents and the ledger of one input under one recipe, as two Parquet files.

Making a part is a stage: a pure function of its task, so it can be cached, resumed, and run
anywhere. The files are staged under the store's work folder; the commit moves them to objects.
"""

from __future__ import annotations

import json
import os
import platform
import secrets
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from archive import evidence
from archive.digest import canonical_json, sha256_file, sha256_hex
from archive.errors import EnvironmentFailed, Unaccounted
from archive.extract import versions
from archive.judge import Judge, Told
from archive.manifest import ObjectRef, Part
from archive.recipe import Recipe, recipe_from_json
from archive.records import Outcome, Place, Record
from archive.sources import read_records
from archive.tables import TableWriter

PART_FILES: Final = ("documents", "ledger")

DECIDING: Final = ("brotli", "isal", "publicsuffixlist", "zstandard")
"""Packages besides the extractor's that decide what is in a part."""


@dataclass(frozen=True, slots=True)
class Found:
    """An input whose bytes are at hand: where, how many, which, and who vouches for them."""

    name: str
    path: Path
    source: str  # SHA-256
    state: tuple[int, ...]  # of the file when it was hashed, see state_of
    attested_by: str | None = None  # the name that a publisher's digest list gives these bytes
    fetched: bool = False  # a copy of ours, not the user's file

    @property
    def bytes(self) -> int:
        return self.state[0]


def state_of(path: Path) -> tuple[int, ...]:
    """Size first, then what changes when a file is written or replaced."""
    status = path.stat()
    return status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino


def recorded(recipe: Recipe) -> dict[str, Any]:
    """The recipe as a manifest records it: with the versions of what decides content."""
    return {**recipe.to_json(), "versions": dict(_versions(recipe.extractor))}


@cache
def _versions(extractor: str) -> dict[str, str]:
    # Kept, because each look-up reads files and every input of a build asks.
    return {**{name: version(name) for name in DECIDING}, **versions(extractor)}


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
        "state": list(found.state),
        "attest": str(attest) if attest else None,
        "work": str(work / "parts" / key),
    }


def make_part(task: dict[str, Any], report: Callable[[int], None]) -> dict[str, Any]:
    """The stage `part`: reads one input, writes its documents and its ledger, returns a receipt.

    `report` is told the input bytes read since the last call. Raises Unaccounted if the ledger
    does not add up to the input's size, EnvironmentFailed if the input changed since it was hashed
    or this worker has other versions of what decides content than the task says.
    """
    require_versions(task["recipe"])
    folder = Path(task["work"])
    folder.mkdir(parents=True, exist_ok=True)
    if finished := read_receipt(folder, PART_FILES):
        report(task["bytes"])
        return finished
    aside = {table: folder / f".{table}.{secrets.token_hex(8)}" for table in PART_FILES}
    try:
        receipt = _write_part(task, aside, report)
        for table, path in aside.items():
            os.replace(path, folder / f"{table}.parquet")
        write_receipt(folder, receipt)
    finally:
        for path in aside.values():
            path.unlink(missing_ok=True)
    return receipt


def failed_part(task: dict[str, Any], reason: str, folder: Path) -> dict[str, Any]:
    """The receipt of a part for an input that could not be read: no documents, one ledger row.

    It accounts for every byte of the input, as `failed`. Its files are in `folder`, its key is one
    that no build looks for: the next one tries the input again.
    """
    folder.mkdir(parents=True, exist_ok=True)
    writers = {table: TableWriter(table, folder / f"{table}.parquet") for table in PART_FILES}
    whole = Record("", Place(0, task["bytes"]), outcome=Outcome.FAILED, reason=reason)
    row, _ = _judge({**task, "attest": None}, recipe_from_json(task["recipe"])).judge(whole)
    writers["ledger"].add(row)
    refs = {table: writer.close() for table, writer in writers.items()}
    return {
        "key": sha256_hex(canonical_json([task["key"], "failed", reason])),
        "source": task["source"],
        "accounted": task["bytes"],
        "outcomes": {Outcome.FAILED.value: 1},
        **{table: [ref.sha256, ref.bytes, ref.rows] for table, ref in refs.items()},
    }


def require_versions(stated: dict[str, Any]) -> None:
    """Refuses to make by other code what the task's key says was made by that."""
    ours, theirs = recorded(recipe_from_json(stated))["versions"], stated["versions"]
    differing = sorted(n for n in {*ours, *theirs} if ours.get(n) != theirs.get(n))
    if differing:
        raise EnvironmentFailed(
            f"{platform.node()} has other versions than the build: {', '.join(differing)}",
            next_step="install the same packages on every node, by one list of exact versions",
        )


def _write_part(
    task: dict[str, Any], aside: dict[str, Path], report: Callable[[int], None]
) -> dict[str, Any]:
    writers = {table: TableWriter(table, path) for table, path in aside.items()}
    receipt = read_into(task, writers, report)
    refs = {table: writer.close() for table, writer in writers.items()}
    return {**receipt, **{table: [ref.sha256, ref.bytes, ref.rows] for table, ref in refs.items()}}


def read_into(
    task: dict[str, Any], writers: dict[str, TableWriter], report: Callable[[int], None]
) -> dict[str, Any]:
    """Adds the rows of one input to open tables; what its receipt says besides of them."""
    recipe = recipe_from_json(task["recipe"])
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
    if list(state_of(Path(task["path"]))) != task["state"]:
        raise EnvironmentFailed(
            f"{task['name']} changed while it was read",
            next_step="run the same command again when nothing writes to it",
        )
    if accounted != task["bytes"]:
        raise Unaccounted(task["name"], task["bytes"], accounted)
    return {
        "key": task["key"],
        "source": task["source"],
        "accounted": accounted,
        "outcomes": dict(sorted(outcomes.items())),
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


def read_receipt(folder: Path, tables: Sequence[str]) -> dict[str, Any] | None:
    """The receipt of a finished task, if its tables are there with the bytes that it states."""
    try:
        receipt: dict[str, Any] = json.loads((folder / "receipt.json").read_bytes())
        for table in tables:
            if sha256_file(folder / f"{table}.parquet") != receipt[table][0]:
                return None
    except (OSError, ValueError, KeyError, TypeError):  # torn or absent: it is made again
        return None
    return receipt


def write_receipt(folder: Path, receipt: dict[str, Any]) -> None:
    """The receipt comes last. Nothing is synced here: whoever reads it hashes what it names, and
    the commit syncs what becomes an object."""
    aside = folder / f".receipt.{secrets.token_hex(8)}"
    aside.write_bytes(canonical_json(receipt))
    os.replace(aside, folder / "receipt.json")
