"""The order is a permutation, a pure function of its key, and always the same one."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.feed.order import Order, derive, permutation, sort_keys

COUNTS = st.lists(st.integers(0, 30), max_size=12)


def order(counts: list[int], window: int = 3, seed: int = 7) -> Order:
    return Order("ab" * 32, "cd" * 32, seed, np.array(counts, np.int64), window)


def sequence(of: Order, epoch: int = 0) -> list[tuple[int, int]]:
    return [of.place(of.epoch(epoch), position) for position in range(of.documents)]


@given(COUNTS, st.integers(1, 5), st.integers(0, 9))
def test_every_document_has_one_position_and_every_position_one_document(
    counts: list[int], window: int, epoch: int
) -> None:
    everything = [(block, i) for block, n in enumerate(counts) for i in range(n)]
    assert sorted(sequence(order(counts, window), epoch)) == everything


@given(COUNTS, st.integers(1, 5))
def test_the_place_of_a_position_and_the_position_of_a_place_are_inverse(
    counts: list[int], window: int
) -> None:
    made = order(counts, window)
    epoch = made.epoch(2)
    for position in range(made.documents):
        assert made.position(epoch, *made.place(epoch, position)) == position


@given(st.binary(max_size=40), st.integers(0, 70))
def test_sort_keys_are_those_that_the_definition_gives_by_hand(key: bytes, count: int) -> None:
    by_hand = []
    for i in range(count):
        digest = hashlib.sha256(key + (i // 4).to_bytes(8, "big")).digest()
        by_hand.append(int.from_bytes(digest[8 * (i % 4) : 8 * (i % 4) + 8], "big"))
    assert sort_keys(key, count).tolist() == by_hand
    assert permutation(key, count).tolist() == sorted(range(count), key=lambda i: (by_hand[i], i))


def test_the_order_of_today_is_the_order_of_ever() -> None:
    # Golden: these values are a promise to every job that has been fed in this order.
    assert derive("order-v1", "ab", 7, 0).hex()[:16] == "74c7b9334cd73860"
    assert permutation(b"key", 12).tolist() == [7, 3, 9, 2, 6, 0, 5, 8, 4, 11, 10, 1]
    assert sequence(order([3, 0, 4, 2], window=2))[:6] == [
        (0, 2),
        (0, 1),
        (0, 0),
        (3, 1),
        (2, 1),
        (2, 0),
    ]


@pytest.mark.parametrize(
    "other",
    [
        order([20] * 4, seed=8),
        order([20] * 4, window=2),
        Order("ac" * 32, "cd" * 32, 7, np.full(4, 20), 3),
        Order("ab" * 32, "ce" * 32, 7, np.full(4, 20), 3),
    ],
    ids=["seed", "window", "content root", "cut"],
)
def test_whatever_the_order_depends_on_changes_it(other: Order) -> None:
    assert sequence(other) != sequence(order([20] * 4))


def test_every_epoch_has_an_order_of_its_own() -> None:
    made = order([20] * 4)
    assert len({tuple(sequence(made, epoch)) for epoch in range(5)}) == 5


def test_documents_mix_across_the_blocks_of_a_window_and_stay_in_it() -> None:
    made = order([100] * 9, window=3)
    blocks = [block for block, _ in sequence(made)]
    for start in range(0, 900, 300):
        inside = blocks[start : start + 300]
        assert len(set(inside)) == 3
        assert len(set(inside[:30])) == 3  # not one block after the other


def test_positions_are_spread_evenly() -> None:
    # 4,000 permutations of 5 items: each item is first 800 times, give or take 5 deviations.
    first = [int(permutation(derive("spread", n), 5)[0]) for n in range(4000)]
    assert all(abs(first.count(item) - 800) < 127 for item in range(5))
