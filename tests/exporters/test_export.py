"""Every format: the same bytes every time, whole or not there, resumed, checked."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path
from typing import Any

import pytest

from archive.errors import Corrupt, UnknownName, UsageError
from archive.exporters import EXPORTERS, export
from archive.exporters.export import MANIFEST, read_manifest, verify_export
from archive.manifest import Manifest
from archive.store.local import Store
from tests.feed.snapshots import all_documents, make_snapshot
from tests.feed.tokenizers_made import word_tokenizer

Made = tuple[Store, Manifest]
FORMATS = sorted(EXPORTERS)


@pytest.fixture(autouse=True)
def small_shards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export, "SHARD_DOCUMENTS", 60)


def write(made: Made, out: Path, name: str, **options: Any) -> dict[str, Any]:
    if name == "megatron":
        options["options"] = {"tokenizer": word_tokenizer(out.parent / "tokenizer.json")}
    return export.export(*made, out, exporter=name, **options)


def contents(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.mark.parametrize("name", FORMATS)
def test_an_export_has_the_same_bytes_twice(made: Made, tmp_path: Path, name: str) -> None:
    facts = write(made, tmp_path / "a", name)
    write(made, tmp_path / "b", name)
    assert contents(tmp_path / "a") == contents(tmp_path / "b")
    assert facts == read_manifest(tmp_path / "a")
    assert facts["content_root"] == made[1].content_root
    assert verify_export(tmp_path / "a") == []
    assert not (tmp_path / "a.partial").exists()


@pytest.mark.parametrize("name", FORMATS)
def test_a_killed_export_goes_on_and_ends_in_the_same_bytes(
    made: Made, tmp_path: Path, name: str
) -> None:
    write(made, tmp_path / "whole", name)

    def die(done: int, total: int) -> None:
        if done > 60:
            os.kill(os.getpid(), signal.SIGKILL)

    child = os.fork()
    if not child:
        write(made, tmp_path / "out", name, progress=die)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    assert not (tmp_path / "out").exists()
    kept = {
        path: path.stat().st_mtime_ns
        for path in (tmp_path / "out.partial").rglob("*00000*")
        if path.is_file() and ".progress" not in path.parts
    }
    assert kept
    write(made, tmp_path / "out", name)
    assert contents(tmp_path / "out") == contents(tmp_path / "whole")
    for path, written in kept.items():
        name_in = path.relative_to(tmp_path / "out.partial")
        assert (tmp_path / "out" / name_in).stat().st_mtime_ns == written


def test_a_shard_damaged_while_the_export_lay_stopped_is_written_again(
    made: Made, tmp_path: Path
) -> None:
    class StopError(Exception):
        pass

    def stop(done: int, total: int) -> None:
        raise StopError

    write(made, tmp_path / "whole", "jsonl")
    with pytest.raises(StopError):
        write(made, tmp_path / "out", "jsonl", progress=stop)
    (shard,) = (tmp_path / "out.partial").glob("*.zst")
    shard.write_bytes(b"torn")
    write(made, tmp_path / "out", "jsonl")
    assert contents(tmp_path / "out") == contents(tmp_path / "whole")


def test_what_another_export_left_is_not_taken_for_this_one(made: Made, tmp_path: Path) -> None:
    write(made, tmp_path / "out", "jsonl")
    (tmp_path / "out").rename(tmp_path / "out.partial")
    with pytest.raises(UsageError, match="another export"):
        write(made, tmp_path / "out", "parquet")
    with pytest.raises(UsageError, match="there already"):
        write(made, tmp_path, "parquet")


def test_an_export_of_a_cut_has_its_documents_and_names_it(made: Made, tmp_path: Path) -> None:
    import zstandard

    where = "host = 'host1.example.org'"
    facts = write(made, tmp_path / "out", "jsonl", where=where, columns=["id"])
    lines = b"".join(
        zstandard.ZstdDecompressor().stream_reader(data).read()
        for name, data in sorted(contents(tmp_path / "out").items())
        if name != MANIFEST
    )
    expected = [r["id"] for r in all_documents(*made) if r["host"] == "host1.example.org"]
    assert [json.loads(line)["id"] for line in lines.splitlines()] == expected
    assert (facts["where"], facts["documents"]) == (where, len(expected))


@pytest.mark.parametrize("name", FORMATS)
def test_a_snapshot_of_nothing_is_an_export_of_nothing(tmp_path: Path, name: str) -> None:
    nothing = make_snapshot(tmp_path / "store", ())
    facts = write(nothing, tmp_path / "out", name)
    assert facts["documents"] == 0
    assert verify_export(tmp_path / "out") == []


def test_verify_finds_what_is_missing_corrupt_or_extra(made: Made, tmp_path: Path) -> None:
    write(made, tmp_path / "out", "jsonl")
    first, second, third = sorted((tmp_path / "out").glob("*.zst"))
    data = bytearray(first.read_bytes())
    data[len(data) // 2] ^= 1
    first.write_bytes(data)
    second.unlink()
    (tmp_path / "out" / "stray").write_bytes(b"")
    found = {(each.kind, each.path) for each in verify_export(tmp_path / "out")}
    assert found == {("corrupt", first.name), ("missing", second.name), ("extra", "stray")}
    third.rename(tmp_path / "elsewhere")
    third.symlink_to(tmp_path / "elsewhere")
    assert ("missing", third.name) in {(e.kind, e.path) for e in verify_export(tmp_path / "out")}


def test_an_export_manifest_that_is_not_canonical_is_corrupt(made: Made, tmp_path: Path) -> None:
    write(made, tmp_path / "out", "jsonl")
    told = tmp_path / "out" / MANIFEST
    for data in (b"{}", told.read_bytes() + b"\n", b"[", b'{"format": 3}'):
        told.write_bytes(data)
        with pytest.raises(Corrupt):
            verify_export(tmp_path / "out")


def test_unknown_formats_and_options_are_refused(made: Made, tmp_path: Path) -> None:
    with pytest.raises(UnknownName, match="format"):
        export.export(*made, tmp_path / "out", exporter="jsnl")
    with pytest.raises(UnknownName, match="option of the format jsonl"):
        export.export(*made, tmp_path / "out", exporter="jsonl", options={"licence": "MIT"})
    with pytest.raises(UsageError, match="tokens"):
        export.export(*made, tmp_path / "out", exporter="megatron")
    assert list(tmp_path.iterdir()) == []
