"""Drafts the manifest of a version, and stages what it names besides its parts."""

from __future__ import annotations

import datetime as dt
import platform
import shutil
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pyarrow as pa

from archive.digest import LeafSorter
from archive.engines import Engine
from archive.errors import Corrupt
from archive.gather import Gathered, Order, Progress, representatives
from archive.leaves import stored_leaves
from archive.manifest import InputEntry, Manifest, ObjectRef, Part, records_of
from archive.parts import Found, recorded
from archive.revisits import resolve_revisits


def draft_of(order: Order, found: Sequence[Found], gathered: Gathered, scratch: Path) -> Manifest:
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
        created=now(),
        content_root=content_root(gathered),
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


def content_root(gathered: Gathered) -> str:
    leaves = LeafSorter()
    for path in gathered.files("documents"):
        leaves.add(stored_leaves(path))
    return leaves.root()


def _entries(found: Sequence[Found], parts: Sequence[Part], kept: bool) -> tuple[InputEntry, ...]:
    """The table `inputs`, sorted by name; an input whose bytes came before under another name
    says so and counts no records of its own."""
    by_source = {part.source: part for part in parts}
    chosen = representatives(found)
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


def stage_originals(
    order: Order, found: Sequence[Found], gathered: Gathered, scratch: Path
) -> None:
    """Copies what is to be kept beside the parts; the user's own files are never moved."""
    if order.attest and order.recipe.attest:
        size = order.attest.stat().st_size
        _stage_copy(order.attest, ObjectRef(order.recipe.attest, size, 0), gathered, scratch)
    if order.keep_originals:
        for each in representatives(found).values():
            _stage_copy(each.path, ObjectRef(each.source, each.bytes, 0), gathered, scratch)


def _stage_copy(path: Path, ref: ObjectRef, gathered: Gathered, scratch: Path) -> None:
    """Stages a copy of a file, unless the store has it already, byte for byte."""
    try:
        gathered.store.check(ref)
    except Corrupt:
        gathered.staged[ref.sha256] = scratch / ref.sha256
        shutil.copyfile(path, scratch / ref.sha256)


def with_duplicates(
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


def now() -> str:
    return dt.datetime.now(dt.UTC).isoformat(timespec="seconds")


def _environment() -> dict[str, str]:
    """What the build ran on: a note for people, outside every hash of content."""
    return {
        "python": platform.python_version(),
        "pyarrow": pa.__version__,
        "platform": platform.platform(),
    }
