"""The frame of every export: shards written aside, resumed, checked, renamed when all is there."""

from __future__ import annotations

import importlib.metadata
import inspect
import json
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from archive.digest import canonical_json, sha256_file
from archive.engines import load
from archive.errors import Corrupt, UnknownName, UsageError
from archive.exporters import EXPORTERS, Exporter, File, Shard, Told
from archive.feed.cut import Chosen, choose
from archive.feed.reader import Reader, known_columns

if TYPE_CHECKING:
    import pyarrow as pa

    from archive.manifest import Manifest
    from archive.store.local import Store
    from archive.verify import Finding

FORMAT: Final = "lowbackground-export 1"
MANIFEST: Final = "export.json"
SHARD_DOCUMENTS: Final = 65_536
"""A shard is closed at this many documents: some 70 MB of compressed text."""

Progress = Callable[[int, int], None]
"""Told (documents written, documents in all)."""


def export(
    store: Store,
    manifest: Manifest,
    out: Path,
    *,
    exporter: str = "hf",
    cut: str | None = "everything",
    where: str | None = None,
    columns: Sequence[str] | None = None,
    options: dict[str, Any] | None = None,
    progress: Progress = lambda done, total: None,
) -> dict[str, Any]:
    """Writes a cut of a snapshot to the new folder `out`; returns what `export.json` says.

    Work is done in `<out>.partial`, which becomes `out` at the end. After a kill the same call
    goes on there: shards that are whole are kept. `exporter` names the format, `options` are those
    of the format.
    """
    writer = _writer(exporter, options or {})
    chosen = choose(store, manifest, cut, where)
    names = known_columns(columns if columns is not None else writer.columns)
    facts = _facts(manifest, chosen, exporter, writer, names)
    partial = _begin(out, facts)
    shards = _shards(chosen)
    reader = Reader(store, manifest, chosen, names)
    files: list[File] = []
    for number, blocks in enumerate(shards):
        shard = Shard(number, len(shards))
        files += _finished(partial, shard) or _write(writer, reader, blocks, partial, shard)
        progress(sum(each.documents for each in files), facts["documents"])
    described = writer.describe(Told(manifest, facts, tuple(files)), partial)
    files += [_file(partial, name, 0) for name in described]
    return _commit(partial, out, facts | {"files": [asdict(f) for f in _sorted(files)]})


def _writer(name: str, options: dict[str, Any]) -> Exporter:
    """The exporter of a format; UnknownName if there is none, or it has no such option."""
    kind = load(EXPORTERS, "format", name)
    known = inspect.signature(kind).parameters
    for each in options:
        if each not in known:
            raise UnknownName(f"option of the format {name}:", each, known)
    made: Exporter = kind(**options)
    return made


def _facts(
    manifest: Manifest, chosen: Chosen, name: str, writer: Exporter, columns: list[str]
) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "exporter": name,
        "options": writer.options,
        "columns": columns,
        "snapshot": f"{manifest.name}@{manifest.version}",
        "content_root": manifest.content_root,
        "cut": chosen.name,
        "where": chosen.where,
        "cut_sha256": chosen.digest,
        "rows_sha256": chosen.rows_digest,
        "documents": int(chosen.counts.sum()),
        # The bytes of a format may change with what writes it.
        "written_by": {
            each: importlib.metadata.version(each)
            for each in ("lowbackground", "pyarrow", "zstandard")
        },
    }


def _begin(out: Path, facts: dict[str, Any]) -> Path:
    """The folder to work in: a new one, or that of the same export killed before."""
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise UsageError(f"{out} is there already", next_step="name a folder that is not")
    partial, request = out.with_name(f"{out.name}.partial"), canonical_json(facts)
    told = partial / ".progress" / "request.json"
    if partial.exists() and (not told.exists() or told.read_bytes() != request):
        raise UsageError(
            f"{partial} is what another export left when it was stopped",
            next_step="finish that one, or remove the folder",
        )
    if not partial.exists():
        aside = partial.with_name(f".{partial.name}.{os.getpid()}")
        (aside / ".progress").mkdir(parents=True)
        _write_whole(aside / ".progress" / "request.json", request)
        os.replace(aside, partial)
    return partial


