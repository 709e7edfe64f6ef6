"""The stages `duplicates-pairs` and `duplicates-merge`: which pairs of texts to verify next.

Pairs are found in rounds. A document is only ever compared with firsts, and who is a first becomes
clear as pairs are verified; so a round pairs the documents of each bucket with its next few firsts,
and those that have joined one drop out. A bucket of a million copies costs a million comparisons.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import numpy as np

from archive.duplicates.corpus import Corpus
from archive.duplicates.files import Array, Ranks, Words, between, load, save, staged
from archive.duplicates.memo import Memo

BLOCK: Final = 1 << 16  # pairs whose sketches are compared at once: 16 MiB of sketches
LOW: Final = np.uint64(0xFFFFFFFF)


def packed(first: Ranks, other: Ranks) -> Words:
    """Pairs as single numbers that sort by their earlier document."""
    return (first.astype(np.uint64) << np.uint64(32)) | other.astype(np.uint64)


def unpacked(pairs: Words) -> tuple[Ranks, Ranks]:
    first = (pairs >> np.uint64(32)).astype(np.uint32)
    return first, (pairs & LOW).astype(np.uint32)


def generations(ranks: Ranks, starts: Array, labels: Ranks) -> Iterator[tuple[Ranks, Ranks]]:
    """Pairs (first, document) of a bucket: the j-th yield has the j-th first of every bucket.

    A document is paired with the firsts that are earlier than the one it has joined: the others
    could not change where it belongs. A document that has joined none is its own label.
    """
    sizes = np.diff(np.append(starts, len(ranks)))
    bucket = np.repeat(np.arange(len(starts)), sizes)
    own = labels[ranks]
    leading = own == ranks
    leaders = ranks[leading]
    bounds = np.concatenate(([0], np.cumsum(leading)))[np.append(starts, len(ranks))]
    alive = np.arange(len(ranks))
    generation = 0
    while True:
        at = bounds[bucket[alive]] + generation
        more = at < bounds[bucket[alive] + 1]
        alive, at = alive[more], at[more]
        earlier = leaders[at] < own[alive]  # firsts rise: past its own label a document is done
        alive, at = alive[earlier], at[earlier]
        if not len(alive):
            return
        yield leaders[at], ranks[alive]
        generation += 1


def pairs(task: dict[str, Any], report: Callable[[int], None]) -> dict[str, Any]:
    """Candidate pairs of one range of buckets whose sketches agree in at least `places` places.

    `left` counts the pairs that the next window would begin with: 0 when no first was left out.
    """

    def make(aside: Path) -> dict[str, Any]:
        corpus, folder = Corpus(Path(task["corpus"])), Path(task["buckets"])
        ranks, starts = load(folder / "ranks.npy"), load(folder / "starts.npy")
        found, left = [np.empty(0, dtype=np.uint64)], 0
        made = generations(ranks, starts, load(Path(task["labels"])))
        for generation, (first, other) in enumerate(made):
            if generation == task["window"]:
                left = len(other)
                break
            for start in range(0, len(first), BLOCK):
                block = first[start : start + BLOCK], other[start : start + BLOCK]
                similar = _agree(corpus, *block) >= task["places"]
                found.append(packed(block[0][similar], block[1][similar]))
        save(aside, pairs=np.unique(np.concatenate(found)))
        return {"left": left}

    return staged(Path(task["out"]), task["spec"], make)


def _agree(corpus: Corpus, first: Ranks, other: Ranks) -> Array:
    """In how many places the sketches of each pair agree."""
    one = corpus.gather("sketch", corpus.row[first])
    two = corpus.gather("sketch", corpus.row[other])
    agree: Array = np.count_nonzero(one == two, axis=1)
    return agree


def cuts(files: list[Path], most: int) -> list[tuple[int, int]]:
    """Ranges of pairs that hold about `most` each over all files, by every 256th pair of each."""
    step = 256
    sample = np.sort(np.concatenate([load(file)[::step] for file in files]))
    count = max(1, -(-len(sample) * step // most))
    inner = [int(sample[index * len(sample) // count]) for index in range(1, count)]
    bounds = [0, *sorted(set(inner)), 1 << 64]
    return list(pairwise(bounds))


def merge(task: dict[str, Any], report: Callable[[int], None]) -> dict[str, Any]:
    """The pairs in one range that no earlier round has examined, each once.

    Arrays: `known`, with `known_counts` from the memo of earlier versions, and `unknown`.
    """

    def make(aside: Path) -> dict[str, Any]:
        low, high = task["low"], task["high"]
        new = np.unique(_range(task["pairs"], low, high))
        old = np.sort(_range(task["examined"], low, high))
        if len(old):
            new = new[old[np.minimum(np.searchsorted(old, new), len(old) - 1)] != new]
        corpus = Corpus(Path(task["corpus"]))
        counts = Memo.of(task["memo"]).look_up(*text_pairs(corpus, new))
        hit = counts[:, 1] > 0
        save(aside, known=new[hit], known_counts=counts[hit], unknown=new[~hit])
        return {"known": int(hit.sum()), "unknown": int((~hit).sum())}

    return staged(Path(task["out"]), task["spec"], make)


def _range(files: list[str], low: int, high: int) -> Words:
    arrays = [load(Path(file)) for file in files]
    pieces = [array[between(array, low, high)] for array in arrays]
    return np.concatenate([np.empty(0, dtype=np.uint64), *pieces])


def text_pairs(corpus: Corpus, new: Words) -> tuple[Words, Words]:
    """The hashes of both texts of each pair."""
    first, other = unpacked(new)
    one = corpus.gather("texts", corpus.row[first])
    two = corpus.gather("texts", corpus.row[other])
    return one.reshape(-1, 4), two.reshape(-1, 4)
