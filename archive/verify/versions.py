"""Checks that need a whole version: the content root, twice; and where its revisits point."""

from __future__ import annotations

import hashlib
import heapq
import tempfile
from collections.abc import Iterator
from importlib.resources import files
from itertools import zip_longest
from pathlib import Path
from typing import Any, Final

from archive.digest import LeafSorter
from archive.leaves import batches, stored_leaves
from archive.manifest import UNRESOLVED, Manifest, ObjectRef
from archive.records import Outcome
from archive.slices import Slices
from archive.store.local import Store
from archive.verify.content import MADE_WRONG, Faults, check_table, read_table, readable
from archive.verify.findings import CORRUPT, UNVERIFIABLE, Finding

PLACE: Final = ["source", "member", "offset"]
SQL: Final = "content_root.sql"


def check_version(store: Store, manifest: Manifest, sha256: str) -> list[Finding]:
    """The content root of a version whose parts are all sound, and its revisits."""
    leaves = LeafSorter()
    for ref in manifest.files("documents"):
        leaves.add(stored_leaves(store.object_path(ref.sha256)))
    findings = []
    if (root := leaves.root()) != manifest.content_root:
        shown = _shown(store, store.object_path(sha256))
        expected = f"content root {manifest.content_root}"
        findings.append(Finding(CORRUPT, shown, expected, f"content root {root}", MADE_WRONG))
    findings += _check_revisits(store, manifest, leaves)
    findings += _check_signals(store, manifest)
    return findings + _check_duplicates(store, manifest, leaves)


def _check_signals(store: Store, manifest: Manifest) -> list[Finding]:
    """One row of signals for each document of a part, in their order, and no others."""
    files = [fault for ref in manifest.files("signals") for fault in _check_file(store, ref)]
    if files:
        return files
    documents, signals = Slices(["id"]), Slices(["id"])
    names = {entry.source: entry.name for entry in manifest.inputs if entry.duplicate_of is None}
    findings = []
    for part in manifest.parts:
        if part.signals is None:
            continue
        path = store.object_path(part.signals.sha256)
        faults = Faults(_shown(store, path), (names.get(part.source, ""),))
        of = _ids(documents, store.object_path(part.documents.sha256), part.documents, faults)
        for document, row in zip_longest(of, _ids(signals, path, part.signals, faults)):
            if document != row:
                faults.add("a row for", document, row)
                break
        findings += faults.findings()
    return findings


def _check_file(store: Store, ref: ObjectRef) -> list[Finding]:
    """Whether a file of signals has the rows that its parts say, all together."""
    path = store.object_path(ref.sha256)
    faults = Faults(_shown(store, path))
    check_table(path, "signals", ref, faults)  # their columns change with the code that made them
    return faults.findings()


def _shown(store: Store, path: Path) -> str:
    return path.relative_to(store.root).as_posix()


def _ids(slices: Slices, path: Path, ref: ObjectRef, faults: Faults) -> Iterator[str]:
    for batch in readable(slices.batches(path, ref), "ids", faults):
        yield from batch.column(0).to_pylist()


def _check_duplicates(store: Store, manifest: Manifest, leaves: LeafSorter) -> list[Finding]:
    """Only documents of this version, in the order of their ids."""
    if manifest.duplicates is None:
        return []
    path = store.object_path(manifest.duplicates.sha256)
    faults = Faults(_shown(store, path))
    ids = LeafSorter()
    last = b""
    for leaf in stored_leaves(path):
        if leaf <= last:
            faults.add("rows in order, not", leaf.hex(), f"after {last.hex()}")
        ids.add([leaf])
        last = leaf
    for stray in _absent(ids.sorted(), leaves.sorted()):
        faults.add("documents of this version, not", stray.hex(), "no such document")
    return faults.findings()


