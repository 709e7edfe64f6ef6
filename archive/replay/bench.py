"""What the chains of one seed share: human text, its tier, and the model of generation 0."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from pathlib import Path

import numpy as np

from archive.replay.corpus import Corpus
from archive.replay.folder import Folder, seed_of
from archive.replay.measures import Reference
from archive.replay.plan import Plan, base_key, later_seed
from archive.replay.tiers import Blocks, Model, Tier, Training, load_tier


@dataclass(frozen=True, slots=True)
class Bench:
    """A seed's share of human text, cut into its parts, and its tier."""

    plan: Plan
    seed: int
    tier: Tier
    corpus: Corpus
    archive: Blocks
    twin: Blocks
    fresh: Blocks

    @property
    def first(self) -> Blocks:
        return self.archive[: self.plan.budget]

    @classmethod
    def of(cls, folder: Folder, plan: Plan, seed: int) -> Bench:
        corpus = _corpus(folder.stage(plan.corpus))
        rng = np.random.default_rng(seed_of("human", plan.corpus, seed))
        train = corpus.blocks["train"][rng.permutation(len(corpus.blocks["train"]))]
        fresh = corpus.blocks["fresh"][rng.permutation(len(corpus.blocks["fresh"]))]
        twin = train[plan.archive : plan.archive + plan.budget]
        tier = load_tier(plan.tier, corpus.scribe.size, plan.settings)
        return cls(plan, seed, tier, corpus, train[: plan.archive], twin, fresh)


@lru_cache(maxsize=2)
def bench_of(run: Path, plan: Plan, seed: int) -> tuple[Bench, Reference]:
    """A seed's bench and what its models are measured against; generation 0 is finished."""
    folder = Folder(run)
    bench = Bench.of(folder, plan, seed)
    model = bench.tier.load(folder.stage(base_key(plan, seed)) / "model")
    return bench, Reference.of(bench.corpus, bench.first, bench.twin, model)


@lru_cache(maxsize=1)
def _corpus(stage: Path) -> Corpus:
    return Corpus.load(stage)


def fitted(bench: Bench, data: Training, base: Model) -> Model:
    """The model of a training set; the last one is kept, for all_human learns from one for ever."""
    parts = (
        base_key(bench.plan, bench.seed).encode(),
        data.blocks.tobytes(),
        data.weights.tobytes(),
    )
    key = sha256(b"".join(sha256(part).digest() for part in parts)).hexdigest()
    if key not in _KEPT:
        _KEPT.clear()
        seed = later_seed(bench.plan, bench.seed)
        _KEPT[key] = bench.tier.fit(data, bench.corpus.blocks["validation"], seed, base)
    return _KEPT[key]


_KEPT: dict[str, Model] = {}
