"""Every command as a script and as a new user would call it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from cli import COMMANDS
from tests.archives import write_crawl
from tests.conftest import ROOT
from tests.golden import make_commands, make_sessions

HEAVY = [
    *("pyarrow", "duckdb", "torch", "datasets", "trafilatura"),
    *("resiliparse", "fsspec", "numpy", "lxml", "pandas"),
]


def lowbg(*arguments: str, cwd: Path = ROOT, stdin: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "archive", *arguments],
        capture_output=True,
        text=True,
        cwd=cwd,
        input=stdin,
    )


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with two versions of one snapshot, and the crawl beside it."""
    folder = tmp_path_factory.mktemp("commands")
    first, second = write_crawl(folder / "crawl")
    for inputs in ([first], [first, second]):
        done = lowbg("build", *inputs, "--name", "web", "--store", str(folder / "store"))
        assert done.returncode == 0, done.stderr
    return folder / "store"


def test_the_page_of_commands_is_what_they_print_today() -> None:
    assert make_commands.PAGE.read_text(encoding="utf-8") == make_commands.text(), "make golden"


def test_the_sessions_of_the_readme_are_what_the_commands_print_today() -> None:
    page = make_sessions.README.read_text(encoding="utf-8")
    assert make_sessions.steady(page) == make_sessions.steady(make_sessions.text()), "make golden"


@pytest.mark.parametrize("command", COMMANDS)
def test_the_readme_names_every_command(command: str) -> None:
    assert re.search(rf"lowbg {command}\b", (ROOT / "README.md").read_text(encoding="utf-8"))


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_an_example_in_its_help(command: str) -> None:
    assert "Example" in lowbg(command, "--help").stdout


@pytest.mark.parametrize("arguments", ["import archive", "import archive.__main__"])
def test_importing_loads_no_engine(arguments: str) -> None:
    assert _loaded(arguments) == []


def test_help_loads_no_engine() -> None:
    code = "import sys; sys.argv = ['lowbg', '--help']; from archive.__main__ import main\n"
    code += "try: main()\nexcept SystemExit: pass"
    assert _loaded(code) == []


def _loaded(code: str) -> list[str]:
    code += f"\nimport sys, json; print(json.dumps([m for m in {HEAVY} if m in sys.modules]))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    loaded: list[str] = json.loads(done.stdout.strip().splitlines()[-1])
    return loaded


def test_build_json_has_what_scripts_rely_on(store: Path, tmp_path: Path) -> None:
    crawl = sorted(str(path) for path in (store.parent / "crawl").iterdir())
    done = lowbg("build", *crawl, "--name", "new", "--store", str(tmp_path / "s"), "--json")
    summary = json.loads(done.stdout)
    assert set(summary) == {
        *("snapshot", "content_root", "documents", "records", "outcomes", "bytes_in"),
        *("bytes_accounted", "inputs", "damaged", "unrecognised", "failed", "disagreeing"),
        "seconds",
    }
    assert sum(summary["outcomes"].values()) == summary["records"]
    assert summary["bytes_accounted"] == summary["bytes_in"]
    assert summary["snapshot"] == "new@1"


def test_inputs_can_be_listed_on_standard_input(store: Path, tmp_path: Path) -> None:
    crawl = "\n".join(str(path) for path in (store.parent / "crawl").iterdir())
    done = lowbg("build", "-", "--name", "new", "--store", str(tmp_path), "--json", stdin=crawl)
    assert json.loads(done.stdout)["inputs"] == 2


def test_log_lists_versions_newest_first(store: Path) -> None:
    done = lowbg("log", "web", "--store", str(store), "--json")
    assert [version["snapshot"] for version in json.loads(done.stdout)] == ["web@2", "web@1"]


def test_show_json_is_the_manifest(store: Path) -> None:
    manifest = json.loads(lowbg("show", "web@1", "--store", str(store), "--json").stdout)
    assert (manifest["name"], manifest["version"], len(manifest["inputs"])) == ("web", 1, 1)


@pytest.mark.parametrize("options", [[], ["--independent"], ["--json"], ["--workers", "1"]])
def test_verify_of_a_sound_store_is_silent_success(store: Path, options: list[str]) -> None:
    done = lowbg("verify", "web", "--store", str(store), *options)
    assert done.returncode == 0, done.stdout + done.stderr