def check_root_by_sql(store: Store, manifest: Manifest, sha256: str) -> list[Finding]:
    """The content root again, by the one SQL statement that shares nothing with this package."""
    shown = _shown(store, store.object_path(sha256))
    expected = f"content root {manifest.content_root}"
    try:
        paths = [store.object_path(ref.sha256) for ref in manifest.files("documents")]
        root = content_root_by_sql(paths)
    except Exception as error:  # memory, a DuckDB that is too old: nothing is said of the data
        fix = "verify with more memory and disk space, or without --independent"
        return [Finding(UNVERIFIABLE, shown, expected, f"{type(error).__name__}: {error}", fix)]
    if root != manifest.content_root:
        found = f"content root {root}, by SQL"
        return [Finding(CORRUPT, shown, expected, found, MADE_WRONG)]
    return []


def content_root_by_sql(documents: list[Path], memory_limit: str = "1GB") -> str:
    """The content root of documents files, computed by DuckDB alone."""
    import duckdb

    if not documents:
        return hashlib.sha256(b"").hexdigest()  # read_parquet wants at least one file
    statement = files("archive.verify").joinpath(SQL).read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory() as scratch, duckdb.connect() as connection:
        connection.execute("SET memory_limit = $limit", {"limit": memory_limit})
        connection.execute("SET temp_directory = $folder", {"folder": scratch})
        connection.execute("SET preserve_insertion_order = false")
        found = connection.execute(statement, {"files": [_literal(path) for path in documents]})
        ((root,),) = found.fetchall()
    return str(root)


def _literal(path: Path) -> str:
    """A path as a pattern that matches it alone."""
    return "".join(f"[{c}]" if c in "*?[" else c for c in str(path))


def _check_revisits(store: Store, manifest: Manifest, leaves: LeafSorter) -> list[Finding]:
    """One row for each revisit of the ledgers; documents that exist; the recorded unresolved."""
    path = store.object_path(manifest.revisits.sha256)
    faults = Faults(_shown(store, path))
    rows, targets = LeafSorter(), LeafSorter()
    unresolved = 0
    columns = [*PLACE, "matched_by", "document"]
    for batch in read_table(path, "revisits", manifest.revisits, columns, faults):
        for row in batch.to_pylist():
            rows.add([_place(row)])
            unresolved += row["matched_by"] is None
            if row["document"] is not None:
                targets.add([bytes.fromhex(row["document"])])
    recorded = manifest.outcomes.get(UNRESOLVED, 0)
    if unresolved != recorded:
        faults.add("unresolved revisits:", recorded, unresolved)
    for ledger, table in zip_longest(_revisits(store, manifest).sorted(), rows.sorted()):
        if ledger != table:
            faults.add("a row for", "each revisit of the ledgers", "one too many or too few")
            break
    for target in _absent(targets.sorted(), leaves.sorted()):
        faults.add("documents of this version, not", target.hex(), "no such document")
    return faults.findings()


def _revisits(store: Store, manifest: Manifest) -> LeafSorter:
    places = LeafSorter()
    for parts in manifest.packs():
        if any(part.outcomes.get(Outcome.REVISIT) for part in parts):
            path = store.object_path(parts[0].ledger.sha256)
            for batch in batches(path, [*PLACE, "outcome"]):
                rows = (row for row in batch.to_pylist() if row["outcome"] == Outcome.REVISIT)
                places.add(map(_place, rows))
    return places


def _place(row: dict[str, Any]) -> bytes:
    return hashlib.sha256(repr([row[name] for name in PLACE]).encode()).digest()


def _absent(wanted: Iterator[bytes], there: Iterator[bytes]) -> Iterator[bytes]:
    """What of one sorted sequence is not in the other."""
    tagged = heapq.merge(((leaf, 0) for leaf in there), ((leaf, 1) for leaf in wanted))
    last = b""
    for leaf, is_wanted in tagged:
        if not is_wanted:
            last = leaf
        elif leaf != last:
            yield leaf
