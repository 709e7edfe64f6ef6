"""The public face: build, open and rebuild snapshots, and what can be asked of one."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow.compute as pc

from archive import pipeline
from archive.digest import sha256_file
from archive.engines import start
from archive.errors import Corrupt, UsageError
from archive.extract import versions
from archive.manifest import Manifest, ObjectRef
from archive.pipeline import Order, Progress
from archive.recipe import Limits, Recipe, cutoff, recipe_from_json
from archive.remote import polite, politely
from archive.shards import Made, Shard, make
from archive.slices import Slices
from archive.sources.inputs import Input, expand, listed
from archive.store.local import Store
from archive.store.remote import local_folder, open_store

if TYPE_CHECKING:
    import datasets

    from archive.commoncrawl.named import Choice
    from archive.feed.feed import Feed
    from archive.query.connection import Result
    from archive.verify import Report

DEFAULT_STORE = "./lowbg-store"
CRAWLS = ("cc:", "wet:")
"""How an input begins that names a crawl; see archive.commoncrawl.named."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One immutable version. Nothing of it is read before its bytes are checked."""

    store: Store
    manifest: Manifest

    @property
    def reference(self) -> str:
        return f"{self.manifest.name}@{self.manifest.version}"

    @property
    def content_root(self) -> str:
        """Hexadecimal RFC 6962 root over all documents: the same wherever it is built."""
        return self.manifest.content_root

    def sql(self, query: str, parameters: Sequence[Any] | None = None) -> Result:
        """The rows a query gives over documents, ledger, revisits and inputs (DuckDB)."""
        from archive.query.connection import sql

        return sql(self.store, self.manifest, query, parameters)

    def verify(self, *, independent: bool = False, sample: float | None = None) -> Report:
        """Checks every byte of this version; see `archive.verify.verify`."""
        from archive.verify import verify

        return verify(self.store, self.reference, independent=independent, sample=sample)

    def feed(
        self,
        cut: str | None = "everything",
        columns: Sequence[str] | None = ("text",),
        *,
        where: str | None = None,
        seed: int = 0,
        epoch: int = 0,
        epochs: int | None = 1,
        window: int | None = None,
    ) -> Feed:
        """The documents of a cut for training, in the order of a seed; see `archive.feed`.

        `where` is a further SQL predicate on documents, `epochs` how many passes (None: no end),
        `window` how many blocks of 4,096 documents are shuffled together.
        """
        from archive.feed.cut import choose
        from archive.feed.feed import Feed
        from archive.feed.order import WINDOW
        from archive.feed.stream import for_torch

        chosen = choose(self.store, self.manifest, cut, where)
        made = Feed(
            self.store,
            self.manifest,
            chosen,
            columns=columns,
            seed=seed,
            epoch=epoch,
            epochs=epochs,
            window=WINDOW if window is None else window,
        )
        for_torch(made)
        return made

    def to_datasets(
        self,
        cut: str | None = "everything",
        columns: Sequence[str] | None = None,
        *,
        where: str | None = None,
        streaming: bool = True,
    ) -> datasets.IterableDataset | datasets.Dataset:
        """The documents of a cut as a Hugging Face dataset, in canonical order."""
        from archive.feed.cut import choose
        from archive.feed.hf import to_datasets

        chosen = choose(self.store, self.manifest, cut, where)
        return to_datasets(self.store, self.manifest, chosen, columns, streaming=streaming)

    def documents(self, columns: Sequence[str] | None = None) -> Iterator[dict[str, Any]]:
        """All documents in canonical order, one at a time, from verified files."""
        slices = Slices(columns)
        for part in self.manifest.parts:
            for batch in slices.batches(self.store.check(part.documents), part.documents):
                for first in range(0, batch.num_rows, 256):  # few at once as Python's objects
                    yield from batch.slice(first, 256).to_pylist()

    def damaged(self) -> list[dict[str, Any]]:
        """The ranges of the inputs that could not be read: file, offset, length, reason."""
        rows = self._ranges("damaged", ["offset", "length", "member", "reason"])
        return sorted(rows, key=lambda r: (r["file"], r["member"] or 0, r["offset"]))

    def failed(self) -> list[dict[str, Any]]:
        """The inputs that are not in this version because their workers kept dying: file, length,
        reason. The next build of the same inputs tries them again."""
        return sorted(self._ranges("failed", ["length", "reason"]), key=lambda r: str(r["file"]))

    def disagreeing(self) -> list[dict[str, Any]]:
        """The records that an index selected and that were not what it says, so left out: file
        of the crawl, offset, length, url, problem."""
        from archive.commoncrawl.extract import is_extract
        from archive.commoncrawl.metadata import problems

        extracts = {i.source for i in self.manifest.inputs if is_extract(i.name)}
        slices, rows = Slices(["url", "said"]), []
        for part in self.manifest.parts:
            if part.source in extracts:
                for batch in slices.batches(self.store.check(part.ledger), part.ledger):
                    rows += batch.filter(pc.is_valid(batch["said"])).to_pylist()
        return sorted(problems(rows), key=lambda r: (r["file"], r["offset"], r["length"]))

    def _ranges(self, outcome: str, columns: list[str]) -> list[dict[str, Any]]:
        """The ledger rows of one outcome, with the names of their inputs."""
        names = {i.source: i.name for i in self.manifest.inputs if i.duplicate_of is None}
        slices = Slices([*columns, "outcome"])
        ranges = []
        for part in self.manifest.parts:
            if not part.outcomes.get(outcome):
                continue
            for batch in slices.batches(self.store.check(part.ledger), part.ledger):
                rows = batch.filter(pc.equal(batch["outcome"], outcome)).drop_columns("outcome")
                ranges += [{"file": names[part.source], **row} for row in rows.to_pylist()]
        return ranges

    def unrecognised(self) -> list[str]:
        """The inputs that hold no record at all: no web archives, or empty ones."""
        strange = {p.source: p.outcomes.get("unrecognised", 0) for p in self.manifest.parts}
        return sorted(
            entry.name
            for entry in self.manifest.inputs
            if entry.duplicate_of is None and entry.records <= strange.get(entry.source, 0)
        )


