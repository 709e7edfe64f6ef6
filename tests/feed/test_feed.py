"""A feed gives every document once, stops and goes on exactly, and reads nothing unverified."""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

import pytest

from archive.errors import CheckFailed, Corrupt, UnknownName, UsageError
from archive.feed.cut import choose
from archive.feed.feed import Feed
from archive.store.local import Store
from tests.feed.conftest import Made
from tests.feed.snapshots import all_documents, make_snapshot

T = TypeVar("T")
WORLDS = (1, 2, 3, 4, 7, 8)


def feed(made: Made, *, where: str | None = None, **options: Any) -> Feed:
    chosen: dict[str, Any] = {"columns": ["id"], "seed": 7, "window": 3}
    store, manifest = made
    return Feed(store, manifest, choose(store, manifest, where=where), **(chosen | options))


def ids(documents: Any) -> list[str]:
    return [document["id"] for document in documents]


def in_step(ranks: list[list[T]], chunk: int = 1) -> list[T]:
    """What ranks take, in the order of positions: chunk by chunk, round by round."""
    rounds = max(len(taken) for taken in ranks) // chunk + 1
    return [
        each
        for number in range(rounds)
        for taken in ranks
        for each in taken[number * chunk : (number + 1) * chunk]
    ]


def test_a_feed_gives_every_document_once_with_its_columns(many_parts: Made) -> None:
    columns = ["id", "text", "captured_at", "record_id", "grade_reasons", "year", "offset"]
    given = list(feed(many_parts, columns=columns))
    expected = [{name: row[name] for name in columns} for row in all_documents(*many_parts)]
    assert ids(given) != ids(expected)
    assert sorted(given, key=lambda d: d["id"]) == sorted(expected, key=lambda d: d["id"])


def test_blocks_and_row_groups_need_not_agree(long_part: Made) -> None:
    given = list(feed(long_part, columns=["id", "text"], window=2))
    assert {d["id"]: d["text"] for d in given} == {
        row["id"]: row["text"] for row in all_documents(*long_part)
    }
    assert len(given) == 9100


def test_the_order_does_not_depend_on_how_the_files_are_cut_into_row_groups(
    tmp_path: Path, many_parts: Made
) -> None:
    rows = [part.documents.rows for part in many_parts[1].parts]
    other = make_snapshot(tmp_path / "store", rows, group_rows=1000)
    assert other[1].content_root == many_parts[1].content_root
    assert other[1].parts[0].documents != many_parts[1].parts[0].documents
    assert ids(feed(other)) == ids(feed(many_parts))


