"""`lowbg audit` and `lowbg audit calibrate` as scripts and readers call them."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from cli import group, output
from tests.audit.made import Capture, commit, essay, prose, write_jsonl

ESSAYS = [essay(n, "human", sentences=24) for n in range(160)]


@dataclass(frozen=True)
class Done:
    """What a command said, as from the shell."""

    returncode: int
    stdout: str
    stderr: str


Call = Callable[..., Done]


@pytest.fixture
def lowbg(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Call:
    """Calls a command in this process, since each new one would load numpy and numba again."""

    def call(*arguments: str) -> Done:
        monkeypatch.setattr(sys, "argv", ["lowbg", *arguments])
        code = output.run(group)
        said = capsys.readouterr()
        return Done(code, said.out, said.err)

    return call


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("audit")
    commit(made / "store", [Capture(text, f"h{n % 6}.org") for n, text in enumerate(ESSAYS)])
    synthetic = [essay(n, "synthetic", sentences=24) for n in range(160)]
    write_jsonl(made / "made.jsonl", [{"text": text} for text in synthetic[:120]])
    texts = [*ESSAYS[:60], *(essay(n, "human", sentences=24) for n in range(1000, 1120))]
    rows = [{"text": text, "date": "2021", "url": "http://x.org/"} for text in texts]
    rows += [{"text": text, "date": "2024", "url": "http://y.org/"} for text in synthetic[120:]]
    write_jsonl(made / "c.jsonl", rows)
    with (made / "c.jsonl").open("a") as file:
        file.write("{not JSON\n")
    return made


def test_an_audit_prints_three_numbers_and_writes_page_result_and_witnesses(
    lowbg: Call, folder: Path
) -> None:
    names = [f"--{k}={folder / v}" for k, v in (("out", "p.html"), ("out", "r.json"))]
    done = lowbg(
        *("audit", str(folder / "c.jsonl"), "--against", "web", "--store", str(folder / "store")),
        *("--synthetic", str(folder / "made.jsonl"), "--seed", "3"),
        *(*names, "--witnesses", str(folder / "w.parquet")),
    )
    assert done.returncode == 0, done.stderr
    assert "all        220  27.3 %" in done.stdout
    assert f"left out, 1 rows: not JSON, such as {folder / 'c.jsonl'}:221" in done.stdout
    assert "Nothing here says who wrote any single document" in done.stdout
    result = json.loads((folder / "r.json").read_text("utf-8"))
    assert result["seed"] == 3
    assert result["against"]["snapshot"] == "web@1"
    assert result["witnesses"] == 60
    low, high = result["ai_share"]["low"], result["ai_share"]["high"]
    assert low <= 40 / 160 <= high
    page = (folder / "p.html").read_text("utf-8")
    assert result["against"]["content_root"] in page
    assert "<script" not in page


def test_json_holds_what_scripts_need(lowbg: Call, folder: Path) -> None:
    done = lowbg(
        *("audit", str(folder / "c.jsonl"), "--against", "web", "--json"),
        *("--store", str(folder / "store"), "--by", "year,host"),
    )
    result = json.loads(done.stdout)
    assert {"documents", "sentences", "proven_human", "ai_share", "undetermined", "gates"} <= {
        *result
    }
    assert set(result["proven_human"]) >= {"documents", "bytes"}
    assert set(result["ai_share"]) >= {"estimate", "low", "high", "reason"}
    assert result["ai_share"]["estimate"] is None
    sizes = {each["value"]: each["documents"] for each in result["slices"]}
    assert sizes == {"2021": 180, "2024": 40, "x.org": 180, "y.org": 40}


def test_an_index_made_once_is_used_again(lowbg: Call, folder: Path) -> None:
    command = ("audit", str(folder / "c.jsonl"), "--against", "web", "--json")
    first = lowbg(*command, "--store", str(folder / "store"))
    made = {p: p.stat().st_mtime_ns for p in (folder / "store" / "work" / "audit").rglob("keys")}
    again = lowbg(*command, "--store", str(folder / "store"))
    assert first.stdout == again.stdout
    assert made == {p: p.stat().st_mtime_ns for p in made}
    assert len(made) == 1


def test_calibrate_says_what_can_be_trusted(lowbg: Call, folder: Path, tmp_path: Path) -> None:
    command = ("audit", "calibrate", "web", "--store", str(folder / "store"))
    done = lowbg(
        *(*command, "--synthetic", str(folder / "made.jsonl")),
        *("--out", str(tmp_path / "c.html"), "--out", str(tmp_path / "c.json")),
    )
    assert done.returncode == 0, done.stderr
    assert "can be estimated in: en" in done.stdout
    assert "Spike-in curve" in (tmp_path / "c.html").read_text("utf-8")
    alike = [essay(n, "human", sentences=24) for n in range(3000, 3160)]
    same = write_jsonl(tmp_path / "same.jsonl", [{"text": text} for text in alike])
    done = lowbg(*command, "--synthetic", str(same), "--json", "--out", str(tmp_path / "s.html"))
    assert done.returncode == 1
    found = json.loads(done.stdout, parse_constant=pytest.fail)  # JSON has no Infinity
    assert found["estimable"] == []
    assert None in {point["low"] for point in found["languages"]["en"]["spike_in"]}
    assert "unbounded" in (tmp_path / "s.html").read_text("utf-8")
    assert "unbounded" in lowbg(*command, "--synthetic", str(same)).stdout


def test_a_row_left_out_of_a_reference_is_printed(
    lowbg: Call, folder: Path, tmp_path: Path
) -> None:
    human = write_jsonl(tmp_path / "h.jsonl", [{"text": ESSAYS[0]}, {"body": "x"}])
    done = lowbg("audit", str(folder / "c.jsonl"), "--against", str(human))
    assert done.returncode == 0, done.stderr
    assert "left out, 1 rows of the human side" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["c.jsonl"], "--against"),
        (["--against", "web"], "CORPUS"),
        (["c.jsonl", "--against", "nothing"], "no corpus 'nothing'"),
        (["c.jsonl", "--against", "web", "--out", "page.pdf"], "page.pdf"),
        (["c.jsonl", "--against", "web", "--witnesses", "w.csv"], "w.csv"),
        (["c.jsonl", "--against", "web", "--out", "none/r.json"], "no folder none"),
        (["c.jsonl", "--against", "web", "--witnesses", "none/w.jsonl"], "no folder none"),
        (["c.jsonl", "--against", "web", "--against", "c.jsonl"], "one snapshot alone"),
        (["c.jsonl", "--against", "web", "--grade", "best"], "grade"),
        (["c.jsonl", "--against", "c.jsonl", "--grade", "best"], "grade"),
        (["c.jsonl", "--against", "web", "--cut", "nothing"], "cut"),
        (["c.jsonl", "--against", "web", "--by", "genre"], "genre"),
        (["c.jsonl", "--against", "web", "--text-column", "body"], "no document"),
        (["c.jsonl", "--against", "web", "--scores", "none.jsonl"], "scores"),
    ],
)
def test_wrong_use_is_told_with_a_next_step(
    lowbg: Call, folder: Path, arguments: list[str], said: str
) -> None:
    command = [str(folder / a) if a == "c.jsonl" else a for a in arguments]
    done = lowbg("audit", *command, "--store", str(folder / "store"))
    assert done.returncode == 2, done.stderr
    assert said in done.stderr


def test_a_page_shows_markup_of_a_corpus_as_text(lowbg: Call, folder: Path, tmp_path: Path) -> None:
    hostile = "<script>alert(1)</script>"
    path = write_jsonl(tmp_path / "c.jsonl", [{"text": prose(1), "kind": hostile}])
    page = tmp_path / "p.html"
    done = lowbg(
        *("audit", str(path), "--against", "web", "--store", str(folder / "store")),
        *("--by", "kind", "--out", str(page)),
    )
    assert done.returncode == 0, done.stderr
    assert hostile not in page.read_text("utf-8")
    assert "&lt;script&gt;" in page.read_text("utf-8")
