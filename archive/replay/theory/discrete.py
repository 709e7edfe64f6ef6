"""Discrete distributions: resampled until rare words die and one word is left."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from archive.replay.theory import Check
from archive.replay.theory.estimates import Floats, mean

M = 100


def checks(seed: int) -> Iterator[Check]:
    rng = np.random.default_rng([seed, 2])
    yield from _diversity(rng)
    yield from _absorption(rng)
    yield from _survival(rng)


def diversity(start: float, size: int, generations: int) -> float:
    """Gini-Simpson diversity: each resampling loses 1/M of it (Wright-Fisher, exact)."""
    return start * (1 - 1 / size) ** generations


def alive(count: int, generations: int) -> float:
    """The chance that a word seen `count` times is still there: critical Poisson branching.

    Exact for a word that is a vanishing part of the text: 1 - q^c, q_{k+1} = exp(q_k - 1).
    """
    extinct = 0.0
    for _ in range(generations):
        extinct = math.exp(extinct - 1)
    return 1 - extinct**count


def alive_at_least(count: int, generations: int) -> float:
    """The lower bound of Suresh et al. (arXiv 2412.17646): forgetting takes about `count` steps."""
    return 1 - math.exp(-count / generations)


def zipf(types: int) -> Floats:
    weights = 1 / np.arange(1, types + 1)
    shares: Floats = weights / weights.sum()
    return shares


def resample(rng: np.random.Generator, counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """The next generation's counts: as many tokens, drawn by the present frequencies."""
    total = counts.sum(axis=-1)
    return rng.multinomial(total, counts / total[..., None])


def _diversity(rng: np.random.Generator) -> Iterator[Check]:
    p = zipf(50)
    counts = rng.multinomial(M, p, size=4000)
    for generation in range(1, 21):
        if generation in (1, 5, 20):
            simulated = mean(1 - ((counts / M) ** 2).sum(axis=1))
            formula = diversity(float(1 - (p**2).sum()), M, generation)
            yield Check(
                "discrete", "replace", "Gini-Simpson diversity", generation, *simulated, formula,
                "Wright-Fisher: H0 (1 - 1/M)^n",
            )  # fmt: skip
        counts = resample(rng, counts)


def _absorption(rng: np.random.Generator) -> Iterator[Check]:
    """All mass ends on one state, and on state s with probability p_0(s) (Methods, discrete)."""
    p = np.array([0.5, 0.3, 0.15, 0.05])
    counts = rng.multinomial(20, p, size=6000)
    for _ in range(400):
        counts = resample(rng, counts)
    absorbed = (counts == 20).any(axis=1)
    yield Check(
        "discrete", "replace", "chains that are a delta function", 401,
        *mean(absorbed.astype(float)), 1.0, "Shumailov et al., Methods: absorbing states",
    )  # fmt: skip
    for state, share in enumerate(p.tolist()):
        ended = (counts[:, state] == 20).astype(float)
        yield Check(
            "discrete", "replace", f"ends on the state of share {share}", 401, *mean(ended), share,
            "Shumailov et al., Methods: P(end in s) = p_0(s)",
        )  # fmt: skip


def _survival(rng: np.random.Generator) -> Iterator[Check]:
    """Zipf text of 50,000 words and 5,000 types; words by their count in generation 0."""
    first = rng.multinomial(50_000, zipf(5000), size=40)
    counts = first
    for generation in range(1, 11):
        counts = resample(rng, counts)
        if generation not in (1, 3, 10):
            continue
        for count in (1, 2, 5, 10):
            shares = np.array(
                [(now[was == count] > 0).mean() for now, was in zip(counts, first, strict=True)]
            )
            value, error = mean(shares)
            # Where almost all live, few replicates see a death: the formula's own error then.
            law = alive(count, generation)
            error = max(error, math.sqrt(law * (1 - law) / (first == count).sum()))
            quantity = f"words seen {count} times, alive"
            yield Check(
                "discrete", "replace", quantity, generation, value, error, law,
                "Poisson branching: 1 - q^c, q' = exp(q - 1)",
            )  # fmt: skip
            yield Check(
                "discrete", "replace", quantity, generation, value, error,
                alive_at_least(count, generation), "Suresh et al.: at least 1 - exp(-c/n)",
                bound="at least",
            )  # fmt: skip
