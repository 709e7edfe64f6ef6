"""The endpoints of a verdict: differences that harm when large, each with its margin.

A chain (one policy, one seed) is one observation; generations inside it are not independent.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from archive.replay.stats import slope, t_quantile, t_upper_tail

LEVEL: Final = 0.05
POWER: Final = 0.8
LEAST_SEEDS: Final = 3
MOST_SEEDS: Final = 1000
LEAST_KEPT: Final = 0.2
"""Share of a bin's words that text of human-trained models keeps, for the bin to be judged."""

Chain = Sequence[Mapping[str, Any]]
"""The measures of one chain, generation 0 first."""


@dataclass(frozen=True, slots=True)
class Margins:
    """How much harm still counts as none. Losses are in nats a token."""

    loss: float = 0.10  # 10 % perplexity; 0.05 is strict
    slope: float = 0.005  # nats a generation over the last half
    tail: float = 0.15  # loss on the rarest tenth of the test tokens
    survival: float = 0.20  # share of the rarest words that is lost and that human text keeps
    group: float = 0.20  # loss on the worst group: twice that on all


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One difference over the seeds, its one-sided bounds, and its margin."""

    name: str
    margin: float
    values: tuple[float, ...]

    @property
    def mean(self) -> float:
        return math.fsum(self.values) / len(self.values)

    @property
    def deviation(self) -> float:
        return float(np.std(self.values, ddof=1)) if len(self.values) > 1 else math.inf

    @property
    def bounds(self) -> tuple[float, float]:
        """One-sided 95 % each: mean -+ t s / sqrt(n)."""
        if len(self.values) < 2:
            return -math.inf, math.inf
        half = t_quantile(1 - LEVEL, len(self.values) - 1) * self._error
        return self.mean - half, self.mean + half

    @property
    def holds(self) -> bool:
        return self.bounds[1] < self.margin

    @property
    def p_exceeds(self) -> float:
        """The p-value against "no worse than the margin"."""
        above = self.mean - self.margin
        if len(self.values) < 2:
            return 1.0
        if self._error == 0:
            return 0.0 if above > 0 else 1.0
        return t_upper_tail(above / self._error, len(self.values) - 1)

    @property
    def seeds_needed(self) -> int | None:
        """Seeds with which such a mean and deviation would be decided four times in five."""
        if len(self.values) < 2:
            return None
        gap = abs(self.margin - self.mean)

        def enough(seeds: int) -> bool:
            reach = t_quantile(1 - LEVEL, seeds - 1) + t_quantile(POWER, seeds - 1)
            return reach * self.deviation / math.sqrt(seeds) <= gap

        seeds = bisect_left(range(MOST_SEEDS + 1), True, lo=LEAST_SEEDS, key=enough)
        return seeds if seeds <= MOST_SEEDS else None

    @property
    def _error(self) -> float:
        return self.deviation / math.sqrt(len(self.values))

    def to_json(self) -> dict[str, Any]:
        low, high = (bound if math.isfinite(bound) else None for bound in self.bounds)
        return {
            "mean": self.mean,
            "low": low,
            "high": high,
            "margin": self.margin,
            "holds": self.holds,
            "values": list(self.values),
        }


def endpoints_of(
    chains: Sequence[Chain], controls: Sequence[Mapping[str, Any]], twins: Sequence[Any], m: Margins
) -> tuple[Endpoint, ...]:
    """E1 to E3 of one policy; `controls` are the measures it is paired with, seed by seed."""
    last = [chain[-1] for chain in chains]
    pairs = list(zip(last, controls, strict=True))

    def differences(key: str) -> tuple[float, ...]:
        return tuple(mine[key] - other[key] for mine, other in pairs)

    slopes = tuple(slope([g["loss"] for g in chain[len(chain) // 2 :]]) for chain in chains)
    rarest = rarest_bin([twin["model"] for twin in twins])
    lost = tuple(
        1 - survival(mine, rarest) / max(survival(twin["model"], rarest), 1e-9)
        for mine, twin in zip(last, twins, strict=True)
    )
    groups = [
        Endpoint(
            f"loss in {group}",
            m.group,
            tuple(mine["group_loss"][group] - other["group_loss"][group] for mine, other in pairs),
        )
        for group in last[0]["group_loss"]
    ]
    return (
        Endpoint("loss", m.loss, differences("loss")),
        Endpoint("slope", m.slope, slopes),
        Endpoint("tail loss", m.tail, differences("tail_loss")),
        Endpoint("rare words lost", m.survival, lost),
        *(groups if len(groups) > 1 else ()),
    )


def rarest_bin(twins: Sequence[Mapping[str, Any]]) -> str:
    """The lowest count bin of which every twin's text still has LEAST_KEPT, else the highest.

    Where even a model of human text writes next to none of the words, a ratio is noise.
    """
    names: list[str] = list(twins[0]["text"]["survival"])
    kept = (n for n in names if min(survival(twin, n) for twin in twins) >= LEAST_KEPT)
    return next(kept, names[-1])


def survival(measures: Mapping[str, Any], name: str) -> float:
    """The share of the words of a count bin that a model's text still has."""
    return float(measures["text"]["survival"][name] or 0.0)
