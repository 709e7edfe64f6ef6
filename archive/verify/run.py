"""The whole verification: survey, then every file and part, then every version."""

from __future__ import annotations

import hashlib
import multiprocessing
import signal
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, replace
from functools import partial
from math import ceil
from pathlib import Path
from typing import Final

from archive.errors import EnvironmentFailed, LowbgError
from archive.manifest import TABLES, Manifest, ObjectRef, Part
from archive.store.local import Store
from archive.store.remote import RemoteStore, at_hand
from archive.verify.content import PackTask, check_pack
from archive.verify.findings import UNVERIFIABLE, Finding, Report, check_file, check_size
from archive.verify.survey import Survey, Version, survey
from archive.verify.versions import check_root_by_sql, check_version

SPAWN_BYTES: Final = 64 << 20
"""Less than this is read in this process: starting others would take longer than it does."""


@dataclass(frozen=True, slots=True)
class _Job:
    """Objects (SHA-256 to size) that are read together, and how."""

    objects: dict[str, int | None]
    check: Callable[[], list[Finding]]
    parts: tuple[Part, ...] = ()

    @property
    def bytes(self) -> int:
        return sum(size or 0 for size in self.objects.values())


def verify(
    store: Store,
    reference: str | None = None,
    *,
    independent: bool = False,
    sample: float | None = None,
    workers: int = 1,
    progress: Callable[[int, int], None] | None = None,
) -> Report:
    """Checks a version, or all versions of all snapshots where `reference` is None.

    Always the whole store's FORMAT, specification, refs and manifests, that nothing is missing and
    nothing extra; then every byte of every object of the version, every leaf, order, place and sum
    in its tables, and its content root. `independent` computes the root by SQL as well. `sample`
    reads only that share of each version's parts, those of one file together (with the smallest
    SHA-256 of manifest hash and first part's key), and computes no root. Memory does not grow with
    the data. With `workers` above 1 the calling script needs the usual
    `if __name__ == "__main__":` guard. `progress` is told (bytes done, bytes in all).
    """
    if isinstance(store, RemoteStore):  # what is in its cache tells nothing of what it holds
        with at_hand(store) as copy:
            return verify(
                copy,
                reference,
                independent=independent,
                sample=sample,
                workers=workers,
                progress=progress,
            )
    surveyed = survey(store)
    versions = _chosen(store, surveyed, reference)
    jobs = _jobs(surveyed, versions, sample)
    read = {sha256: size for job in jobs for sha256, size in job.objects.items()}
    findings = [*surveyed.findings, *_sizes(surveyed, read)]
    damaged: set[str] = set()
    for job, found in _run(jobs, workers, progress):
        findings += found
        damaged.update(job.objects if found else ())
    roots = {}
    for version in versions if sample is None else ():
        if damaged.isdisjoint(version.manifest.objects()):
            found = _as_a_whole(store, version, independent)
            findings += found
            if not found:
                roots[version.reference] = version.manifest.content_root
    return Report(
        findings=tuple(
            sorted(_with_inputs(surveyed, findings), key=lambda f: (f.path, f.kind, f.expected))
        ),
        checked_objects=surveyed.checked_objects + len(read),
        checked_bytes=surveyed.checked_bytes + sum(size or 0 for size in read.values()),
        documents=sum(part.documents.rows for job in jobs for part in job.parts),
        content_roots=roots,
        sample=sample,
    )


def _with_inputs(surveyed: Survey, findings: Iterable[Finding]) -> set[Finding]:
    """The findings, each file of parts with the names of all inputs that it holds."""
    different = set(findings)
    held: dict[str, set[str]] = {finding.path: set() for finding in different}
    for version in surveyed.versions if held else ():
        names = _first_names(version.manifest)
        for part in version.manifest.parts:
            for ref in filter(None, map(part.table, TABLES)):
                path = surveyed.object_name(ref.sha256)
                if path in held and part.source in names:
                    held[path].add(names[part.source][0])
    return {
        finding if finding.inputs else replace(finding, inputs=tuple(sorted(held[finding.path])))
        for finding in different
    }


def _chosen(store: Store, surveyed: Survey, reference: str | None) -> list[Version]:
    versions = {(v.manifest.name, v.manifest.version): v for v in surveyed.versions}
    if reference is None:
        return [version for _, version in sorted(versions.items(), key=lambda item: item[0])]
    try:
        wanted = store.resolve(reference)
    except LowbgError:
        if surveyed.findings:  # it may be known once the damage is repaired: tell of that first
            return []
        raise
    return [versions[wanted]] if wanted in versions else []


