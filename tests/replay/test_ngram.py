"""The n-gram tier: a proper distribution, sampled faithfully."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archive.replay.compose import human_only
from archive.replay.ngram import Ngram, NgramTier
from archive.replay.tiers import Blocks, Training

V = 12


def text(seed: int, count: int = 30, length: int = 16) -> Blocks:
    rng = np.random.default_rng(seed)
    return rng.integers(1, V - 2, (count, length), dtype=np.int32)


def model(seed: int = 0, weights: float = 1.0) -> Ngram:
    held = text(seed)
    data = Training(held, np.full(len(held), weights), np.ones(len(held), bool))
    return NgramTier(V).first(data, text(seed + 1), 0)


@given(st.integers(0, 500), st.integers(0, V - 1), st.integers(0, V - 1))
@settings(max_examples=25)
def test_the_probabilities_of_all_next_words_sum_to_one(seed: int, before: int, last: int) -> None:
    block = np.array([[before, last, word] for word in range(V)], np.int32)
    assert np.exp(-model(seed).score(block)[:, 2]).sum() == pytest.approx(1)
    assert np.exp(-model(seed).score(block)[:, 1]).max() < 1
    first = np.array([[word] for word in range(V)], np.int32)
    assert np.exp(-model(seed).score(np.repeat(first, 3, 1))[:, 0]).sum() == pytest.approx(1)


def test_generated_words_are_drawn_as_the_model_scores_them() -> None:
    trained = model()
    prompts = np.tile(np.array([[3, 4]], np.int32), (40_000, 1))
    drawn = np.bincount(trained.generate(prompts, 0)[:, 0], minlength=V) / len(prompts)
    block = np.array([[3, 4, word] for word in range(V)], np.int32)
    expected = np.exp(-trained.score(block)[:, 2])
    seen = np.isin(np.arange(V), text(0))
    # What the floor holds is not generated: the rest is compared with the rest.
    assert drawn[~seen].sum() == 0
    assert np.abs(drawn - expected * seen / expected[seen].sum()).max() < 0.02


def test_the_same_seed_writes_the_same_text_and_another_one_does_not() -> None:
    trained, prompts = model(), text(9)
    assert np.array_equal(trained.generate(prompts, 1), trained.generate(prompts, 1))
    assert not np.array_equal(trained.generate(prompts, 1), trained.generate(prompts, 2))


def test_a_model_that_was_saved_scores_and_writes_the_same(tmp_path: Path) -> None:
    trained = model()
    trained.save(tmp_path)
    loaded = NgramTier(V).load(tmp_path)
    assert np.array_equal(loaded.score(text(5)), trained.score(text(5)))
    assert np.array_equal(loaded.generate(text(5), 3), trained.generate(text(5), 3))


def test_a_block_of_weight_two_counts_like_two_blocks() -> None:
    held, other = text(0), text(7)
    base = model()
    doubled = Training(
        np.concatenate([held, other]),
        np.concatenate([np.full(len(held), 2.0), np.ones(len(other))]),
        np.ones(len(held) + len(other), bool),
    )
    twice = human_only(np.concatenate([held, held, other]))
    a, b = (NgramTier(V).fit(data, text(9), 0, base) for data in (doubled, twice))
    assert np.allclose(a.score(text(3)), b.score(text(3)))


def test_training_lowers_the_loss_on_what_was_learnt() -> None:
    trained = model()
    assert trained.score(text(0)).mean() < trained.score(text(400)).mean()
