"""The interval of a calibrated share: nested bootstrap by cluster, inverted as a test.

Resampled are the clusters of the target, those of both references as calibration, and those of
both references as the source of the word rates (which are estimated anew). The rounds give the
covariance of three means: of target, human and synthetic scores. A share a is in the interval if
mean(target) - (1 - a) mean(human) - a mean(synthetic) is not further from 0 than Student's t allows
(Fieller 1954). Unlike percentiles of the share it is right at the ends: at a true share of 0 it
contains 0 as often as elsewhere, and where the references hardly differ it becomes wide by itself.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from archive.audit.estimate.bag import Bag, Floats
from archive.audit.estimate.mixture import NEAREST, Scorer, Sums, resampled


@dataclass(frozen=True, slots=True)
class Shift:
    """How far a share may be off for another reason than chance, and from how many tries."""

    deviation: float
    freedom: int


NONE = Shift(0.0, 1)


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """A share before any gate: it may lie outside 0 to 1.

    `covariance` is that of the three means in units of the share (human 0, synthetic 1);
    `freedom` the degrees of freedom of its variance; `raw` the uncalibrated share.
    """

    share: float
    covariance: Floats
    freedom: float
    raw: float

    def variance(self, at: float) -> float:
        """Of mean(target) - (1 - a) mean(human) - a mean(synthetic)."""
        weights = np.array([1.0, at - 1.0, -at])
        return float(weights @ self.covariance @ weights)

    def interval(self, level: float, shift: Shift = NONE) -> tuple[float, float]:
        """All shares that are not rejected, unclipped, with a further deviation added."""
        own, other = self.variance(self.share), shift.deviation**2
        apart = own**2 / self.freedom + other**2 / max(shift.freedom, 1)
        freedom = (own + other) ** 2 / apart if apart > 0 else self.freedom
        t2 = t_critical(level, freedom) ** 2
        tt, hh, ss = np.diag(self.covariance)
        th, ts, hs = self.covariance[0, 1], self.covariance[0, 2], self.covariance[1, 2]
        # variance(a) = c0 + c1 a + c2 a^2; reject where (share - a)^2 > t^2 variance(a).
        c0 = tt + hh - 2 * th + other
        c1 = 2 * (th - ts + hs - hh)
        c2 = hh + ss - 2 * hs
        a, b, c = (
            float(x) for x in (1 - t2 * c2, -2 * self.share - t2 * c1, self.share**2 - t2 * c0)
        )
        if a <= 0:
            return -math.inf, math.inf
        root = math.sqrt(max(float(b * b - 4 * a * c), 0.0))
        return (-b - root) / (2 * a), (-b + root) / (2 * a)


def measure(scorer: Scorer, target: Bag, *, retrained: int, rounds: int) -> Measured:
    """The share of a target, with what its interval needs. `retrained` 0 keeps the word rates."""
    raw = scorer.raw(target)
    r = min(max(raw, NEAREST), 1 - NEAREST)
    means = scorer.sums(target, 0, r)
    share = _in_shares(means, means)[0]
    draws = []
    replicates = range(1, retrained + 1) if retrained else range(1)
    for replicate in replicates:
        sums = means if not replicate else scorer.sums(target, replicate, r)
        seeded = np.random.default_rng([scorer.settings.seed, 2, replicate])
        each = max(1, rounds // len(replicates))
        draws.append(_resampled_means(seeded, sums, each))
    drawn = np.vstack(draws)
    target_clusters, reference_clusters = len(means[0].scores), len(scorer.clusters)
    covariance = np.cov(drawn, rowvar=False)
    # A resample of n clusters varies by (n - 1)/n of what n new ones would.
    grow = np.sqrt([n / max(n - 1, 1) for n in (target_clusters, *[reference_clusters] * 2)])
    covariance *= np.outer(grow, grow)
    freedom = _freedom(share, covariance, target_clusters - 1, reference_clusters - 1)
    return Measured(float(share), covariance, freedom, raw)


def _in_shares(sums: Sequence[Sums], scale: Sequence[Sums]) -> Floats:
    """The three means on the scale where the human one of `scale` is 0, the synthetic one 1."""
    zero, one = scale[1].mean, scale[2].mean
    gap = one - zero if one != zero else 1e-12
    return np.array([(each.mean - zero) / gap for each in sums])


def _resampled_means(rng: np.random.Generator, sums: Sequence[Sums], rounds: int) -> Floats:
    """`rounds` rows of the three means, clusters drawn with replacement."""
    target, human, synthetic = sums
    zero, one = human.mean, synthetic.mean
    gap = one - zero if one != zero else 1e-12
    rows = np.zeros((rounds, 3))
    for row in rows:
        own = resampled(rng, len(target.scores))
        shared = resampled(rng, len(human.scores))
        for place, (part, drawn) in enumerate(
            ((target, own), (human, shared), (synthetic, shared))
        ):
            sentences = max(float(drawn @ part.sentences), 1.0)
            row[place] = (float(drawn @ part.scores) / sentences - zero) / gap
    return rows


def _freedom(at: float, covariance: Floats, target: int, references: int) -> float:
    """Satterthwaite's degrees of freedom of target and references together."""
    at = min(max(at, 0.0), 1.0)
    own = covariance[0, 0]
    weights = np.array([1 - at, at])
    theirs = float(weights @ covariance[1:, 1:] @ weights)
    total = own**2 / max(target, 1) + theirs**2 / max(references, 1)
    return float((own + theirs) ** 2 / total) if total > 0 else float(min(target, references))


def t_critical(level: float, freedom: float) -> float:
    """The two-sided critical value of Student's t (Abramowitz and Stegun 26.7.5).

    Within 1 % from 3 degrees of freedom on; fewer are taken as 3.
    """
    z = NormalDist().inv_cdf((1 + level) / 2)
    n = max(freedom, 3.0)
    return z + sum(
        polynomial / n**power
        for power, polynomial in (
            (1, (z**3 + z) / 4),
            (2, (5 * z**5 + 16 * z**3 + 3 * z) / 96),
            (3, (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384),
            (4, (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160),
        )
    )
