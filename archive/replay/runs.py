"""Runs: texts and policies in, a folder of stages out, judged."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from archive.engines import Engine, start
from archive.errors import UnknownName, UsageError
from archive.replay.chain import read_measures, tasks_of
from archive.replay.compose import fresh_blocks
from archive.replay.corpus import Corpus, prepare
from archive.replay.endpoints import Margins
from archive.replay.folder import Folder, stage_key
from archive.replay.mixes import DEFAULT_POLICIES, Mix, parse, parse_all
from archive.replay.plan import Plan, base_key, chain_keys
from archive.replay.roles import ROLES
from archive.replay.sweep import SHARES, smallest_share
from archive.replay.texts import Taken
from archive.replay.tiers import BLOCK, TIERS, Choice, choose
from archive.replay.verdict import judge

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Config:
    """What a run does. Words of 0 mean: as many as the texts allow, up to a bound."""

    tier: str = "ngram"
    model: str = ""  # of the tier opt: tiny, opt-125m, a folder, or a name on a hub
    preset: str = ""  # of the tier opt: how it trains and writes; the tier's default if empty
    policies: tuple[str, ...] = DEFAULT_POLICIES
    generations: int = 10
    seeds: int = 5
    words: int = 0  # the budget: the tier's tokens that each generation learns from, and writes
    archive: int = 0  # tokens of preserved originals; 0: those of generation 0 alone
    prompts: str = "original"
    step_matched: bool = True
    sweep: str = ""  # a policy whose shares are tried one after the other: preserve or fresh
    margins: Margins = field(default_factory=Margins)

    def __post_init__(self) -> None:
        if self.generations < 2 or self.seeds < 1:
            raise UsageError(
                f"{self.generations} generations and {self.seeds} seeds are no experiment",
                next_step="take at least 2 generations and, for a verdict, 3 seeds",
            )


def run(
    taken: Taken,
    config: Config,
    out: Path | None = None,
    *,
    origin: str = "",
    workers: int | None = None,
    engine: str = "local",
    progress: Progress = lambda phase, done, total: None,
) -> tuple[Folder, dict[str, Any]]:
    """Runs what of `config` is not finished yet, judges it, and gives the folder and results.

    `origin` names the texts: a snapshot's content root, or paths. It decides nothing.
    """
    choice = check_names(config)
    mixes = parse_all([*config.policies, *swept(config).values()])
    texts = [(text.group, text.language, text.digest) for text in taken.texts]
    key = stage_key(stage="corpus", roles=ROLES, texts=texts, tokens=_deciding(choice.tokens))
    folder = Folder(out or Path(f"replay-{key[:8]}"))
    with folder.locked():
        progress("reading the texts", 0, 1)
        corpus = Corpus.load(folder.make(key, lambda at: prepare(taken, choice.tokens).save(at)))
        plan = plan_of(config, choice, key, corpus, mixes)
        folder.write("run.json", _record(config, plan, mixes, origin, corpus))
        wanted = workers if workers is not None else os.cpu_count() or 1
        made = start(engine, min(wanted, choice.workers or wanted))
        try:
            _make(made, folder, plan, mixes, config, progress)
        finally:
            made.close()
        results = assemble(folder, plan, mixes, config)
        folder.write("results.json", results)
    return folder, results


def check_names(config: Config) -> Choice:
    """Refuses names that are not known before any work is done; gives what the tier will use."""
    for kind, name, known in (
        ("tier", config.tier, TIERS),
        ("source of prompts", config.prompts, ("original", "previous")),
        ("policy to sweep", config.sweep, ("", *SHARES)),
    ):
        if name not in known:
            raise UnknownName(kind, name, filter(None, known))
    return choose(config.tier, config.model, config.preset)


def swept(config: Config) -> dict[float, str]:
    """The shares of a sweep and the policies that try them."""
    return {share: f"{config.sweep}:{share:g}" for share in SHARES.get(config.sweep, ())}


def plan_of(config: Config, choice: Choice, key: str, corpus: Corpus, mixes: Sequence[Mix]) -> Plan:
    """Budget and archive in blocks, as asked for or as the texts allow."""
    train, fresh = (len(corpus.blocks[role]) for role in ("train", "fresh"))
    archive = config.archive // BLOCK
    # Beside the archive as much human text again must be left: the twin's.
    most = train - archive if archive else train // 2
    shares = max(mix.fresh for mix in mixes)
    if shares:
        most = min(most, int(fresh / (shares * config.generations)))
    # Each generation rounds its fresh blocks, which may take a few more than the shares say.
    while most and max(fresh_blocks(mix, most, config.generations) for mix in mixes) > fresh:
        most -= 1
    budget = config.words // BLOCK or min(choice.blocks, most, archive or most)
    needed = max(fresh_blocks(mix, budget, config.generations) for mix in mixes)
    if budget < 1 or budget > most or needed > fresh or 0 < archive < budget:
        raise UsageError(
            f"a budget of {budget * BLOCK} tokens with an archive of"
            f" {(archive or budget) * BLOCK} does not fit: the texts hold {train * BLOCK} for"
            f" training and {fresh * BLOCK} fresh ones",
            next_step=f"at most --words {most * BLOCK}; an archive holds at least the budget;"
            " or give more text",
        )
    return Plan(
        corpus=key,
        tier=choice.tier,
        budget=budget,
        archive=archive or budget,
        prompts=config.prompts,
        step_matched=config.step_matched,
        model=choice.model,
        digest=choice.digest,
        preset=choice.preset,
    )


def assemble(folder: Folder, plan: Plan, mixes: Sequence[Mix], config: Config) -> dict[str, Any]:
    """Measures by policy, seed and generation, and what follows from them."""
    seeds = range(config.seeds)
    bases = [read_measures(folder, base_key(plan, seed)) for seed in seeds]
    measures = {
        mix.name: [
            [bases[seed]["first"]]
            + [
                read_measures(folder, key)
                for key in chain_keys(plan, seed, mix, config.generations)
            ]
            for seed in seeds
        ]
        for mix in mixes
    }
    twins = [{"model": base["twin"], "text": base["human"]} for base in bases]
    judged = judge(measures, twins, config.margins)
    tried = {share: judged[parse(name).name] for share, name in swept(config).items()}
    return {
        "sweep": asdict(smallest_share(tried)) if tried else None,
        "verdicts": {name: held.verdict for name, held in judged.items()},
        "endpoints": {name: held.to_json() for name, held in judged.items()},
        "measures": measures,
        "human": twins,
        "generations": config.generations,
        "seeds": config.seeds,
        "words": plan.budget * BLOCK,
        "archive_words": plan.archive * BLOCK,
        "margins": asdict(config.margins),
    }


def _deciding(tokens: Mapping[str, Any]) -> dict[str, Any]:
    """What decides tokens: the bytes of a model that is given, not the place where it lies."""
    return {key: value for key, value in tokens.items() if key != "folder"}


def _make(
    engine: Engine,
    folder: Folder,
    plan: Plan,
    mixes: Sequence[Mix],
    config: Config,
    progress: Progress,
) -> None:
    bases, chains = tasks_of(folder, plan, config.seeds, mixes, config.generations)
    total = (len(bases) + len(chains) * config.generations) << 20
    done = 0

    def report(amount: int) -> None:
        nonlocal done
        done += amount
        progress(f"generation {done >> 20} of {total >> 20}", 0, 1)

    engine.run("archive.replay.chain:generation_zero", bases, report=report)
    engine.run("archive.replay.chain:chain", chains, report=report)


def _record(
    config: Config, plan: Plan, mixes: Sequence[Mix], origin: str, corpus: Corpus
) -> dict[str, Any]:
    return {
        "config": asdict(replace(config, policies=tuple(mix.name for mix in mixes))),
        "plan": asdict(plan),
        "mixes": [asdict(mix) for mix in mixes],
        "origin": origin,
        "vocabulary": corpus.scribe.size,
        "vocabulary_digest": corpus.scribe.digest,
        "corpus": corpus.facts,
    }