def _shards(chosen: Chosen) -> list[list[int]]:
    """The blocks of each shard, in canonical order; at least one shard, be it empty."""
    shards: list[list[int]] = [[]]
    documents = 0
    for block, count in enumerate(chosen.counts.tolist()):
        if shards[-1] and documents + count > SHARD_DOCUMENTS:
            shards.append([])
            documents = 0
        shards[-1].append(block)
        documents += count
    return shards


def _write(
    writer: Exporter, reader: Reader, blocks: list[int], partial: Path, shard: Shard
) -> list[File]:
    tables: list[pa.Table] | Iterator[pa.Table] = [reader.empty()]
    if blocks:
        tables = (reader.block(block) for block in blocks)
    written = writer.write(iter(tables), partial, shard)
    files = [_file(partial, name, count) for name, count in written.items()]
    receipt = canonical_json([asdict(each) for each in files])
    _write_whole(partial / ".progress" / f"{shard.stem}.json", receipt)
    return files


def _finished(partial: Path, shard: Shard) -> list[File] | None:
    """The files of a shard written before, if they are there with the bytes they had."""
    receipt = partial / ".progress" / f"{shard.stem}.json"
    if not receipt.exists():
        return None
    files = [File(**each) for each in json.loads(receipt.read_bytes())]
    for each in files:
        path = partial / each.name
        if not path.exists() or sha256_file(path) != each.sha256:
            return None
    return files


def _file(folder: Path, name: str, documents: int) -> File:
    path = folder / name
    with path.open("rb") as file:
        os.fsync(file.fileno())
    return File(name, path.stat().st_size, sha256_file(path), documents)


def _sorted(files: list[File]) -> list[File]:
    return sorted(files, key=lambda each: each.name)


def _commit(partial: Path, out: Path, facts: dict[str, Any]) -> dict[str, Any]:
    _write_whole(partial / MANIFEST, canonical_json(facts))
    shutil.rmtree(partial / ".progress")
    os.replace(partial, out)  # takes the place of an empty folder too
    return facts


def _write_whole(path: Path, data: bytes) -> None:
    """A file with these bytes, on the medium, or none."""
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    with aside.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    os.replace(aside, path)


def read_manifest(folder: Path) -> dict[str, Any]:
    """What `export.json` of an export says; Corrupt if it does not say it as exports do."""
    path = folder / MANIFEST
    data = path.read_bytes()
    try:
        facts: dict[str, Any] = json.loads(data)
        sound = facts["format"] == FORMAT and canonical_json(facts) == data
        [File(**each) for each in facts["files"]]
    except (ValueError, KeyError, TypeError):
        sound = False
    if not sound:
        raise Corrupt(path, f"canonical JSON of {FORMAT!r}", "other bytes")
    return facts


def verify_export(folder: Path) -> list[Finding]:
    """Compares every file of an export with `export.json`: missing, corrupt or extra."""
    from archive.verify import Finding

    step = "export again, or restore the file from a copy"
    listed = {each["name"]: File(**each) for each in read_manifest(folder)["files"]}
    there = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir()}
    findings = [
        Finding("extra", name, "no such file", "a file", "remove it, or keep it elsewhere")
        for name in sorted(there - listed.keys() - {MANIFEST})
    ]
    for name, each in sorted(listed.items()):
        path = folder / name
        if name not in there or path.is_symlink():
            findings.append(Finding("missing", name, f"a file of {each.bytes} bytes", "none", step))
        elif (found := sha256_file(path)) != each.sha256:
            findings.append(Finding("corrupt", name, f"sha256 {each.sha256}", found, step))
    return findings
