"""What a family of models must offer to be put through generations: the seam between tiers.

Text is blocks: an int32 array of shape (blocks, BLOCK) of vocabulary ids, as the paper cuts it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
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


class Model(Protocol):
    """A trained model of one generation."""

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

    def fit(self, data: Training, seed: int, base: Model) -> Model:
        """The model of a later generation."""
        ...

    def load(self, folder: Path) -> Model:
        """A model that was saved."""
        ...


TIERS = {"ngram": "archive.replay.ngram:NgramTier"}
"""Tier -> its class, made with the size of the vocabulary and imported when it is asked for."""


def load_tier(name: str, vocabulary: int, settings: Mapping[str, Any] | None = None) -> Tier:
    if name not in TIERS:
        raise UnknownName("tier", name, TIERS)
    module, _, attribute = TIERS[name].partition(":")
    made = getattr(import_module(module), attribute)(vocabulary, **(settings or {}))
    return cast(Tier, made)
