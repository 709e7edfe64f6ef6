"""What is measured of a model and of its text, always at equal token counts.

Tails are measured on words. Every number of a text stands beside the same number of human text.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from archive.replay.corpus import Corpus
from archive.replay.scribes import Words
from archive.replay.tiers import BLOCK, Blocks, Losses, Model

BINS: Final = ((1, 1), (2, 2), (3, 5), (6, 10), (11, 100), (101, None))
"""Word counts in generation 0's text that are followed together: least and most."""

QUANTILES: Final = (0.01, 0.05, 0.5, 0.95, 0.99)
COMPRESSED_BYTES: Final = 1 << 17
HISTOGRAM: Final = np.linspace(0, 5, 51)
"""Edges of the histogram of block perplexity, in powers of ten."""

Measures = dict[str, Any]


def bin_name(least: int, most: int | None) -> str:
    return f"{least}+" if most is None else str(least) if least == most else f"{least}-{most}"


@dataclass(frozen=True, slots=True)
class Reference:
    """What a seed's models are measured against: the text and the model of generation 0."""

    corpus: Corpus
    counts: NDArray[np.int64]  # of each word in the text of generation 0
    words: int  # of the text of generation 0
    tail: NDArray[np.bool_]  # the test tokens of the rarest tenth
    base: Model
    human: Losses  # block losses of human text under the model of generation 0

    @classmethod
    def of(cls, corpus: Corpus, first: Blocks, twin: Blocks, base: Model) -> Reference:
        words = corpus.scribe.words(first)
        size = len(corpus.vocabulary)
        counts = np.bincount(words.ids, minlength=size)[:size]
        of_token = counts[corpus.test_words].ravel()
        known = np.flatnonzero(of_token)
        rarest = known[np.argsort(of_token[known], kind="stable")[: known.size // 10]]
        tail = np.zeros(of_token.size, bool)
        tail[rarest] = True
        human = base.score(twin).mean(axis=1)
        return cls(corpus, counts, words.ids.size, tail.reshape(-1, BLOCK), base, human)


def of_model(model: Model, reference: Reference) -> Measures:
    """Loss on the test text in nats per token: all, by group, by document, and on the tail."""
    corpus = reference.corpus
    losses = model.score(corpus.blocks["test"])
    by_block = losses.sum(axis=1)
    nats = float(losses.sum())
    # An unknown word costs its spelling at eight bits a byte, so that the code length is one.
    bits = nats / math.log(2) + 8 * corpus.test_unknown_bytes
    of_group: dict[str, float] = {}
    for names, place in zip(corpus.groups, corpus.test_groups, strict=True):
        blocks = np.bincount(place, minlength=len(names))
        means = np.bincount(place, by_block, len(names)) / blocks / BLOCK
        of_group |= dict(zip(names, means.tolist(), strict=True))
    return {
        "loss": nats / losses.size,
        "bits_per_byte": bits / corpus.test_bytes,
        "mean_block_perplexity": float(np.exp(by_block / BLOCK).mean()),
        "tail_loss": float(losses[reference.tail].mean()),
        "group_loss": of_group,
        "document_nats": np.bincount(corpus.test_document, by_block).tolist(),
        "document_tokens": (BLOCK * np.bincount(corpus.test_document)).tolist(),
    }


def of_text(blocks: Blocks, reference: Reference) -> Measures:
    """Diversity of a text and its distance from the human one.

    Texts are of equal numbers of tokens, and of no more words than that of generation 0.
    """
    scribe = reference.corpus.scribe
    words = scribe.words(blocks).first(reference.words)
    counts = np.bincount(words.ids, minlength=reference.counts.size)
    found = reference.base.score(blocks).mean(axis=1)
    return {
        "tokens": int(blocks.size),
        "words": words.ids.size,
        "survival": survival(counts[: reference.counts.size], reference.counts),
        "types": rarefied_types(counts, reference.words // 2),
        "distinct_2": distinct(words, 2),
        "distinct_3": distinct(words, 3),
        "entropy": _entropy(counts),
        "jensen_shannon": jensen_shannon(counts, reference.counts),
        "compression": _compression(scribe.read(blocks)),
        "degenerate_blocks": float((_distinct_per_block(blocks) < 4).mean()),
        "gen0_perplexity": _quantiles(found),
        "gen0_distance": _wasserstein(found, reference.human),
        "gen0_beyond_human": float((found > np.quantile(reference.human, 0.99)).mean()),
        "gen0_below_human": float((found < np.quantile(reference.human, 0.01)).mean()),
        "gen0_histogram": np.histogram(found / math.log(10), HISTOGRAM)[0].tolist(),
        "rank_frequency": _rank_frequency(counts),
    }


def survival(counts: NDArray[np.int64], first: NDArray[np.int64]) -> dict[str, float | None]:
    """By count in generation 0's text, the share of words that a text still has; None of none."""
    shares: dict[str, float | None] = {}
    for least, most in BINS:
        held = (first >= least) & (first <= (most or first.max()))
        share = float((counts[held] > 0).mean()) if held.any() else None
        shares[bin_name(least, most)] = share
    return shares


def rarefied_types(counts: NDArray[np.int64], size: int) -> float:
    """Expected types among `size` tokens drawn without replacement (Hurlbert 1971, eq. 3)."""
    total = int(counts.sum())
    size = min(size, total)
    value, times = np.unique(counts[counts > 0], return_counts=True)
    all_ways = _log_choose(total, size)
    missed = [
        math.exp(_log_choose(total - c, size) - all_ways) if total - c >= size else 0.0
        for c in value.tolist()
    ]
    return float((times * (1 - np.array(missed))).sum())


def distinct(words: Words, length: int) -> float:
    """Different n-grams among all n-grams within blocks; 0 where there is none."""
    last = words.ids.size - length + 1
    within = words.block[: max(0, last)] == words.block[length - 1 :]
    if not within.any():
        return 0.0
    keys = np.zeros(last, np.int64)
    for offset in range(length):
        keys = keys * (int(words.ids.max()) + 1) + words.ids[offset : offset + last]
    ordered = np.sort(keys[within])
    return float((1 + (ordered[1:] != ordered[:-1]).sum()) / ordered.size)


def jensen_shannon(counts: NDArray[np.int64], others: NDArray[np.int64]) -> float:
    """The Jensen-Shannon distance of two word distributions: 0 alike, 1 disjoint."""
    size = max(counts.size, others.size)
    p, q = (np.pad(c, (0, size - c.size)) / max(1, c.sum()) for c in (counts, others))
    bits = _bits((p + q) / 2) - (_bits(p) + _bits(q)) / 2
    return math.sqrt(max(0.0, bits))


def _log_choose(n: int, k: int) -> float:
    return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)


def _bits(p: NDArray[np.float64]) -> float:
    held = p[p > 0]
    return float(-(held * np.log2(held)).sum())


def _entropy(counts: NDArray[np.int64]) -> float:
    """Entropy of the words in nats, plug-in: comparable between texts of one size only."""
    return _bits(counts / max(1, counts.sum())) * math.log(2)


def _compression(texts: Sequence[str]) -> float:
    """Bytes after zlib for each byte before, of the first COMPRESSED_BYTES of the text."""
    data = " ".join(texts).encode("utf-8", "replace")[:COMPRESSED_BYTES]
    return len(zlib.compress(data, 6)) / max(1, len(data))


def _distinct_per_block(blocks: Blocks) -> NDArray[np.int64]:
    ordered = np.sort(blocks, axis=1)
    different: NDArray[np.int64] = 1 + (ordered[:, 1:] != ordered[:, :-1]).sum(axis=1)
    return different


def _quantiles(found: Losses) -> dict[str, float]:
    values = np.exp(np.quantile(found, QUANTILES)).tolist()
    return {f"q{round(100 * q):02d}": value for q, value in zip(QUANTILES, values, strict=True)}


def _wasserstein(a: Losses, b: Losses) -> float:
    """W1 between two samples of block losses, in nats, from a thousand quantiles of each."""
    at = (np.arange(1000) + 0.5) / 1000
    return float(np.abs(np.quantile(a, at) - np.quantile(b, at)).mean())


def _rank_frequency(counts: NDArray[np.int64]) -> list[list[int]]:
    """Rank and count of words, at ranks that double every third step, and of the last."""
    ordered = np.sort(counts[counts > 0])[::-1]
    if not ordered.size:
        return []
    ranks = sorted({round(2 ** (step / 3)) for step in range(60)})
    ranks = [rank for rank in ranks if rank < ordered.size] + [ordered.size]
    return [[rank, int(ordered[rank - 1])] for rank in ranks]
