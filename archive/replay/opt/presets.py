"""How OPT models train and write: the paper's settings, the released code's, and cheaper ones.

Source of the `nature` presets: Shumailov et al. (Nature 631, 2024), section "Language models", for
beams, epochs and the penalty of the ablation; their released code (Zenodo 10.5281/zenodo.10866595,
main.py) for the optimiser, its rate and batch, and for the penalty of 3 that is hard-coded there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from archive.errors import UnknownName


@dataclass(frozen=True, slots=True)
class Decoding:
    """How the next tokens are chosen. The end of a text is never chosen: blocks have one length."""

    beams: int = 1  # above 1: beam search, else tokens are drawn
    top_k: int = 0  # draw from so many most probable tokens; 0: from all
    top_p: float = 1.0  # draw from the fewest tokens that hold this probability
    temperature: float = 1.0
    repetition_penalty: float = 1.0  # on every token of prompt and text (Keskar et al. 2019, 4.1)
    greedy: bool = False


@dataclass(frozen=True, slots=True)
class Schedule:
    """One training: AdamW, weight decay 0.01, the rate constant or falling to 0 linearly."""

    epochs: int
    rate: float
    batch: int  # blocks a step
    falls: bool = False
    warm_up: float = 0.0  # share of the steps in which the rate rises from 0
    clip: float = 0.0  # bound on the gradient's norm; 0: none
    best_epoch: bool = False  # keep the weights of the lowest loss on human validation text


@dataclass(frozen=True, slots=True)
class Preset:
    """Decoding, and the training of generations from weights that have seen much text."""

    decoding: Decoding
    fit: Schedule


NATURE: Final = Schedule(epochs=5, rate=2e-5, batch=128, best_epoch=True)

PRESETS: Final = {
    "theory": Preset(Decoding(), NATURE),
    "web": Preset(Decoding(top_k=50), NATURE),
    "nature": Preset(Decoding(beams=5), NATURE),
    "nature-released": Preset(Decoding(beams=5, repetition_penalty=3.0), NATURE),
    "nature-ablation": Preset(Decoding(beams=5, repetition_penalty=2.0), NATURE),
}
"""theory: the model's own distribution, as the theorems have it; web: the truncated sampling that
most published text comes from; nature: beam search without a penalty (Fig. 1b); nature-released:
the released file's; nature-ablation: the penalty of the paper's ablation. In every preset all
policies train for as many epochs; the paper's second setting has ten, which confounds."""

DEFAULT_PRESET: Final = "web"


@dataclass(frozen=True, slots=True)
class Shape:
    """A configuration that is trained from scratch, and what suits its size."""

    width: int
    layers: int
    heads: int
    vocabulary: int  # pieces of a tokenizer trained on generation 0's text
    blocks: int  # the budget where the text allows it
    first: Schedule  # of generation 0, from random weights
    fit: Schedule | None  # of later generations; None: the preset's

    @property
    def inner(self) -> int:
        return 4 * self.width


SHAPES: Final = {
    "tiny": Shape(
        width=96, layers=2, heads=4, vocabulary=2048, blocks=800,
        first=Schedule(8, 3e-3, 16, falls=True, warm_up=0.05, clip=1.0, best_epoch=True),
        fit=Schedule(3, 1e-3, 16, falls=True, warm_up=0.05, clip=1.0),
    ),
    "opt-125m": Shape(
        width=768, layers=12, heads=12, vocabulary=16_384, blocks=37_354,
        first=Schedule(10, 6e-4, 128, falls=True, warm_up=0.05, clip=1.0, best_epoch=True),
        fit=None,
    ),
}  # fmt: skip
"""Model -> shape. opt-125m is facebook/opt-125m's (Zhang et al., arXiv 2205.01068, table 1) with a
tokenizer of its own; 37,354 blocks are WikiText-2's."""


def preset(name: str) -> Preset:
    if name not in PRESETS:
        raise UnknownName("preset", name, PRESETS)
    return PRESETS[name]
