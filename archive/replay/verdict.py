"""The verdict: does a policy resist collapse, within margins, over these generations?

A chain (one policy, one seed) is one observation. Every endpoint is a difference that is harmful
when large, with a margin. RESISTS: every endpoint's one-sided 95 % upper bound is below its margin
(intersection-union, so no correction). COLLAPSES: some lower bound is above its margin (Holm).
No verdict stands without both controls in the same run: all_human must resist, replace collapse.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from archive.replay.mixes import ALL_HUMAN, REPLACE
from archive.replay.stats import holm, slope, t_quantile, t_upper_tail

RESISTS, COLLAPSES = "RESISTS", "COLLAPSES"
INCONCLUSIVE, NOT_SENSITIVE = "INCONCLUSIVE", "NOT SENSITIVE"

LEVEL: Final = 0.05
POWER: Final = 0.8
LEAST_SEEDS: Final = 3
MOST_SEEDS: Final = 1000

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


@dataclass(frozen=True, slots=True)
class Judgement:
    """A verdict, the endpoints it rests on, and which notions of collapse moved."""

    verdict: str
    reason: str
    endpoints: tuple[Endpoint, ...]
    exceeded: tuple[str, ...]
    seeds_needed: int | None
    definitions: Mapping[str, Any]
    curve: Mapping[str, float]
    bootstrap: tuple[float, float] | None

    def to_json(self) -> dict[str, Any]:
        held = {name: getattr(self, name) for name in ("verdict", "reason", "seeds_needed")}
        return {
            **held,
            "endpoints": {endpoint.name: endpoint.to_json() for endpoint in self.endpoints},
            "exceeded": list(self.exceeded),
            "definitions": dict(self.definitions),
            "curve": dict(self.curve),
            "loss_bootstrap": self.bootstrap,
        }


def decide(endpoints: Sequence[Endpoint]) -> tuple[str, tuple[str, ...]]:
    """The verdict on endpoints alone, and the names of those whose margin is exceeded."""
    if min(len(endpoint.values) for endpoint in endpoints) < LEAST_SEEDS:
        return INCONCLUSIVE, ()
    rejected = holm([endpoint.p_exceeds for endpoint in endpoints], LEVEL)
    exceeded = tuple(e.name for e, r in zip(endpoints, rejected, strict=True) if r)
    if exceeded:
        return COLLAPSES, exceeded
    return RESISTS if all(e.holds for e in endpoints) else INCONCLUSIVE, ()


def with_controls(verdicts: Mapping[str, str]) -> dict[str, str]:
    """Verdicts as they may be printed: without sound controls there are none."""
    sensitive = verdicts.get(REPLACE) == COLLAPSES and verdicts.get(ALL_HUMAN) == RESISTS
    if sensitive:
        return dict(verdicts)
    return {
        name: verdict if name in (REPLACE, ALL_HUMAN) else NOT_SENSITIVE
        for name, verdict in verdicts.items()
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
    lost = tuple(
        1 - rarest(mine) / max(rarest(twin["model"]), 1e-9)
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


def rarest(measures: Mapping[str, Any]) -> float:
    """The share of the words of the lowest count bin that a model's text still has."""
    shares = [share for share in measures["text"]["survival"].values() if share is not None]
    return float(shares[0])


def judge(
    measures: Mapping[str, Sequence[Chain]], twins: Sequence[Any], margins: Margins
) -> dict[str, Judgement]:
    """Every policy's judgement. The control all_human is paired with a model of other human text:
    it fails where two samples of human text differ by more than the margins.
    """
    control = [chain[-1] for chain in measures[ALL_HUMAN]]
    against = dict.fromkeys(measures, control) | {ALL_HUMAN: [t["model"] for t in twins]}
    endpoints = {
        name: endpoints_of(chains, against[name], twins, margins)
        for name, chains in measures.items()
    }
    decided = {name: decide(held) for name, held in endpoints.items()}
    verdicts = with_controls({name: verdict for name, (verdict, _) in decided.items()})
    return {
        name: Judgement(
            verdicts[name],
            _reason(verdicts[name], decided[name][1], endpoints[name], verdicts),
            endpoints[name],
            decided[name][1],
            _seeds_needed(verdicts[name], endpoints[name]),
            definitions(chains, against[name], endpoints[name]),
            curve(chains),
            bootstrap([c[-1] for c in chains], against[name]),
        )
        for name, chains in measures.items()
    }


