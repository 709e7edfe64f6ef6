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


def job(*arguments: object) -> int:
    command = [sys.executable, "-m", "tests.feed.train", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, cwd=ROOT).returncode


def test_a_killed_and_resumed_job_ends_in_the_same_weights_and_has_a_receipt(
    tmp_path: Path,
) -> None:
    torch = pytest.importorskip("torch")
    write_sample(tmp_path / "sample.warc.gz")
    archive.build([str(tmp_path / "sample.warc.gz")], "sample", tmp_path / "store")
    told = tmp_path / "store", word_tokenizer(tmp_path / "tokenizer.json")
    whole, killed = tmp_path / "whole.pt", tmp_path / "killed.pt"
    assert job(*told, whole, 24) == 0
    assert job(*told, killed, 24, 13) == -signal.SIGKILL
    assert torch.load(killed, weights_only=True)["step"] == 10
    assert job(*told, killed, 24) == 0
    one, other = (torch.load(path, weights_only=True) for path in (whole, killed))
    assert one["data"] == other["data"]
    assert one["model"].keys() == other["model"].keys()
    for name, weights in one["model"].items():
        assert torch.equal(weights, other["model"][name]), name
    assert lowbg("receipt", killed, "--store", told[0]).returncode == 0
