"""Who belongs to whom: the policy against chaining, as one pass over verified pairs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from archive.duplicates.files import Array, Ranks, Words, load
from archive.duplicates.options import Options
from archive.duplicates.pairs import packed, unpacked


def similarities(counts: Array) -> Array:
    """Jaccard similarity of (in both, in either), correctly rounded."""
    divided: Array = counts[:, 0].astype(np.float64) / counts[:, 1].astype(np.float64)
    return divided


def similar(verified: Iterable[Path], options: Options) -> Iterator[Words]:
    """The pairs of each folder that reach the threshold."""
    for folder in verified:
        pairs, counts = load(folder / "pairs.npy"), load(folder / "counts.npy")
        yield pairs[similarities(counts) >= options.threshold]


def label(texts: Ranks, edges: Words) -> Ranks:
    """The first that each document belongs to, by rank; its own rank where it is a first.

    Documents are taken from the earliest on. One joins the earliest first that it is similar to;
    one that is similar to no first is a first itself. So no two firsts are similar, each document
    is similar to its first, and a chain of small changes is cut where it has drifted too far.
    `texts` gives the first document of each text; `edges` are similar pairs of those.
    """
    labels = texts.copy()
    earlier, later = unpacked(edges)
    order = np.argsort(packed(later, earlier))
    named = np.unique(np.concatenate([earlier, later]))
    # Lists of small numbers: half the time of array elements, and only documents with an edge.
    joined = list(range(len(named)))
    earlier_places = np.searchsorted(named, earlier[order]).tolist()
    later_places = np.searchsorted(named, later[order]).tolist()
    for first, document in zip(earlier_places, later_places, strict=True):
        if joined[document] == document and joined[first] == first:
            joined[document] = first
    labels[named] = named[np.array(joined, dtype=np.int64)]
    return labels[texts]
