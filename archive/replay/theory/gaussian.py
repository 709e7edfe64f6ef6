"""One Gaussian, fitted again and again to its own samples, under each policy.

Means are in units of sigma^2 / M, M the sample size. The chains of the mean hold the variance at 1,
so that the formulas are exact; the chains of the variance fit both, as the paper does.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numpy as np

from archive.replay.stats import digamma
from archive.replay.theory import Check
from archive.replay.theory.estimates import Floats, mean, median

M = 100
REPLICATES = 8000
SHARE = 0.1
GOLDEN = (math.sqrt(5) - 1) / 2


def checks(seed: int) -> Iterator[Check]:
    rng = np.random.default_rng([seed, 1])
    for policy, chain, formula, source in _MEANS:
        for generation, values in chain(rng):
            simulated = mean(M * values**2)
            yield Check(
                "gaussian",
                policy,
                "M Var(mean)",
                generation,
                *simulated,
                formula(generation),
                source,
            )
    for size in ARCHIVES:
        values = random_share(rng, size)
        formula_value = archive_variance(size)
        yield Check(
            "gaussian", f"random 10 % of an archive of {size}", "M Var(mean)", ARCHIVE_GENERATIONS,
            *mean(M * values**2), formula_value,
            "derived: M/A + [p(1-k/A) + (1-p)] / (1-(1-p)^2), k = pM",
        )  # fmt: skip
    yield from _variance(rng)
    yield from _pooled_variance(rng)


def replace(rng: np.random.Generator) -> Iterator[tuple[int, Floats]]:
    mu = np.zeros(REPLICATES)
    for generation in range(1, 51):
        mu = mu + _noise(rng, M)
        if generation in (1, 10, 50):
            yield generation, mu


def accumulate(rng: np.random.Generator) -> Iterator[tuple[int, Floats]]:
    mu = np.zeros(REPLICATES)
    for generation in range(1, 51):
        mu = mu + _noise(rng, M) / generation
        if generation in (1, 10, 50):
            yield generation, mu


def fresh(rng: np.random.Generator, share: float = SHARE) -> Iterator[tuple[int, Floats]]:
    """Share `share` of unseen originals in every generation; generation 1 is all originals."""
    mu = _noise(rng, M)
    yield 1, mu
    for generation in range(2, 51):
        synthetic = mu + _noise(rng, (1 - share) * M)
        mu = share * _noise(rng, share * M) + (1 - share) * synthetic
        if generation in (10, 50):
            yield generation, mu


def fixed(rng: np.random.Generator) -> Iterator[tuple[int, Floats]]:
    """The same originals replayed for ever; they are part of generation 1's sample."""
    kept, rest = _noise(rng, SHARE * M), _noise(rng, (1 - SHARE) * M)
    mu = SHARE * kept + (1 - SHARE) * rest
    yield 1, mu
    for generation in range(2, 51):
        mu = SHARE * kept + (1 - SHARE) * (mu + _noise(rng, (1 - SHARE) * M))
        if generation in (10, 50):
            yield generation, mu


def subsample(rng: np.random.Generator) -> Iterator[tuple[int, Floats]]:
    """A sample of M, without replacement, of all samples so far; each point is simulated."""
    replicates = REPLICATES // 4
    pool = np.empty((replicates, 10 * M))
    mu = np.zeros(replicates)
    for generation in range(1, 11):
        end = generation * M
        pool[:, end - M : end] = mu[:, None] + rng.standard_normal((replicates, M))
        chosen = np.argpartition(rng.random((replicates, end), dtype=np.float32), M - 1)[:, :M]
        mu = np.take_along_axis(pool, chosen, axis=1).mean(axis=1)
        if generation in (1, 2, 5, 10):
            yield generation, mu


def golden(rng: np.random.Generator) -> Iterator[tuple[int, Floats]]:
    """M fresh originals and M synthetic points, the originals with the best weight."""
    mu = _noise(rng, M)
    for _ in range(30):
        mu = GOLDEN * _noise(rng, M) + (1 - GOLDEN) * (mu + _noise(rng, M))
    yield 30, mu


ARCHIVES = (20, 50, 100, 400)
ARCHIVE_GENERATIONS = 60


def random_share(rng: np.random.Generator, size: int, replicates: int = 4000) -> Floats:
    """The mean after a random 10 % of an archive of `size` in each of 60 generations."""
    archive = rng.standard_normal((replicates, size))
    drawn = round(SHARE * M)
    mu: Floats = archive.mean(axis=1)
    for _ in range(ARCHIVE_GENERATIONS):
        chance = rng.random((replicates, size), dtype=np.float32)
        chosen = np.argpartition(chance, drawn - 1)[:, :drawn]
        originals = np.take_along_axis(archive, chosen, axis=1).mean(axis=1)
        spread = rng.standard_normal(replicates) / math.sqrt((1 - SHARE) * M)
        mu = SHARE * originals + (1 - SHARE) * (mu + spread)
    return mu


def archive_variance(size: int) -> float:
    """The stationary M Var(mean): 1/A never goes, whatever the share."""
    within = SHARE * (1 - SHARE * M / size) + (1 - SHARE)
    return M / size + within / (1 - (1 - SHARE) ** 2)