def open(  # noqa: A001 - as files are
    reference: str, store: str | Path = DEFAULT_STORE
) -> Snapshot:
    """Opens `name`, `name@3`, `name@latest`, or the beginning of a content root.

    `store` is a folder, or a URL that fsspec opens, such as s3://bucket/store: see
    archive.store.remote.
    """
    opened = open_store(store)
    return Snapshot(opened, opened.manifest(*opened.resolve(reference)))


def build(
    inputs: Iterable[str],
    name: str,
    store: str | Path = DEFAULT_STORE,
    *,
    extractor: str = "resiliparse",
    era: str | None = None,
    before: str | None = None,
    limits: Limits | None = None,
    attest: str | Path | None = None,
    keep_originals: bool = False,
    annotate: bool = True,
    workers: int = 1,
    engine: str = "local",
    address: str | None = None,
    choice: Choice | None = None,
    progress: Progress | None = None,
) -> Snapshot:
    """Builds the next version of snapshot `name` from web archives and commits it.

    `inputs` are files, folders, globs or URLs, `-` a list of them on standard input, or crawls of
    Common Crawl by name (cc:CC-MAIN-2013-20, wet:...), of which `choice` says what is wanted.
    `era` names a cut-off (gpt2, gpt3, chatgpt, the default), `before` gives the day itself.
    `attest` is a publisher's list of digests and names.
    Without `annotate` it has no signals and no duplicates, so no cut but `everything`.
    With `workers` above 1 the calling script needs the usual `if __name__ == "__main__":` guard.
    `engine` is local, ray, or another that is installed; `address` says where its workers are.
    """
    root = local_folder(store)
    recipe = _recipe(extractor, era, before, limits, attest)
    found = _inputs(list(inputs), choice, root, progress)
    order = Order(name, found, recipe, Path(attest) if attest else None, keep_originals, annotate)
    return _run(Store.create(root), order, engine, workers, address, progress)


def build_share(
    inputs: Iterable[str],
    name: str,
    store: str | Path = DEFAULT_STORE,
    *,
    shard: str,
    extractor: str = "resiliparse",
    era: str | None = None,
    before: str | None = None,
    limits: Limits | None = None,
    attest: str | Path | None = None,
    annotate: bool = True,
    workers: int = 1,
    engine: str = "local",
    address: str | None = None,
    choice: Choice | None = None,
    progress: Progress | None = None,
) -> Made:
    """Makes one share of a build, such as `3/16`, in the store's work folder; commits nothing.

    All else as for `build`, which has to be given the same inputs and choices to find it there.
    """
    part = Shard.of(shard)
    root = local_folder(store)
    recipe = _recipe(extractor, era, before, limits, attest)
    found = _inputs(list(inputs), choice, root, progress)
    order = Order(name, found, recipe, Path(attest) if attest else None, annotate=annotate)
    opened = Store.create(root)
    running = start(engine, workers, address)
    try:
        return make(opened, order, part, running, progress or pipeline.silent)
    finally:
        running.close()


