"""What is known about pairs of texts from earlier versions: the exact overlap of their shingles.

A pair's overlap depends on its two texts alone, so it is kept under their hashes and holds
whatever parts, times and options come later. A memo can make a run faster, never different.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from archive.duplicates.files import Array, Words, load, save, staged
from archive.signals.hashing import mix


def pair_keys(one: Words, two: Words) -> tuple[Words, Words]:
    """A 64-bit key of each unordered pair of texts, and 128 bits of both to be sure of it."""
    swap = _less(two, one)[:, None]
    low, high = np.where(swap, two, one)[:, :2], np.where(swap, one, two)[:, :2]
    both: Words = np.hstack([low, high]).astype(np.uint64)
    return mix(both[:, 0] ^ mix(both[:, 2])), both


def _less(one: Words, two: Words) -> Array:
    less: Array = (one[:, 0] < two[:, 0]) | ((one[:, 0] == two[:, 0]) & (one[:, 1] < two[:, 1]))
    return less


@dataclass(frozen=True, slots=True)
class Memo:
    """Folders of verified pairs: `keys` (sorted), `both`, `counts` (in both texts, in either)."""

    folders: tuple[Path, ...]

    @classmethod
    def of(cls, folders: Iterable[str]) -> Memo:
        return cls(tuple(Path(folder) for folder in folders))

    def look_up(self, one: Words, two: Words) -> Array:
        """(in both, in either) for each pair of texts; zeros for a pair that is not known."""
        counts = np.zeros((len(one), 2), dtype=np.uint32)
        if not len(one):
            return counts
        keys, both = pair_keys(one, two)
        for folder in self.folders:
            known = load(folder / "keys.npy")
            at = np.minimum(np.searchsorted(known, keys), len(known) - 1)
            hit = np.flatnonzero(known[at] == keys)
            # Two pairs with one key hide each other; the hidden one is verified again.
            hit = hit[(load(folder / "both.npy")[at[hit]] == both[hit]).all(axis=1)]
            counts[hit] = load(folder / "counts.npy")[at[hit]]
        return counts


def remember(folder: Path, spec: dict[str, Any], one: Words, two: Words, counts: Array) -> None:
    """Adds verified pairs, at least one, as a folder of the memo."""
    keys, both = pair_keys(one, two)
    order = np.argsort(keys, kind="stable")

    def make(aside: Path) -> dict[str, Any]:
        save(aside, keys=keys[order], both=both[order], counts=counts[order])
        return {"pairs": len(keys)}

    staged(folder, spec, make)
