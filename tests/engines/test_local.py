"""The local engine: receipts in order, dead workers replaced, errors carried over whole."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from archive.engines import ENGINES, STAGES, load, stage_function, start
from archive.engines.local import LocalEngine
from archive.errors import Unaccounted, UnknownName, UsageError, WorkerFailed

HERE = "tests.engines.stages"
PATIENCE = 6.0  # seconds; far more than a message takes, far less than a test may


@pytest.fixture(params=[1, 2])
def engine(request: pytest.FixtureRequest) -> Iterator[LocalEngine]:
    engine = LocalEngine(workers=request.param)
    yield engine
    engine.close()


def test_receipts_come_in_the_order_of_the_tasks(engine: LocalEngine) -> None:
    tasks = [{"n": n, "bytes": 1} for n in range(20)]
    receipts = engine.run(f"{HERE}:square", tasks)
    assert [r["square"] for r in receipts] == [n * n for n in range(20)]


def test_progress_adds_up_to_no_more_than_the_work(engine: LocalEngine) -> None:
    told: list[int] = []
    engine.run(f"{HERE}:square", [{"n": 1, "bytes": 3 << 20}] * 4, report=told.append)
    assert sum(told) == 12 << 20


def test_no_tasks_give_no_receipts(engine: LocalEngine) -> None:
    assert engine.run(f"{HERE}:square", []) == []


def test_an_error_of_a_stage_arrives_with_its_facts(engine: LocalEngine) -> None:
    with pytest.raises(Unaccounted) as caught:
        engine.run(f"{HERE}:refuse", [{"name": "crawl.warc"}])
    assert (caught.value.name, caught.value.size, caught.value.accounted) == ("crawl.warc", 10, 9)
    assert caught.value.next_step


def test_an_engine_goes_on_working_after_an_error(engine: LocalEngine) -> None:
    with pytest.raises(Unaccounted):
        engine.run(f"{HERE}:refuse", [{"name": "crawl.warc"}] * 4)
    receipts = engine.run(f"{HERE}:square", [{"n": n, "bytes": 0} for n in range(9)])
    assert [r["square"] for r in receipts] == [n * n for n in range(9)]


def test_two_workers_share_the_tasks_in_processes_of_their_own() -> None:
    engine = LocalEngine(workers=2)
    receipts = engine.run(f"{HERE}:square", [{"n": n, "bytes": 0} for n in range(64)])
    engine.close()
    pids = {receipt["pid"] for receipt in receipts}
    assert os.getpid() not in pids
    assert len(pids) == 2


def test_a_killed_worker_costs_one_attempt_and_no_receipt(tmp_path: Path) -> None:
    engine = LocalEngine(workers=2)
    tasks = [{"n": n, "deaths": n % 3, "folder": str(tmp_path)} for n in range(6)]
    receipts = engine.run(f"{HERE}:die_until", tasks)
    engine.close()
    assert [r["n"] for r in receipts] == list(range(6))


def test_a_task_that_keeps_killing_its_worker_is_named(tmp_path: Path) -> None:
    engine = LocalEngine(workers=2)
    task = {"n": 0, "name": "bad.warc", "deaths": 99, "folder": str(tmp_path)}
    with pytest.raises(WorkerFailed, match=r"bad\.warc.*died 3 times"):
        engine.run(f"{HERE}:die_until", [task])
    engine.close()


def test_a_task_that_is_given_up_has_a_stand_in_and_the_others_are_done(tmp_path: Path) -> None:
    engine = LocalEngine(workers=2)
    tasks = [{"n": n, "deaths": 99 * (n == 1), "folder": str(tmp_path)} for n in range(3)]
    receipts = engine.run(f"{HERE}:die_until", tasks, instead=lambda task, why: {"why": why})
    engine.close()
    assert [r.get("n") for r in receipts] == [0, None, 2]
    assert receipts[1]["why"] == "its worker died 3 times (exit code -9)"


def test_a_worker_that_hangs_is_killed_and_costs_one_attempt(tmp_path: Path) -> None:
    engine = LocalEngine(workers=2, patience=PATIENCE)
    tasks = [{"n": n, "hangs": n, "folder": str(tmp_path)} for n in range(2)]
    assert [r["n"] for r in engine.run(f"{HERE}:hang_until", tasks)] == [0, 1]
    engine.close()
    assert (tmp_path / "attempts-1").stat().st_size == 2


def test_a_worker_that_takes_long_and_says_so_is_left_alone() -> None:
    engine = LocalEngine(workers=2, patience=PATIENCE)
    receipts = engine.run(f"{HERE}:slow_but_telling", [{"n": 1, "steps": 75}], retries=1)
    engine.close()
    assert receipts == [{"n": 1}]


def test_a_worker_without_memory_costs_its_attempt() -> None:
    engine = LocalEngine(workers=2)
    with pytest.raises(WorkerFailed, match=r"large\.warc.*died 3 times \(out of memory\)"):
        engine.run(f"{HERE}:out_of_memory", [{"name": "large.warc"}])
    engine.close()


def test_an_error_that_cannot_cross_processes_is_told_of() -> None:
    engine = LocalEngine(workers=2)
    with pytest.raises(WorkerFailed, match="cannot cross"):
        engine.run(f"{HERE}:raise_unpicklable", [{"name": "a"}])
    engine.close()


def test_every_registered_name_can_be_loaded() -> None:
    assert all(callable(stage_function(name)) for name in STAGES)
    assert all(callable(load(ENGINES, "engine", name)) for name in ENGINES)


def test_an_unknown_engine_lists_the_known_ones() -> None:
    with pytest.raises(UnknownName, match="loca1") as caught:
        start("loca1", 1)
    assert "known: local, ray" in caught.value.next_step


def test_another_package_adds_an_engine_by_an_entry_point(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    about = tmp_path / "other-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: other\nVersion: 1.0\n")
    home = "archive.engines.local:LocalEngine"
    mine = f"[lowbackground.engines]\nelsewhere = {home}\nlocal = no.such:Engine\n"
    (about / "entry_points.txt").write_text(mine)
    monkeypatch.syspath_prepend(str(tmp_path))
    assert isinstance(start("elsewhere", 1), LocalEngine)
    assert isinstance(start("local", 1), LocalEngine), "a name of ours stays ours"
    with pytest.raises(UnknownName) as caught:
        start("elsewhen", 1)
    assert "elsewhere, local, ray" in caught.value.next_step


def test_the_local_engine_refuses_an_address() -> None:
    with pytest.raises(UsageError, match="no address"):
        start("local", 1, "auto")


def test_ray_is_not_imported_unless_it_is_asked_for() -> None:
    code = (
        "import sys; from archive.engines import start; import archive.snapshot;"
        " start('local', 2).close(); print('ray' in sys.modules)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout == "False\n"
