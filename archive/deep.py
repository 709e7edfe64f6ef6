"""`verify --deep`: every document derived again from the archived bytes, and compared."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq

from archive.errors import Corrupt
from archive.manifest import InputEntry, Manifest, Part
from archive.parts import Found, make_part, part_task, recorded
from archive.pipeline import Progress
from archive.recipe import recipe_from_json
from archive.remote import RemoteStore, at_hand
from archive.store import Store
from archive.verify import Finding

REBUILD = "the version's text was made by other code: 'lowbg rebuild' makes a version by this one"


def verify_deep(store: Store, reference: str | None, progress: Progress) -> list[Finding]:
    """Extracts the kept originals of a version, or of all, again under its own recipe.

    A document that comes out otherwise is `corrupt`; an input whose original was not kept, or a
    recipe whose packages are not the installed ones, is `unverifiable`.
    """
    if isinstance(store, RemoteStore):
        with at_hand(store) as copy:
            return verify_deep(copy, reference, progress)
    if reference is not None:
        return _derive(store, store.manifest(*store.resolve(reference)), progress)
    versions = [(name, version) for name in store.names() for version in store.versions(name)]
    return [f for each in versions for f in _derive(store, store.manifest(*each), progress)]


def _derive(store: Store, manifest: Manifest, progress: Progress) -> list[Finding]:
    installed = recorded(recipe_from_json(manifest.recipe))
    if installed != manifest.recipe:
        return [_finding("unverifiable", manifest.name, manifest.recipe, installed, REBUILD)]
    inputs = {entry.source: entry for entry in manifest.inputs if entry.duplicate_of is None}
    findings: list[Finding] = []
    done, total = 0, manifest.bytes_in
    for part in manifest.parts:
        entry = inputs[part.source]
        findings += _compare(store, manifest, part, entry)
        done += entry.bytes
        progress("deriving again", done, total)
    return findings


def _compare(store: Store, manifest: Manifest, part: Part, entry: InputEntry) -> Iterator[Finding]:
    if not entry.kept:
        advice = "build the next version with --keep-originals"
        yield _finding("unverifiable", entry.name, "a kept original", "none", advice)
        return
    original = store.object_path(entry.source)
    with tempfile.TemporaryDirectory(dir=store.work) as folder:
        recipe = recipe_from_json(manifest.recipe)
        attest = store.object_path(recipe.attest) if recipe.attest else None
        found = Found(entry.name, original, entry.source, entry.bytes)
        task = part_task(found, recipe, attest, Path(folder))
        make_part(task, lambda amount: None)
        again = _ids(Path(task["work"]) / "documents.parquet")
        try:
            recorded = _ids(store.check(part.documents))
        except Corrupt as error:
            yield _finding("corrupt", error.path, error.expected, error.found, error.next_step)
            return
    for position, (was, now) in enumerate(_side_by_side(recorded, again)):
        if was != now:
            path = f"{entry.name} document {position}"
            yield _finding("corrupt", path, was, now, "restore the store from a copy")


def _ids(documents: Path) -> list[str]:
    ids: list[str] = pq.read_table(documents, columns=["id"]).column(0).to_pylist()
    return ids


def _side_by_side(recorded: list[str], again: list[str]) -> Iterator[tuple[str, str]]:
    for position in range(max(len(recorded), len(again))):
        yield (
            recorded[position] if position < len(recorded) else "no document",
            again[position] if position < len(again) else "no document",
        )


def _finding(kind: str, path: str, expected: object, found: object, fix: str) -> Finding:
    return Finding(kind, path, str(expected), str(found), fix)
