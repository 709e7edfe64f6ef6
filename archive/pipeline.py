"""The way of the data: files in, snapshot out. Stages run on an engine; the ref moves last."""

from __future__ import annotations

import datetime as dt
import hashlib
import platform
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pyarrow as pa

from archive import evidence
from archive.batches import batches, finished, parts_of
from archive.digest import LeafSorter, canonical_json, sha256_hex
from archive.engines import Engine
from archive.errors import Corrupt
from archive.leaves import stored_leaves
from archive.manifest import InputEntry, Manifest, ObjectRef, Part, packs_of, records_of
from archive.packs import BUILD, COMPACT, Sizes, pack
from archive.parts import Found, failed_part, part_of, part_task, recorded, state_of
from archive.recipe import Recipe
from archive.remote import polite, politely
from archive.revisits import resolve_revisits
from archive.sources.inputs import Input, fetch
from archive.store.local import Store
from archive.store.noted import FOLDER, note, recall
from archive.store.work import clean, sharing

Progress = Callable[[str, int, int], None]
"""Told (what is being done, amount done, amount in all); bytes, where they are known."""


@dataclass(frozen=True, slots=True)
class Order:
    """What a build is asked for."""

    name: str
    inputs: Sequence[Input]
    recipe: Recipe
    attest: Path | None = None  # a publisher's digest list; `recipe.attest` is its SHA-256
    keep_originals: bool = False
    annotate: bool = True  # with signals and duplicates


@dataclass(slots=True)
class Gathered:
    """What is at hand when all parts are made: the parts, and where their files are."""

    store: Store
    parts: list[Part] = field(default_factory=list)
    staged: dict[str, Path] = field(default_factory=dict)  # SHA-256 -> file, not yet an object

    def path(self, ref: ObjectRef) -> Path:
        return self.staged.get(ref.sha256) or self.store.check(ref)

    def add_signals(self, engine: Engine, progress: Progress) -> None:
        """Has the signals of each part computed that has none by today's rules."""
        from archive import derived  # numpy and the language models

        report = Amount(progress, "computing signals", 0)
        work = self.store.work
        parts, staged = derived.annotate_parts(self.parts, self.path, work, engine, report)
        self.parts, self.staged = parts, self.staged | staged

    def add_packs(self, folder: Path, sizes: Sizes = BUILD) -> None:
        """Has small parts share files, written to `folder`, where there are more than a few."""
        parts, staged = pack(self.parts, self.path, folder, sizes)
        self.parts, self.staged = parts, self.staged | staged

    def files(self, table: str) -> list[Path]:
        """The files of a table, each once."""
        refs = (part.table(table) for part in self.parts)
        return [self.path(ref) for ref in {ref.sha256: ref for ref in refs if ref}.values()]


def silent(phase: str, done: int, total: int) -> None:
    """Nobody watches."""


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
            draft = _draft(order, found, gathered, scratch)
            if order.annotate:
                draft = _with_duplicates(draft, gathered, scratch, engine, progress)
            _stage_originals(order, found, gathered, scratch)
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
        gathered = Gathered(store, _without_damaged_signals(store, old.parts))
        gathered.add_signals(engine, progress)
        gathered.add_packs(scratch)
        draft = replace(old, created=_now())
        draft = _with_duplicates(draft, gathered, scratch, engine, progress)
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
        if (found := _content_root(gathered)) != old.content_root:
            raise Corrupt(f"{old.name}@{old.version}", f"content root {old.content_root}", found)
        progress("committing", 0, 0)
        draft = replace(old, created=_now(), parts=tuple(gathered.parts))
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


