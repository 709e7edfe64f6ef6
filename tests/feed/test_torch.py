"""Through a DataLoader: the same documents, with any number of workers, resumed exactly."""

from __future__ import annotations

import copy
import json
import pickle
from itertools import islice
from typing import Any

import pytest

from archive.feed.feed import Feed
from archive.feed.stream import for_torch
from tests.feed.conftest import Made
from tests.feed.test_feed import feed, ids

torch = pytest.importorskip("torch.utils.data")

pytestmark = pytest.mark.filterwarnings("ignore:This DataLoader will create")


def batches(loader: Any, count: int | None = None) -> list[list[str]]:
    return [batch["id"] for batch in islice(loader, count)]


def flat(given: list[list[str]]) -> list[str]:
    return [each for batch in given for each in batch]


@pytest.mark.parametrize("workers", [0, 2, 4])
def test_batches_are_the_same_for_every_number_of_workers(many_parts: Made, workers: int) -> None:
    whole = ids(feed(many_parts))
    given = batches(feed(many_parts).loader(16, workers))
    assert given == [whole[i : i + 16] for i in range(0, 313, 16)]


@pytest.mark.parametrize(("before", "after"), [(2, 2), (4, 0), (0, 2)])
def test_a_loader_goes_on_exactly_with_other_workers_too(
    many_parts: Made, before: int, after: int
) -> None:
    whole, begun = ids(feed(many_parts)), feed(many_parts).loader(8, before)
    given = flat(batches(begun, 11))
    state = json.loads(json.dumps(begun.state_dict()))
    resumed = feed(many_parts).loader(8, after)
    resumed.load_state_dict(state)
    assert given + flat(batches(resumed)) == whole
    assert resumed.state_dict()["position"] == 313


def test_ranks_with_workers_share_out_the_whole_and_change_in_number(many_parts: Made) -> None:
    whole, state, given = ids(feed(many_parts)), None, []
    for world, workers, rounds in [(4, 2, 3), (3, 0, 4), (2, 2, None)]:
        ranks = []
        for rank in range(world):
            loader = feed(many_parts).shard(rank, world).loader(6, workers)
            if state:
                loader.load_state_dict(state)
            ranks.append(batches(loader, rounds))
        state = loader.state_dict()
        for number in range(max(map(len, ranks))):
            given += flat([batch for rank in ranks for batch in rank[number : number + 1]])
    assert given == whole


def test_a_plain_dataloader_takes_a_feed_as_it_is(many_parts: Made) -> None:
    made = feed(many_parts)
    for_torch(made)
    assert isinstance(made, torch.IterableDataset)
    assert isinstance(made, Feed)
    given = flat(batches(torch.DataLoader(made, batch_size=10, num_workers=2)))
    assert sorted(given) == sorted(ids(feed(many_parts)))
    assert ids(pickle.loads(pickle.dumps(made))) == ids(copy.copy(made)) == ids(feed(many_parts))
