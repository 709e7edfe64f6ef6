"""Training: what is visited how often, at what rate, and what stops a training that is none."""

from __future__ import annotations

import copy
import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from archive.errors import CheckFailed
from archive.replay.compose import human_only
from archive.replay.opt.presets import Schedule
from archive.replay.opt.train import losses, mean_loss, pace, score, train, visits
from archive.replay.tiers import Training
from tests.replay.opt.models import network, prompts

QUICK = Schedule(epochs=3, rate=3e-3, batch=4)


@given(st.lists(st.floats(0.01, 3), min_size=1, max_size=40), st.integers(0, 99))
def test_a_block_is_visited_as_often_as_its_weight_says(weights: list[float], seed: int) -> None:
    counts = np.bincount(visits(np.array(weights), np.random.default_rng(seed)))
    counts = np.pad(counts, (0, len(weights) - len(counts)))
    assert counts.sum() == round(sum(weights))
    for count, weight in zip(counts[:-1], weights, strict=False):
        assert math.floor(weight - 1e-9) <= count <= math.ceil(weight + 1e-9)


def test_blocks_of_weight_one_are_each_visited_once() -> None:
    assert sorted(visits(np.ones(50), np.random.default_rng(3))) == list(range(50))


def test_the_rate_rises_and_falls_as_its_schedule_says() -> None:
    schedule = Schedule(epochs=1, rate=1, batch=1, falls=True, warm_up=0.2)
    assert [round(pace(schedule, step, 10), 3) for step in (0, 1, 2, 6, 9)] == [
        0.333, 0.667, 1.0, 0.5, 0.125,
    ]  # fmt: skip
    assert {pace(replace(schedule, falls=False, warm_up=0), step, 10) for step in range(10)} == {1}


def test_a_token_s_loss_is_minus_the_log_of_its_probability_given_those_before_it() -> None:
    model, blocks = network(scale=1.5), prompts(3)
    found = score(model, blocks)
    assert found.shape == blocks.shape
    read = torch.tensor([[0, *blocks[1, :3]]])
    after = model(input_ids=read).logits[0].log_softmax(-1).numpy()
    assert np.allclose(found[1, :4], -after[range(4), blocks[1, :4]], atol=1e-5)


def test_a_loss_of_one_block_does_not_depend_on_its_neighbours() -> None:
    model, blocks = network(), prompts(5)
    assert np.allclose(score(model, blocks)[2:3], score(model, blocks[2:3]), atol=1e-5)


def test_training_lowers_the_loss_and_says_how_it_went() -> None:
    model, text = network(scale=1.0), prompts(8)
    before = mean_loss(model, text)
    facts = train(model, human_only(text), text, replace(QUICK, best_epoch=True), 0)
    assert mean_loss(model, text) < before
    assert facts["steps"] == 3 * 2
    assert facts["validation"][0] == pytest.approx(before)
    assert min(facts["validation"]) == pytest.approx(mean_loss(model, text), abs=1e-6)


def test_the_epoch_of_the_lowest_validation_loss_is_kept() -> None:
    """At such a rate the later epochs forget; the first one is not what is left at the end."""
    model, text = network(scale=1.0), prompts(8)
    schedule = Schedule(epochs=4, rate=0.3, batch=4, best_epoch=True)
    facts = train(model, human_only(text), prompts(8, seed=1), schedule, 0)
    kept = mean_loss(model, prompts(8, seed=1))
    assert kept == pytest.approx(min(facts["validation"][1:]), abs=1e-6)
    assert kept < max(facts["validation"][1:])


def test_a_weight_of_two_is_a_block_twice() -> None:
    text = prompts(2)
    twice = Training(text, np.array([2.0, 0.0]), np.ones(2, bool))
    order = visits(twice.weights, np.random.default_rng(0))
    assert order.tolist() == [0, 0]


def test_a_rate_of_nought_is_no_training() -> None:
    with pytest.raises(CheckFailed, match="changed the weights by"):
        train(network(), human_only(prompts(4)), prompts(2), replace(QUICK, rate=0.0), 0)


def test_a_loss_that_is_no_number_stops_the_training() -> None:
    model = network()
    model.lm_head.weight[3, 3] = torch.nan
    with pytest.raises(CheckFailed, match="step 1 of 3 has a loss of nan"):
        train(model, human_only(prompts(4)), prompts(2), QUICK, 0)


def test_the_gradient_s_norm_is_bounded() -> None:
    text, schedule = prompts(8), replace(QUICK, epochs=1, batch=8)
    free, held = network(scale=1.0), network(scale=1.0)
    train(free, human_only(text), text, schedule, 0)
    train(held, human_only(text), text, replace(schedule, clip=1e-12), 0)
    start = flat(network(scale=1.0))
    moved = [float((flat(model) - start).abs().sum()) for model in (free, held)]
    # One step of AdamW is as long as the rate whatever the gradient, unless that drowns in epsilon.
    assert moved[1] < moved[0] / 10


def flat(model: torch.nn.Module) -> torch.Tensor:
    return torch.cat([p.detach().flatten() for p in model.parameters()])


def test_losses_are_differentiable() -> None:
    model = copy.deepcopy(network()).requires_grad_(True)
    torch.autograd.backward(losses(model, torch.from_numpy(prompts(1).astype(np.int64))).mean())
    assert all(p.grad is not None for p in model.parameters())
