"""The script that a GPU machine runs in one command, in miniature on a CPU."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from archive.replay.mixes import ALL_HUMAN, REPLACE
from archive.replay.opt.presets import PRESETS, SHAPES
from tests.bench import gpu


def test_the_gpu_script_goes_its_whole_way_on_a_cpu(tmp_path: Path) -> None:
    usual = PRESETS["web"], dict(SHAPES)
    gpu.main(["--out", str(tmp_path / "gpu.json"), "--miniature"])
    held = json.loads((tmp_path / "gpu.json").read_bytes())
    assert "no GPU was used" in held["machine"]
    assert held["share_of_peak"] is None
    assert held["training_tokens_per_second"] > 0
    assert set(held["generated_tokens_per_second"]) == {"web", "nature"}
    assert {REPLACE, ALL_HUMAN, "preserve:0.1"} == set(held["curves"])
    assert all(len(curve) == gpu.GENERATIONS + 1 for curve in held["curves"].values())
    assert (PRESETS["web"], dict(SHAPES)) == usual


def test_without_a_gpu_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(SystemExit, match="no GPU here"):
        gpu.main(["--out", str(tmp_path / "gpu.json")])