def gather(
    store: Store,
    order: Order,
    found: Sequence[Found],
    engine: Engine,
    progress: Progress,
    scratch: Path,
) -> Gathered:
    """Makes the parts that are not there yet, one for each different input, in input order.

    An input that an engine gives up becomes a part of one ledger row; its files are in `scratch`.
    """
    unique = _representatives(found).values()
    tasks = [part_task(each, order.recipe, order.attest, store.work) for each in unique]
    parts = store.known_parts({task["key"] for task in tasks})
    sound = _without_damaged_signals(store, _sound(store, parts.values()))
    known = {part.key: part for part in sound}
    todo = [task for task in tasks if task["key"] not in known]
    report = Amount(progress, "extracting", sum(task["bytes"] for task in todo))
    made = _made(todo, store.work, engine, report, scratch / "failed")
    gathered = Gathered(store, [known.get(t["key"]) or made[t["key"]][0] for t in tasks])
    for part, folder in made.values():
        gathered.staged[part.documents.sha256] = folder / "documents.parquet"
        gathered.staged[part.ledger.sha256] = folder / "ledger.parquet"
    return gathered


def _made(
    tasks: Sequence[dict[str, Any]], work: Path, engine: Engine, report: Amount, failures: Path
) -> dict[str, tuple[Part, Path]]:
    """The part of each task by its key, and the folder with its files: small inputs in batches."""
    sizes = {task["key"]: task["bytes"] for task in tasks}
    made = {part.key: (part, folder) for part, folder in finished(work, set(sizes))}
    report(sum(sizes[key] for key in made))
    batched, single = batches([task for task in tasks if task["key"] not in made], work)
    receipts = engine.run("parts", batched, report=report, instead=lambda task, reason: {})
    for batch, receipt in zip(batched, receipts, strict=True):
        if receipt:
            made.update((part.key, (part, Path(batch["work"]))) for part in parts_of(receipt))
        else:  # one of its inputs kills workers: which of them?
            single += batch["parts"]
    homes = {task["key"]: Path(task["work"]) for task in single}

    def failed(task: dict[str, Any], reason: str) -> dict[str, Any]:
        homes[task["key"]] = failures / task["key"]
        return failed_part(task, reason, homes[task["key"]])

    receipts = engine.run("part", single, report=report, instead=failed)
    for task, receipt in zip(single, receipts, strict=True):
        made[task["key"]] = part_of(receipt), homes[task["key"]]
    return made


def _representatives(found: Sequence[Found]) -> dict[str, Found]:
    """For each different content the input of the smallest name, in order of content.

    Order and choice depend on the inputs alone, never on the order they were given in.
    """
    chosen: dict[str, Found] = {}
    for each in sorted(found, key=lambda f: (f.source, f.name)):
        chosen.setdefault(each.source, each)
    return chosen


def _sound(store: Store, parts: Iterable[Part]) -> list[Part]:
    """The parts whose objects are there, byte for byte; damaged ones are made again."""
    parts = list(parts)
    damaged = store.damaged(ref for part in parts for ref in (part.documents, part.ledger))
    return [p for p in parts if damaged.isdisjoint((p.documents.sha256, p.ledger.sha256))]


def _without_damaged_signals(store: Store, parts: Sequence[Part]) -> list[Part]:
    """The parts, but for signals that are damaged: they are computed again."""
    damaged = store.damaged(part.signals for part in parts if part.signals)
    return [
        replace(part, signals=None, signals_key=None)
        if part.signals and part.signals.sha256 in damaged
        else part
        for part in parts
    ]


def _draft(order: Order, found: Sequence[Found], gathered: Gathered, scratch: Path) -> Manifest:
    """The manifest to be; the commit gives it its version and parent."""
    revisits = scratch / "revisits.parquet"
    revisits_ref, unresolved = resolve_revisits(gathered.files("ledger"), revisits)
    gathered.staged[revisits_ref.sha256] = revisits
    outcomes = sum((Counter(part.outcomes) for part in gathered.parts), Counter[str]())
    if unresolved:
        outcomes["revisit"] -= unresolved
        outcomes["unresolved"] = unresolved
    inputs = _entries(found, gathered.parts, order.keep_originals)
    return Manifest(
        name=order.name,
        version=0,
        parent=None,
        created=_now(),
        content_root=_content_root(gathered),
        documents=sum(part.documents.rows for part in gathered.parts),
        records=records_of(outcomes),
        outcomes={name: n for name, n in sorted(outcomes.items()) if n},
        bytes_in=sum(each.bytes for each in inputs),
        recipe=recorded(order.recipe),
        inputs=inputs,
        parts=tuple(gathered.parts),
        revisits=revisits_ref,
        environment=_environment(),
    )


