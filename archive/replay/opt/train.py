"""Training: a Training set, a Schedule, and guards that stop what trains nothing."""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional
from transformers import OPTForCausalLM

from archive.errors import CheckFailed
from archive.replay.opt.device import precision
from archive.replay.opt.presets import Schedule
from archive.replay.tiers import Blocks, Losses, Training

SCORED_TOKENS: Final = 1 << 14
"""Tokens that are scored together on a CPU; a GPU takes eight times as many."""

LEAST_CHANGE: Final = 1e-6
"""Relative change of the weights below which a training has not happened."""


def train(
    model: OPTForCausalLM, data: Training, validation: Blocks, schedule: Schedule, seed: int
) -> dict[str, Any]:
    """Trains in place; gives the number of steps, the validation losses, and the weights' change.

    The loss is the mean over tokens, each block read from its own beginning. Raises CheckFailed
    where a loss is not finite or the weights have not moved.
    """
    model.requires_grad_(True)
    rng = np.random.default_rng(seed)
    epochs = [visits(data.weights, rng) for _ in range(schedule.epochs)]
    steps = sum(math.ceil(len(order) / schedule.batch) for order in epochs)
    optimiser = torch.optim.AdamW(model.parameters(), lr=schedule.rate, fused=True)
    paced = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: pace(schedule, step, steps))
    before = _flat(model)
    best: tuple[float, dict[str, Any]] | None = None
    curve = [mean_loss(model, validation)] if schedule.best_epoch else []
    for order in epochs:
        model.train()
        for batch in _batches(order, schedule.batch):
            loss = losses(model, _on(model, data.blocks[batch])).mean()
            if not torch.isfinite(loss):
                raise CheckFailed(
                    f"step {paced.last_epoch + 1} of {steps} has a loss of {loss.item()}",
                    next_step="the training diverged: lower its rate; no verdict can follow",
                )
            optimiser.zero_grad(set_to_none=True)
            torch.autograd.backward(loss)
            if schedule.clip:
                torch.nn.utils.clip_grad_norm_(model.parameters(), schedule.clip)
            optimiser.step()
            paced.step()
        if schedule.best_epoch:
            curve.append(mean_loss(model, validation))
            if best is None or curve[-1] < best[0]:
                best = curve[-1], copy.deepcopy(model.state_dict())
    if best:
        model.load_state_dict(best[1])
    model.train(False)
    change = float((_flat(model) - before).norm() / before.norm())
    if not change > LEAST_CHANGE:
        raise CheckFailed(
            f"{steps} steps changed the weights by {change:.2e} of their size",
            next_step="a run that trains nothing shows nothing: look at its rate and its data",
        )
    return {"steps": steps, "change": change, "validation": curve}


def losses(model: OPTForCausalLM, blocks: torch.Tensor) -> torch.Tensor:
    """The loss of every token in nats, shape (blocks, BLOCK)."""
    read = from_start(model, blocks[:, :-1])
    with precision(blocks.device):
        logits = model(input_ids=read, use_cache=False).logits
    flat = functional.cross_entropy(
        logits.float().view(-1, logits.shape[-1]), blocks.reshape(-1), reduction="none"
    )
    return flat.view(blocks.shape)


def from_start(model: OPTForCausalLM, tokens: torch.Tensor) -> torch.Tensor:
    """Rows of tokens with the token before every text in front of them."""
    start: Any = model.config.bos_token_id
    return torch.cat([torch.full_like(tokens[:, :1], start), tokens], dim=1)


@torch.no_grad()
def score(model: OPTForCausalLM, blocks: Blocks) -> Losses:
    model.train(False)
    at_once = SCORED_TOKENS // blocks.shape[1] * (8 if model.device.type == "cuda" else 1)
    parts = [
        losses(model, _on(model, blocks[start : start + at_once])).cpu().numpy()
        for start in range(0, len(blocks), at_once)
    ]
    return np.concatenate(parts).astype(np.float64)


def mean_loss(model: OPTForCausalLM, blocks: Blocks) -> float:
    return float(score(model, blocks).mean())


def visits(weights: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.int64]:
    """The blocks of one epoch, shuffled: each as often as its weight says, the rest by chance.

    Systematic sampling: as many visits as the weights sum to, a weight of 1 exactly one visit.
    """
    ends = np.cumsum(weights)
    marks = np.arange(round(float(ends[-1]))) + rng.random()
    drawn = np.minimum(np.searchsorted(ends, marks, side="right"), len(weights) - 1)
    return rng.permutation(drawn)


def pace(schedule: Schedule, step: int, steps: int) -> float:
    """The rate at a step as a share of the schedule's."""
    rising = round(schedule.warm_up * steps)
    if step < rising:
        return (step + 1) / (rising + 1)
    if not schedule.falls:
        return 1.0
    return (steps - step) / max(1, steps - rising)


def _batches(order: NDArray[np.int64], size: int) -> Iterator[NDArray[np.int64]]:
    for start in range(0, len(order), size):
        yield order[start : start + size]


def _on(model: OPTForCausalLM, blocks: Blocks) -> torch.Tensor:
    return torch.from_numpy(np.ascontiguousarray(blocks, dtype=np.int64)).to(model.device)


def _flat(model: OPTForCausalLM) -> torch.Tensor:
    return torch.cat([p.detach().float().flatten().cpu() for p in model.parameters()])
