"""One root, whatever engine a build runs on, in how many shares, and whoever dies on the way."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

import archive
from archive import gather, parts, pipeline
from archive.engines import Receipt, Report, Task, stage_function
from archive.engines.local import LocalEngine
from archive.errors import UsageError
from archive.pipeline import Order
from archive.recipe import Recipe
from archive.shards import Shard
from archive.sources.inputs import Input, expand
from archive.store.local import Store
from archive.verify.deep import verify_deep
from cli import group
from tests import warcs
from tests.archives import STORIES, page, write_crawl
from tests.engines.clusters import Loopback


@pytest.fixture
def crawl(tmp_path: Path) -> list[str]:
    return write_crawl(tmp_path / "crawl")


@pytest.fixture
def long_crawl(tmp_path: Path) -> list[str]:
    """Twelve inputs that take a good part of a second each."""
    folder = tmp_path / "long"
    folder.mkdir()
    for number in range(12):
        stories = " ".join(STORIES.values())
        pages = [
            warcs.warc_record(
                "response",
                f"http://{number}.example/{n}",
                block=warcs.html_page(f"{number} {n} {stories} " * 20, title=f"{n}"),
            )
            for n in range(120)
        ]
        (folder / f"{number}.warc").write_bytes(b"".join(pages))
    return [str(path) for path in sorted(folder.iterdir())]


def test_shares_and_the_build_that_takes_them_up_give_the_root_of_one_build(
    crawl: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = archive.build(crawl, "web", tmp_path / "whole").manifest
    store = tmp_path / "shared"
    shares = [archive.build_share(crawl, "web", store, shard=f"{n}/3") for n in (3, 1, 2)]
    assert sorted(share.inputs for share in shares) == [0, 1, 1]
    assert sum(share.documents for share in shares) == whole.documents
    assert Store(store).names() == [], "a share commits nothing"
    made: list[str] = []
    monkeypatch.setattr("archive.parts._write_part", _counting(made))
    final = archive.build(crawl, "web", store)
    assert made == []
    assert final.content_root == whole.content_root
    assert (final.manifest.parts, final.manifest.duplicates) == (whole.parts, whole.duplicates)
    assert final.verify().findings == ()


def _counting(made: list[str]) -> Callable[..., dict[str, Any]]:
    real = parts._write_part

    def write(task: dict[str, Any], *arguments: Any) -> dict[str, Any]:
        made.append(task["name"])
        return real(task, *arguments)

    return write


def test_a_share_that_never_ran_is_made_by_the_last_build(
    crawl: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = archive.build(crawl, "web", tmp_path / "whole").content_root
    store = tmp_path / "shared"
    archive.build_share(crawl, "web", store, shard="2/2")
    made: list[str] = []
    monkeypatch.setattr("archive.parts._write_part", _counting(made))
    assert archive.build(crawl, "web", store).content_root == whole
    assert made == ["first.warc.gz"]


@pytest.mark.parametrize("count", [1, 2, 7, 40])
def test_shares_are_disjoint_whole_and_differ_by_one_input_at_most(count: int) -> None:
    inputs = [Input(f"{n:02d}", f"/crawl/{n}") for n in range(20)]
    shares = [Shard(index, count).share(inputs[::-1]) for index in range(1, count + 1)]
    assert sorted(each for share in shares for each in share) == inputs
    assert max(map(len, shares)) - min(map(len, shares)) <= 1


@pytest.mark.parametrize("text", ["0/3", "4/3", "3", "a/b", "-1/3", "1/0", "1/3/5", ""])
def test_a_share_that_cannot_be_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        Shard.of(text)


def test_the_command_makes_a_share_and_says_what_it_made(crawl: list[str], tmp_path: Path) -> None:
    asked = ["build", *crawl, "--name", "web", "--store", str(tmp_path / "store")]
    asked += ["--no-annotate", "--workers", "1"]
    done = CliRunner().invoke(group, [*asked, "--shard", "1/2", "--json"])
    share = json.loads(done.stdout)
    assert (share["shard"], share["inputs"], share["failed"]) == ("1/2", 1, [])
    assert share["documents"] == share["outcomes"]["kept"] == 6
    shown = CliRunner().invoke(group, [*asked, "--shard", "2/2"]).stdout
    assert shown.startswith("share 2/2: 1 inputs, ")
    assert json.loads(CliRunner().invoke(group, [*asked, "--json"]).stdout)["documents"] == 7


class Deadly(LocalEngine):
    """Two workers; one that is given an input of this name dies, `deaths` times in all."""

    def __init__(self, name: str, folder: Path, deaths: int) -> None:
        super().__init__(workers=2)
        self._name, self._folder, self._deaths = name, folder, deaths

    def run(self, stage: str, tasks: Any, **how: Any) -> list[Receipt]:
        if stage not in ("part", "parts"):
            return super().run(stage, tasks, **how)
        extra = {"deadly": self._name, "deaths": self._deaths, "folder": str(self._folder)}
        return super().run(f"{__name__}:deadly_part", [{**t, **extra} for t in tasks], **how)


def deadly_part(task: Task, report: Report) -> Receipt:
    """The stages `part` and `parts`, but for one input, that kills its worker before the end."""
    attempts = Path(task["folder"]) / "attempts"
    names = [each["name"] for each in task.get("parts", [task])]
    if task["deadly"] in names and len(_text(attempts)) < task["deaths"]:
        with attempts.open("a") as file:
            file.write("x")
        os.replace = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
    return stage_function("parts" if "parts" in task else "part")(task, report)


def _text(path: Path) -> str:
    return path.read_text() if path.exists() else ""


def _build(store: Path, crawl: list[str], engine: LocalEngine) -> archive.Snapshot:
    opened = Store.create(store)
    try:
        order = Order("web", expand(crawl), Recipe(), keep_originals=True, annotate=False)
        return archive.Snapshot(opened, pipeline.build(opened, order, engine))
    finally:
        engine.close()


def test_a_worker_killed_in_the_middle_of_a_part_changes_nothing(
    crawl: list[str], tmp_path: Path
) -> None:
    whole = _build(tmp_path / "whole", crawl, LocalEngine(2))
    killed = _build(tmp_path / "killed", crawl, Deadly("second.warc", tmp_path, 2))
    assert killed.content_root == whole.content_root
    assert killed.manifest.parts == whole.manifest.parts
    assert killed.failed() == []


def test_an_input_that_kills_its_workers_is_ledgered_as_failed_and_tried_again(
    crawl: list[str], tmp_path: Path
) -> None:
    whole = _build(tmp_path / "whole", crawl, LocalEngine(2))
    store = tmp_path / "store"
    without = _build(store, crawl, Deadly("second.warc", tmp_path, 3))
    size = Path(crawl[1]).stat().st_size
    reason = "its worker died 3 times (exit code -9)"
    assert without.failed() == [{"file": "second.warc", "length": size, "reason": reason}]
    assert without.manifest.outcomes["failed"] == 1
    assert without.verify().findings == (), "every byte has a row"
    (deep,) = verify_deep(without.store, "web@1", pipeline.silent)
    assert (deep.kind, deep.path) == ("unverifiable", "second.warc")
    assert without.manifest.documents == whole.manifest.documents - 1
    again = _build(store, crawl, LocalEngine(2))
    assert again.reference == "web@2"
    assert again.failed() == []
    assert again.content_root == whole.content_root
    assert again.manifest.parts == whole.manifest.parts
    assert archive.open("web@1", store).failed() == without.failed()
    assert again.verify().findings == ()


def test_an_input_that_kills_its_workers_costs_the_others_of_its_batch_nothing(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "crawl"
    folder.mkdir()
    for number in range(20):
        (folder / f"{number:02d}.warc").write_bytes(page("tide", host=f"{number}.example"))
    built = _build(tmp_path / "store", [str(folder)], Deadly("07.warc", tmp_path, 99))
    assert [each["file"] for each in built.failed()] == ["07.warc"]
    assert len(_text(tmp_path / "attempts")) == 6, "three times in its batch, three times alone"
    assert built.manifest.documents == 19
    assert built.verify().findings == ()


def test_the_command_says_which_inputs_failed_and_exits_1(
    crawl: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOWBG_TEST_FOLDER", str(tmp_path))
    command = [sys.executable, "-m", "archive", "build", *crawl, "--name", "web"]
    command += ["--store", str(tmp_path / "store"), "--engine", f"{__name__}:deadly_engine"]
    command += ["--no-annotate"]
    shown = subprocess.run(command, capture_output=True, text=True)
    assert shown.returncode == 1, shown.stderr
    assert "1 inputs failed; the same command tries them again:" in shown.stdout
    assert "second.warc: its worker died 3 times (exit code -9)" in shown.stdout
    again = subprocess.run([*command, "--json"], capture_output=True, text=True)
    assert (again.returncode, json.loads(again.stdout)["failed"]) == (0, [])


def deadly_engine(workers: int, address: str | None) -> LocalEngine:
    return Deadly("second.warc", Path(os.environ["LOWBG_TEST_FOLDER"]), 3)


def test_a_worker_with_other_versions_is_refused(
    crawl: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = parts.part_task
    monkeypatch.setattr(gather, "part_task", lambda *given: _older(made(*given)))
    with pytest.raises(archive.LowbgError, match="has other versions than the build: zstandard"):
        archive.build(crawl, "web", tmp_path / "store")


def _older(task: Task) -> Task:
    versions = {**task["recipe"]["versions"], "zstandard": "0.1"}
    return {**task, "recipe": {**task["recipe"], "versions": versions}}


def _parts_made(store: Path) -> int:
    return len(list(store.glob("work/parts/*/receipt.json")))


@pytest.mark.slow
def test_a_node_killed_half_way_costs_time_alone(long_crawl: list[str], tmp_path: Path) -> None:
    whole = archive.build(long_crawl, "web", tmp_path / "whole", workers=2).manifest
    store = tmp_path / "store"
    made_before: list[int] = []
    with Loopback(2) as cluster:

        def progress(phase: str, done: int, total: int) -> None:
            if phase == "extracting" and done and not made_before:
                made_before.append(_parts_made(store))
                cluster.kill(1)

        built = archive.build(
            long_crawl, "web", store, engine="ray", address=cluster.address, progress=progress
        )
    assert made_before[0] < len(long_crawl), "it was killed half way"
    assert built.content_root == whole.content_root
    assert (built.manifest.parts, built.manifest.duplicates) == (whole.parts, whole.duplicates)
    assert built.failed() == []


@pytest.mark.slow
def test_a_driver_killed_half_way_is_taken_up_by_the_local_engine(
    long_crawl: list[str], tmp_path: Path
) -> None:
    whole = archive.build(long_crawl, "web", tmp_path / "whole", workers=2).manifest
    store = tmp_path / "store"
    with Loopback(2) as cluster:
        command = [sys.executable, "-m", "archive", "build", *long_crawl, "--name", "web"]
        command += ["--store", str(store), "--engine", "ray", "--address", cluster.address]
        driver = subprocess.Popen([*command, "--json"], stdout=subprocess.DEVNULL)
        while _parts_made(store) < 3:
            assert driver.poll() is None, "it ended before it was killed"
            time.sleep(0.02)
        driver.kill()
        driver.wait()
    made = _parts_made(store)
    assert 3 <= made < len(long_crawl), "it was killed half way"
    built = archive.build(long_crawl, "web", store, workers=2)
    assert built.content_root == whole.content_root
    assert (built.manifest.parts, built.manifest.duplicates) == (whole.parts, whole.duplicates)
    assert built.verify().findings == ()


@pytest.mark.slow
@pytest.mark.parametrize("nodes", [1, 2])
def test_one_and_two_nodes_give_the_root_of_one_and_two_workers(
    long_crawl: list[str], tmp_path: Path, nodes: int
) -> None:
    here = archive.build(long_crawl, "web", tmp_path / "here", workers=nodes).manifest
    with Loopback(nodes) as cluster:
        there = archive.build(
            long_crawl, "web", tmp_path / "there", engine="ray", address=cluster.address
        ).manifest
    assert (there.content_root, there.parts) == (here.content_root, here.parts)
    assert there.duplicates == here.duplicates


@pytest.mark.slow
def test_ray_of_its_own_on_loopback_gives_the_same_root(crawl: list[str], tmp_path: Path) -> None:
    here = archive.build(crawl, "web", tmp_path / "here").content_root
    command = [sys.executable, "-m", "archive", "build", *crawl, "--name", "web", "--json"]
    command += ["--store", str(tmp_path / "there"), "--engine", "ray", "--workers", "2"]
    shown = subprocess.run(command, capture_output=True, text=True, check=True)
    assert json.loads(shown.stdout)["content_root"] == here
