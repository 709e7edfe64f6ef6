"""One share of a build, for many machines that have nothing in common but the store.

`make` makes the parts and signals of every n-th input in the store's work folder and commits
nothing. A build of all the inputs finds them there, makes what is missing, and commits. So a share
that is lost, or was cut otherwise, costs time, never content.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from archive.digest import canonical_json, sha256_hex
from archive.engines import Engine
from archive.errors import UsageError
from archive.manifest import records_of
from archive.pipeline import Order, Progress, fingerprints, gather, scratch_of, silent
from archive.records import Outcome
from archive.sources.inputs import Input
from archive.store.local import Store
from archive.store.work import sharing


@dataclass(frozen=True, slots=True)
class Shard:
    """Share `index` of `count`, counted from 1. Raises UsageError for one that cannot be."""

    index: int
    count: int

    def __post_init__(self) -> None:
        if not 1 <= self.index <= self.count:
            raise UsageError(
                f"no share {self.index} of {self.count}",
                next_step="shares are 1/16, 2/16, ... 16/16",
            )

    @classmethod
    def of(cls, text: str) -> Shard:
        """The share that is written as 3/16."""
        found = re.fullmatch(r"([0-9]{1,9})/([0-9]{1,9})", text)
        if not found:
            raise UsageError(f"not a share: {text!r}", next_step="write the 3rd of 16 as 3/16")
        return cls(int(found[1]), int(found[2]))

    def __str__(self) -> str:
        return f"{self.index}/{self.count}"

    def share(self, inputs: Sequence[Input]) -> list[Input]:
        """Every `count`-th of the inputs in the order of their names: shares differ by one."""
        return sorted(inputs)[self.index - 1 :: self.count]


@dataclass(frozen=True, slots=True)
class Made:
    """What one share came to."""

    inputs: int
    bytes_in: int
    documents: int
    records: int
    outcomes: dict[str, int]
    failed: list[dict[str, Any]]  # file, bytes: inputs whose workers kept dying


def make(
    store: Store, order: Order, shard: Shard, engine: Engine, progress: Progress = silent
) -> Made:
    """Makes the parts of one share of an order, and their signals if it asks for them."""
    order = replace(order, inputs=shard.share(order.inputs))
    key = sha256_hex(canonical_json([order.name, str(shard)]))
    with sharing(store.work), scratch_of(store, key) as scratch:
        engine.reach(store.work)
        found = fingerprints(store, order, engine, progress)
        gathered = gather(store, order, found, engine, progress, scratch)
        if order.annotate:
            gathered.add_signals(engine, progress)
    lost = {part.source for part in gathered.parts if part.outcomes.get(Outcome.FAILED)}
    outcomes = sum((Counter(part.outcomes) for part in gathered.parts), Counter[str]())
    return Made(
        inputs=len(found),
        bytes_in=sum(each.bytes for each in found),
        documents=sum(part.documents.rows for part in gathered.parts),
        records=records_of(outcomes),
        outcomes=dict(sorted(outcomes.items())),
        failed=[{"file": f.name, "bytes": f.bytes} for f in found if f.source in lost],
    )
