"""What holds for every command: its common options, its exit codes, what it says when it fails."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from cli import COMMANDS, group, output
from tests.archives import write_crawl
from tests.cli.test_commands import lowbg
from tests.conftest import ROOT


def _leaves(command: click.Command, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    if not isinstance(command, click.Group):
        yield path
        return
    context = click.Context(command)
    for name in command.list_commands(context):
        found = command.get_command(context, name)
        assert found is not None
        yield from _leaves(found, (*path, name))


LEAVES = list(_leaves(group))


def test_the_leaves_are_every_command_and_every_subcommand() -> None:
    assert {path[0] for path in LEAVES} == set(COMMANDS)
    assert ("replay", "run") in LEAVES


@pytest.mark.parametrize("path", LEAVES, ids=" ".join)
def test_every_command_takes_store_and_json(path: tuple[str, ...], tmp_path: Path) -> None:
    common = ["--store", str(tmp_path), "--json"]
    assert CliRunner().invoke(group, [*path, *common, "--help"]).exit_code == 0
    # The same line with an option that is not known fails, so the one above says something.
    assert CliRunner().invoke(group, [*path, *common, "--no-such", "--help"]).exit_code == 2


@pytest.mark.parametrize("path", LEAVES, ids=" ".join)
def test_a_command_with_workers_refuses_none(path: tuple[str, ...]) -> None:
    helped = CliRunner().invoke(group, [*path, "--help"]).output
    for count in ("0", "-3"):
        done = CliRunner().invoke(group, [*path, "--workers", count])
        assert done.exit_code == 2
        if "--workers" in helped:
            assert "is not in the range x>=1" in done.output


@pytest.mark.parametrize("command", [["log"], ["build", "x.warc", "--name", "x"]])
def test_a_store_that_is_a_file_is_wrong_use(tmp_path: Path, command: list[str]) -> None:
    (tmp_path / "file").write_text("no store")
    done = lowbg(*command, "--store", str(tmp_path / "file"))
    assert done.returncode == 2
    assert "is a file" in done.stderr


def test_a_list_of_digests_that_is_not_there_is_wrong_use(tmp_path: Path) -> None:
    crawl = write_crawl(tmp_path / "crawl")
    named = ["--name", "x", "--store", str(tmp_path / "s"), "--attest", str(tmp_path / "nofile")]
    done = lowbg("build", *crawl, *named)
    assert done.returncode == 2
    assert "nofile" in done.stderr


def test_the_sample_passes_the_store_on_to_its_next_step(tmp_path: Path) -> None:
    done = lowbg("sample", str(tmp_path / "s.warc.gz"), "--store", "my store")
    assert "--name sample --store 'my store'" in done.stdout


@pytest.mark.parametrize(("debug", "shown"), [("0", False), ("1", True)])
def test_a_defect_is_one_message_and_exit_code_3(
    debug: str, shown: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LOWBG_DEBUG", debug)
    assert _run(monkeypatch, ZeroDivisionError("by nothing")) == 3
    told = capsys.readouterr().err
    assert "lowbg: ZeroDivisionError: by nothing" in told
    assert "please report it" in told
    assert ("Traceback" in told) == shown


def test_a_pipe_that_breaks_inside_the_work_is_no_success(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _run(monkeypatch, BrokenPipeError(32, "Broken pipe")) == 3
    assert "pipe" in capsys.readouterr().err


def _run(monkeypatch: pytest.MonkeyPatch, error: Exception) -> int:
    """The exit code of `lowbg log` where it raises this."""

    def fails() -> None:
        raise error

    callback: Callable[[], None] = fails
    command = click.Command("log", callback=callback)
    monkeypatch.setattr(type(group), "get_command", lambda *_: command)
    monkeypatch.setattr(sys, "argv", ["lowbg", "log"])
    return output.run(group)


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("arguments", [["schema"], ["cuts", "--json"]])
def test_a_reader_that_has_enough_is_success(arguments: list[str], unbuffered: str) -> None:
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        [sys.executable, "-m", "archive", *arguments],
        stdout=write,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONUNBUFFERED": unbuffered},
    )
    os.close(write)
    assert (done.returncode, done.stderr) == (0, "")
