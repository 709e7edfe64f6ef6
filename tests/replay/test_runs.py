"""Runs: the same result however often they are stopped, guards, and the command."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from archive.errors import CheckFailed, EnvironmentFailed, LowbgError, UnknownName, UsageError
from archive.replay.folder import Folder
from archive.replay.mixes import ALL_HUMAN, REPLACE
from archive.replay.report import write_report
from archive.replay.runs import Config, run
from archive.replay.texts import Text, take
from tests import warcs
from tests.conftest import ROOT
from tests.replay.made import documents, taken

SMALL = Config(policies=("preserve:0.3",), generations=4, seeds=3, words=6400)


@pytest.fixture(scope="module")
def texts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("texts")
    for number, text in enumerate(documents()):
        (folder / f"{number:03}.txt").write_text(text.text)
    return folder


def command(texts: Path, *arguments: str) -> list[str]:
    words = ["--generations", "4", "--seeds", "3", "--words", "6400", "--workers", "1"]
    run_it = ["run", "--text", str(texts), *words, *arguments]
    return [sys.executable, "-m", "archive", "replay", *run_it]


def lowbg(texts: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command(texts, *arguments), cwd=ROOT, capture_output=True, text=True)


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder, results = run(taken(), SMALL, tmp_path_factory.mktemp("run"), workers=1)
    return {"folder": folder, **results}


def test_a_run_holds_measures_by_policy_seed_and_generation(results: dict[str, Any]) -> None:
    assert set(results["verdicts"]) == {ALL_HUMAN, REPLACE, "preserve:0.3"}
    for chains in results["measures"].values():
        assert [len(chain) for chain in chains] == [5, 5, 5]
        tokens = {g["text"]["tokens"] for chain in chains for g in chain}
        assert tokens == {results["human"][0]["text"]["tokens"]} == {6400}
    losses = results["endpoints"]["preserve:0.3"]["endpoints"]["loss"]
    assert losses["low"] <= losses["mean"] <= losses["high"]


def test_generation_zero_is_shared_by_all_policies_of_a_seed(results: dict[str, Any]) -> None:
    for seed in range(3):
        zeros = [chains[seed][0] for chains in results["measures"].values()]
        assert all(zero == zeros[0] for zero in zeros)


def test_the_order_of_human_share_is_the_order_of_loss(results: dict[str, Any]) -> None:
    last = {
        name: [chain[-1]["loss"] for chain in chains]
        for name, chains in results["measures"].items()
    }
    for seed in range(3):
        assert last[REPLACE][seed] > last["preserve:0.3"][seed] > last[ALL_HUMAN][seed]


def test_the_report_is_one_page_with_all_figures(results: dict[str, Any]) -> None:
    folder: Folder = results["folder"]
    page = write_report(folder).read_text(encoding="utf-8")
    figures = sorted((folder.path / "figures").glob("*.svg"))
    assert len(figures) == 8
    assert page.count("<svg") == 8
    assert "://" not in page.replace("http://www.w3.org/2000/svg", ""), "nothing from elsewhere"
    assert results["verdicts"]["preserve:0.3"] in page


def test_a_longer_run_goes_on_from_a_shorter_one(tmp_path: Path) -> None:
    short = Config(policies=("replace",), generations=2, seeds=1, words=3200)
    folder, first = run(taken(), short, tmp_path, workers=1)
    made = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "stages").iterdir()}
    _, again = run(taken(), short, tmp_path, workers=1)
    assert again == first
    longer = Config(policies=("replace",), generations=3, seeds=1, words=3200)
    _, more = run(taken(), longer, tmp_path, workers=1)
    now = {path.name: path.stat().st_mtime_ns for path in folder.path.glob("stages/*")}
    assert {name: now[name] for name in made} == made, "nothing finished is made again"
    assert more["measures"][REPLACE][0][:3] == first["measures"][REPLACE][0]


def test_worker_counts_do_not_change_a_result(tmp_path: Path, results: dict[str, Any]) -> None:
    _, other = run(taken(), SMALL, tmp_path, workers=2)
    assert other == {key: value for key, value in results.items() if key != "folder"}


def test_killed_again_and_again_a_run_ends_with_the_same_result(
    texts: Path, tmp_path: Path
) -> None:
    whole, torn = tmp_path / "whole", tmp_path / "torn"
    assert lowbg(texts, "--policies", "accumulate", "--out", str(whole)).returncode in (0, 1, 2)
    # Two workers, which outlive their parent for a moment each time.
    asked = command(texts, "--policies", "accumulate", "--out", str(torn), "--workers", "2")
    for stages in (1, 4, 9, 20):
        process = subprocess.Popen(
            asked, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        while process.poll() is None and len(list(torn.glob("stages/[!.]*"))) < stages:
            time.sleep(0.002)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    assert not (torn / "results.json").exists(), "it was killed before its end"
    (torn / "stages" / ".left").mkdir()
    subprocess.run(asked, cwd=ROOT, capture_output=True)
    assert (torn / "results.json").read_bytes() == (whole / "results.json").read_bytes()
    assert not list(torn.glob("stages/.*"))


@pytest.mark.parametrize("policy", ["replace", "all_human", "preserve:0.5"])
def test_the_exit_code_is_the_verdict(texts: Path, tmp_path: Path, policy: str) -> None:
    done = lowbg(texts, "--policies", policy, "--out", str(tmp_path), "--json")
    held = json.loads(done.stdout)
    assert {"verdicts", "endpoints", "measures"} <= set(held)
    tested = [v for name, v in held["verdicts"].items() if name not in (ALL_HUMAN, REPLACE)]
    codes = {"RESISTS": 0, "COLLAPSES": 1, "INCONCLUSIVE": 2, "NOT SENSITIVE": 2}
    assert done.returncode == (codes[tested[0]] if tested else 0)


def test_the_last_line_is_the_verdict(texts: Path, tmp_path: Path) -> None:
    done = lowbg(texts, "--policies", "preserve:0.5", "--out", str(tmp_path))
    verdict = json.loads((tmp_path / "results.json").read_bytes())["verdicts"]["preserve:0.5"]
    assert done.stdout.splitlines()[-1].startswith(f"preserve:0.5 {verdict} over 4 generations")


def test_a_mix_in_a_file_is_judged_like_any_other(texts: Path, tmp_path: Path) -> None:
    (tmp_path / "ours.toml").write_text("alpha = 0.5\nbeta = 0.3\ngamma = 0.2\n")
    done = lowbg(
        texts, "--policies", str(tmp_path / "ours.toml"), "--out", str(tmp_path / "r"), "--json"
    )
    held = json.loads(done.stdout)
    assert "ours" in held["verdicts"]
    assert held["measures"]["ours"][0][1]["trained_on"]["human_share"] == pytest.approx(0.5)


def test_a_snapshot_gives_the_text_as_files_do(tmp_path: Path) -> None:
    store, crawl = str(tmp_path / "store"), tmp_path / "crawl.warc"
    pages = [
        warcs.warc_record(
            "response",
            f"http://{text.group}.example.org/{number}",
            block=warcs.html_page(text.text, title=f"page {number}"),
        )
        for number, text in enumerate(documents())
    ]
    crawl.write_bytes(b"".join(pages))
    lowbg = [sys.executable, "-m", "archive"]
    build = ["build", str(crawl), "--name", "web", "--store", store, "--workers", "1"]
    subprocess.run([*lowbg, *build], cwd=ROOT, check=True, capture_output=True)
    sizes = ["--generations", "2", "--seeds", "3", "--policies", "preserve:0.5", "--json"]
    done = subprocess.run(
        [*lowbg, "replay", "run", "web", *sizes, "--store", store, "--out", str(tmp_path / "run")],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert set(json.loads(done.stdout)["verdicts"]) == {ALL_HUMAN, REPLACE, "preserve:0.5"}
    asked = json.loads((tmp_path / "run" / "run.json").read_bytes())
    assert asked["origin"].startswith("web@1, content root ")
    assert asked["corpus"]["documents"] == len(pages)
    groups = json.loads(done.stdout)["measures"][REPLACE][0][0]["group_loss"]
    hosts = {name for name in groups if not name.startswith(("language ", "other languages"))}
    assert hosts
    assert hosts <= {"group0.example.org", "group1.example.org"}
    assert set(groups) > hosts, "signals give languages, even to words that were made up"


def test_a_budget_that_the_fresh_text_just_feeds_is_found(tmp_path: Path) -> None:
    """Rounding up to whole blocks in every generation once asked for more than there was."""
    config = Config(policies=("fresh:0.1",), generations=10, seeds=1)
    folder, results = run(taken(count=24, words=300), config, tmp_path, workers=1)
    assert results["generations"] == 10
    assert folder.read("run.json")["plan"]["budget"] > 0


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        ({"tier": "gpt"}, UnknownName),
        ({"policies": ("presrve",)}, UnknownName),
        ({"prompts": "none"}, UnknownName),
        ({"sweep": "replace"}, UnknownName),
        ({"words": 10_000_000}, UsageError),
        ({"words": 6400, "archive": 3200}, UsageError),
        ({"policies": ("fresh:1",), "words": 6400}, UsageError),
    ],
)
def test_what_cannot_be_run_is_refused_before_it_starts(
    tmp_path: Path, change: dict[str, Any], kind: type[LowbgError]
) -> None:
    with pytest.raises(kind):
        run(taken(), Config(**({"generations": 4, "seeds": 1} | change)), tmp_path, workers=1)
    assert not (tmp_path / "run.json").exists()


def test_text_that_teaches_nothing_stops_the_run(tmp_path: Path) -> None:
    texts = [
        Text("x", " ".join(f"w{number}x{word}" for word in range(700))) for number in range(40)
    ]
    with pytest.raises(CheckFailed, match="learnt nothing"):
        run(take(texts), Config(generations=2, seeds=1, policies=()), tmp_path, workers=1)


def test_two_runs_do_not_share_a_folder_at_once(tmp_path: Path) -> None:
    with Folder(tmp_path).locked(), pytest.raises(EnvironmentFailed, match="at work"):
        run(taken(), SMALL, tmp_path, workers=1)


def test_a_sweep_gives_the_smallest_share_that_resists(tmp_path: Path) -> None:
    config = Config(policies=(), sweep="preserve", generations=2, seeds=3, words=3200)
    _, results = run(taken(), config, tmp_path, workers=1)
    judged = results["sweep"]["judged"]
    assert judged is None or results["verdicts"][f"preserve:{judged:g}"] == "RESISTS"
    assert len(results["verdicts"]) == 2 + 7


def test_the_report_of_a_run_that_is_not_there_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"results\.json"):
        write_report(Folder(tmp_path))
