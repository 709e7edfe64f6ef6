"""`verify --deep`: every part made again from the archived bytes, and compared row by row."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from archive import evidence
from archive.digest import canonical_json
from archive.errors import Corrupt, LowbgError
from archive.manifest import InputEntry, Manifest, ObjectRef, Part, Slice
from archive.parts import Found, make_part, part_task, recorded, state_of
from archive.pipeline import Progress
from archive.recipe import Recipe, recipe_from_json
from archive.records import Outcome
from archive.slices import Slices
from archive.store.local import Store
from archive.store.remote import RemoteStore, at_hand
from archive.verify import Finding
from archive.verify.findings import CORRUPT, MISSING, UNVERIFIABLE, check_file

Row = dict[str, Any]

SHOWN: Final = 20
"""Findings of one part that are told one by one; the rest are counted."""

REBUILD: Final = (
    "the version's text was made by other code: 'lowbg rebuild' makes a version by this one"
)
MADE_OTHERWISE: Final = (
    "its bytes are as they were written, so it was made otherwise: build the same inputs in a new"
    " store and compare"
)
KEEP: Final = "build the next version with --keep-originals"
TRY_AGAIN: Final = "build the same inputs again: the next version tries it anew"
READ_AGAIN: Final = "check the disk, the permissions and the temporary folder, then verify again"


@dataclass(frozen=True, slots=True)
class _Version:
    """A version under whose recipe parts can be made here, and what its build was told."""

    store: Store
    shown: str  # web@3
    recipe: Recipe
    attest: Path | None
    attested: Mapping[str, str]
    slices: Slices = field(default_factory=Slices)


@dataclass(frozen=True, slots=True)
class _Table:
    """The rows of a part, as recorded or as they were made again."""

    slices: Slices
    path: Path
    ref: ObjectRef

    def read(self) -> pa.Table:
        return self.slices.table(self.path, self.ref, 0, self.ref.rows)


def verify_deep(store: Store, reference: str | None, progress: Progress) -> list[Finding]:
    """Makes the parts of a version, or of all, again from kept originals under its own recipe.

    Every column of documents and ledger, and the outcomes, are compared; what comes out otherwise
    is `corrupt`. Originals that were not kept, or a recipe whose packages are not the installed
    ones, are `unverifiable`, as is whatever fails on the way: nothing is raised for it. The store
    is only read.
    """
    if isinstance(store, RemoteStore):
        with at_hand(store) as copy:
            return verify_deep(copy, reference, progress)
    try:
        versions = [store.resolve(reference)] if reference is not None else _all(store)
    except (LowbgError, OSError) as error:
        return [_failed(reference or "refs", error)]
    findings: list[Finding] = []
    seen: set[bytes] = set()
    for name, version in versions:
        try:
            findings += _derive(store, store.manifest(name, version), seen, progress)
        except (LowbgError, OSError) as error:
            findings.append(_failed(f"{name}@{version}", error))
    return findings


def _all(store: Store) -> list[tuple[str, int]]:
    return [(name, version) for name in store.names() for version in store.versions(name)]


def _derive(
    store: Store, manifest: Manifest, seen: set[bytes], progress: Progress
) -> Iterator[Finding]:
    """The parts of one version; those in `seen` were made again for a version before."""
    opened = _opened(store, manifest)
    if isinstance(opened, Finding):
        yield opened
        return
    inputs = {entry.source: entry for entry in manifest.inputs if entry.duplicate_of is None}
    pairs = [(part, inputs[part.source]) for part in manifest.parts if part.source in inputs]
    if lost := len(manifest.parts) - sum(entry.kept for _, entry in pairs):
        total = len(manifest.parts)
        found = f"{total - lost}, not those of {lost} inputs"
        yield Finding(UNVERIFIABLE, opened.shown, f"{total} kept originals", found, KEEP)
    amount = sum(entry.bytes for _, entry in pairs if entry.kept)
    done = 0

    def report(more: int) -> None:
        nonlocal done
        done += more
        progress("deriving again", done, amount)

    for part, entry in pairs:
        bare = replace(part, signals=None, signals_key=None)
        key = canonical_json([entry.name, asdict(bare), manifest.recipe])
        if part.outcomes.get(Outcome.FAILED):  # it is no function of its input
            found = "an input whose workers died"
            yield Finding(UNVERIFIABLE, entry.name, "a part that was made", found, TRY_AGAIN)
        elif entry.kept and key not in seen:
            seen.add(key)
            yield from _check_part(opened, part, entry, report)


def _opened(store: Store, manifest: Manifest) -> _Version | Finding:
    """The version, where its recipe is one that can be followed here; else why not."""
    shown = f"{manifest.name}@{manifest.version}"
    try:
        recipe = recipe_from_json(manifest.recipe)
        installed = recorded(recipe)
    except (LowbgError, LookupError, TypeError, ValueError) as error:
        return _failed(f"{shown} recipe", error)
    if installed != manifest.recipe:
        keys = sorted(installed.keys() | manifest.recipe.keys())
        keys = [key for key in keys if installed.get(key) != manifest.recipe.get(key)]
        was, now = ({key: each.get(key) for key in keys} for each in (manifest.recipe, installed))
        return Finding(UNVERIFIABLE, f"{shown} recipe", str(was), str(now), REBUILD)
    if recipe.attest is None:
        return _Version(store, shown, recipe, None, {})
    attest = store.object_path(recipe.attest)
    name = f"{shown} digest list {_below(store, attest)}"
    if wrong := check_file(attest, recipe.attest, None, name):
        return wrong
    return _Version(store, shown, recipe, attest, evidence.read_attestations(attest))


def _check_part(
    version: _Version, part: Part, entry: InputEntry, report: Callable[[int], None]
) -> Iterator[Finding]:
    """What is wrong with a part, or with the files that it would be compared with."""
    where = f"{version.shown} input {entry.name}"
    files = {
        "original": (entry.source, entry.bytes),
        "documents": (part.documents.sha256, part.documents.bytes),
        "ledger": (part.ledger.sha256, part.ledger.bytes),
    }
    paths = {name: version.store.object_path(sha256) for name, (sha256, _) in files.items()}
    wrong = [
        check_file(paths[name], *stated, f"{where}: {name} {_below(version.store, paths[name])}")
        for name, stated in files.items()
    ]
    if any(wrong):
        yield from (finding for finding in wrong if finding)
        return
    told = 0
    try:
        with tempfile.TemporaryDirectory() as folder:
            for finding in _compare(version, part, entry, paths, Path(folder), report):
                told += 1
                if told <= SHOWN:
                    yield replace(finding, path=f"{where}: {finding.path}")
    except Exception as error:  # of one input; the report of the others is not to be lost with it
        yield _failed(where, error)
    if told > SHOWN:
        more = f"{told - SHOWN} more differences"
        yield Finding(CORRUPT, where, "rows as recorded", more, MADE_OTHERWISE)


def _compare(
    version: _Version,
    part: Part,
    entry: InputEntry,
    paths: Mapping[str, Path],
    folder: Path,
    report: Callable[[int], None],
) -> Iterator[Finding]:
    """Makes the part again in `folder`; how its outcomes and rows differ from those recorded."""
    vouched = _attested_by(paths["original"], version.attested)
    state = state_of(paths["original"])
    found = Found(entry.name, paths["original"], entry.source, state, vouched)
    task = part_task(found, version.recipe, version.attest, folder)
    made = make_part(task, report)
    was, now = part.outcomes, made["outcomes"]
    for outcome in sorted(was.keys() | now.keys()):
        if was.get(outcome, 0) != now.get(outcome, 0):
            before, after = (str(counts.get(outcome, 0)) for counts in (was, now))
            yield Finding(CORRUPT, f"outcome {outcome}", before, after, MADE_OTHERWISE)
    for table, ref in (("documents", part.documents), ("ledger", part.ledger)):
        if made[table][0] != ref.sha256:  # the same file has the same rows
            again = Path(task["work"]) / f"{table}.parquet"
            held = _Table(version.slices, paths[table], ref)
            yield from _differences(table, held, _Table(Slices(), again, ObjectRef(*made[table])))


def _attested_by(original: Path, attested: Mapping[str, str]) -> str | None:
    """The name that the publisher's list gives the file's bytes, as when it was built."""
    digests = {}
    for algorithm in evidence.algorithms(attested):
        with original.open("rb") as file:
            digests[algorithm] = hashlib.file_digest(file, algorithm).hexdigest()
    return evidence.attested_by(digests, attested)


def _differences(table: str, held: _Table, again: _Table) -> Iterator[Finding]:
    """One finding for each row that is in one table only, or differs in some column."""
    if isinstance(held.ref, Slice) and held.read().equals(again.read()):
        return  # a slice has no hash to compare, and is seldom long
    for shared in (False, True):
        pairs = _side_by_side(_rows(held, shared), _rows(again, shared))
        for was, now in pairs:
            if was == now:
                continue
            row = f"{table} {_named(was or now or {})}"
            if was is None or now is None:
                states = ("no row", "a row") if was is None else ("a row", "no row")
                yield Finding(CORRUPT, row, *states, MADE_OTHERWISE)
                continue
            columns = [c for c in {**was, **now} if was.get(c, ...) != now.get(c, ...)]
            path = f"{row}: {', '.join(columns)}"
            values = [(repr(was.get(c)), repr(now.get(c))) for c in columns]
            before = "; ".join(_cut(old, new) for old, new in values)
            after = "; ".join(_cut(new, old) for old, new in values)
            yield Finding(CORRUPT, path, before, after, MADE_OTHERWISE)


def _rows(table: _Table, shared: bool) -> Iterator[Row]:
    """The rows of shared members, or all others; of each kind the places only rise.

    Together they do not: a member's own row stands before or after those of its records.
    """
    for batch in table.slices.batches(table.path, table.ref):
        member = batch.column(batch.schema.get_field_index("member"))
        for name, column in zip(batch.schema.names, batch.columns, strict=True):
            if pa.types.is_timestamp(column.type):  # Python's dates end with the year 9999
                index = batch.schema.get_field_index(name)
                batch = batch.set_column(index, name, column.cast(pa.int64()))
        yield from batch.filter(pc.is_valid(member) if shared else pc.is_null(member)).to_pylist()


def _side_by_side(
    recorded_rows: Iterator[Row], again: Iterator[Row]
) -> Iterator[tuple[Row | None, Row | None]]:
    """Rows of the same place together; where one side has none, the others stay in step."""
    was, now = next(recorded_rows, None), next(again, None)
    while was is not None or now is not None:
        if now is None or (was is not None and _place(was) < _place(now)):
            yield was, None
            was = next(recorded_rows, None)
        elif was is None or _place(now) < _place(was):
            yield None, now
            now = next(again, None)
        else:
            yield was, now
            was, now = next(recorded_rows, None), next(again, None)


def _place(row: Row) -> tuple[int, int]:
    return row["member"] or 0, row["offset"]


def _named(row: Row) -> str:
    inside = "" if row["member"] is None else f" of member {row['member']}"
    document = f" {row['id']}" if "id" in row else ""
    return f"row{document} at offset {row['offset']}{inside}"


def _cut(value: str, other: str, width: int = 72) -> str:
    """A value in words: of a long one what is around the first difference."""
    if len(value) <= width:
        return value
    pairs = enumerate(zip(value, other, strict=False))
    same = next((at for at, (a, b) in pairs if a != b), min(len(value), len(other)))
    start = max(0, same - width // 3)
    end = "..." if start + width < len(value) else ""
    return f"{'...' if start else ''}{value[start : start + width]}{end}"


def _below(store: Store, path: Path) -> str:
    return path.relative_to(store.root).as_posix()


def _failed(where: str, error: Exception) -> Finding:
    """The finding that an error becomes."""
    if isinstance(error, Corrupt):
        kind = MISSING if error.found == "nothing" else CORRUPT
        path = f"{where}: {error.path}"
        return Finding(kind, path, error.expected, error.found, error.next_step)
    if isinstance(error, LowbgError):
        return Finding(
            UNVERIFIABLE, where, "to be made again", str(error), error.next_step or READ_AGAIN
        )
    found = f"{type(error).__name__}: {error}"
    return Finding(UNVERIFIABLE, where, "to be made again", found, READ_AGAIN)
