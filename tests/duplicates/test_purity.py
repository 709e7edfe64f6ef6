"""The table is a function of the documents alone: not of workers, parts, versions or accidents."""

from __future__ import annotations

import random
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from archive.duplicates import Options, PartFiles, find, joining, rounds, runs
from archive.duplicates.corpus import Run, layout
from archive.duplicates.place import Place
from archive.engines import STAGES
from archive.engines.local import LocalEngine
from archive.errors import CheckFailed, UsageError
from tests.duplicates import corpora
from tests.duplicates.corpora import Doc, write_part, write_parts
from tests.duplicates.stages import Interrupted, Murderous, PowerCut
from tests.duplicates.test_find import chain, receipt


@pytest.fixture(scope="module")
def docs() -> list[Doc]:
    made = corpora.planted(seed=2, families=40) + chain(80)
    random.Random(2).shuffle(made)
    return made


@pytest.fixture(scope="module")
def parts(docs: list[Doc], tmp_path_factory: pytest.TempPathFactory) -> list[PartFiles]:
    return write_parts(tmp_path_factory.mktemp("parts"), docs, 5)


@pytest.fixture(scope="module")
def table(parts: list[PartFiles], tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = find(parts, tmp_path_factory.mktemp("work"), LocalEngine())
    assert pq.read_table(path).num_rows > 200
    return path.read_bytes()


@pytest.mark.parametrize("partition_rows", [900, 7000])
def test_two_workers_and_any_partitions_give_the_same_bytes(
    parts: list[PartFiles], table: bytes, tmp_path: Path, partition_rows: int
) -> None:
    engine = LocalEngine(workers=2)
    path = find(parts, tmp_path, engine, partition_rows=partition_rows)
    engine.close()
    assert path.read_bytes() == table


@pytest.mark.parametrize("joined_runs", [1, 2, 7])
def test_joining_runs_changes_no_byte(
    docs: list[Doc], table: bytes, tmp_path: Path, joined_runs: int
) -> None:
    parts = write_parts(tmp_path / "parts", docs, 10 * joined_runs + 1)
    path = find(
        parts, tmp_path / "work", LocalEngine(), joined_runs=joined_runs, partition_rows=900
    )
    assert path.read_bytes() == table


def test_a_joined_run_has_the_keys_of_all_its_runs_in_order(
    docs: list[Doc], tmp_path: Path
) -> None:
    parts = write_parts(tmp_path / "parts", docs[:90], 3)
    signed = [runs.sign_task(part, Options(), tmp_path / "cache") for part in parts]
    laid = layout([(task, runs.sign(task, print)) for task in signed])
    place = Place(tmp_path / "scratch", tmp_path / "cache", "key", 100)
    task = {"name": "join", "run": "key", "runs": [asdict(run) for run, _ in laid]}
    joining.join({**task, "partition_rows": 100, "out": str(place.scratch / "one")}, print)
    one = Run(str(place.scratch / "one"), 0, 0, 90)
    for kind in ("text", "band"):
        keys, rows = one.array(f"{kind}_keys"), one.array(f"{kind}_rows")
        pairs = [
            (int(key), int(row) + run.base)
            for run, _ in laid
            for key, row in zip(run.array(f"{kind}_keys"), run.array(f"{kind}_rows"), strict=True)
        ]
        assert list(zip(keys.tolist(), rows.tolist(), strict=True)) == sorted(pairs)
    stated = np.concatenate([run.array("ids") for run, _ in laid])
    assert (one.array("ids") == stated).all()


def test_parts_in_any_order_give_the_same_bytes(
    parts: list[PartFiles], table: bytes, tmp_path: Path
) -> None:
    assert find(parts[::-1], tmp_path, LocalEngine()).read_bytes() == table


@pytest.mark.parametrize("count", [1, 9])
def test_documents_divided_otherwise_and_in_another_order_give_the_same_bytes(
    docs: list[Doc], table: bytes, tmp_path: Path, count: int
) -> None:
    shuffled = random.Random(count).sample(docs, len(docs))
    parts = write_parts(tmp_path / "parts", shuffled, count)
    assert find(parts, tmp_path / "work", LocalEngine()).read_bytes() == table


def test_five_versions_end_where_one_does_and_verify_no_pair_again(
    parts: list[PartFiles], table: bytes, tmp_path: Path
) -> None:
    verified = 0
    for version in range(1, 6):
        work = tmp_path / str(version)
        path = find(parts[:version], work / "work", LocalEngine(), cache=tmp_path / "cache")
        verified += receipt(work)["verified"]
    last = receipt(tmp_path / "5")
    assert path.read_bytes() == table
    assert last["verified"] < last["remembered"]
    assert sorted(path.name for path in (tmp_path / "cache").iterdir()) == ["pairs", "runs"]


def test_a_new_version_signs_only_its_new_parts(parts: list[PartFiles], tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    find(parts[:4], tmp_path / "one", LocalEngine(), cache=cache)
    before = {path: path.stat().st_mtime_ns for path in cache.glob("runs/*/*/*")}
    find(parts, tmp_path / "two", LocalEngine(), cache=cache)
    after = {path: path.stat().st_mtime_ns for path in cache.glob("runs/*/*/*")}
    assert before.items() <= after.items()
    assert {path.parent.name for path in set(after) - set(before)} == {parts[4].key}


def test_runs_of_any_size_give_the_same_bytes(
    parts: list[PartFiles], table: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runs, "RUN_ROWS", 37)
    assert find(parts, tmp_path, LocalEngine()).read_bytes() == table


@pytest.mark.parametrize("window", [1, 64])
def test_rounds_of_any_width_give_the_same_bytes(
    parts: list[PartFiles],
    table: bytes,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    window: int,
) -> None:
    monkeypatch.setattr(rounds, "WINDOW", window)
    assert find(parts, tmp_path, LocalEngine()).read_bytes() == table


def test_a_worker_killed_in_every_stage_changes_nothing(
    docs: list[Doc], table: bytes, tmp_path: Path
) -> None:
    engine = Murderous(tmp_path / "markers")
    parts = write_parts(tmp_path / "parts", docs, 11)
    path = find(parts, tmp_path / "work", engine, partition_rows=5000, joined_runs=1)
    engine.close()
    assert {path.name for path in (tmp_path / "markers").iterdir()} == {
        name for name in STAGES if name.startswith("duplicates-")
    }
    assert path.read_bytes() == table
    assert not list(tmp_path.rglob("*.aside*"))


@pytest.mark.parametrize("calls", [1, 3, 5, 7, 9])
def test_a_run_that_was_ended_goes_on_with_what_is_finished(
    parts: list[PartFiles], table: bytes, tmp_path: Path, calls: int
) -> None:
    with pytest.raises(PowerCut):
        find(parts, tmp_path, Interrupted(calls))
    finished = {path: path.stat().st_mtime_ns for path in tmp_path.glob("cache/*/*/*/*")}
    assert find(parts, tmp_path, LocalEngine()).read_bytes() == table
    assert all(path.stat().st_mtime_ns == time for path, time in finished.items())


def test_a_finished_run_is_not_run_again(parts: list[PartFiles], tmp_path: Path) -> None:
    path = find(parts, tmp_path, LocalEngine())
    assert find(parts, tmp_path, Interrupted(0)) == path
    path.write_bytes(b"torn")
    with pytest.raises(PowerCut):
        find(parts, tmp_path, Interrupted(0))


@pytest.mark.parametrize("name", ["0000-band_keys.npy", "0000-texts.npy", "counts.npy", "both.npy"])
def test_what_is_damaged_in_the_cache_is_made_again(
    parts: list[PartFiles], table: bytes, tmp_path: Path, name: str
) -> None:
    find(parts[:3], tmp_path / "one", LocalEngine(), cache=tmp_path / "cache")
    damaged = list((tmp_path / "cache").rglob(name))
    for path in damaged:
        data = bytearray(path.read_bytes())
        data[128:] = b"\1\0\0\0" * ((len(data) - 128) // 4)  # after the header; would be believed
        path.write_bytes(data)
    assert damaged
    again = find(parts, tmp_path / "two", LocalEngine(), cache=tmp_path / "cache")
    assert again.read_bytes() == table


def test_options_are_recorded_and_change_the_hash(parts: list[PartFiles], tmp_path: Path) -> None:
    loose = Options(threshold=0.7)
    find(parts[:2], tmp_path, LocalEngine(), loose)
    facts = receipt_in(tmp_path)
    assert facts["options"]["threshold"] == "0.7"
    assert facts["options_sha256"] == loose.digest() != Options().digest()


def receipt_in(work: Path) -> dict[str, Any]:
    (work / "work").symlink_to(".")
    return receipt(work)


def test_signals_in_another_order_give_the_same_bytes(
    docs: list[Doc], table: bytes, tmp_path: Path
) -> None:
    part = write_part(tmp_path / "part", docs)
    signals = pq.read_table(part.signals)
    order = random.Random(3).sample(range(len(docs)), len(docs))
    pq.write_table(signals.take(order), part.signals)
    again = PartFiles.of(part.documents, part.signals)
    assert find([again], tmp_path / "work", LocalEngine()).read_bytes() == table


@pytest.mark.parametrize("damage", ["absent", "null", "short"])
def test_a_document_without_a_whole_signature_is_an_error(tmp_path: Path, damage: str) -> None:
    part = write_part(tmp_path / "part", [Doc(n, f"text number {n}") for n in range(3)])
    signals = pq.read_table(part.signals)
    if damage == "absent":
        signals = signals.slice(0, 2)
    else:
        rows = signals["minhash"].to_pylist()
        rows[1] = None if damage == "null" else rows[1][:-4]
        signals = signals.set_column(1, "minhash", pa.array(rows, pa.binary()))
    pq.write_table(signals, part.signals)
    with pytest.raises(CheckFailed, match="no signature of 128 places") as raised:
        find([part], tmp_path / "work", LocalEngine())
    assert "compute them again" in raised.value.next_step


def test_a_document_in_two_parts_is_an_error(docs: list[Doc], tmp_path: Path) -> None:
    parts = [write_part(tmp_path / "a", docs[:9]), write_part(tmp_path / "b", docs[8:20])]
    with pytest.raises(CheckFailed, match=docs[8].id):
        find(parts, tmp_path / "work", LocalEngine())


def test_a_part_given_twice_is_an_error(parts: list[PartFiles], tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="twice"):
        find([parts[0], parts[0]], tmp_path, LocalEngine())


@pytest.mark.parametrize(
    "values", [{"threshold": 0}, {"threshold": 0.5}, {"bands": 19}, {"firsts": 0}]
)
def test_options_that_cannot_be_meant_are_refused(values: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        Options(**values)
