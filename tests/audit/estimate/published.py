"""The published estimator (Liang et al., arXiv 2403.07183, released code), as a peer.

All words in at least 5 human and 3 synthetic sentences; rates counted on the whole of both
references; the likeliest share; the 95 % interval are percentiles over resamples of the target's
sentences (theirs: 1000, here ROUNDS). Sentences and words are cut as ours are (theirs: spaCy).
"""

from __future__ import annotations

import numpy as np

from archive.audit.estimate.bag import Bag, Floats
from archive.audit.estimate.mixture import score

HUMAN, SYNTHETIC = 5, 3
UNSEEN = -13.8  # log-probability in the released code
ROUNDS = 300
STEPS = 200  # of the table in which the likeliest share is looked up


def estimate(human: Bag, synthetic: Bag, target: Bag, words: int) -> tuple[float, float, float]:
    """Estimate, low and high."""
    counts = [np.bincount(bag.words, minlength=words) for bag in (human, synthetic)]
    kept = (counts[0] >= HUMAN) & (counts[1] >= SYNTHETIC)
    p, q = (
        np.where(count > 0, count / bag.sentences, np.exp(UNSEEN)).astype(np.float64)
        for count, bag in zip(counts, (human, synthetic), strict=True)
    )
    p, q = np.where(kept, p, 0.5), np.where(kept, q, 0.5)
    weights = np.log(q / p) - np.log((1 - q) / (1 - p))
    gathered = np.bincount(
        target.sentence, weights=weights[target.words], minlength=target.sentences
    )
    ratios = gathered + float(np.log((1 - q) / (1 - p)).sum())
    rng = np.random.default_rng(0)
    size = len(ratios)
    weighted = np.ones((ROUNDS + 1, size))
    weighted[1:] = rng.multinomial(size, np.full(size, 1 / size), ROUNDS)
    found = _likeliest(ratios.astype(np.float64), weighted)
    low, high = np.percentile(found[1:], [2.5, 97.5])
    return float(found[0]), float(low), float(high)


def _likeliest(ratios: Floats, weights: Floats) -> Floats:
    """The likeliest share for each row of weights: where the score crosses 0, from a table."""
    shares = np.linspace(0, 1, STEPS + 1)
    scores = weights @ np.array([score(ratios, min(r, 1 - 1e-9)) for r in shares]).T
    # The score falls with the share: the last place that is above 0.
    last = (scores > 0).sum(axis=1) - 1
    inside = (last >= 0) & (last < STEPS)
    at = np.clip(last, 0, STEPS - 1)
    rows = np.arange(len(scores))
    before, after = scores[rows, at], scores[rows, at + 1]
    crossing = shares[at] + before / np.where(inside, before - after, 1.0) / STEPS
    return np.where(inside, crossing, np.where(last < 0, 0.0, 1.0))
