"""A mixture of two Gaussians, fitted by expectation-maximisation to its own samples.

Every M-step gives the mixture the sample's own mean and variance, however far it has converged, so
the total variance of a chain obeys an exact law although the fit has none.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from archive.replay.theory import Check
from archive.replay.theory.estimates import Floats, mean

M = 60
CHAINS = 1500
ROUNDS = 12
GENERATIONS = (1, 5, 20)


@dataclass(frozen=True, slots=True)
class Mixtures:
    """Two-component mixtures, one a row: weights, means, variances of shape (chains, 2)."""

    weights: Floats
    means: Floats
    variances: Floats

    @property
    def mean(self) -> Floats:
        total: Floats = (self.weights * self.means).sum(axis=1)
        return total

    @property
    def variance(self) -> Floats:
        second: Floats = (self.weights * (self.variances + self.means**2)).sum(axis=1)
        return second - self.mean**2

    def sample(self, rng: np.random.Generator, size: int) -> Floats:
        chosen = (rng.random((len(self.weights), size)) > self.weights[:, :1]).astype(np.intp)
        centre = np.take_along_axis(self.means, chosen, axis=1)
        spread = np.sqrt(np.take_along_axis(self.variances, chosen, axis=1))
        return centre + spread * rng.standard_normal(chosen.shape)


def start(chains: int) -> Mixtures:
    one = np.ones((chains, 1))
    return Mixtures(one * [0.5, 0.5], one * [-2.0, 2.0], one * [1.0, 1.0])


def fit(points: Floats, guess: Mixtures, rounds: int = ROUNDS) -> Mixtures:
    """EM from the mixtures that wrote the points, which keeps the components' names."""
    for _ in range(rounds):
        x = points[:, :, None]
        log = (
            np.log(guess.weights)[:, None, :]
            - 0.5 * np.log(guess.variances)[:, None, :]
            - 0.5 * (x - guess.means[:, None, :]) ** 2 / guess.variances[:, None, :]
        )
        share = 1 / (1 + np.exp(np.clip(log[:, :, ::-1] - log, -700, 700)))
        held = share.sum(axis=1) + 1e-300
        means = (share * x).sum(axis=1) / held
        variances = (share * (x - means[:, None, :]) ** 2).sum(axis=1) / held
        # A component on a single point would have no variance; its loss of mass is not hidden.
        guess = Mixtures(held / points.shape[1], means, np.maximum(variances, 1e-12))
    return guess


def total_variance(generation: int) -> float:
    """E of the fitted mixture's variance: the maximum-likelihood factor, once a generation."""
    return 5.0 * (1 - 1 / M) ** generation


def mean_variance(generation: int) -> float:
    """Variance of the mixture's mean: the sum of its errors, V_0 (1 - (1-1/M)^n)."""
    return 5.0 * (1 - (1 - 1 / M) ** generation)


def l2_distance(a: Mixtures, b: Mixtures) -> Floats:
    """The L2 distance of densities, in closed form by products of Gaussians."""
    squared = _product(a, a) - 2 * _product(a, b) + _product(b, b)
    distance: Floats = np.sqrt(np.maximum(squared, 0))
    return distance


def checks(seed: int) -> Iterator[Check]:
    rng = np.random.default_rng([seed, 3])
    now = original = start(CHAINS)
    before = 0.0
    for generation in range(1, max(GENERATIONS) + 1):
        now = fit(now.sample(rng, M), now)
        if generation not in GENERATIONS:
            continue
        for quantity, values, formula in (
            ("E total variance", now.variance, total_variance(generation)),
            ("Var(mean)", now.mean**2, mean_variance(generation)),
        ):
            yield Check(
                "mixture", "replace", quantity, generation, *mean(values), formula,
                "an M-step keeps mean and variance of the sample",
            )  # fmt: skip
        simulated = mean(l2_distance(now, original))
        yield Check(
            "mixture", "replace", "L2 distance grows", generation, *simulated, before,
            "Shumailov et al., SI Fig. 8: above that of the generation before", bound="at least",
        )  # fmt: skip
        before = simulated[0]


def _product(a: Mixtures, b: Mixtures) -> Floats:
    """The integral of the product of two densities."""
    spread = a.variances[:, :, None] + b.variances[:, None, :]
    apart = (a.means[:, :, None] - b.means[:, None, :]) ** 2
    density = np.exp(-0.5 * apart / spread) / np.sqrt(2 * math.pi * spread)
    total: Floats = (a.weights[:, :, None] * b.weights[:, None, :] * density).sum(axis=(1, 2))
    return total
