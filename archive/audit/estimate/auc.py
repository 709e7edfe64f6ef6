"""How well two kinds of documents are told apart, and how surely that is known."""

from __future__ import annotations

import math

import numpy as np

from archive.audit.estimate.bag import Floats, summed
from archive.signals.hashing import Positions


def auc(negative: Floats, positive: Floats) -> float:
    """The chance that a positive lies above a negative, ties half (Mann and Whitney 1947)."""
    both = np.concatenate((negative, positive))
    _, place, counts = np.unique(both, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[place]
    size = len(positive)
    below = ranks[len(negative) :].sum() - size * (size + 1) / 2
    return float(below / (len(negative) * size))


def auc_error(
    negative: Floats, positive: Floats, negative_owner: Positions, positive_owner: Positions
) -> float:
    """Its standard error, from placements (DeLong et al. 1988) summed by cluster.

    The owners number the clusters, 0 to as many as there are; both kinds may share some.
    """
    size = 1 + int(max(negative_owner.max(), positive_owner.max()))
    pulled = np.zeros(size)
    for own, other, owner, sign in (
        (positive, negative, positive_owner, 1.0),
        (negative, positive, negative_owner, -1.0),
    ):
        ranked = np.sort(other)
        below, up_to = (np.searchsorted(ranked, own, side=side) for side in ("left", "right"))
        placements = (below + up_to) / (2 * len(other))
        pulled += sign * summed(owner, (placements - placements.mean()) / len(own), size)
    return math.sqrt(float(pulled @ pulled) * size / max(size - 1, 1))
