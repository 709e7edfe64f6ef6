"""Do common and rare words tell the same share?

A share of synthetic sentences raises both alike. A topic that only the synthetic reference has is
seen in rare words alone, a register that neither has mostly in common ones: then each gives a share
of its own, and both are wrong (an overidentification test, as Sargan 1958 and Hansen 1982 have it).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from archive.audit.estimate.bag import Bag, Floats
from archive.audit.estimate.mixture import NEAREST, Scorer, Sums, likeliest

TELLING = 3.0  # standard errors by which a block of words must tell the references apart


@dataclass(frozen=True, slots=True)
class Agreement:
    """The share by words that a tenth of the human clusters hold, and by all others.

    `deviations`: their difference in its standard errors; None where one of them cannot tell the
    references apart, and so says nothing.
    """

    common: float
    rare: float
    deviations: float | None


def agreement(scorer: Scorer, target: Bag) -> Agreement:
    """Both shares from the same sentences, with the word rates as they are."""
    common, rare = (_block(scorer, target, common) for common in (True, False))
    if common is None or rare is None:
        return Agreement(math.nan, math.nan, None)
    error = math.hypot(*(_error(a - b) for a, b in zip(common[1:], rare[1:], strict=True)))
    return Agreement(common[0], rare[0], (common[0] - rare[0]) / max(error, 1e-9))


def _block(scorer: Scorer, target: Bag, common: bool) -> tuple[float, Floats, Floats] | None:
    """The share by one block of words, and what each cluster of target and references adds to it.

    None where the block does not tell the references apart.
    """
    folds = [fold.only(fold.common if common else ~fold.common) for fold in scorer.trained(0).folds]
    raw = float(np.mean([likeliest(scorer.ratios(fold, target)) for fold in folds]))
    r = min(max(raw, NEAREST), 1 - NEAREST)
    own, human, synthetic = scorer.by_cluster(target, folds, *scorer.held_out(folds), r)
    gap = synthetic.mean - human.mean
    if gap <= TELLING * _error(_pull(synthetic) - _pull(human)):
        return None
    share = (own.mean - human.mean) / gap
    references = -((1 - share) * _pull(human) + share * _pull(synthetic)) / gap
    return share, _pull(own) / gap, references


def _pull(sums: Sums) -> Floats:
    """How much each cluster moves the mean: the infinitesimal jackknife (Efron 1982)."""
    pulled: Floats = (sums.scores - sums.mean * sums.sentences) / sums.sentences.sum()
    return pulled


def _error(pulls: Floats) -> float:
    return math.sqrt(float(pulls @ pulls) * len(pulls) / max(len(pulls) - 1, 1))
