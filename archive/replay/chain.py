"""One chain: the generations of one policy under one seed. A chain is one task of an engine."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from archive.engines import Receipt, Report, Task
from archive.errors import CheckFailed
from archive.replay.bench import Bench, bench_of, fitted
from archive.replay.compose import Sources, compose, human_only
from archive.replay.folder import Folder, seed_of, to_json
from archive.replay.measures import Measures, Reference, of_model, of_text
from archive.replay.mixes import Mix
from archive.replay.plan import Plan, base_key, chain_keys, later_seed
from archive.replay.tiers import Blocks, Model, Training

LEAST_LEARNT: Final = 0.5
"""Nats by which generation 0 must beat a model that knows nothing but the vocabulary's size."""

# One report is one finished stage; engines pass amounts on by the megabyte.
_ONE_STAGE: Final = 1 << 20


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
        bench, reference = bench_of(self.folder.path, self.plan, self.seed)
        before = self.before or human_only(bench.first)
        sources = Sources(self.plan.budget, bench.archive, bench.fresh, self.texts, before)
        chance = seed_of(self.key, "mix")
        data = compose(self.mix, sources, self.generation, self.plan.step_matched, chance)
        model = fitted(bench, data, reference.base)
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
