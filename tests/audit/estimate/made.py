"""Made text: what a word model of some texts writes, from unlike them to like them."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from itertools import pairwise

import numpy as np

from archive.audit.estimate import Text

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


def documents(
    kind: str, clusters: int, seed: int, *, source: str = "s", topics: int = 0, sentences: int = 8
) -> list[Text]:
    """Documents of a small world: 60 style words, of which a machine likes ten and shuns ten.

    Each cluster has a topic of five words out of 400, from `topics` on; a cluster of the same
    number is about the same topic whoever writes. `kind` is "human" or "machine".
    """
    weights = np.ones(60)
    if kind == "machine":
        weights[:10], weights[10:20] = 4.0, 0.25
    found = []
    for cluster in range(clusters):
        rng = np.random.default_rng([seed, cluster, kind == "machine"])
        topic = topics + np.random.default_rng([99, topics, cluster]).choice(400, 5)
        lines = []
        for _ in range(sentences):
            style = rng.choice(60, 8, replace=False, p=weights / weights.sum())
            words = [f"style{i}" for i in style] + [f"topic{i}" for i in rng.choice(topic, 2)]
            lines.append(" ".join(words) + ".")
        found.append(Text("\n".join(lines), source, cluster=f"{source} {seed} {cluster}"))
    return found
