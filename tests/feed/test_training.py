"""A job that is killed in the middle of an epoch ends in the same weights as one that is not."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

import archive
from archive.sample import write_sample
from tests.conftest import ROOT
from tests.feed.test_receipt import lowbg
from tests.feed.tokenizers_made import word_tokenizer


def job(*arguments: object, ends: int = 0) -> None:
    """Runs the job; it has to end with this exit code."""
    command = [sys.executable, "-m", "tests.feed.train", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == ends, done.stderr


def test_a_killed_and_resumed_job_ends_in_the_same_weights_and_has_a_receipt(
    tmp_path: Path,
) -> None:
    torch = pytest.importorskip("torch")
    write_sample(tmp_path / "sample.warc.gz")
    archive.build([str(tmp_path / "sample.warc.gz")], "sample", tmp_path / "store")
    told = tmp_path / "store", word_tokenizer(tmp_path / "tokenizer.json")
    whole, killed = tmp_path / "whole.pt", tmp_path / "killed.pt"
    job(*told, whole, 24)
    job(*told, killed, 24, 13, ends=-signal.SIGKILL)
    assert torch.load(killed, weights_only=True)["step"] == 10
    job(*told, killed, 24)
    one, other = (torch.load(path, weights_only=True) for path in (whole, killed))
    assert one["data"] == other["data"]
    assert one["model"].keys() == other["model"].keys()
    for name, weights in one["model"].items():
        assert torch.equal(weights, other["model"][name]), name
    receipt = lowbg("receipt", killed, "--store", told[0])
    assert receipt.returncode == 0, receipt.stderr
