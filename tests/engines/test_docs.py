"""docs/cluster.md: its commands, run on loopback addresses in place of machines."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

import archive
from tests.archives import write_crawl
from tests.conftest import ROOT

BLOCKS = dict(re.findall(r"```sh (\w+)\n(.*?)```", (ROOT / "docs/cluster.md").read_text(), re.S))


@pytest.fixture
def folder() -> Iterator[Path]:
    """A short path with a crawl in it; processes that work below it are ended afterwards."""
    made = Path(tempfile.mkdtemp(prefix="lowbg-"))
    write_crawl(made / "crawl")
    yield made
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            if str(made).encode() in Path(f"/proc/{pid}/cmdline").read_bytes():
                os.kill(int(pid), signal.SIGKILL)
        except OSError:
            continue
    shutil.rmtree(made, ignore_errors=True)


def run(folder: Path, script: str, **variables: str) -> str:
    """What a script prints, in a folder, with the commands of this environment first."""
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    surroundings = os.environ | {"PATH": path, "RAY_TMPDIR": str(folder / "t")} | variables
    shown = subprocess.run(
        ["bash", "-e", "-c", script], cwd=folder, env=surroundings, capture_output=True, text=True
    )
    assert shown.returncode == 0, shown.stderr
    return shown.stdout


@pytest.mark.slow
def test_a_cluster_of_ray_started_as_the_page_says_builds_the_same_root(folder: Path) -> None:
    (folder / "t").mkdir()
    port = 6000 + os.getpid() % 1000
    blocks = {name: text.replace("6379", str(port)) for name, text in BLOCKS.items()}
    run(folder, blocks["token"])
    assert (folder / "ray-token").stat().st_mode & 0o077 == 0
    own = "--num-cpus=1"
    head = blocks["head"].replace("ray start", f"ray start {own}")
    run(folder, head, HEAD="127.0.0.2")
    node = blocks["node"].replace("ray start", f"ray start {own}")
    run(folder, node, HEAD="127.0.0.2", NODE="127.0.0.3")
    variables = blocks["head"].partition("\n")[0]
    run(folder, f"{variables}\n{blocks['build']}")
    here = archive.build([str(folder / "crawl")], "web", folder / "here")
    assert archive.open("web", folder / "store").content_root == here.content_root


def test_shares_run_as_the_page_says_and_the_last_command_give_the_same_root(
    folder: Path,
) -> None:
    for name in ("shares", "commit"):
        BLOCKS[name] = BLOCKS[name].replace("--workers 8", "--workers 1")
    for number in ("2", "1"):
        array = {"SLURM_ARRAY_TASK_ID": number, "SLURM_ARRAY_TASK_COUNT": "2"}
        assert "nothing is committed" in run(folder, BLOCKS["shares"], **array)
    run(folder, BLOCKS["commit"])
    here = archive.build([str(folder / "crawl")], "web", folder / "here")
    assert archive.open("web", folder / "store").content_root == here.content_root
