"""Excess vocabulary: a lower bound of the synthetic share from dated text alone.

After Kobak et al., "Delving into LLM-assisted writing in biomedical publications through excess
vocabulary" (Science Advances 2025). A word's counterfactual share of documents in year Y is
p(Y-2) + 2 max(p(Y-2) - p(Y-3), 0); it is in excess where p is far above that. The share of
documents with at least one excess word, less its counterfactual, bounds the share from below.

Two things differ. Words are chosen in one half of the documents and the gap is taken in the other,
so that chance does not choose itself. And a burst of news is an excess too, which the authors sort
out by hand: here the same is done for every earlier year there is data for, whose truth is 0, and
what is found there widens the bound.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from statistics import NormalDist
from typing import Final

import numpy as np

from archive.audit.estimate.bag import Bag, Collector, Floats, Mask
from archive.audit.estimate.mixture import resampled
from archive.audit.estimate.texts import AiShare, Gate, Settings, Text
from archive.signals.hashing import Hashes, mix

RAREST: Final = 1e-4  # of documents in Y and Y - 1; also at least LEAST_SEEN documents
LEAST_SEEN: Final = 5
GAP: Final = 0.01
FOLD: Final = math.log10(2)
MOST_MARKERS: Final = 500
BEFORE: Final = (0, 1, 2, 3)  # Y, Y - 1, Y - 2, Y - 3


class Years:
    """Dated texts by year, each year in bounded memory; `undated` counts what has no year."""

    def __init__(self, settings: Settings | None = None) -> None:
        self.settings = settings or Settings()
        self.undated = 0
        self._held: dict[int, Collector] = {}

    def add(self, text: Text) -> None:
        if not text.date[:4].isdigit() or len(text.date) < 4:
            self.undated += 1
            return
        year = int(text.date[:4])
        if year not in self._held:
            self._held[year] = Collector(self.settings.most_sentences)
        self._held[year].add(text)

    def bags(self) -> dict[int, Bag]:
        return {year: held.bag() for year, held in sorted(self._held.items())}


@dataclass(frozen=True, slots=True)
class Excess:
    """The gap of one year: share of documents with a marker beyond the counterfactual."""

    year: int
    gap: float
    error: float
    markers: int


def excess_vocabulary(years: Years, year: int) -> AiShare:
    """The lower bound for one year: `estimate` is the gap, `low` its one-sided bound, no `high`.

    Needs the three years before, and earlier years at which the method itself is tried (their
    truth is 0 if they lie before language models: two years before `year` are not used for it).
    """
    bags = {held: _documents(bag) for held, bag in years.bags().items()}
    settings = years.settings
    sizes = {held: documents.count for held, documents in bags.items()}
    total = sizes.get(year, 0)
    gates = {"years": _have_years(sizes, year, settings)}
    if not gates["years"].passed:
        return AiShare(None, None, None, f"years: {gates['years'].meaning}", gates, 0, total)
    tried = [y for y in sizes if y <= year - 2 and _have_years(sizes, y, settings).passed]
    placebos = [_excess(bags, y, settings) for y in sorted(tried)]
    gates["placebo"] = _placebo(placebos)
    if not placebos:
        return AiShare(None, None, None, f"placebo: {gates['placebo'].meaning}", gates, 0, total)
    found = _excess(bags, year, settings)
    # What the earlier years show beyond their own chance.
    squares = [placebo.gap**2 - placebo.error**2 for placebo in placebos]
    beyond = math.sqrt(max(0.0, math.fsum(squares) / len(squares)))
    z = NormalDist().inv_cdf(settings.level)
    low = found.gap - z * math.hypot(found.error, beyond)
    gates["markers"] = Gate(
        "markers", True, float(found.markers), None, f"{found.markers} words in excess", {}
    )
    clipped = [min(max(value, 0.0), 1.0) for value in (found.gap, low)]
    return AiShare(clipped[0], clipped[1], None, "", gates, 0, total)


@dataclass(frozen=True, slots=True, eq=False)
class _Documents:
    """A year's documents as pairs (document, word); `chooses` says in which half each one is."""

    words: Hashes
    document: np.ndarray[tuple[int], np.dtype[np.int64]]
    chooses: Mask
    clusters: Hashes
    count: int

    def shares(self, words: Hashes, chooses: bool) -> Floats:
        """The share of the documents of one half that hold each of the (sorted) words."""
        kept = self.chooses[self.document] == chooses
        found = _places(words, self.words[kept])
        counts = np.bincount(found[found >= 0], minlength=len(words))
        return counts / max(int((self.chooses == chooses).sum()), 1)

    def marked(self, words: Hashes, chooses: bool) -> Mask:
        """Which documents of one half hold at least one of the words."""
        marked = np.zeros(self.count, dtype=bool)
        marked[self.document[_places(words, self.words) >= 0]] = True
        half: Mask = marked[self.chooses == chooses]
        return half


