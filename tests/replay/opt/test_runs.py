"""Whole runs of small OPT models: verdict, resumption, command, snapshot and cut."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from archive.replay.folder import Folder
from archive.replay.mixes import ALL_HUMAN, REPLACE, Mix
from archive.replay.opt import presets
from archive.replay.opt.presets import PRESETS, Preset, Schedule, Shape
from archive.replay.plan import Plan, base_key, chain_keys
from archive.replay.report import write_report
from archive.replay.runs import Config, run
from archive.replay.texts import Text, take
from tests import warcs
from tests.conftest import ROOT
from tests.replay.made import documents
from tests.replay.opt.models import folder

QUICK = Schedule(epochs=4, rate=3e-3, batch=8, falls=True)
MINIATURE = Config(
    tier="opt", model="tiny", policies=("preserve:0.3",), generations=2, seeds=3, words=20 * 64
)
"""Twenty blocks a generation: enough to be run through, too little to be believed."""


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tiny shape, smaller and trained for less: what is tested is the way through."""
    shape = Shape(width=24, layers=1, heads=2, vocabulary=400, blocks=20, first=QUICK, fit=QUICK)
    monkeypatch.setitem(presets.SHAPES, "tiny", shape)
    monkeypatch.setitem(PRESETS, "web", Preset(PRESETS["web"].decoding, QUICK))


def texts(languages: bool = False) -> list[Text]:
    made = documents(count=24, words=700)
    if not languages:
        return made
    return [Text(t.group, t.text, "en" if i % 2 else "gv") for i, t in enumerate(made)]


@pytest.fixture
def finished(tmp_path: Path) -> tuple[Folder, dict[str, Any]]:
    return run(take(texts(languages=True)), MINIATURE, tmp_path / "run", workers=1)


def test_a_run_is_judged_measured_and_reported(finished: tuple[Folder, dict[str, Any]]) -> None:
    held, results = finished
    assert set(results["verdicts"]) == {ALL_HUMAN, REPLACE, "preserve:0.3"}
    for chains in results["measures"].values():
        tokens = {g["text"]["tokens"] for chain in chains for g in chain}
        assert tokens == {20 * 64}
        assert all(g["training"]["change"] > 0 for chain in chains for g in chain)
        human_words = results["human"][0]["text"]["words"]
        assert all(0 < g["text"]["words"] <= human_words * 2 for chain in chains for g in chain)
    page = write_report(held).read_text(encoding="utf-8")
    assert "tier opt" in page
    assert page.count("<svg") == 8
    asked = held.read("run.json")
    assert len(asked["vocabulary_digest"]) == 64
    assert asked["vocabulary"] <= 400


def test_loss_is_reported_by_language(finished: tuple[Folder, dict[str, Any]]) -> None:
    groups = finished[1]["measures"][REPLACE][0][1]["group_loss"]
    assert {"language en", "language gv"} & set(groups) or "other languages" in groups
    assert any(name.startswith("group") or name == "others" for name in groups)


def test_all_human_learns_from_one_training_set_for_ever(
    finished: tuple[Folder, dict[str, Any]],
) -> None:
    for chain in finished[1]["measures"][ALL_HUMAN]:
        assert chain[1]["loss"] == chain[2]["loss"]
        assert chain[1]["text"] != chain[2]["text"], "what it writes is drawn anew"


def test_a_run_goes_on_at_the_last_finished_generation_with_the_same_bytes(
    finished: tuple[Folder, dict[str, Any]], tmp_path: Path
) -> None:
    whole, _ = finished
    torn = Folder(tmp_path / "torn")
    shutil.copytree(whole.path, torn.path)
    asked = whole.read("run.json")
    plan = Plan(**asked["plan"])
    kept = base_key(plan, 0)
    # As killed after generation 1 of one chain: of the rest of seed 0 nothing is left.
    for held in asked["mixes"]:
        keys = chain_keys(plan, 0, Mix(**held), 2)
        for key in keys if held["name"] != REPLACE else keys[1:]:
            shutil.rmtree(torn.stage(key), ignore_errors=True)
    (torn.path / "results.json").unlink()
    made = torn.stage(kept).stat().st_mtime_ns
    run(take(texts(languages=True)), MINIATURE, torn.path, workers=1)
    assert torn.stage(kept).stat().st_mtime_ns == made, "what was finished is not made again"
    files = sorted(p.relative_to(whole.path) for p in whole.path.rglob("*") if p.is_file())
    assert files == sorted(p.relative_to(torn.path) for p in torn.path.rglob("*") if p.is_file())
    for file in files:
        assert (torn.path / file).read_bytes() == (whole.path / file).read_bytes(), file