def test_verify_exits_1_and_names_the_file_when_a_byte_changed(tmp_path: Path) -> None:
    crawl, home = write_crawl(tmp_path / "crawl"), tmp_path / "store"
    assert lowbg("build", *crawl, "--name", "web", "--store", str(home)).returncode == 0
    victim = max((home / "objects").rglob("*"), key=lambda path: path.stat().st_size)
    victim.chmod(0o644)
    data = bytearray(victim.read_bytes())
    data[len(data) // 2] ^= 1
    victim.write_bytes(data)
    done = lowbg("verify", "web", "--store", str(home), "--json")
    findings = json.loads(done.stdout)["findings"]
    assert done.returncode == 1
    assert any(f["kind"] == "corrupt" and victim.name in f["path"] for f in findings)


def test_a_strict_build_that_meets_damage_exits_1_and_still_commits(tmp_path: Path) -> None:
    torn = tmp_path / "torn.warc"
    torn.write_bytes(b"WARC/1.0\r\nWARC-Type: response\r\nContent-Length: 10\r\n\r\nabc")
    arguments = ["build", str(torn), "--name", "torn", "--store", str(tmp_path / "s")]
    assert lowbg(*arguments).returncode == 0
    assert lowbg(*arguments, "--strict").returncode == 1
    assert lowbg("show", "torn@2", "--store", str(tmp_path / "s")).returncode == 0


def test_a_build_names_the_inputs_that_hold_no_record(tmp_path: Path) -> None:
    crawl = write_crawl(tmp_path / "crawl")
    (tmp_path / "page.warc.gz").write_bytes(b"<html><body>404 Not Found</body></html>")
    (tmp_path / "empty.warc.gz").write_bytes(b"")
    strange = [str(tmp_path / name) for name in ("page.warc.gz", "empty.warc.gz")]
    arguments = ["build", *crawl, *strange, "--name", "x", "--store", str(tmp_path / "s")]
    done = lowbg(*arguments, "--json")
    summary = json.loads(done.stdout)
    assert done.returncode == 0
    assert summary["unrecognised"] == ["empty.warc.gz", "page.warc.gz"]
    told = lowbg(*arguments, "--strict")
    assert told.returncode == 1
    assert all(Path(name).name in told.stdout for name in strange)


def test_a_query_in_the_shell_answers_in_json_when_asked(store: Path) -> None:
    asked = "select count(*) as n from inputs;"
    done = lowbg("shell", "web@1", "--store", str(store), "--json", stdin=asked)
    assert json.loads(done.stdout) == [{"n": 1}]


def test_every_version_of_a_snapshot_is_listed_in_the_same_way(store: Path) -> None:
    assert "web@1, web@2" in lowbg("show", "wbe", "--store", str(store)).stderr


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["build", "nowhere/*.warc", "--name", "x"], "nowhere"),
        (["build", "README.md", "--name", "../x"], "../x"),
        (["build", "README.md", "--name", "x", "--era", "gpt9"], "chatgpt"),
        (["build", "README.md", "--name", "x", "--extractor", "magic"], "resiliparse"),
        (["sql", "wbe", "select 1"], "web"),
        (["verify", "web@9"], "web"),
        (["show", "wbe"], "web"),
        (["log", "wbe"], "web"),
        (["rebuild", "web"], "--keep-originals"),
        (["diff", "web@1", "web@9"], "web"),
    ],
)
def test_wrong_use_exits_2_and_says_what_is_known(
    store: Path, arguments: list[str], told: str
) -> None:
    done = lowbg(*arguments, "--store", str(store))
    assert done.returncode == 2, done.stdout + done.stderr
    assert told in done.stderr
    assert "Traceback" not in done.stderr


def test_a_store_that_is_not_there_is_said_to_be_missing(tmp_path: Path) -> None:
    done = lowbg("sql", "web", "select 1", "--store", str(tmp_path / "none"))
    assert done.returncode == 2
    assert str(tmp_path / "none") in done.stderr
    assert not (tmp_path / "none").exists()


def test_the_wheel_holds_one_package_and_its_command_runs_elsewhere(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "site")
    names = {path.name for path in (tmp_path / "site").iterdir() if "dist-info" not in path.name}
    assert names == {"archive"}
    environment = os.environ | {"PYTHONPATH": str(tmp_path / "site")}
    command = [sys.executable, "-P", "-m", "archive"]
    for arguments in (["sample", "s.warc.gz"], ["build", "s.warc.gz", "--name", "s"]):
        done = subprocess.run(
            [*command, *arguments], cwd=tmp_path, env=environment, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
    assert (tmp_path / "lowbg-store/spec").is_dir()
