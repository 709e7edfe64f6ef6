"""What is kept of a stream: the same in any order, and never more than was allowed."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archive.audit.estimate import Text
from archive.audit.estimate.bag import Bag, Collector, join
from tests.audit.estimate.made import documents


def collected(texts: list[Text], most: int = 10**6) -> Bag:
    held = Collector(most)
    for text in texts:
        held.add(text)
    return held.bag()


def same(first: Bag, second: Bag) -> bool:
    names = ("words", "starts", "document", "clusters", "keys", "sources", "unknown")
    equal = [np.array_equal(getattr(first, n), getattr(second, n)) for n in names]
    return all(equal) and first.names == second.names


TEXTS = documents("human", 30, 1) + documents("human", 20, 2, source="t")


@given(st.randoms(use_true_random=False), st.sampled_from([50, 200, 10**6]))
@settings(max_examples=15, deadline=None)
def test_what_is_kept_does_not_depend_on_the_order(rng: random.Random, most: int) -> None:
    shuffled = TEXTS.copy()
    rng.shuffle(shuffled)
    assert same(collected(shuffled, most), collected(TEXTS, most))


@pytest.mark.parametrize("batch", [1, 100, 10**6])
def test_what_is_kept_does_not_depend_on_the_batch(
    monkeypatch: pytest.MonkeyPatch, batch: int
) -> None:
    whole = collected(TEXTS, 100)
    monkeypatch.setattr("archive.audit.estimate.bag.BATCH", batch)
    assert same(collected(TEXTS, 100), whole)


@pytest.mark.parametrize("most", [8, 40, 100, 399])
def test_no_more_is_kept_than_allowed_and_clusters_are_whole(most: int) -> None:
    bag = collected(TEXTS, most)
    assert bag.sentences <= most
    whole = collected(TEXTS)
    sizes = dict(zip(*np.unique(whole.clusters, return_counts=True), strict=True))
    for cluster, size in zip(*np.unique(bag.clusters, return_counts=True), strict=True):
        assert sizes[cluster] == size


def test_clusters_are_kept_by_the_lowest_hashes() -> None:
    bag = collected(TEXTS, 100)
    every = np.unique(collected(TEXTS).clusters)
    kept = np.unique(bag.clusters)
    assert np.array_equal(kept, every[: len(kept)])


def test_documents_added_are_counted_whether_kept_or_not() -> None:
    held = Collector(8)
    for text in TEXTS:
        held.add(text)
    assert held.documents == len(TEXTS)


def test_taking_all_documents_changes_nothing_and_taking_in_parts_joins_again() -> None:
    whole = collected(TEXTS)
    assert same(whole.take(np.arange(whole.documents)), whole)
    odd = np.arange(whole.documents) % 2 == 1
    parts = join([whole.take(~odd), whole.take(odd)])
    order = np.lexsort((parts.keys, parts.clusters))
    assert same(parts.take(order), whole)


def test_words_that_the_lexicon_lacks_are_counted() -> None:
    whole = collected(TEXTS)
    words = np.unique(whole.words).astype(np.uint64)
    known = whole.numbered(words[::2])
    assert known.unknown.sum() + len(known.words) == len(whole.words)
    assert np.array_equal(words[::2][known.words], whole.words[np.isin(whole.words, words[::2])])


def test_nothing_added_is_an_empty_bag() -> None:
    bag = collected([])
    assert (bag.documents, bag.sentences, len(bag.words)) == (0, 0, 0)
