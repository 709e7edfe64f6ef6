"""What all chains of a run share, and the keys of their stages."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from archive.replay.folder import seed_of, stage_key
from archive.replay.mixes import Mix
from archive.replay.tiers import Choice


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