def _jobs(surveyed: Survey, versions: list[Version], sample: float | None) -> list[_Job]:
    """Each part once, however many versions share it; each other object once."""
    store = surveyed.store
    jobs: dict[object, _Job] = {}
    for version in versions:
        manifest = version.manifest
        inputs = _first_names(manifest)
        packs = _sampled(version, sample)
        for parts in packs:
            refs = {"documents": _whole(p.documents for p in parts)}
            refs["ledger"] = _whole(p.ledger for p in parts)
            task = PackTask(
                parts,
                inputs=tuple(inputs.get(part.source, ("", 0)) for part in parts),
                files=refs,
                paths={table: store.object_path(ref.sha256) for table, ref in refs.items()},
                shown={table: surveyed.object_name(ref.sha256) for table, ref in refs.items()},
            )
            objects: dict[str, int | None] = {ref.sha256: ref.bytes for ref in refs.values()}
            jobs.setdefault(_said(task), _Job(objects, partial(check_pack, task), parts))
        for sha256, size in _other_objects(manifest, packs).items():
            path, shown = store.object_path(sha256), surveyed.object_name(sha256)
            check = partial(_check_object, path, sha256, size, shown)
            jobs.setdefault(sha256, _Job({sha256: size}, check))
    return sorted(jobs.values(), key=lambda job: -job.bytes)  # the largest first, to end together


def _said(task: PackTask) -> tuple[object, ...]:
    """All that a version says of a pack: another one that says the same is checked with it."""
    parts = ((p.source, p.documents, p.ledger, *sorted(p.outcomes.items())) for p in task.parts)
    return (*parts, *(size for _, size in task.inputs))


def _first_names(manifest: Manifest) -> dict[str, tuple[str, int]]:
    """Name and size of the input that each part stands for."""
    first = (entry for entry in manifest.inputs if entry.duplicate_of is None)
    return {entry.source: (entry.name, entry.bytes) for entry in first}


def _whole(refs: Iterable[ObjectRef]) -> ObjectRef:
    """The file that slices are of, with all their rows."""
    each = list(refs)
    return ObjectRef(each[0].sha256, each[0].bytes, sum(ref.rows for ref in each))


def _sampled(version: Version, sample: float | None) -> list[tuple[Part, ...]]:
    packs = version.manifest.packs()
    if sample is None:
        return packs

    def lot(parts: tuple[Part, ...]) -> bytes:
        return hashlib.sha256(f"{version.sha256}{parts[0].key}".encode()).digest()

    return sorted(packs, key=lot)[: ceil(sample * len(packs))]


def _other_objects(manifest: Manifest, packs: Sequence[tuple[Part, ...]]) -> dict[str, int | None]:
    """What a version has besides its parts; in a sample only the originals of the parts in it."""
    objects = manifest.objects()
    sources = {part.source for parts in packs for part in parts}
    left_out = {entry.source for entry in manifest.inputs} - sources
    left_out.update(ref.sha256 for part in manifest.parts for ref in (part.documents, part.ledger))
    return {sha256: size for sha256, size in objects.items() if sha256 not in left_out}


def _check_object(path: Path, sha256: str, size: int | None, shown: str) -> list[Finding]:
    finding = check_file(path, sha256, size, shown)
    return [finding] if finding else []


def _sizes(surveyed: Survey, read: Mapping[str, int | None]) -> Iterator[Finding]:
    """The objects that are not read this time are at least there, at their size."""
    for sha256, size in surveyed.objects.items():
        if sha256 not in read:
            path = surveyed.store.object_path(sha256)
            if finding := check_size(path, size, surveyed.object_name(sha256)):
                yield finding


def _run(
    jobs: Sequence[_Job], workers: int, progress: Callable[[int, int], None] | None
) -> Iterator[tuple[_Job, list[Finding]]]:
    tell = progress or _no_progress
    done, total = 0, sum(job.bytes for job in jobs)
    tell(0, total)
    many = workers > 1 and total >= SPAWN_BYTES
    for job, findings in _spread(jobs, workers) if many else ((job, job.check()) for job in jobs):
        done += job.bytes
        tell(done, total)
        yield job, findings


def _spread(jobs: Sequence[_Job], workers: int) -> Iterator[tuple[_Job, list[Finding]]]:
    """The jobs in spawned processes: leaves of short texts would hold one interpreter's lock."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, context, initializer=_leave_interrupts) as pool:
        running = {pool.submit(job.check): job for job in jobs}
        try:
            for future in as_completed(running):
                yield running.pop(future), future.result()
        except BrokenProcessPool:
            raise EnvironmentFailed(
                "a process that was verifying died, perhaps for want of memory",
                next_step="verify with fewer --workers",
            ) from None
        finally:
            pool.shutdown(cancel_futures=True)


def _leave_interrupts() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent to answer


def _as_a_whole(store: Store, version: Version, independent: bool) -> list[Finding]:
    try:
        findings = check_version(store, version.manifest, version.sha256)
    except Exception as error:  # a file was changed since it was read
        shown = store.object_path(version.sha256).relative_to(store.root).as_posix()
        found = f"{type(error).__name__}: {error}"
        return [Finding(UNVERIFIABLE, shown, "files that can be read", found, "verify again")]
    if independent:
        findings += check_root_by_sql(store, version.manifest, version.sha256)
    return findings


def _no_progress(done: int, total: int) -> None:
    """Nobody is watching."""