def test_random_positions_resume_exactly_at_every_world_and_worker_count(
    many_parts: Made,
) -> None:
    whole = ids(feed(many_parts, epochs=2))
    choice = random.Random(1)
    for world in WORLDS:
        for workers in (1, 2, 4):  # 0 workers of a DataLoader are 1 consumer
            consumers = world * workers
            for position in choice.sample(range(len(whole) // consumers), 3):
                ranks, rests = [], []
                for rank in range(consumers):
                    begun = feed(many_parts, epochs=2).shard(rank, consumers)
                    ranks.append(ids(islice(begun, position)))
                    resumed = feed(many_parts, epochs=2).shard(rank, consumers)
                    resumed.load_state_dict(json.loads(json.dumps(begun.state_dict())))
                    rests.append(ids(resumed))
                assert in_step(ranks) + in_step(rests) == whole


@pytest.mark.slow
@pytest.mark.parametrize("world", WORLDS)
@pytest.mark.parametrize("workers", [1, 2, 4])
def test_the_full_grid_of_fifty_positions_resumes_exactly(
    many_parts: Made, world: int, workers: int
) -> None:
    whole = ids(feed(many_parts))
    choice, consumers = random.Random(world * 10 + workers), world * workers
    for _ in range(50):
        taken, rank = choice.randrange(len(whole) // consumers), choice.randrange(consumers)
        begun = feed(many_parts).shard(rank, consumers)
        before = ids(islice(begun, taken))
        resumed = feed(many_parts).shard(rank, consumers)
        resumed.load_state_dict(begun.state_dict())
        assert before + ids(resumed) == whole[rank::consumers]


@pytest.mark.parametrize("chunk", [1, 5])
def test_an_elastic_change_of_4_to_6_to_3_loses_and_repeats_nothing(
    many_parts: Made, chunk: int
) -> None:
    whole = ids(feed(many_parts))
    state, given = feed(many_parts).state_dict(), []
    for world, rounds in [(4, 3), (6, 2), (3, None)]:
        ranks = []
        for rank in range(world):
            each = feed(many_parts).shard(rank, world, chunk=chunk)
            each.load_state_dict(state)
            ranks.append(ids(islice(each, rounds * chunk if rounds else None)))
        state = each.state_dict()
        given += in_step(ranks, chunk)
    assert given == whole


def test_a_state_from_inside_a_chunk_fits_its_own_world_only(many_parts: Made) -> None:
    begun = feed(many_parts).shard(1, 2, chunk=4)
    taken = ids(islice(begun, 6))
    same = feed(many_parts).shard(1, 2, chunk=4)
    same.load_state_dict(begun.state_dict())
    assert taken + ids(same) == ids(feed(many_parts).shard(1, 2, chunk=4))
    with pytest.raises(UsageError, match="inside a chunk"):
        feed(many_parts).shard(1, 3, chunk=4).load_state_dict(begun.state_dict())


@pytest.mark.parametrize("position", [0, 1, 312, 313])
def test_the_edges_of_a_stream_are_resumed_too(many_parts: Made, position: int) -> None:
    whole, begun = ids(feed(many_parts)), feed(many_parts)
    list(islice(begun, position))
    resumed = feed(many_parts)
    resumed.load_state_dict(begun.state_dict())
    assert ids(resumed) == whole[position:]
    assert ids(resumed) == whole  # a state is used once; then it begins at the beginning


def test_shards_that_end_in_the_middle_of_a_round_say_that_they_are_at_the_end(
    many_parts: Made,
) -> None:
    for rank in range(4):
        each = feed(many_parts).shard(rank, 4, chunk=5)
        taken = ids(each)
        assert each.position == 313
        assert len(each) == len(taken)
        resumed = feed(many_parts).shard(rank, 4, chunk=5)
        resumed.load_state_dict(each.state_dict())
        assert ids(resumed) == []


def test_epochs_reshuffle_and_follow_each_other_in_one_stream(many_parts: Made) -> None:
    first, second = ids(feed(many_parts, epoch=0)), ids(feed(many_parts, epoch=1))
    assert first != second
    assert sorted(first) == sorted(second)
    assert ids(feed(many_parts, epochs=2)) == first + second
    assert ids(islice(feed(many_parts, epochs=None), 700)) == (first + second)[:700] + ids(
        islice(feed(many_parts, epoch=2), 700 - 626)
    )
    moved = feed(many_parts)
    list(islice(moved, 10))
    moved.set_epoch(1)
    assert ids(moved) == second


def test_a_predicate_chooses_rows_and_has_an_order_of_its_own(many_parts: Made) -> None:
    given = list(feed(many_parts, where="host = 'host3.example.org'", columns=["id", "host"]))
    expected = [r["id"] for r in all_documents(*many_parts) if r["host"] == "host3.example.org"]
    assert sorted(ids(given)) == sorted(expected)
    among = [i for i in ids(feed(many_parts)) if i in set(expected)]
    assert ids(given) != among


def test_a_predicate_may_ask_other_tables_and_leaves_out_what_it_does_not_know(
    many_parts: Made,
) -> None:
    where = "record_id != 'x' and id in (select document from ledger where outcome = 'kept')"
    expected = [r["id"] for r in all_documents(*many_parts) if r["record_id"] is not None]
    assert sorted(ids(feed(many_parts, where=where))) == sorted(expected)


def test_a_predicate_over_blocks_of_long_parts_takes_the_right_rows(long_part: Made) -> None:
    where = '"offset" % 7000 = 0'
    expected = [r["id"] for r in all_documents(*long_part) if r["offset"] % 7000 == 0]
    assert sorted(ids(feed(long_part, where=where))) == sorted(expected)


def test_a_predicate_that_nothing_meets_gives_nothing(many_parts: Made) -> None:
    assert list(feed(many_parts, where="false", epochs=None)) == []


@pytest.mark.parametrize(
    "where", ["year =", "true) limit 3 --", "true) or (false", "1; drop table x", "yaer = 3"]
)
def test_what_is_no_predicate_is_refused(many_parts: Made, where: str) -> None:
    with pytest.raises(UsageError):
        feed(many_parts, where=where)


def test_unknown_names_are_told_before_anything_is_read(many_parts: Made) -> None:
    with pytest.raises(UnknownName, match="colum"):
        feed(many_parts, columns=["txt"])
    with pytest.raises(UnknownName, match="cut"):
        choose(*many_parts, cut="preserved")


def test_a_state_of_another_order_is_refused_and_says_what_differs(many_parts: Made) -> None:
    state = feed(many_parts).state_dict()
    for options in ({"seed": 8}, {"window": 2}, {"epoch": 1}, {"where": "true"}):
        with pytest.raises(CheckFailed, match=next(iter(options))):
            feed(many_parts, **options).load_state_dict(state)
    with pytest.raises(CheckFailed, match="format"):
        feed(many_parts).load_state_dict({"position": 3})


def damaged(made: Made, folder: Path, part: int) -> Made:
    """A copy of a snapshot in which one bit of a part's documents is another."""
    shutil.copytree(made[0].root, folder)
    store = Store(folder)
    path = store.object_path(made[1].parts[part].documents.sha256)
    data = bytearray(path.read_bytes())
    data[len(data) // 3] ^= 16
    path.chmod(0o644)
    path.write_bytes(data)
    return store, made[1]


def test_a_damaged_part_raises_before_a_row_of_it_is_given(
    many_parts: Made, tmp_path: Path
) -> None:
    part = 8
    source = many_parts[1].parts[part].source
    made = damaged(many_parts, tmp_path / "copy", part)
    for seed in range(5):
        given: list[str] = []

        def run(seed: int = seed, given: list[str] = given) -> None:
            given.extend(d["source"] for d in feed(made, seed=seed, columns=["source"]))

        with pytest.raises(Corrupt):
            run()
        assert source not in given


def test_a_part_damaged_after_it_was_checked_is_found_by_its_page_checksums(
    long_part: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, manifest = damaged(long_part, tmp_path / "copy", 0)
    # As if the check had been before the damage.
    monkeypatch.setattr(store, "check", lambda ref: store.object_path(ref.sha256))
    columns = [name for name in all_documents(*long_part)[0] if name != "grade_reasons"]
    with pytest.raises(Corrupt):
        list(feed((store, manifest), columns=columns))


def test_no_two_feeds_share_their_place(many_parts: Made) -> None:
    base = feed(many_parts)
    first, second = base.shard(0, 2), base.shard(1, 2)

    def turns() -> Iterator[str]:
        for a, b in zip(first, second, strict=False):
            yield from ids([a, b])

    assert list(turns())[:300] == ids(feed(many_parts))[:300]
    assert base.position == 0


def test_ids_and_positions_of_a_range_agree_with_what_was_given(many_parts: Made) -> None:
    made = feed(many_parts, columns=["id"], epochs=2)
    whole = ids(made)
    assert list(made.ids(300, 330)) == list(enumerate(whole))[300:330]
    assert made.positions(whole[17])[0] == 17
    assert [whole[p] for p in made.positions(whole[500])] == [whole[500]] * 2
    assert made.positions("00" * 32) == []


def test_shards_that_cannot_be_are_refused(many_parts: Made) -> None:
    for rank, world, chunk in [(2, 2, 1), (-1, 2, 1), (0, 0, 1), (0, 1, 0)]:
        with pytest.raises(UsageError):
            feed(many_parts).shard(rank, world, chunk=chunk)
