"""Whether a manifest agrees with itself: its sums, its references, the slices of its parts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from archive.manifest import TABLES, UNRESOLVED, Manifest, Slice, is_packed, records_of
from archive.records import Outcome


def inconsistencies(manifest: Manifest) -> list[str]:
    """Sums and references inside the manifest that should agree and do not, in words."""
    return [*_wrong_sums(manifest), *_wrong_inputs(manifest), *_wrong_slices(manifest)]


def _wrong_sums(manifest: Manifest) -> Iterator[str]:
    outcomes: Counter[str] = Counter()
    for part in manifest.parts:
        outcomes.update(part.outcomes)
        yield from _differ(
            f"part {part.key[:12]}",
            ("documents", part.documents.rows, part.outcomes.get(Outcome.KEPT, 0)),
            ("ledger rows", part.ledger.rows, sum(part.outcomes.values())),
            (
                "signals",
                part.signals.rows if part.signals else None,
                part.documents.rows if part.signals else None,
            ),
        )
    yield from _differ(
        "manifest",
        ("outcomes", _nonzero(_as_in_ledgers(manifest.outcomes)), _nonzero(outcomes)),
        ("documents", manifest.documents, sum(p.documents.rows for p in manifest.parts)),
        ("records", manifest.records, records_of(manifest.outcomes)),
        ("bytes_in", manifest.bytes_in, sum(i.bytes for i in manifest.inputs)),
        ("revisits", manifest.revisits.rows, outcomes[Outcome.REVISIT]),
    )
    if unknown := set(manifest.outcomes) - {*Outcome, UNRESOLVED}:
        yield f"manifest: unknown outcomes {sorted(unknown)}"


def _wrong_slices(manifest: Manifest) -> Iterator[str]:
    """Parts that share a file share all their files, and each row is of one part."""
    ends: dict[str, int] = {}
    shared: dict[str, tuple[str | None, ...]] = {}
    for part in manifest.parts:
        whole = None if is_packed(part) else 0  # a file of its own is one slice
        refs = [part.table(table) for table in TABLES]
        files = tuple(ref.sha256 if ref else None for ref in refs)
        for ref in refs:
            if ref is None:
                continue
            first = ref.first if isinstance(ref, Slice) else whole
            expected = ends.get(ref.sha256, 0)
            yield from _differ(f"part {part.key[:12]}", ("first row", first, expected))
            ends[ref.sha256] = expected + ref.rows
            # Files of no rows are all the same one.
            if ref.rows and shared.setdefault(ref.sha256, files) != files:
                yield f"part {part.key[:12]}: shares {ref.sha256[:12]}, and not all its files"


def _wrong_inputs(manifest: Manifest) -> Iterator[str]:
    names = {entry.name: entry for entry in manifest.inputs}
    parts = {part.source: part for part in manifest.parts}
    if len(names) != len(manifest.inputs):
        yield "inputs: a name stands twice"
    if len(parts) != len(manifest.parts):
        yield "parts: a source stands twice"
    if strays := set(parts) - {i.source for i in manifest.inputs if i.duplicate_of is None}:
        yield f"parts: no input has the bytes {sorted(strays)}"
    for entry in manifest.inputs:
        where, part = f"input {entry.name!r}", parts.get(entry.source)
        yield from _differ(where, ("accounted", entry.accounted, entry.bytes))
        counts = (records_of(part.outcomes), part.documents.rows) if part else (0, 0)
        if entry.duplicate_of is not None:
            first, counts = names.get(entry.duplicate_of), (0, 0)
            if first is None or first.duplicate_of is not None or first.source != entry.source:
                yield f"{where}: is no duplicate of {entry.duplicate_of!r}"
        elif part is None:
            yield f"{where}: has no part"
        yield from _differ(
            where,
            ("records", entry.records, counts[0]),
            ("documents", entry.documents, counts[1]),
        )


def _as_in_ledgers(outcomes: Mapping[str, int]) -> dict[str, int]:
    """A ledger cannot know which of its revisits the snapshot resolves: it has one outcome."""
    counts = Counter(outcomes)
    counts[Outcome.REVISIT] += counts.pop(UNRESOLVED, 0)
    return counts


def _nonzero(counts: Mapping[str, int]) -> dict[str, int]:
    return {key: count for key, count in sorted(counts.items()) if count}


def _differ(where: str, *checks: tuple[str, Any, Any]) -> Iterator[str]:
    for what, recorded, found in checks:
        if recorded != found:
            yield f"{where}: {what} is {recorded}, its parts give {found}"