def test_a_given_model_brings_its_own_tokenizer(tmp_path: Path) -> None:
    model = folder(tmp_path / "model", [text.text for text in texts()[:3]])
    config = Config(
        tier="opt", model=str(model), policies=(), generations=2, seeds=1, words=20 * 64
    )
    held, results = run(take(texts()), config, tmp_path / "run", workers=1)
    moved = tmp_path / "elsewhere"
    shutil.move(model, moved)
    made = {p.name for p in (held.path / "stages").iterdir()}
    again = Config(**{**{f: getattr(config, f) for f in ("tier", "generations", "seeds", "words")},
                      "policies": (), "model": str(moved)})  # fmt: skip
    _, same = run(take(texts()), again, tmp_path / "run", workers=1)
    assert {p.name for p in (held.path / "stages").iterdir()} == made, "its bytes name it"
    assert same == results


def lowbg(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "archive", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True)


def test_the_command_runs_the_tiny_model_on_a_cut_of_a_snapshot(tmp_path: Path) -> None:
    store, crawl = str(tmp_path / "store"), tmp_path / "crawl.warc"
    made = documents(count=24, words=400)
    pages = [
        warcs.warc_record(
            "response",
            f"http://{text.group}.example.org/{number}",
            block=warcs.html_page(text.text, title=f"page {number}"),
        )
        for number, text in enumerate(made)
    ]
    crawl.write_bytes(b"".join(pages))
    built = lowbg("build", str(crawl), "--name", "web", "--store", store, "--workers", "1")
    assert built.returncode == 0, built.stderr
    cut = tmp_path / "one.sql"
    cut.write_text(
        "-- cut: one\n-- source: a test\n-- version: 1\n\n"
        "-- rule: host: not all of the hosts\nhost = 'group0.example.org'\n"
    )
    sizes = ["--generations", "2", "--seeds", "3", "--words", "640", "--workers", "1"]
    done = lowbg(
        "replay", "run", "web", "--model", "tiny", "--policies", "preserve:0.5", *sizes,
        "--cut", str(cut), "--store", store, "--out", str(tmp_path / "run"), "--json",
    )  # fmt: skip
    held = json.loads(done.stdout)
    codes = {"RESISTS": 0, "COLLAPSES": 1, "INCONCLUSIVE": 2, "NOT SENSITIVE": 2}
    assert done.returncode == codes[held["verdicts"]["preserve:0.5"]]
    assert held["sentence"].startswith("preserve:0.5 ")
    assert "Traceback" not in done.stderr
    assert "it/s" not in done.stderr, "no progress bars but our own"
    asked = json.loads((tmp_path / "run" / "run.json").read_bytes())
    assert asked["config"]["model"] == "tiny"
    assert asked["config"]["preset"] in ("", "web")
    assert asked["origin"].endswith(f"cut {cut}")
    assert asked["corpus"]["documents"] == sum(text.group == "group0" for text in made)


def test_a_cut_of_files_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("text")
    done = lowbg("replay", "run", "--text", str(tmp_path), "--cut", "preserve")
    assert done.returncode == 2
    assert "a cut is of a snapshot" in done.stderr


def test_what_is_no_model_is_said_before_any_text_is_read(tmp_path: Path) -> None:
    done = lowbg(
        "replay", "run", "--text", str(tmp_path / "none"), "--model", "tiny", "--preset", "x"
    )
    assert done.returncode == 2
    assert "unknown preset 'x'" in done.stderr