def curve(chains: Sequence[Chain]) -> dict[str, float]:
    """The mean loss curve in four numbers; it may be a hump, so "last above first" says little."""
    losses = np.array([[g["loss"] for g in chain] for chain in chains]).mean(axis=0)
    third = max(1, len(losses) // 3)
    return {
        "start": float(losses[0]),
        "peak": float(losses.max()),
        "peak_generation": int(losses.argmax()),
        "plateau": float(losses[-third:].mean()),
        "final": float(losses[-1]),
    }


def bootstrap(
    last: Sequence[Mapping[str, Any]], controls: Sequence[Mapping[str, Any]], draws: int = 2000
) -> tuple[float, float] | None:
    """A 90 % interval of the loss difference over seeds and, within them, test documents.

    Beside the t interval, which alone decides: it also holds the choice of documents uncertain.
    """
    nats = np.array([m["document_nats"] for m in last])
    others = np.array([m["document_nats"] for m in controls])
    seeds, documents = nats.shape
    if seeds < LEAST_SEEDS or documents < 3:
        return None
    tokens = np.array(last[0]["document_tokens"])
    rng = np.random.default_rng(0)
    means = []
    for _ in range(draws):
        chosen = rng.integers(0, seeds, seeds)
        drawn = np.bincount(rng.integers(0, documents, documents), minlength=documents)
        difference = (nats[chosen] - others[chosen]) @ drawn
        means.append(float(difference.mean() / (tokens @ drawn)))
    low, high = np.quantile(means, [LEVEL, 1 - LEVEL])
    return float(low), float(high)


def definitions(
    chains: Sequence[Chain], controls: Sequence[Mapping[str, Any]], endpoints: Sequence[Endpoint]
) -> dict[str, Any]:
    """Which of the eight definitions of collapse moved (Schaeffer et al., arXiv 2503.03150).

    True: shown at 95 %; False: not shown; None: not measured by this experiment.
    """
    by_name = {endpoint.name: endpoint for endpoint in endpoints}
    texts = [(c[-1]["text"], other["text"]) for c, other in zip(chains, controls, strict=True)]

    def falls(key: str) -> bool:
        change = tuple(other[key] - mine[key] for mine, other in texts)
        return Endpoint(key, 0.0, change).bounds[0] > 0

    beyond = tuple(m["gen0_beyond_human"] - o["gen0_beyond_human"] for m, o in texts)
    loss, tail = by_name["loss"].bounds[0], by_name["tail loss"].bounds[0]
    lost = by_name["rare words lost"]
    return {
        "catastrophic increase of population risk": loss > math.log(2),
        "any increase of population risk": loss > 0,
        "asymptotically diverging population risk": by_name["slope"].bounds[0] > 0,
        "collapsing variance": falls("entropy") and falls("distinct_2"),
        "change in scaling law": None,
        "disappearance of real tail data": lost.bounds[0] > lost.margin or tail > 0,
        "appearance of hallucinated data": Endpoint("beyond", 0.0, beyond).bounds[0] > 0,
        "entanglement of real data modes": None,
    }


def _reason(
    verdict: str,
    exceeded: Sequence[str],
    endpoints: Sequence[Endpoint],
    verdicts: Mapping[str, str],
) -> str:
    if verdict == COLLAPSES:
        first = next(e for e in endpoints if e.name in exceeded)
        return f"{first.name} {first.mean:+.3f}, above its margin of {first.margin:g}"
    if verdict == RESISTS:
        nearest = max(endpoints, key=lambda e: e.bounds[1] / e.margin)
        return f"every endpoint within its margin ({nearest.name} at most {nearest.bounds[1]:+.3f})"
    if verdict == NOT_SENSITIVE:
        return (
            f"replace was judged {verdicts[REPLACE]} and all_human {verdicts[ALL_HUMAN]},"
            " so the experiment could not tell"
        )
    if len(endpoints[0].values) < LEAST_SEEDS:
        return f"fewer than {LEAST_SEEDS} seeds only describe"
    needed = _seeds_needed(verdict, endpoints)
    said = f"about {needed} seeds would decide" if needed else "it lies at a margin"
    open_ones = ", ".join(e.name for e in endpoints if not e.holds)
    return f"open: {open_ones}; {said}"


def _seeds_needed(verdict: str, endpoints: Sequence[Endpoint]) -> int | None:
    """Seeds that would settle what is open; None where nothing is, or more than any would do."""
    if verdict != INCONCLUSIVE:
        return None
    needed = [e.seeds_needed for e in endpoints if not e.holds]
    return None if None in needed else max((n for n in needed if n), default=None)
