"""One chain: the generations of one policy under one seed. A chain is one task of an engine."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from archive.engines import Receipt, Report, Task
from archive.errors import CheckFailed
from archive.replay.compose import Sources, compose, human_only
from archive.replay.corpus import Corpus
from archive.replay.folder import Folder, seed_of, stage_key, to_json
from archive.replay.measures import Measures, Reference, of_model, of_text
from archive.replay.mixes import Mix
from archive.replay.tiers import Blocks, Choice, Model, Tier, Training, load_tier

LEAST_LEARNT: Final = 0.5
"""Nats by which generation 0 must beat a model that knows nothing but the vocabulary's size."""

# One report is one finished stage; engines pass amounts on by the megabyte.
_ONE_STAGE: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Plan:
    """What all chains of a run share. Budget and archive are numbers of blocks."""

    corpus: str  # the key of the corpus stage
    tier: str
    budget: int
    archive: int
    prompts: str  # original: the text of generation 0; previous: the newest synthetic text
    step_matched: bool
    model: str = ""
    digest: str = ""
    preset: str = ""

    @property
    def settings(self) -> dict[str, str]:
        return Choice(self.tier, self.model, self.digest, self.preset).settings

    @property
    def deciding(self) -> dict[str, Any]:
        """All that decides results: a model's bytes rather than the place where it lies."""
        return {**asdict(self), "model": self.digest or self.model}


@dataclass(frozen=True, slots=True)
class Bench:
    """A seed's share of human text, its tier, and the finished stage of generation 0."""

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


def base_key(plan: Plan, seed: int) -> str:
    return stage_key(stage="generation 0", seed=seed, plan=plan.deciding)


def later_seed(plan: Plan, seed: int) -> int:
    """The chance in training, the same for all policies and generations of a seed.

    What is common to two chains cancels in their difference, which is what is judged.
    """
    return seed_of(base_key(plan, seed), "train later")


def chain_keys(plan: Plan, seed: int, mix: Mix, generations: int) -> list[str]:
    """The keys of generations 1 to `generations`; a mix's name decides nothing."""
    held = {name: value for name, value in asdict(mix).items() if name != "name"}
    keys = [base_key(plan, seed)]
    for generation in range(1, generations + 1):
        keys.append(stage_key(parent=keys[-1], mix=held, generation=generation))
    return keys[1:]


def generation_zero(task: Task, report: Report) -> Receipt:
    """Trains and measures the model of generation 0 and its twin on other human text."""
    folder, plan = Folder(Path(task["run"])), Plan(**task["plan"])
    key = base_key(plan, task["seed"])

    def fill(aside: Path) -> None:
        bench = Bench.of(folder, plan, task["seed"])
        data, validation = human_only(bench.first), bench.corpus.blocks["validation"]
        model = bench.tier.first(data, validation, seed_of(key, "train"))
        loss = float(model.score(bench.corpus.blocks["test"]).mean())
        _refuse_untrained(loss, bench.corpus.scribe.size)
        reference = Reference.of(bench.corpus, bench.first, bench.twin, model)
        text = generate(model, bench.first, seed_of(key, "generate"))
        # The twin's whole course is that of all_human, on other human text.
        other = human_only(bench.twin)
        born = bench.tier.again(other, validation, seed_of(key, "train twin"), model)
        twin = bench.tier.fit(other, validation, later_seed(plan, task["seed"]), born)
        twin_text = generate(twin, bench.twin, seed_of(key, "twin text"))
        measures = {
            "first": measure(model, text, data, reference, key),
            "twin": measure(twin, twin_text, other, reference, key),
            "human": of_text(bench.twin, reference),
        }
        (aside / "model").mkdir()
        model.save(aside / "model")
        np.save(aside / "text.npy", _small(text))
        (aside / "measures.json").write_bytes(to_json(measures))

    folder.make(key, fill)
    report(_ONE_STAGE)
    return {"key": key}


def chain(task: Task, report: Report) -> Receipt:
    """Runs generations 1 to the last of one policy; what is finished already is only read."""
    folder, plan, mix = Folder(Path(task["run"])), Plan(**task["plan"]), Mix(**task["mix"])
    keys = chain_keys(plan, task["seed"], mix, task["generations"])
    texts = [_text(folder.stage(base_key(plan, task["seed"])))]
    before: Training | None = None
    for generation, key in enumerate(keys, start=1):
        step = _Step(folder, plan, mix, task["seed"], generation, key, texts, before)
        done = folder.make(key, step.fill)
        texts = [*texts, _text(done)] if mix.pool in ("all", "subsample") else [_text(done)]
        if step.keeps_training:
            with np.load(done / "training.npz", allow_pickle=False) as saved:
                before = Training(saved["blocks"], saved["weights"], saved["human"])
        report(_ONE_STAGE)
    return {"keys": keys}


