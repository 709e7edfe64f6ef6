"""What a family of models must offer to be put through generations: the seam between tiers.

Text is blocks: an int32 array of shape (blocks, BLOCK) of tokens, as the paper cuts it. What a
token is, the tier chooses: see `scribes`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol, cast

import numpy as np
from numpy.typing import NDArray

from archive.errors import UnknownName

BLOCK = 64
"""Tokens in a block (Shumailov et al., section "Language models")."""

Blocks = NDArray[np.int32]
Losses = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Training:
    """What one generation learns from. Weights are per block and sum to the run's budget."""

    blocks: Blocks
    weights: NDArray[np.float64]
    human: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Choice:
    """A tier as a run uses it: what decides its results, and what suits it."""

    tier: str
    model: str = ""  # a name that the tier knows, or where it is
    digest: str = ""  # of a model that was given; its bytes decide results, not its place
    preset: str = ""
    tokens: Mapping[str, Any] = field(default_factory=lambda: {"scribe": "words"})
    blocks: int = 1500  # the budget where the texts allow it
    workers: int | None = None  # no more than these are of use

    @property
    def settings(self) -> dict[str, str]:
        """What a tier is made with, beside the size of its vocabulary."""
        return {"model": self.model, "preset": self.preset} if self.model else {}


class Model(Protocol):
    """A trained model of one generation."""

    @property
    def facts(self) -> Mapping[str, Any]:
        """How it was trained, in numbers that its seed decides."""
        ...

    def generate(self, prompts: Blocks, seed: int) -> Blocks:
        """A block to follow each prompt; the same seed gives the same blocks."""
        ...

    def score(self, blocks: Blocks) -> Losses:
        """The loss of every token in nats, each block read from its own beginning."""
        ...

    def save(self, folder: Path) -> None:
        """Writes what `Tier.load` needs into an empty folder."""
        ...


class Tier(Protocol):
    """A family of models. `base` is the generation-0 model of the same seed."""

    def first(self, data: Training, validation: Blocks, seed: int) -> Model:
        """The model of generation 0; what is chosen here stays frozen in later generations."""
        ...

    def again(self, data: Training, validation: Blocks, seed: int, base: Model) -> Model:
        """A model of generation 0 on other text, with what is frozen taken from `base`."""
        ...

    def fit(self, data: Training, validation: Blocks, seed: int, base: Model) -> Model:
        """The model of a later generation."""
        ...

    def load(self, folder: Path) -> Model:
        """A model that was saved."""
        ...


TIERS = {"ngram": "archive.replay.ngram:NgramTier", "opt": "archive.replay.opt.tier:OptTier"}
"""Tier -> its class, made with the size of the vocabulary and imported when it is asked for.

The class has a method `choose(model, preset)` that gives a Choice or says what is wrong.
"""


def choose(tier: str, model: str, preset: str) -> Choice:
    """What a run will use. Raises UnknownName or UsageError before any work is done."""
    return cast(Choice, _class(tier).choose(model, preset))


def load_tier(name: str, vocabulary: int, settings: Mapping[str, Any] | None = None) -> Tier:
    return cast(Tier, _class(name)(vocabulary, **(settings or {})))


def _class(name: str) -> Any:
    if name not in TIERS:
        raise UnknownName("tier", name, TIERS)
    module, _, attribute = TIERS[name].partition(":")
    return getattr(import_module(module), attribute)
