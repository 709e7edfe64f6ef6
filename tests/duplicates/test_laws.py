"""Laws of the pieces: the policy, the pairs of a bucket, key ranges, the memo, order."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.duplicates import find, memo
from archive.duplicates.clusters import label
from archive.duplicates.files import Ranks, Words, between, load, partitions, save, staged
from archive.duplicates.memo import Memo, remember
from archive.duplicates.pairs import generations, packed
from archive.engines.local import LocalEngine
from tests.duplicates import reference
from tests.duplicates.corpora import Doc, write_parts

Edges = set[tuple[int, int]]

SIZE = 12
EDGES = st.sets(st.tuples(st.integers(0, SIZE - 1), st.integers(0, SIZE - 1))).map(
    lambda pairs: {(min(p), max(p)) for p in pairs if p[0] != p[1]}
)
KEYS = st.lists(st.integers(0, 2**64 - 1))


def labelled(edges: Edges, texts: Ranks) -> list[int]:
    ordered = np.array(sorted(edges), dtype=np.uint32).reshape(-1, 2)
    return [int(first) for first in label(texts, packed(ordered[:, 0], ordered[:, 1]))]


@given(EDGES)
def test_the_policy_is_that_of_the_reference(edges: Edges) -> None:
    docs = [Doc(n, str(n)) for n in range(SIZE)]
    first = reference.firsts(docs, {(docs[a].id, docs[b].id): 1.0 for a, b in edges})
    ranks = {doc.id: rank for rank, doc in enumerate(docs)}
    expected = [ranks[first[doc.id]] for doc in docs]
    assert labelled(edges, np.arange(SIZE, dtype=np.uint32)) == expected


@given(EDGES)
def test_every_document_is_similar_to_its_first_and_no_two_firsts_are(edges: Edges) -> None:
    labels = labelled(edges, np.arange(SIZE, dtype=np.uint32))
    assert all(first == rank or (first, rank) in edges for rank, first in enumerate(labels))
    assert not edges & set(itertools.combinations(sorted(set(labels)), 2))


@given(EDGES)
def test_a_later_document_changes_the_first_of_none_before_it(edges: Edges) -> None:
    everything = np.arange(SIZE, dtype=np.uint32)
    earlier = {edge for edge in edges if edge[1] < SIZE - 1}
    assert labelled(edges, everything)[:-1] == labelled(earlier, everything)[:-1]


def test_a_document_with_the_text_of_another_has_its_first() -> None:
    texts = np.array([0, 1, 1, 0, 4], dtype=np.uint32)
    assert labelled({(0, 1)}, texts) == [0, 0, 0, 0, 4]


@given(st.lists(st.sets(st.integers(0, SIZE - 1), min_size=2), max_size=6), EDGES)
def test_generations_hold_each_document_with_every_first_that_could_take_it(
    buckets: list[set[int]], edges: Edges
) -> None:
    labels = np.array(labelled(edges, np.arange(SIZE, dtype=np.uint32)), dtype=np.uint32)
    ranks = np.array([rank for bucket in buckets for rank in sorted(bucket)], dtype=np.uint32)
    sizes = [len(bucket) for bucket in buckets]
    starts = np.cumsum([0, *sizes])[:-1].astype(np.int64)
    made = [
        (int(first), int(other))
        for generation in generations(ranks, starts, labels)
        for first, other in zip(*generation, strict=True)
    ]
    expected = [
        (first, other)
        for bucket in buckets
        for first, other in itertools.product(bucket, bucket)
        if labels[first] == first < labels[other]
    ]
    assert sorted(made) == sorted(expected)


@given(KEYS, st.integers(1, 50))
def test_key_ranges_take_every_key_once(keys: list[int], count: int) -> None:
    run: Words = np.array(sorted(keys), dtype=np.uint64)
    taken = [run[between(run, low, high)] for low, high in partitions(count)]
    assert np.array_equal(np.concatenate(taken), run)


def texts(*numbers: int) -> Words:
    return np.array([[n, n + 1, n + 2, n + 3] for n in numbers], dtype=np.uint64)


@pytest.mark.parametrize("colliding", [False, True])
def test_the_memo_knows_a_pair_in_either_order_and_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, colliding: bool
) -> None:
    if colliding:
        monkeypatch.setattr(memo, "mix", lambda values: values * np.uint64(0))
    counts = np.array([[3, 4], [5, 9]], dtype=np.uint32)
    remember(tmp_path / "memo", {}, texts(10, 30), texts(20, 40), counts)
    known = Memo.of([str(tmp_path / "memo")]).look_up(texts(20, 10, 40), texts(10, 40, 30))
    assert known[0].tolist() == [3, 4]
    assert known[1].tolist() == [0, 0]
    # One key for all: the second pair is hidden behind the first, and verified again.
    assert known[2].tolist() == ([0, 0] if colliding else [5, 9])


def test_a_folder_is_made_once_and_again_when_its_request_or_bytes_change(tmp_path: Path) -> None:
    made = []

    def make(aside: Path) -> dict[str, int]:
        made.append(aside)
        save(aside, array=np.arange(5))
        return {"count": len(made)}

    assert staged(tmp_path / "a", {"n": 1}, make)["count"] == 1
    assert staged(tmp_path / "a", {"n": 1}, make)["count"] == 1
    assert staged(tmp_path / "a", {"n": 2}, make)["count"] == 2
    (tmp_path / "a" / "array.npy").write_bytes(b"torn")
    assert staged(tmp_path / "a", {"n": 2}, make)["count"] == 3
    assert load(tmp_path / "a" / "array.npy").tolist() == [0, 1, 2, 3, 4]
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_a_folder_that_could_not_be_filled_is_not_there(tmp_path: Path) -> None:
    def make(aside: Path) -> dict[str, int]:
        (aside / "half").touch()
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        staged(tmp_path / "a", {}, make)
    assert list(tmp_path.iterdir()) == []


class Named(Doc):
    """Ids of which only the last 64 bits differ."""

    @property
    def id(self) -> str:
        return f"{self.salt:064x}"


def test_ids_alike_in_their_first_half_are_ordered_by_the_rest(tmp_path: Path) -> None:
    docs: list[Doc] = [Named(5, "one text for all of them", salt) for salt in (9, 3, 7, 1, 8)]
    path = find(write_parts(tmp_path, docs, 2), tmp_path / "work", LocalEngine())
    table = pq.read_table(path)
    assert set(table["cluster"].to_pylist()) == {f"{1:064x}"}
    assert table["id"].to_pylist() == [f"{salt:064x}" for salt in (1, 3, 7, 8, 9)]