def _content_root(gathered: Gathered) -> str:
    leaves = LeafSorter()
    for path in gathered.files("documents"):
        leaves.add(stored_leaves(path))
    return leaves.root()


def _entries(found: Sequence[Found], parts: Sequence[Part], kept: bool) -> tuple[InputEntry, ...]:
    """The table `inputs`, sorted by name; an input whose bytes came before under another name
    says so and counts no records of its own."""
    by_source = {part.source: part for part in parts}
    chosen = _representatives(found)
    entries = []
    for each in sorted(found, key=lambda f: f.name):
        part, first = by_source[each.source], chosen[each.source]
        stands = first.name == each.name
        entries.append(
            InputEntry(
                name=each.name,
                source=each.source,
                bytes=each.bytes,
                accounted=each.bytes,  # make_part refuses a ledger that does not add up
                records=records_of(part.outcomes) if stands else 0,
                documents=part.documents.rows if stands else 0,
                duplicate_of=None if stands else first.name,
                kept=kept,
            )
        )
    return tuple(entries)


def _stage_originals(
    order: Order, found: Sequence[Found], gathered: Gathered, scratch: Path
) -> None:
    """Copies what is to be kept beside the parts; the user's own files are never moved."""
    if order.attest and order.recipe.attest:
        size = order.attest.stat().st_size
        _stage_copy(order.attest, ObjectRef(order.recipe.attest, size, 0), gathered, scratch)
    if order.keep_originals:
        for each in _representatives(found).values():
            _stage_copy(each.path, ObjectRef(each.source, each.bytes, 0), gathered, scratch)


def _stage_copy(path: Path, ref: ObjectRef, gathered: Gathered, scratch: Path) -> None:
    """Stages a copy of a file, unless the store has it already, byte for byte."""
    try:
        gathered.store.check(ref)
    except Corrupt:
        gathered.staged[ref.sha256] = scratch / ref.sha256
        shutil.copyfile(path, scratch / ref.sha256)


def _with_duplicates(
    draft: Manifest, gathered: Gathered, scratch: Path, engine: Engine, progress: Progress
) -> Manifest:
    """The draft with the signals of each part and duplicates over all of them."""
    from archive import derived  # numpy and the language models

    progress("finding duplicates", 0, 0)
    table = scratch / "duplicates.parquet"
    parts, work = gathered.parts, gathered.store.work
    ref = derived.find_duplicates(parts, gathered.path, work, engine, table)
    gathered.staged[ref.sha256] = table
    return replace(draft, parts=tuple(parts), duplicates=ref, annotations=derived.recorded())


def _build_key(order: Order, found: Sequence[Found]) -> str:
    sources = sorted({each.source for each in found})
    return sha256_hex(canonical_json([order.name, sources, recorded(order.recipe)]))


def _local_bytes(inputs: Sequence[Input]) -> int:
    """Bytes of the inputs whose size is known before they are fetched."""
    paths = (Path(each.location) for each in inputs if "://" not in each.location)
    return sum(path.stat().st_size for path in paths if path.is_file())


def _now() -> str:
    return dt.datetime.now(dt.UTC).isoformat(timespec="seconds")


def _environment() -> dict[str, str]:
    """What the build ran on: a note for people, outside every hash of content."""
    return {
        "python": platform.python_version(),
        "pyarrow": pa.__version__,
        "platform": platform.platform(),
    }


class Amount:
    """Adds amounts up and passes the sum on."""

    def __init__(self, progress: Progress, phase: str, total: int) -> None:
        self._progress, self._phase, self._total, self._done = progress, phase, total, 0
        progress(phase, 0, total)

    def __call__(self, amount: int) -> None:
        self._done += amount
        self._progress(self._phase, self._done, self._total)