def _documents(bag: Bag) -> _Documents:
    owners = bag.document[bag.sentence]
    words = bag.words.astype(np.uint64)
    order = np.lexsort((words, owners))
    words, owners = words[order], owners[order]
    new = np.append(True, (words[1:] != words[:-1]) | (owners[1:] != owners[:-1]))[: len(words)]
    chooses = (mix(bag.clusters) & np.uint64(1)) == 0
    return _Documents(words[new], owners[new], chooses, bag.clusters, bag.documents)


def _places(words: Hashes, among: Hashes) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """The place of each hash in the sorted `words`, -1 where it is none of them."""
    if not len(words):
        return np.full(len(among), -1)
    places = np.minimum(np.searchsorted(words, among), len(words) - 1)
    return np.where(words[places] == among, places, -1)


def _excess(bags: Mapping[int, _Documents], year: int, settings: Settings) -> Excess:
    of = {back: bags[year - back] for back in BEFORE}
    words = np.unique(of[0].words[of[0].chooses[of[0].document]])
    now, last, before, earlier = (of[back].shares(words, True) for back in BEFORE)
    expected = before + 2 * np.maximum(before - earlier, 0)
    chosen_documents = int(of[0].chooses.sum())
    often = (now >= max(RAREST, LEAST_SEEN / max(chosen_documents, 1))) & (last >= RAREST)
    # A word that no earlier document held counts as held by less than one of them.
    floor = 0.5 / max(int(of[2].chooses.sum()), 1)
    ratio = np.log10(np.maximum(now, 1e-12) / np.maximum(expected, floor))
    needed = FOLD - (np.log10(np.maximum(now, 1e-12)) + 4) * FOLD / 4
    far = often & ((now - expected > GAP) | (ratio > needed)) & (now > expected)
    ranked = words[far][np.argsort(-ratio[far], kind="stable")][:MOST_MARKERS]
    markers = _best_union(of, ranked)
    gap = _gap([of[back].marked(markers, False) for back in BEFORE])
    return Excess(year, gap, _error(of, markers, settings, year), len(markers))


def _best_union(of: Mapping[int, _Documents], ranked: Hashes) -> Hashes:
    """The first so many markers whose union has the largest gap in the half that chooses."""
    best, found = np.zeros(0, dtype=np.uint64), 0.0
    size = 1
    while size <= len(ranked):
        markers = np.sort(ranked[:size])
        gap = _gap([of[back].marked(markers, True) for back in BEFORE])
        if gap > found:
            best, found = markers, gap
        size = size + 1 if size < 10 else int(size * 1.25)
    return best


def _gap(marked: list[Mask], weights: list[Floats] | None = None) -> float:
    """p(Y) - p(Y-2) - 2 max(p(Y-2) - p(Y-3), 0) of documents with a marker."""
    if weights is None:
        shares = [float(one.mean()) if len(one) else 0.0 for one in marked]
    else:
        shares = [
            float(one @ w) / max(float(w.sum()), 1.0)
            for one, w in zip(marked, weights, strict=True)
        ]
    return shares[0] - shares[2] - 2 * max(shares[2] - shares[3], 0.0)


def _error(of: Mapping[int, _Documents], markers: Hashes, settings: Settings, year: int) -> float:
    """The gap's standard error by bootstrap over clusters of the half that does not choose."""
    rng = np.random.default_rng([settings.seed, 6, year])
    marked = [of[back].marked(markers, False) for back in BEFORE]
    owners = [
        np.unique(of[back].clusters[~of[back].chooses], return_inverse=True)[1] for back in BEFORE
    ]
    gaps = []
    for _ in range(settings.bootstrap):
        weights = [resampled(rng, int(o.max(initial=-1)) + 1)[o] for o in owners]
        gaps.append(_gap(marked, weights))
    return float(np.std(gaps, ddof=1))


def _have_years(sizes: Mapping[int, int], year: int, settings: Settings) -> Gate:
    least = 2 * settings.least_documents  # half of them choose, half are measured
    found = {year - back: sizes.get(year - back, 0) for back in BEFORE}
    fewest = min(found.values())
    said = ", ".join(f"{held}: {size}" for held, size in sorted(found.items()))
    return Gate(
        "years", fewest >= least, float(fewest), float(least),
        f"documents by year {said}; {least} each needed", {},
    )  # fmt: skip


def _placebo(placebos: list[Excess]) -> Gate:
    tried = ", ".join(f"{p.year}: {p.gap:+.3f}" for p in placebos)
    return Gate(
        "placebo", bool(placebos), max((abs(p.gap) for p in placebos), default=None), None,
        f"the gap of earlier years, where it should be 0: {tried}" if placebos
        else "no earlier year at which the method can be tried (it needs three years before it)",
        {str(p.year): p.gap for p in placebos},
    )  # fmt: skip
