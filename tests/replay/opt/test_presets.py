"""The presets are the published settings, value by value."""

from __future__ import annotations

import pytest

from archive.errors import UnknownName
from archive.replay.opt.presets import PRESETS, SHAPES, Decoding, preset
from archive.replay.opt.weights import random_weights


@pytest.mark.parametrize(
    ("name", "beams", "penalty", "top_k"),
    [
        ("theory", 1, 1.0, 0),
        ("web", 1, 1.0, 50),
        ("nature", 5, 1.0, 0),
        ("nature-released", 5, 3.0, 0),
        ("nature-ablation", 5, 2.0, 0),
    ],
)
def test_decoding_is_as_published(name: str, beams: int, penalty: float, top_k: int) -> None:
    asked = Decoding(beams=beams, repetition_penalty=penalty, top_k=top_k)
    assert PRESETS[name].decoding == asked
    assert (asked.temperature, asked.top_p, asked.greedy) == (1.0, 1.0, False)


def test_the_paper_s_training_is_five_epochs_of_adamw_at_a_constant_rate() -> None:
    for held in PRESETS.values():
        fit = held.fit
        assert (fit.epochs, fit.rate, fit.batch) == (5, 2e-5, 128)
        assert (fit.falls, fit.warm_up, fit.clip, fit.best_epoch) == (False, 0, 0, True)


def test_no_other_preset_is_known() -> None:
    assert set(PRESETS) == {"theory", "web", "nature", "nature-released", "nature-ablation"}
    with pytest.raises(UnknownName, match="natur"):
        preset("natur")


def test_the_tiny_shape_has_the_size_that_was_measured() -> None:
    """Width 96, two layers, 2,048 pieces: 436,000 parameters, a per cent more or less."""
    size = sum(p.numel() for p in random_weights(SHAPES["tiny"], 2048).parameters())
    assert size == pytest.approx(436_000, rel=0.01)


def test_opt_125m_has_the_published_shape() -> None:
    """12 layers, 12 heads, width 768: with OPT's 50,272 tokens and 2,050 positions 125.2 M."""
    shape = SHAPES["opt-125m"]
    assert (shape.layers, shape.heads, shape.width, shape.inner) == (12, 12, 768, 3072)
    layer = 4 * (768 * 768 + 768) + 2 * 768 * 3072 + 3072 + 768 + 4 * 768
    assert 12 * layer + 2 * 768 + (50_272 + 2_050) * 768 == 125_239_296
