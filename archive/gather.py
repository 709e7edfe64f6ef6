"""Has the parts of an order made: those that are not there yet, where an engine puts them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from archive.batches import batches, finished, parts_of
from archive.engines import Engine
from archive.manifest import ObjectRef, Part
from archive.packs import BUILD, Sizes, pack
from archive.parts import Found, failed_part, part_of, part_task
from archive.recipe import Recipe
from archive.sources.inputs import Input
from archive.store.local import Store

Progress = Callable[[str, int, int], None]
"""Told (what is being done, amount done, amount in all); bytes, where they are known."""


def silent(phase: str, done: int, total: int) -> None:
    """Nobody watches."""


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
    unique = representatives(found).values()
    tasks = [part_task(each, order.recipe, order.attest, store.work) for each in unique]
    parts = store.known_parts({task["key"] for task in tasks})
    sound = without_damaged_signals(store, _sound(store, parts.values()))
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


def representatives(found: Sequence[Found]) -> dict[str, Found]:
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


def without_damaged_signals(store: Store, parts: Sequence[Part]) -> list[Part]:
    """The parts, but for signals that are damaged: they are computed again."""
    damaged = store.damaged(part.signals for part in parts if part.signals)
    return [
        replace(part, signals=None, signals_key=None)
        if part.signals and part.signals.sha256 in damaged
        else part
        for part in parts
    ]


class Amount:
    """Adds amounts up and passes the sum on."""

    def __init__(self, progress: Progress, phase: str, total: int) -> None:
        self._progress, self._phase, self._total, self._done = progress, phase, total, 0
        progress(phase, 0, total)

    def __call__(self, amount: int) -> None:
        self._done += amount
        self._progress(self._phase, self._done, self._total)
