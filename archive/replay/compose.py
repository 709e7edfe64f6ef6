"""The training set of one generation, put together as a mix says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from archive.replay.mixes import Mix
from archive.replay.tiers import Blocks, Training


@dataclass(frozen=True, slots=True)
class Sources:
    """What there is to learn from at generation g >= 1. The budget is a number of blocks."""

    budget: int
    archive: Blocks  # all preserved originals; the first `budget` of them trained generation 0
    fresh: Blocks  # human text that no generation has seen, in the order in which it is used
    synthetic: Sequence[Blocks]  # by generation from 0 on, the newest last
    before: Training  # the training set of generation g - 1


def human_only(blocks: Blocks) -> Training:
    """The training set of generation 0: human text, each block once."""
    return Training(blocks, np.ones(len(blocks)), np.ones(len(blocks), bool))


def compose(mix: Mix, sources: Sources, generation: int, step_matched: bool, seed: int) -> Training:
    """The training set of `generation` under a mix.

    Step-matched, the weights sum to the budget whatever the size of the set, so that a growing set
    is not also a longer training.
    """
    rng = np.random.default_rng(seed)
    parts = _PARTS[mix.pool](mix, sources, generation, rng)
    blocks = np.concatenate([part for part, _, _ in parts])
    weights = np.concatenate([np.full(len(part), weight) for part, weight, _ in parts])
    human = np.concatenate([np.broadcast_to(flag, len(part)) for part, _, flag in parts])
    if step_matched:
        weights = weights * (sources.budget / weights.sum())
    return Training(blocks, weights, human)


def fresh_blocks(mix: Mix, budget: int, generations: int) -> int:
    """Blocks of unseen human text that a chain uses up."""
    return _counts(mix, budget)["fresh"] * generations


_Part = tuple[Blocks, float, "np.ndarray[tuple[int, ...], np.dtype[np.bool_]]"]
_HUMAN, _SYNTHETIC = np.array(True), np.array(False)


def _counts(mix: Mix, budget: int) -> dict[str, int]:
    """Blocks of each source; what rounding leaves goes to the sources with the largest rest."""
    wanted = {"alpha": mix.alpha, "beta": mix.beta, "gamma": mix.gamma, "fresh": mix.fresh}
    exact = {name: share * budget for name, share in wanted.items()}
    counts = {name: int(value) for name, value in exact.items()}
    missing = round(sum(exact.values())) - sum(counts.values())
    for name in sorted(exact, key=lambda n: counts[n] - exact[n])[:missing]:
        counts[name] += 1
    return counts


def _by_shares(
    mix: Mix, sources: Sources, generation: int, rng: np.random.Generator
) -> list[_Part]:
    counts = _counts(mix, sources.budget)
    archive, before, newest = sources.archive, sources.before, sources.synthetic[-1]
    if mix.originals == "fixed":
        originals = archive[: counts["gamma"]]
    else:
        originals = archive[_draw(rng, len(archive), counts["gamma"])]
    old = _draw(rng, len(before.blocks), counts["beta"])
    used = counts["fresh"] * (generation - 1)
    return [
        (newest[_draw(rng, len(newest), counts["alpha"])], 1.0, _SYNTHETIC),
        (before.blocks[old], 1.0, before.human[old]),
        (originals, 1.0, _HUMAN),
        (sources.fresh[used : used + counts["fresh"]], 1.0, _HUMAN),
    ]


def _everything(
    mix: Mix, sources: Sources, generation: int, rng: np.random.Generator
) -> list[_Part]:
    first = sources.archive[: sources.budget]
    return [(first, 1.0, _HUMAN), *((blocks, 1.0, _SYNTHETIC) for blocks in sources.synthetic)]


def _drawn_from_everything(
    mix: Mix, sources: Sources, generation: int, rng: np.random.Generator
) -> list[_Part]:
    parts = _everything(mix, sources, generation, rng)
    blocks = np.concatenate([part for part, _, _ in parts])
    human = np.arange(len(blocks)) < sources.budget
    drawn = _draw(rng, len(blocks), sources.budget)
    return [(blocks[drawn], 1.0, human[drawn])]


def _weighted(mix: Mix, sources: Sources, generation: int, rng: np.random.Generator) -> list[_Part]:
    originals = sources.archive[_draw(rng, len(sources.archive), sources.budget)]
    return [
        (originals, mix.gamma, _HUMAN),
        (sources.synthetic[-1], mix.alpha, _SYNTHETIC),
    ]


_PARTS = {
    "shares": _by_shares,
    "all": _everything,
    "subsample": _drawn_from_everything,
    "weighted": _weighted,
}


def _draw(
    rng: np.random.Generator, size: int, count: int
) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
    """`count` different ones of `size`, in their order."""
    return np.sort(rng.permutation(size)[:count])
