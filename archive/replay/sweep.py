"""The smallest preserved share that resists, from a sweep over shares."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from archive.replay.stats import falling_fit
from archive.replay.verdict import RESISTS, Judgement

SHARES: Final = {
    "preserve": (0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9),
    "fresh": (0.01, 0.05, 0.1, 0.25),
}
"""What `--sweep` tries of a policy."""


@dataclass(frozen=True, slots=True)
class Smallest:
    """The answer of a sweep, for one pipeline and so many generations.

    `judged` is the smallest share from which every share tried resists; `crossing` is where the
    loss difference, fitted to fall with the share, meets its margin, with a 90 % interval.
    """

    judged: float | None
    crossing: float | None
    interval: tuple[float | None, float | None]


def smallest_share(judged: Mapping[float, Judgement], draws: int = 2000) -> Smallest:
    """`judged` holds a judgement for each share; seeds are drawn anew for the interval."""
    shares = sorted(judged)
    resisting: float | None = None
    for share in reversed(shares):
        if judged[share].verdict != RESISTS:
            break
        resisting = share
    losses = [judged[share].endpoints[0] for share in shares]
    values, margin = np.array([e.values for e in losses]), losses[0].margin
    rng = np.random.default_rng(0)
    seeds = values.shape[1]
    crossings = [
        _crossing(shares, values[:, rng.integers(0, seeds, seeds)].mean(axis=1), margin)
        for _ in range(draws)
    ]
    # A share that no try reached counts as above all of them.
    ordered = sorted(crossings, key=lambda c: np.inf if c is None else c)
    interval = (ordered[round(0.05 * (draws - 1))], ordered[round(0.95 * (draws - 1))])
    return Smallest(resisting, _crossing(shares, values.mean(axis=1), margin), interval)


def _crossing(shares: Sequence[float], means: Any, margin: float) -> float | None:
    """Where a fit that falls with the share meets the margin, linear between the shares tried."""
    fitted: list[float] = falling_fit(np.asarray(means, float)).tolist()
    if fitted[0] <= margin:
        return shares[0]
    for i in range(1, len(shares)):
        if fitted[i] <= margin:
            part = (fitted[i - 1] - margin) / (fitted[i - 1] - fitted[i])
            return shares[i - 1] + part * (shares[i] - shares[i - 1])
    return None
