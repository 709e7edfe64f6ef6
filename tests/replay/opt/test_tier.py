"""The tier: steady under a seed, leaves nothing behind, and refuses what it cannot run."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from huggingface_hub.errors import LocalEntryNotFoundError

from archive.errors import CheckFailed, EnvironmentFailed, UnknownName, UsageError
from archive.replay.compose import human_only
from archive.replay.opt import presets, weights
from archive.replay.opt.presets import Preset, Schedule
from archive.replay.opt.tier import OptModel, OptTier
from archive.replay.tiers import choose, load_tier
from tests.replay.opt.models import folder, network, prompts

SIZE = 300
QUICK = Schedule(epochs=2, rate=3e-3, batch=4, best_epoch=True)


@pytest.fixture
def tier(monkeypatch: pytest.MonkeyPatch) -> OptTier:
    """The tiny shape under a short training."""
    monkeypatch.setitem(presets.SHAPES, "tiny", small())
    made = load_tier("opt", SIZE, {"model": "tiny", "preset": "web"})
    assert isinstance(made, OptTier)
    return made


def small() -> presets.Shape:
    return presets.Shape(
        width=24, layers=1, heads=2, vocabulary=SIZE, blocks=8, first=QUICK, fit=QUICK
    )


def text(seed: int, count: int = 8) -> np.ndarray[Any, np.dtype[np.int32]]:
    """Blocks with an order to learn: half of the tokens follow from the one before."""
    made = prompts(count, seed, vocabulary=40)
    made[:, 1::2] = made[:, ::2] % 20 + 1
    return made


def first(tier: OptTier, seed: int = 1) -> OptModel:
    return tier.first(human_only(text(0)), text(1, 2), seed)


def test_a_seed_decides_everything_whatever_was_drawn_before(tier: OptTier) -> None:
    one = first(tier)
    torch.rand(7)
    random.random()
    again = first(tier)
    assert np.array_equal(one.score(text(2)), again.score(text(2)))
    assert np.array_equal(one.generate(text(2), 5), again.generate(text(2), 5))
    assert one.facts == again.facts
    later = [tier.fit(human_only(text(3)), text(1, 2), 9, base) for base in (one, again)]
    assert np.array_equal(later[0].score(text(2)), later[1].score(text(2)))
    assert not np.array_equal(one.score(text(2)), first(tier, seed=2).score(text(2)))
    assert not np.array_equal(one.generate(text(2), 5), one.generate(text(2), 6))


def test_no_state_of_the_process_is_changed(tier: OptTier) -> None:
    torch.manual_seed(11)
    random.seed(11)
    before = (
        torch.get_rng_state(), random.getstate(), torch.get_num_threads(),
        torch.are_deterministic_algorithms_enabled(), torch.is_grad_enabled(),
    )  # fmt: skip
    numbers = str(np.random.get_state())
    model = first(tier)
    model.generate(text(2), 5)
    model.score(text(2))
    after = (
        torch.get_rng_state(), random.getstate(), torch.get_num_threads(),
        torch.are_deterministic_algorithms_enabled(), torch.is_grad_enabled(),
    )  # fmt: skip
    assert torch.equal(before[0], after[0])
    assert before[1:] == after[1:]
    assert numbers == str(np.random.get_state())


def test_later_generations_start_from_generation_0_and_leave_it_alone(tier: OptTier) -> None:
    base = first(tier)
    before = base.score(text(2))
    tier.fit(human_only(text(3)), text(1, 2), 9, base)
    assert np.array_equal(base.score(text(2)), before)


def test_a_model_that_was_saved_is_the_same(tier: OptTier, tmp_path: Path) -> None:
    model = first(tier)
    model.save(tmp_path)
    loaded = tier.load(tmp_path)
    assert np.array_equal(loaded.score(text(2)), model.score(text(2)))
    assert np.array_equal(loaded.generate(text(2), 3), model.generate(text(2), 3))
    assert loaded.facts == json.loads(json.dumps(model.facts))
    assert not list(tmp_path.glob("*.bin"))


def test_a_twin_is_born_as_generation_0_was(tier: OptTier) -> None:
    base = first(tier)
    twin = tier.again(human_only(text(0)), text(1, 2), 1, base)
    assert np.array_equal(twin.score(text(2)), base.score(text(2)))


def test_a_training_that_gains_nothing_is_refused(
    tier: OptTier, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("archive.replay.opt.tier.LEAST_GAIN", 9.0)
    with pytest.raises(CheckFailed, match="validation loss from") as raised:
        first(tier)
    assert "must learn something" in raised.value.next_step


@pytest.mark.parametrize(
    ("model", "preset", "kind", "said"),
    [
        ("", "", UsageError, "needs a model"),
        ("tiny", "wbe", UnknownName, "web"),
        ("no such model at all", "", UsageError, "no model"),
    ],
)
def test_what_is_no_choice_is_refused(
    model: str, preset: str, kind: type[Exception], said: str
) -> None:
    with pytest.raises(kind) as raised:
        choose("opt", model, preset)
    assert said in f"{raised.value} {getattr(raised.value, 'next_step', '')}"


def test_the_n_gram_tier_has_no_model_to_choose() -> None:
    with pytest.raises(UsageError, match="no model"):
        choose("ngram", "tiny", "")


def test_a_folder_is_known_by_its_bytes_and_not_by_its_place(tmp_path: Path) -> None:
    a, b = (folder(tmp_path / name, ["some text to learn"]) for name in "ab")
    assert choose("opt", str(a), "").digest == choose("opt", str(b), "").digest
    c = folder(tmp_path / "c", ["another text to learn from"])
    assert choose("opt", str(a), "").digest != choose("opt", str(c), "").digest


def test_a_folder_that_cannot_be_run_says_why(tmp_path: Path) -> None:
    held = folder(tmp_path / "model", ["some text"])
    for change, said in (
        ({"model_type": "gpt2"}, "'gpt2', not 'opt'"),
        ({"model_type": "opt", "max_position_embeddings": 64}, "has 64 positions"),
    ):
        (held / "config.json").write_text(json.dumps(change))
        with pytest.raises(UsageError, match=said):
            choose("opt", str(held), "")
    (held / "config.json").write_text('{"model_type": "opt"}')
    (held / "model.safetensors").unlink()
    with pytest.raises(UsageError, match="no weights"):
        choose("opt", str(held), "")
    (held / "config.json").write_text("{")
    with pytest.raises(UsageError, match=r"no config\.json"):
        choose("opt", str(held), "")


def test_weights_that_are_damaged_are_refused(tmp_path: Path) -> None:
    held = folder(tmp_path / "model", ["some text"])
    (held / "model.safetensors").write_bytes(b"\x07" * 64)
    with pytest.raises(UsageError, match="no model that can be read"):
        weights.read_weights(held)


def test_weights_that_lack_a_part_are_not_made_up(tmp_path: Path) -> None:
    held = folder(tmp_path / "model", ["some text"])
    config = json.loads((held / "config.json").read_bytes())
    (held / "config.json").write_text(json.dumps(config | {"num_hidden_layers": 3}))
    with pytest.raises(UsageError, match=r"lack .*layers\.2\."):
        weights.read_weights(held)


def test_a_hub_that_cannot_be_asked_says_how_to_do_without(monkeypatch: pytest.MonkeyPatch) -> None:
    def unreachable(*_: Any, **__: Any) -> str:
        raise LocalEntryNotFoundError("no network")

    monkeypatch.setattr("huggingface_hub.snapshot_download", unreachable)
    with pytest.raises(EnvironmentFailed, match="facebook/opt-125m") as raised:
        choose("opt", "facebook/opt-125m", "nature")
    assert "hf download facebook/opt-125m --local-dir" in raised.value.next_step


def test_a_given_model_trains_as_its_preset_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(presets.PRESETS, "web", Preset(presets.PRESETS["web"].decoding, QUICK))
    held = folder(tmp_path / "model", ["a text to learn pieces from"])
    chosen = choose("opt", str(held), "")
    assert chosen.tokens["scribe"] == "pieces"
    made = load_tier("opt", SIZE, chosen.settings)
    model = made.first(human_only(text(0)), text(1, 2), 1)
    assert model.facts["steps"] == 2 * 2
    start = OptModel(network(scale=1.0, vocab_size=weights.read_weights(held).config.vocab_size),
                     presets.PRESETS["web"].decoding, {})  # fmt: skip
    assert model.score(text(0)).mean() < start.score(text(0)).mean()
