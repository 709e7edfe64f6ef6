"""The way of the data: files in, snapshot out. Stages run on an engine; the ref moves last."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from archive import evidence
from archive.digest import canonical_json, sha256_hex
from archive.draft import content_root, draft_of, now, stage_originals, with_duplicates
from archive.engines import Engine
from archive.errors import Corrupt
from archive.gather import (
    Amount,
    Gathered,
    Order,
    Progress,
    gather,
    silent,
    without_damaged_signals,
)
from archive.manifest import Manifest, packs_of
from archive.packs import COMPACT
from archive.parts import Found, recorded, state_of
from archive.remote import polite, politely
from archive.sources.inputs import Input, fetch
from archive.store.local import Store
from archive.store.noted import FOLDER, note, recall
from archive.store.work import clean, sharing

__all__ = [
    "Order",
    "Progress",
    "annotate",
    "build",
    "compact",
    "fingerprint",
    "fingerprints",
    "gather",
    "scratch_of",
    "silent",
]


def build(store: Store, order: Order, engine: Engine, progress: Progress = silent) -> Manifest:
    """Builds the next version of a snapshot and commits it. Returns its manifest.

    Finished parts of a killed build of the same inputs and recipe are taken up again; parts that a
    committed version already has are reused. Until the commit's last step the store is as it was.
    An input whose workers keep dying is `failed` in the ledger; the next build tries it again.
    """
    with sharing(store.work) as alone:
        engine.reach(store.work)
        found = fingerprints(store, order, engine, progress)
        build_key = _build_key(order, found)
        with scratch_of(store, build_key) as scratch:
            gathered = gather(store, order, found, engine, progress, scratch)
            if order.annotate:
                gathered.add_signals(engine, progress)
            gathered.add_packs(scratch)
            draft = draft_of(order, found, gathered, scratch)
            if order.annotate:
                draft = with_duplicates(draft, gathered, scratch, engine, progress)
            stage_originals(order, found, gathered, scratch)
            progress("committing", 0, 0)
            manifest = store.commit(draft, gathered.staged, build_key)
        if alone():
            clean(store)
            for each in found:
                if each.fetched:
                    each.path.unlink(missing_ok=True)
    return manifest


def annotate(store: Store, old: Manifest, engine: Engine, progress: Progress = silent) -> Manifest:
    """Commits a version with the same documents and with signals and duplicates by today's rules.

    No input is read. The content root stays as it is.
    """
    build_key = sha256_hex(canonical_json([old.name, old.content_root, "annotate"]))
    with sharing(store.work) as alone, scratch_of(store, build_key) as scratch:
        engine.reach(store.work)
        gathered = Gathered(store, without_damaged_signals(store, old.parts))
        gathered.add_signals(engine, progress)
        gathered.add_packs(scratch)
        draft = replace(old, created=now())
        draft = with_duplicates(draft, gathered, scratch, engine, progress)
        manifest = store.commit(draft, gathered.staged, build_key)
        if alone():
            clean(store)
    return manifest


def compact(store: Store, old: Manifest, progress: Progress = silent) -> Manifest:
    """Commits a version with the same rows in fewer files; the old one where there is no gain.

    Nothing is made again: content root, signals, duplicates and the order of a feed stay.
    """
    build_key = sha256_hex(canonical_json([old.name, old.content_root, "compact"]))
    with sharing(store.work) as alone, scratch_of(store, build_key) as scratch:
        progress("packing", 0, 0)
        gathered = Gathered(store, list(old.parts))
        gathered.add_packs(scratch, COMPACT)
        if len(packs_of(gathered.parts)) >= len(packs_of(old.parts)):
            return old
        if (found := content_root(gathered)) != old.content_root:
            raise Corrupt(f"{old.name}@{old.version}", f"content root {old.content_root}", found)
        progress("committing", 0, 0)
        draft = replace(old, created=now(), parts=tuple(gathered.parts))
        manifest = store.commit(draft, gathered.staged, build_key)
        if alone():
            clean(store)
    return manifest


@contextmanager
def scratch_of(store: Store, build_key: str) -> Iterator[Path]:
    """A folder of this build's own, on the store's file system, gone when it ends."""
    folder = store.work / "builds"
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(
        dir=folder, prefix=f"{build_key[:16]}-", ignore_cleanup_errors=True
    ) as scratch:
        yield Path(scratch)


def fingerprint(task: dict[str, Any], report: Callable[[int], None]) -> dict[str, Any]:
    """The stage `fingerprint`: brings an input's bytes to hand and hashes them, if need be."""
    with politely(replace(polite(), **task["politeness"])):
        path = fetch(Input(task["name"], task["location"]), Path(task["folder"]), report)
    state, noted = state_of(path), Path(task["noted"])
    digests = recall(noted, path, state)
    if digests.keys() >= set(task["algorithms"]):
        report(state[0])
    else:
        digests = _hashed(path, task["algorithms"], report)
        if state_of(path) == state:
            note(noted, path, state, digests)
    return {
        "path": str(path),
        "fetched": str(path) != task["location"],
        "state": state,
        "digests": digests,
    }


def _hashed(path: Path, algorithms: Sequence[str], report: Callable[[int], None]) -> dict[str, str]:
    hashes = {name: hashlib.new(name) for name in algorithms}
    with path.open("rb") as file:
        while chunk := file.read(1 << 20):
            for each in hashes.values():
                each.update(chunk)
            report(len(chunk))
    return {name: each.hexdigest() for name, each in hashes.items()}


def fingerprints(store: Store, order: Order, engine: Engine, progress: Progress) -> list[Found]:
    """The inputs of an order with their bytes at hand and hashed."""
    attested = evidence.read_attestations(order.attest) if order.attest else {}
    # All workers and shares of a build see this folder: what they ask of servers adds up there.
    politeness = replace(polite(), limits=polite().limits or str(store.work / "limits"))
    tasks = [
        {
            "name": each.name,
            "location": each.location,
            "folder": str(store.work / "fetched"),
            "noted": str(store.work / FOLDER),
            "politeness": politeness.as_task(),
            "algorithms": sorted({"sha256", *evidence.algorithms(attested)}),
        }
        for each in order.inputs
    ]
    report = Amount(progress, "reading inputs", _local_bytes(order.inputs))
    receipts = engine.run("fingerprint", tasks, report=report)
    return [
        Found(
            name=each.name,
            path=Path(receipt["path"]),
            source=receipt["digests"]["sha256"],
            state=tuple(receipt["state"]),
            attested_by=evidence.attested_by(receipt["digests"], attested),
            fetched=receipt["fetched"],
        )
        for each, receipt in zip(order.inputs, receipts, strict=True)
    ]


def _build_key(order: Order, found: Sequence[Found]) -> str:
    sources = sorted({each.source for each in found})
    return sha256_hex(canonical_json([order.name, sources, recorded(order.recipe)]))


def _local_bytes(inputs: Sequence[Input]) -> int:
    """Bytes of the inputs whose size is known before they are fetched."""
    paths = (Path(each.location) for each in inputs if "://" not in each.location)
    return sum(path.stat().st_size for path in paths if path.is_file())
