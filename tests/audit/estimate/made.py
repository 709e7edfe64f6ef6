"""Made text: what a word model of some texts writes, from unlike them to like them."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from itertools import pairwise

import numpy as np

WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*|[.!?]")


def written(texts: list[str], k: int, words: int, documents: int, seed: int) -> list[str]:
    """Documents of a bigram model cut to the k likeliest next words; k = 0: of single words.

    Single words are drawn as often as they stand in the texts: no word count can tell.
    """
    rng = np.random.default_rng(seed)
    tokens = [token for text in texts for token in WORD.findall(text)]
    if not k:
        names, counts = np.unique(tokens, return_counts=True)
        drawn = rng.choice(names, (documents, words), p=counts / counts.sum())
        return [_joined(list(row)) for row in drawn]
    followers: dict[str, Counter[str]] = defaultdict(Counter)
    for first, second in pairwise(tokens):
        followers[first][second] += 1
    tables = {}
    for word, counter in followers.items():
        likeliest = counter.most_common(k)
        sizes = np.cumsum([count for _, count in likeliest])
        tables[word] = [name for name, _ in likeliest], sizes / sizes[-1]
    return [_joined(_walk(tables, rng, words)) for _ in range(documents)]


def _walk(
    tables: dict[str, tuple[list[str], np.ndarray[tuple[int], np.dtype[np.float64]]]],
    rng: np.random.Generator,
    words: int,
) -> list[str]:
    found, at = [], "."
    for draw in rng.random(words):
        names, shares = tables[at if at in tables else "."]
        at = names[min(int(np.searchsorted(shares, draw, side="right")), len(names) - 1)]
        found.append(at)
    return found


def _joined(words: list[str]) -> str:
    return re.sub(r" ([.!?])", r"\1", " ".join(words))
