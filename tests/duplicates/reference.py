"""The clusters worked out the slow way: sets of tuples, all pairs, no hashing."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

from tests.duplicates.corpora import Doc

Shingles = frozenset[tuple[str, ...]]


def shingle_set(text: str) -> Shingles:
    """Of a text whose words are what str.split() gives."""
    words = text.lower().split()
    last = max(1, len(words) - 4)
    return frozenset(tuple(words[start : start + 5]) for start in range(last))


def jaccard(one: str, two: str) -> float:
    a, b = shingle_set(one), shingle_set(two)
    return len(a & b) / len(a | b)


def similar_pairs(docs: Sequence[Doc], least: float) -> dict[tuple[str, str], float]:
    """All pairs of ids (earlier, later) with this Jaccard similarity or more."""
    ordered = sorted(docs, key=lambda doc: (doc.captured, doc.id))
    sets = [shingle_set(doc.text) for doc in ordered]
    holders: dict[tuple[str, ...], list[int]] = defaultdict(list)
    found = {}
    for index, shingles in enumerate(sets):
        shared = Counter(other for shingle in shingles for other in holders[shingle])
        for other, both in shared.items():
            similarity = both / (len(shingles) + len(sets[other]) - both)
            if similarity >= least:
                found[ordered[other].id, ordered[index].id] = similarity
        for shingle in shingles:
            holders[shingle].append(index)
    return found


def firsts(docs: Sequence[Doc], pairs: Mapping[tuple[str, str], float]) -> dict[str, str]:
    """The first of each document: the earliest first that it is similar to, or itself."""
    earlier: dict[str, set[str]] = defaultdict(set)
    for one, two in pairs:
        earlier[two].add(one)
    first: dict[str, str] = {}
    for doc in sorted(docs, key=lambda doc: (doc.captured, doc.id)):
        joins = (o for o in first if first[o] == o and o in earlier[doc.id])
        first[doc.id] = next(joins, doc.id)
    return first
