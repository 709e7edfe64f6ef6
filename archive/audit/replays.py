"""A replay run as a corpus: what its generations wrote."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from archive.audit.items import Corpus, Item, Row, Told


def generations(path: Path) -> Iterator[Corpus]:
    """The texts of all seeds, mixes and generations of a finished run, a document a block."""
    yield Corpus(str(path), "replay", 0, partial(_rows, path))


def _rows(path: Path, told: Told) -> Iterator[Row]:
    from archive.replay.chain import read_text
    from archive.replay.corpus import Corpus as Texts
    from archive.replay.folder import Folder
    from archive.replay.mixes import Mix
    from archive.replay.plan import Plan, base_key, chain_keys

    folder = Folder(path)
    asked = folder.read("run.json")
    plan = Plan(**asked["plan"])
    scribe = Texts.load(folder.stage(plan.corpus)).scribe
    for seed in range(asked["config"]["seeds"]):
        chains = {"generation 0": [base_key(plan, seed)]}
        for held in asked["mixes"]:
            mix = Mix(**held)
            chains[mix.name] = chain_keys(plan, seed, mix, asked["config"]["generations"])
        for name, keys in chains.items():
            for generation, key in enumerate(keys, start=name != "generation 0"):
                columns = {"mix": name, "generation": generation, "seed": seed, "source": name}
                for number, text in enumerate(scribe.read(read_text(folder, key))):
                    yield Item(text, columns, f"{path}:{key[:12]}:{number}")
