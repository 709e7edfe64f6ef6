"""The stages that bring equal keys together: `duplicates-texts` and `duplicates-buckets`.

Each task takes one range of 64-bit keys out of every run and holds only that.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from archive.duplicates.corpus import Corpus, Run
from archive.duplicates.files import Array, Ranks, Words, between, load, save, staged


def texts(task: dict[str, Any], report: Callable[[int], None]) -> dict[str, Any]:
    """Documents whose text another document has, with the first document of that text.

    Arrays: `member` and `first`, ranks, in the order of `member`.
    """

    def make(aside: Path) -> dict[str, Any]:
        corpus = Corpus(Path(task["corpus"]))
        keys, ranks = _slices(corpus, "text", task["low"], task["high"])
        again = _repeated(keys)
        ranks = ranks[again]
        digests = corpus.gather("texts", corpus.row[ranks])
        member, first = _same_text(ranks, digests)
        save(aside, member=member, first=first)
        return {"members": len(member)}

    return staged(Path(task["out"]), _spec(task), make)


def _same_text(ranks: Ranks, digests: Words) -> tuple[Ranks, Ranks]:
    if not len(ranks):
        return ranks, ranks
    order = np.lexsort((ranks, digests[:, 3], digests[:, 2], digests[:, 1], digests[:, 0]))
    ranks, digests = ranks[order], digests[order]
    begins = np.concatenate(([True], (digests[1:] != digests[:-1]).any(axis=1)))
    first = ranks[np.maximum.accumulate(np.where(begins, np.arange(len(ranks)), 0))]
    member, first = ranks[~begins], first[~begins]
    order = np.argsort(member)
    return member[order], first[order]


def buckets(task: dict[str, Any], report: Callable[[int], None]) -> dict[str, Any]:
    """Buckets of at least two texts, each text standing for all documents that have it.

    Arrays: `ranks`, rising within each bucket, and `starts`, where each bucket begins.
    """

    def make(aside: Path) -> dict[str, Any]:
        corpus, texts = Corpus(Path(task["corpus"])), load(Path(task["texts"]))
        keys, ranks = _slices(corpus, "band", task["low"], task["high"], texts)
        again = _repeated(keys)
        keys, ranks = keys[again], ranks[again]
        order = np.lexsort((ranks, keys))
        keys, ranks = keys[order], ranks[order]
        starts = np.flatnonzero(np.concatenate(([True], keys[1:] != keys[:-1]))[: len(keys)])
        save(aside, ranks=ranks, starts=starts.astype(np.int64))
        sizes = np.diff(np.append(starts, len(ranks)))
        return {"buckets": len(starts), "largest": int(sizes.max(initial=0))}

    return staged(Path(task["out"]), _spec(task), make)


def _spec(task: dict[str, Any]) -> dict[str, Any]:
    return {"run": task["run"], "low": str(task["low"]), "high": str(task["high"])}


def _slices(
    corpus: Corpus, kind: str, low: int, high: int, texts: Ranks | None = None
) -> tuple[Words, Ranks]:
    """Keys in [low, high) of all runs with the ranks that have them; firsts of a text only."""
    pieces = [_slice(corpus, run, kind, low, high, texts) for run in corpus.runs]
    return (
        np.concatenate([keys for keys, _ in pieces] or [np.empty(0, dtype=np.uint64)]),
        np.concatenate([ranks for _, ranks in pieces] or [np.empty(0, dtype=np.uint32)]),
    )


def _slice(
    corpus: Corpus, run: Run, kind: str, low: int, high: int, texts: Ranks | None
) -> tuple[Words, Ranks]:
    keys, rows = run.array(f"{kind}_keys"), run.array(f"{kind}_rows")
    where = between(keys, low, high)
    ranks = corpus.ranks_of(run)[rows[where]]
    if texts is None:
        return keys[where], ranks
    stands = texts[ranks] == ranks
    return keys[where][stands], ranks[stands]


def _repeated(keys: Words) -> Array:
    """Whether each key occurs more than once: most do not, and need not be sorted with ranks."""
    ranked = np.sort(keys)
    again = np.unique(ranked[1:][ranked[1:] == ranked[:-1]])
    if not len(again):
        return np.zeros(len(keys), dtype=bool)
    places = np.minimum(np.searchsorted(again, keys), len(again) - 1)
    found: Array = again[places] == keys
    return found
