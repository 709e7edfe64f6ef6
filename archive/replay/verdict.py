"""The verdict: does a policy resist collapse, within margins, over these generations?

A chain (one policy, one seed) is one observation. Every endpoint is a difference that is harmful
when large, with a margin. RESISTS: every endpoint's one-sided 95 % upper bound is below its margin
(intersection-union, so no correction). COLLAPSES: some lower bound is above its margin (Holm).
No verdict stands without both controls in the same run: all_human must resist, replace collapse.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from archive.replay.endpoints import LEAST_SEEDS, LEVEL, Chain, Endpoint, Margins, endpoints_of
from archive.replay.mixes import ALL_HUMAN, REPLACE
from archive.replay.stats import holm

RESISTS, COLLAPSES = "RESISTS", "COLLAPSES"
INCONCLUSIVE, NOT_SENSITIVE = "INCONCLUSIVE", "NOT SENSITIVE"


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