@dataclass(frozen=True, slots=True)
class _Step:
    """One generation of a chain, about to be made."""

    folder: Folder
    plan: Plan
    mix: Mix
    seed: int
    generation: int
    key: str
    texts: list[Blocks]  # synthetic text of the generations before, the newest last
    before: Training | None  # the training set of the generation before, where the mix needs it

    @property
    def keeps_training(self) -> bool:
        return self.mix.beta > 0 and self.mix.pool == "shares"

    def fill(self, aside: Path) -> None:
        bench, reference = _bench(self.folder.path, self.plan, self.seed)
        before = self.before or human_only(bench.first)
        sources = Sources(self.plan.budget, bench.archive, bench.fresh, self.texts, before)
        chance = seed_of(self.key, "mix")
        data = compose(self.mix, sources, self.generation, self.plan.step_matched, chance)
        model = _fitted(bench, data, reference.base)
        prompts = bench.first if self.plan.prompts == "original" else self.texts[-1]
        text = generate(model, prompts, seed_of(self.key, "generate"))
        np.save(aside / "text.npy", _small(text))
        if self.keeps_training:
            kept: dict[str, Any] = {"blocks": data.blocks, "weights": data.weights}
            np.savez(aside / "training.npz", human=data.human, **kept)
        measures = measure(model, text, data, reference, self.key)
        (aside / "measures.json").write_bytes(to_json(measures))


def generate(model: Model, prompts: Blocks, seed: int) -> Blocks:
    """As many blocks as prompts, each of full length; anything else is a fault of the tier."""
    text = model.generate(prompts, seed)
    if text.shape != prompts.shape:
        raise CheckFailed(
            f"generated blocks have the shape {text.shape}, not {prompts.shape}",
            next_step="this is a defect of the tier: please report it",
        )
    return text


def measure(model: Model, text: Blocks, data: Training, reference: Reference, key: str) -> Measures:
    """Every measure of a generation, and what it was trained on; nothing that is not finite."""
    found = of_model(model, reference)
    if not np.isfinite([found["loss"], found["tail_loss"], *found["document_nats"]]).all():
        raise CheckFailed(
            f"the losses of stage {key} are not finite",
            next_step="the training diverged: look at its settings before any verdict",
        )
    weight = float(data.weights.sum())
    trained_on = {
        "blocks": len(data.blocks),
        "human_blocks": int(data.human.sum()),
        "human_share": float(data.weights[data.human].sum()) / weight,
        "weight": weight,
    }
    found |= {"text": of_text(text, reference), "trained_on": trained_on}
    return found | ({"training": dict(model.facts)} if model.facts else {})


def read_measures(folder: Folder, key: str) -> Any:
    return json.loads((folder.stage(key) / "measures.json").read_bytes())


def read_text(folder: Folder, key: str) -> Blocks:
    return _text(folder.stage(key))


def tasks_of(
    folder: Folder, plan: Plan, seeds: int, mixes: Sequence[Mix], generations: int
) -> tuple[list[Task], list[Task]]:
    """The tasks of generation 0 and those of the chains, which need the former finished."""
    shared = {"run": str(folder.path), "plan": asdict(plan)}
    bases = [{"name": f"seed {s}", **shared, "seed": s} for s in range(seeds)]
    # A seed's chains follow one another, so that a worker can keep what they share.
    chains = [
        {**base, "name": f"{mix.name} of {base['name']}", "mix": asdict(mix)}
        | {"generations": generations}
        for base in bases
        for mix in mixes
    ]
    return bases, chains


def _fitted(bench: Bench, data: Training, base: Model) -> Model:
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


@lru_cache(maxsize=2)
def _bench(run: Path, plan: Plan, seed: int) -> tuple[Bench, Reference]:
    folder = Folder(run)
    bench = Bench.of(folder, plan, seed)
    model = bench.tier.load(folder.stage(base_key(plan, seed)) / "model")
    return bench, Reference.of(bench.corpus, bench.first, bench.twin, model)


@lru_cache(maxsize=1)
def _corpus(stage: Path) -> Corpus:
    return Corpus.load(stage)


def _refuse_untrained(loss: float, vocabulary: int) -> None:
    untrained = float(np.log(vocabulary))
    if not loss <= untrained - LEAST_LEARNT:  # which also refuses what is no number
        raise CheckFailed(
            f"generation 0 has learnt nothing: {loss:.3f} nats a token,"
            f" {untrained:.3f} without any training",
            next_step="give more text; nothing later in such a run would mean anything",
        )


def _small(blocks: Blocks) -> NDArray[Any]:
    return blocks.astype(np.uint16) if blocks.max(initial=0) < 1 << 16 else blocks


def _text(stage: Path) -> Blocks:
    text: Blocks = np.load(stage / "text.npy", allow_pickle=False).astype(np.int32)
    return text