def _inputs(
    patterns: list[str], choice: Choice | None, root: Path, progress: Progress | None
) -> list[Input]:
    """The inputs that the patterns mean, those that are chosen from crawls among them."""
    patterns = list(listed(patterns, sys.stdin))
    if choice is None and not any(each.startswith(CRAWLS) for each in patterns):
        return expand(patterns, without=root)
    from archive.commoncrawl.named import Choice, resolve

    polite_here, work = polite(), root / "work"
    if work.is_dir():  # what is refused makes no store; shares meet in one that is there
        polite_here = replace(polite_here, limits=polite_here.limits or str(work / "limits"))
    with politely(polite_here):
        files, extracts = resolve(patterns, choice or Choice(), progress or pipeline.silent)
    found = expand(files, without=root) if files or not extracts else []
    if extracts:
        Store.create(root)
        found += [each.order(root / "work" / "selections") for each in extracts]
    return sorted(found)


def _recipe(
    extractor: str,
    era: str | None,
    before: str | None,
    limits: Limits | None,
    attest: str | Path | None,
) -> Recipe:
    versions(extractor)  # an unknown name is told before any work is done
    day, era_name = cutoff(era, before)
    return Recipe(
        extractor=extractor,
        before=day,
        era=era_name,
        attest=sha256_file(Path(attest)) if attest else None,
        limits=limits or Limits(),
    )


def rebuild(
    reference: str,
    store: str | Path = DEFAULT_STORE,
    *,
    extractor: str | None = None,
    name: str | None = None,
    workers: int = 1,
    engine: str = "local",
    address: str | None = None,
    progress: Progress | None = None,
) -> Snapshot:
    """Extracts again from a version's kept originals, as the next version of the same name.

    The recipe is that of the version but for what is given here.
    """
    old = open(reference, store)
    old.store.require_writable()
    kept = originals(old)
    recipe = recipe_from_json(old.manifest.recipe)
    if extractor:
        versions(extractor)
        recipe = replace(recipe, extractor=extractor)
    attest = None
    if recipe.attest:
        attest = old.store.object_path(recipe.attest)
        if (found := sha256_file(attest)) != recipe.attest:
            raise Corrupt(attest, f"sha256 {recipe.attest}", f"sha256 {found}")
    order = Order(name or old.manifest.name, kept, recipe, attest, keep_originals=True)
    return _run(old.store, order, engine, workers, address, progress)


def annotate(
    reference: str,
    store: str | Path = DEFAULT_STORE,
    *,
    workers: int = 1,
    engine: str = "local",
    address: str | None = None,
    progress: Progress | None = None,
) -> Snapshot:
    """Commits the next version: the same documents, signals and duplicates by today's rules."""
    old = open(reference, store)
    old.store.require_writable()
    running = start(engine, workers, address)
    try:
        told = progress or pipeline.silent
        return Snapshot(old.store, pipeline.annotate(old.store, old.manifest, running, told))
    finally:
        running.close()


def compact(
    reference: str, store: str | Path = DEFAULT_STORE, *, progress: Progress | None = None
) -> Snapshot:
    """Commits the next version: the same rows in fewer files, where that can be had.

    Nothing is extracted or computed again; content root, signals, duplicates and the order of
    every feed stay. Where there is nothing to gain the version that was named comes back.
    """
    old = open(reference, store)
    old.store.require_writable()
    return Snapshot(
        old.store, pipeline.compact(old.store, old.manifest, progress or pipeline.silent)
    )


def originals(snapshot: Snapshot) -> list[Input]:
    """The inputs of a version as objects of its store, under their own names, bytes checked."""
    missing = [entry.name for entry in snapshot.manifest.inputs if not entry.kept]
    if missing:
        raise UsageError(
            f"{snapshot.reference} did not keep its originals ({len(missing)} of them, such as"
            f" {missing[0]})",
            next_step="build it again with --keep-originals",
        )
    return [
        Input(entry.name, str(snapshot.store.check(ObjectRef(entry.source, entry.bytes, 0))))
        for entry in snapshot.manifest.inputs
    ]


def _run(
    store: Store,
    order: Order,
    engine: str,
    workers: int,
    address: str | None,
    progress: Progress | None,
) -> Snapshot:
    running = start(engine, workers, address)
    try:
        return Snapshot(store, pipeline.build(store, order, running, progress or pipeline.silent))
    finally:
        running.close()
