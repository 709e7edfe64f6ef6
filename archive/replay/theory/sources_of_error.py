"""The paper's three sources of error, each alone: the other two are switched off.

| experiment | sample | family | learning |
|---|---|---|---|
| statistical approximation | finite | holds the truth | exact |
| functional expressivity | infinite | too small | exact |
| functional approximation | infinite | holds the truth | stopped early |

An infinite sample is the density itself: moments by quadrature, gradients of the expected loss.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from archive.replay.stats import digamma
from archive.replay.theory import Check
from archive.replay.theory.estimates import Floats, mean

FAMILY = "sources_of_error"
QUADRATURE_ERROR = 1e-7
APART = 2.0  # the two modes of the truth that one Gaussian cannot hold, at -2 and 2


def checks(seed: int) -> Iterator[Check]:
    yield from _statistical(np.random.default_rng([seed, 5]))
    yield from _expressivity()
    yield from _learning()


def _statistical(rng: np.random.Generator, size: int = 50, last: int = 20) -> Iterator[Check]:
    """A Gaussian fitted to a Gaussian by its exact maximum: all that is lost, sampling loses."""
    variance = np.ones(6000)
    for _ in range(last):
        variance = variance * rng.chisquare(size - 1, variance.size) / (size - 1)
    formula = last * (digamma((size - 1) / 2) + math.log(2 / (size - 1)))
    name = "statistical approximation alone"
    yield Check(
        FAMILY, name, f"E log variance, samples of {size}", last, *mean(np.log(variance)), formula,
        "Theorem 3.1",
    )  # fmt: skip
    x, density = _grid(), _normal(_grid(), 0.0, 1.0)
    for _ in range(last):
        density = _moment_fit(x, density)
    yield Check(
        FAMILY, name, "log variance, infinite samples", last, math.log(_moments(x, density)[1]),
        QUADRATURE_ERROR, 0.0, "nothing is lost when the sample is the density itself",
    )  # fmt: skip


def _expressivity() -> Iterator[Check]:
    """One Gaussian for two modes, from infinite samples: all is lost at once, then nothing more."""
    x = _grid()
    truth = (_normal(x, -APART, 1.0) + _normal(x, APART, 1.0)) / 2
    density = truth
    for generation in range(1, 11):
        density = _moment_fit(x, density)
        if generation in (1, 10):
            yield Check(
                FAMILY, "functional expressivity alone", "squared L2 distance", generation,
                _integral(x, (density - truth) ** 2), QUADRATURE_ERROR, misfit(),
                "products of Gaussians: the same in every generation",
            )  # fmt: skip
    first = _integral(x, (_moment_fit(x, truth) - truth) ** 2)
    yield Check(
        FAMILY, "functional expressivity alone", "distance is not zero", 1, first,
        QUADRATURE_ERROR, 0.01, "the family does not hold the truth", bound="at least",
    )  # fmt: skip


def misfit() -> float:
    """The squared L2 distance of the two modes and the Gaussian with their mean and variance."""
    total = 1 + APART**2
    both = (_peak(2.0, 0.0) + _peak(2.0, 2 * APART)) / 2
    return both - 2 * _peak(1 + total, APART) + _peak(2 * total, 0.0)


def _learning(rate: float = 0.1, steps: int = 20) -> Iterator[Check]:
    """Gradient descent from nought, stopped early: the model shrinks towards where it starts."""
    for stopped, name in ((True, "stopped early"), (False, "run to the end")):
        truth = 1.0
        for generation in range(1, 6):
            learnt = 0.0
            for _ in range(steps if stopped else 2000):
                learnt -= rate * (learnt - truth)  # the gradient of E (x - mu)^2 / 2
            truth = learnt
            if generation in (1, 5):
                kept = 1 - (1 - rate) ** steps if stopped else 1.0
                yield Check(
                    FAMILY, "functional approximation alone", f"mean, {name}", generation,
                    learnt, 1e-9, kept**generation, "(1 - (1-rate)^steps)^n",
                )  # fmt: skip


def _grid() -> Floats:
    return np.linspace(-30, 30, 6001)


def _normal(x: Floats, centre: float, variance: float) -> Floats:
    density: Floats = np.exp(-((x - centre) ** 2) / (2 * variance))
    return density / math.sqrt(2 * math.pi * variance)


def _peak(variance: float, at: float) -> float:
    return math.exp(-(at**2) / (2 * variance)) / math.sqrt(2 * math.pi * variance)


def _integral(x: Floats, values: Floats) -> float:
    return float(values.sum() * (x[1] - x[0]))


def _moments(x: Floats, density: Floats) -> tuple[float, float]:
    centre = _integral(x, x * density)
    return centre, _integral(x, (x - centre) ** 2 * density)


def _moment_fit(x: Floats, density: Floats) -> Floats:
    return _normal(x, *_moments(x, density))
