"""Linear regression on its own predictions (Gerstgrasser et al. 2024; Dohmatob et al. 2024).

Excess risk in units of sigma^2 d / (T - d - 1), the risk of one fit to T points in d dimensions.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from archive.replay.theory import Check
from archive.replay.theory.estimates import Floats, mean

D, T = 10, 111
GENERATIONS = (1, 5, 10)
REPLICATES = 3000
# The subsample's law is of leading order: its design must be long for d/T to vanish.
LONG_D, LONG_T, LONG_REPLICATES = 4, 600, 500


def checks(seed: int) -> Iterator[Check]:
    rng = np.random.default_rng([seed, 4])
    for policy, accumulate, source in (
        ("replace", False, "Dohmatob et al.; Gerstgrasser et al.: n"),
        ("accumulate", True, "Gerstgrasser et al., Theorem 2: sum 1/i^2 < pi^2/6"),
    ):
        for generation, risk in curve(rng, accumulate):
            if generation in GENERATIONS:
                formula = accumulated(generation) if accumulate else float(generation)
                yield Check(
                    "regression", policy, "excess risk", generation, *mean(risk), formula, source
                )
    for generation, risk in subsampled(rng):
        if generation in (2, 5):
            yield Check(
                "regression", "accumulate_subsample", "excess risk", generation, *mean(risk),
                subsample_risk(generation), "derived: recursion of moments, leading order in d/T",
            )  # fmt: skip


def accumulated(generation: int) -> float:
    return sum(1 / i**2 for i in range(1, generation + 1))


def subsample_risk(generation: int) -> float:
    """The Gaussian mean's recursion as M grows: pool p, fit v; v_n = p_n + 1 - 1/n."""
    p = v = 0.0
    for n in range(1, generation + 1):
        p = ((n - 1) ** 2 * p + 2 * (n - 1) * p + v + 1) / n**2
        v = p + 1 - 1 / n
    return v


def curve(
    rng: np.random.Generator, accumulate: bool, last: int = max(GENERATIONS)
) -> Iterator[tuple[int, Floats]]:
    """Excess risk of every generation in every replicate, with one design for all generations.

    The truth is 0, so a fit is its own error; inputs are standard, so its square is its risk.
    """
    x = rng.standard_normal((REPLICATES, T, D))
    solve = np.linalg.inv(np.swapaxes(x, 1, 2) @ x) @ np.swapaxes(x, 1, 2)
    w: Floats = np.zeros((REPLICATES, D))
    labels = np.zeros((REPLICATES, T))  # the mean of all labels so far, for the pooled fit
    for generation in range(1, last + 1):
        new = (x @ w[:, :, None])[:, :, 0] + rng.standard_normal((REPLICATES, T))
        labels = labels + (new - labels) / generation if accumulate else new
        w = (solve @ labels[:, :, None])[:, :, 0]
        yield generation, (w**2).sum(axis=1) * (T - D - 1) / D


def subsampled(rng: np.random.Generator, last: int = 5) -> Iterator[tuple[int, Floats]]:
    """T points without replacement of all labelled points so far, each with its own input."""
    w: Any = np.zeros((LONG_REPLICATES, LONG_D))
    x = np.empty((LONG_REPLICATES, last * LONG_T, LONG_D), np.float32)
    y = np.empty((LONG_REPLICATES, last * LONG_T), np.float32)
    for generation in range(1, last + 1):
        end = generation * LONG_T
        new = slice(end - LONG_T, end)
        x[:, new] = rng.standard_normal((LONG_REPLICATES, LONG_T, LONG_D), dtype=np.float32)
        noise = rng.standard_normal((LONG_REPLICATES, LONG_T))
        y[:, new] = (x[:, new] @ w[:, :, None])[:, :, 0] + noise
        chance = rng.random((LONG_REPLICATES, end), dtype=np.float32)
        chosen = np.argpartition(chance, LONG_T - 1)[:, :LONG_T]
        rows = np.take_along_axis(x[:, :end], chosen[:, :, None], axis=1).astype(np.float64)
        labels = np.take_along_axis(y[:, :end], chosen, axis=1)
        turned = np.swapaxes(rows, 1, 2)
        w = np.linalg.solve(turned @ rows, turned @ labels[:, :, None])[:, :, 0]
        yield generation, (w**2).sum(axis=1) * (LONG_T - LONG_D - 1) / LONG_D
