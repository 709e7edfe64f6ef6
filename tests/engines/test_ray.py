"""Ray, on a cluster of two nodes on loopback: the laws that hold for local workers, and its own."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

import archive
from archive.duplicates import find
from archive.engines import start
from archive.engines.local import LocalEngine
from archive.engines.ray import RayEngine
from archive.errors import EnvironmentFailed, Unaccounted, UsageError, WorkerFailed
from tests.archives import write_crawl
from tests.duplicates.corpora import planted, write_parts
from tests.engines.clusters import Loopback

HERE = "tests.engines.stages"
PATIENCE = 6.0


@pytest.fixture(scope="module")
def cluster() -> Iterator[Loopback]:
    with Loopback(2) as made:
        yield made


@pytest.fixture(scope="module")
def engine(cluster: Loopback) -> Iterator[RayEngine]:
    engine = RayEngine(address=cluster.address, patience=PATIENCE)
    yield engine
    engine.close()


def test_receipts_come_in_the_order_of_the_tasks(engine: RayEngine) -> None:
    receipts = engine.run(f"{HERE}:square", [{"n": n, "bytes": 1} for n in range(60)])
    assert [r["square"] for r in receipts] == [n * n for n in range(60)]


def test_both_nodes_work_at_once(engine: RayEngine, tmp_path: Path) -> None:
    receipts = engine.run(f"{HERE}:meet", [{"n": n, "folder": str(tmp_path)} for n in range(2)])
    assert len({r["node"] for r in receipts}) == 2
    assert os.getpid() not in {r["pid"] for r in receipts}


def test_progress_adds_up_to_the_work(engine: RayEngine) -> None:
    told: list[int] = []
    engine.run(f"{HERE}:square", [{"n": 1, "bytes": 3 << 20}] * 4, report=told.append)
    assert sum(told) == 12 << 20


def test_an_error_of_a_stage_arrives_with_its_facts_and_the_engine_goes_on(
    engine: RayEngine,
) -> None:
    with pytest.raises(Unaccounted) as caught:
        engine.run(f"{HERE}:refuse", [{"name": "crawl.warc"}] * 4)
    assert (caught.value.name, caught.value.size, caught.value.accounted) == ("crawl.warc", 10, 9)
    receipts = engine.run(f"{HERE}:square", [{"n": n, "bytes": 0} for n in range(9)])
    assert [r["square"] for r in receipts] == [n * n for n in range(9)]


def test_a_killed_worker_costs_one_attempt_and_no_receipt(
    engine: RayEngine, tmp_path: Path
) -> None:
    tasks = [{"n": n, "deaths": n % 3, "folder": str(tmp_path)} for n in range(6)]
    assert [r["n"] for r in engine.run(f"{HERE}:die_until", tasks)] == list(range(6))


def test_a_task_that_keeps_killing_its_worker_is_given_up_and_the_others_are_done(
    engine: RayEngine, tmp_path: Path
) -> None:
    tasks = [{"n": n, "deaths": 99 * (n == 1), "folder": str(tmp_path)} for n in range(3)]
    stood_in = engine.run(f"{HERE}:die_until", tasks, instead=lambda task, why: {"why": why})
    assert [r.get("n") for r in stood_in] == [0, None, 2]
    assert stood_in[1]["why"] == "its worker died 3 times (its process ended)"
    with pytest.raises(WorkerFailed, match="died 3 times"):
        engine.run(f"{HERE}:die_until", [tasks[1] | {"name": "bad.warc"}])


def test_a_worker_that_hangs_is_killed_and_costs_one_attempt(
    engine: RayEngine, tmp_path: Path
) -> None:
    tasks = [{"n": n, "hangs": n, "folder": str(tmp_path)} for n in range(2)]
    assert [r["n"] for r in engine.run(f"{HERE}:hang_until", tasks)] == [0, 1]
    assert (tmp_path / "attempts-1").stat().st_size == 2


def test_a_worker_without_memory_costs_its_attempt(engine: RayEngine) -> None:
    with pytest.raises(WorkerFailed, match="out of memory"):
        engine.run(f"{HERE}:out_of_memory", [{"name": "large.warc"}])


def test_every_node_must_see_the_store(engine: RayEngine, tmp_path: Path) -> None:
    engine.reach(tmp_path)
    assert not list(tmp_path.iterdir()), "the probe leaves nothing"


def test_a_node_that_does_not_see_the_store_is_named(
    engine: RayEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("archive.engines.ray._read", _blind)
    with pytest.raises(EnvironmentFailed, match=r"2 of 2 nodes do not see .*127\.0\.0\.1") as error:
        engine.reach(tmp_path)
    assert "same path" in error.value.next_step


def _blind(path: str) -> str | None:
    return None


def test_rays_client_protocol_is_refused_with_what_to_do() -> None:
    with pytest.raises(UsageError) as caught:
        start("ray", 1, "ray://127.0.0.1:10001")
    assert "--address auto" in caught.value.next_step


def test_a_build_on_two_nodes_makes_every_byte_that_a_local_one_makes(
    cluster: Loopback, engine: RayEngine, tmp_path: Path
) -> None:
    import ray  # only once the cluster has set its surroundings

    crawl = write_crawl(tmp_path / "crawl")
    here = archive.build(crawl, "web", tmp_path / "here").manifest
    store = tmp_path / "there"
    there = archive.build(crawl, "web", store, engine="ray", address=cluster.address).manifest
    assert ray.is_initialized(), "what the calling program began is left running"
    assert there.content_root == here.content_root
    assert (there.parts, there.duplicates) == (here.parts, here.duplicates)
    assert archive.open("web", store).verify().findings == ()


def test_duplicates_over_joined_runs_are_the_same_on_two_nodes(
    engine: RayEngine, tmp_path: Path
) -> None:
    parts = write_parts(tmp_path / "parts", planted(seed=5, families=6), 5)
    here = find(parts, tmp_path / "here", LocalEngine()).read_bytes()
    there = find(parts, tmp_path / "there", engine, joined_runs=2, partition_rows=900)
    assert there.read_bytes() == here
