"""The tier itself: generation 0 from scratch or from given weights, later ones from generation 0.

Every later generation starts from the generation-0 model of its seed, as in the paper ("the
best-performing model on the original task ... as the base model for the subsequent generations").
"""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from transformers import OPTForCausalLM

from archive.errors import CheckFailed, UsageError
from archive.replay.opt import device, weights
from archive.replay.opt.generate import generate
from archive.replay.opt.presets import DEFAULT_PRESET, Decoding, Schedule, preset
from archive.replay.opt.train import mean_loss, score, train
from archive.replay.tiers import Blocks, Choice, Losses, Model, Training

GIVEN_BLOCKS: Final = 1000
"""The budget with a model that was given, where none is asked for: a GPU is good for more."""

LEAST_GAIN: Final = 0.01
"""Nats by which training on generation 0's text must improve on the weights before it."""


@dataclass(frozen=True, slots=True)
class OptModel:
    """One trained model and how it writes."""

    network: OPTForCausalLM
    decoding: Decoding
    facts: Mapping[str, Any]

    def generate(self, prompts: Blocks, seed: int) -> Blocks:
        with device.settled(seed, self.network.device):
            return generate(self.network, prompts, self.decoding, seed)

    def score(self, blocks: Blocks) -> Losses:
        with device.settled(0, self.network.device):
            return score(self.network, blocks)

    def save(self, folder: Path) -> None:
        weights.write_weights(self.network, folder)
        (folder / "facts.json").write_text(json.dumps(dict(self.facts)), encoding="utf-8")


class OptTier:
    """Models of one shape, or of one given model, under one preset."""

    def __init__(self, vocabulary: int, model: str, preset: str) -> None:
        self._vocabulary, self._model, self._preset = vocabulary, model, preset

    @classmethod
    def choose(cls, model: str, preset_name: str) -> Choice:
        if not model:
            raise UsageError(
                "the tier opt needs a model",
                next_step="--model tiny, opt-125m, a folder, or a name on the hub",
            )
        name = preset_name or DEFAULT_PRESET
        preset(name)
        workers = device.most_workers()
        shape = weights.shape_of(model)
        if shape:
            tokens: dict[str, Any] = {"scribe": "pieces", "size": shape.vocabulary}
            return Choice("opt", model, "", name, tokens, shape.blocks, workers)
        folder = weights.folder_of(model)
        digest = weights.digest_of(folder)
        tokens = {"scribe": "pieces", "folder": str(folder), "digest": digest}
        return Choice("opt", str(folder), digest, name, tokens, GIVEN_BLOCKS, workers)

    def first(self, data: Training, validation: Blocks, seed: int) -> OptModel:
        where, shape = device.device(), weights.shape_of(self._model)
        with device.settled(seed, where):
            network: Any = (
                weights.random_weights(shape, self._vocabulary)
                if shape
                else weights.read_weights(Path(self._model))
            )
            network.to(where)
            before = mean_loss(network, validation)
            schedule = shape.first if shape else preset(self._preset).fit
            facts = train(network, data, validation, schedule, seed)
            after = mean_loss(network, validation)
        if not after <= before - LEAST_GAIN:
            raise CheckFailed(
                f"training took the validation loss from {before:.3f} to {after:.3f} nats a token",
                next_step="generation 0 must learn something; give more text, or another model",
            )
        return self._made(network, facts | {"before": before, "after": after})

    def again(self, data: Training, validation: Blocks, seed: int, base: Model) -> OptModel:
        return self.first(data, validation, seed)

    def fit(self, data: Training, validation: Blocks, seed: int, base: Model) -> OptModel:
        assert isinstance(base, OptModel)
        with device.settled(seed, base.network.device):
            network = copy.deepcopy(base.network)
            facts = train(network, data, validation, self._later, seed)
        return self._made(network, facts)

    def load(self, folder: Path) -> OptModel:
        network: Any = weights.read_weights(folder)
        network.to(device.device())
        facts = json.loads((folder / "facts.json").read_text(encoding="utf-8"))
        return self._made(network, facts)

    @property
    def _later(self) -> Schedule:
        shape = weights.shape_of(self._model)
        return shape.fit if shape and shape.fit else preset(self._preset).fit

    def _made(self, network: OPTForCausalLM, facts: Mapping[str, Any]) -> OptModel:
        network.train(False).requires_grad_(False)
        return OptModel(network, preset(self._preset).decoding, facts)