def replace_variance(generation: int) -> float:
    return float(generation)


def accumulate_variance(generation: int) -> float:
    return math.fsum(1 / i**2 for i in range(1, generation + 1))


def fresh_variance(generation: int) -> float:
    kept = (1 - SHARE) ** 2
    return (1 - kept**generation) / (1 - kept)


def fixed_variance(generation: int) -> float:
    """Tends to 1/p + (1-p) / (1-(1-p)^2): three times the fresh share's."""
    rest = (1 - SHARE) ** generation
    noise = math.fsum((1 - SHARE) ** (2 * j - 1) for j in range(1, generation))
    return (1 - rest) ** 2 / SHARE + rest**2 / (1 - SHARE) + noise


def subsample_variance(generation: int) -> float:
    """By recursion in second moments: pool mean P, raw moment Q of the pool, sample mean mu.

    Var(mu | pool) = S^2 / M (1 - 1/n), S^2 the pool's variance: sampling without replacement.
    """
    p = q = mu = 0.0
    for n in range(1, generation + 1):
        p = ((n - 1) ** 2 * p + 2 * (n - 1) * p + mu + 1 / M) / n**2
        q = ((n - 1) * q + 1 + mu) / n
        spread = n * M / (n * M - 1) * (q - p)
        mu = p + spread / M * (1 - 1 / n)
    return M * mu


def golden_variance(generation: int) -> float:
    return GOLDEN


def _noise(rng: np.random.Generator, size: float) -> Floats:
    """The error of a mean of `size` points, in every replicate."""
    errors: Floats = rng.standard_normal(REPLICATES) / math.sqrt(size)
    return errors


_Chain = Callable[[np.random.Generator], Iterator[tuple[int, Floats]]]
_MEANS: tuple[tuple[str, _Chain, Callable[[int], float], str], ...] = (
    ("replace", replace, replace_variance, "Shumailov et al., SI 3.1.1: n"),
    ("accumulate", accumulate, accumulate_variance, "Gerstgrasser et al.: sum 1/i^2 < pi^2/6"),
    ("fresh 10 %", fresh, fresh_variance, "geometric: to 1 / (1-(1-p)^2)"),
    ("the same 10 %", fixed, fixed_variance, "derived: to 1/p + (1-p) / (1-(1-p)^2)"),
    ("accumulate_subsample", subsample, subsample_variance, "derived: recursion of moments"),
    ("best weight of fresh", golden, golden_variance, "He, Xu & Cheng: the golden ratio, 0.618"),
)


def _variance(rng: np.random.Generator) -> Iterator[Check]:
    """Theorem 3.1: the unbiased variance keeps its mean and goes to zero all the same."""
    mu, variance = np.zeros(REPLICATES), np.ones(REPLICATES)
    step = digamma((M - 1) / 2) + math.log(2 / (M - 1))
    shrink = math.sqrt(2 / (M - 1)) * math.exp(math.lgamma(M / 2) - math.lgamma((M - 1) / 2))
    for n in range(1, 201):
        mu = mu + np.sqrt(variance / M) * rng.standard_normal(REPLICATES)
        variance = variance * rng.chisquare(M - 1, REPLICATES) / (M - 1)
        if n in (10, 50, 200):
            yield Check(
                "gaussian", "replace", "E log variance", n, *mean(np.log(variance)), n * step,
                "Theorem 3.1: n [digamma((M-1)/2) + log(2/(M-1))]",
            )  # fmt: skip
            yield Check(
                "gaussian", "replace", "median variance", n, *median(variance), math.exp(n * step),
                "Theorem 3.1: about exp(-n/(M-1))",
            )  # fmt: skip
        if n in (1, 10):
            distance = mu**2 + (np.sqrt(variance) - 1) ** 2
            yield Check(
                "gaussian", "replace", "E W2^2", n, *mean(distance),
                n / M + 2 * (1 - shrink**n),
                "Shumailov et al., SI 3.1.1: about 3n / 2M; exact n/M + 2(1 - c4^n)",
            )  # fmt: skip


def _pooled_variance(rng: np.random.Generator) -> Iterator[Check]:
    """Accumulated data with the maximum-likelihood variance: it stops shrinking."""
    for size in (10, 100):
        mu, variance = np.zeros(REPLICATES), np.ones(REPLICATES)
        for n in range(1, 101):
            # The new sample's mean and sum of squares, and the pool's after it.
            shift = np.sqrt(variance / size) * rng.standard_normal(REPLICATES)
            within = variance * rng.chisquare(size - 1, REPLICATES) / size
            variance = ((n - 1) * variance + within) / n + (n - 1) * shift**2 / n**2
            mu = mu + shift / n
        product = math.prod(1 - 1 / (size * i * i) for i in range(1, 101))
        yield Check(
            "gaussian", "accumulate", f"E variance, M = {size}", 100, *mean(variance), product,
            "Kazdan et al.: prod (1 - 1/(M i^2)), to sinc(pi / sqrt M)",
        )  # fmt: skip
