"""A mix is the same every time, keeps its fractions in every window, and goes on exactly."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Iterator
from fractions import Fraction
from itertools import islice
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.errors import CheckFailed, UnknownName, UsageError
from archive.feed.mix import mix, originals
from archive.feed.schedule import pattern, weights
from archive.feed.stream import Stream
from tests.feed.conftest import Made
from tests.feed.test_feed import feed, ids, in_step


class Stories:
    """An iterable of dicts that says nothing of its length, as a generator behind a class does."""

    def __init__(self, name: str, count: int, tokens: int = 1) -> None:
        self.name, self.count, self.tokens = name, count, tokens

    def __iter__(self) -> Iterator[dict[str, Any]]:
        for number in range(self.count):
            yield {"id": f"{self.name}{number}", "tokens": self.tokens + number % 3}


def kind(document: dict[str, Any]) -> str:
    return "web" if len(document["id"]) == 64 else str(document["id"][0])


@given(st.lists(st.integers(1, 25), min_size=1, max_size=5))
def test_after_any_number_of_documents_every_share_is_off_by_less_than_one(
    parts: list[int],
) -> None:
    whole, given_so_far = weights(parts), Counter[int]()
    for n, number in enumerate(pattern(whole).tolist() * 2, start=1):
        given_so_far[number] += 1
        for i, part in enumerate(whole):
            assert abs(given_so_far[i] - Fraction(part * n, sum(whole))) < 1


def test_fractions_hold_over_every_window_of_a_mix(many_parts: Made) -> None:
    made = mix({feed(many_parts): 0.9, Stories("s", 1000): 0.1}, seed=7, when_ended="repeat")
    kinds = [kind(d) for d in islice(made, 2000)]
    for size in (10, 57, 500):
        for start in range(0, 1400, 7):
            stories = kinds[start : start + size].count("s")
            assert abs(stories - size / 10) < 2


def mixes(many_parts: Made) -> dict[str, Any]:
    """A maker of the same mix again and again, for every policy."""
    return {
        "stop": lambda: mix([(feed(many_parts), 0.7), (Stories("s", 90), 0.3)], seed=3),
        "stop at a list": lambda: mix([(feed(many_parts), 2), (list(Stories("s", 90)), 1)], seed=3),
        "repeat": lambda: mix(
            {feed(many_parts): 5, Stories("s", 40): 2, feed(many_parts, seed=2): 1},
            seed=3,
            when_ended="repeat",
        ),
        "reweight": lambda: mix(
            [(Stories("s", 33), 2), (feed(many_parts), 5), (Stories("t", 90), 3)],
            when_ended="reweight",
        ),
        "tokens": lambda: mix(
            [(Stories("s", 200, 5), 2), (Stories("t", 300, 9), 3)],
            by="tokens",
            when_ended="reweight",
        ),
    }


POLICIES = ["stop", "stop at a list", "repeat", "reweight", "tokens"]


@pytest.mark.parametrize("policy", POLICIES)
def test_a_mix_is_the_same_every_time(many_parts: Made, policy: str) -> None:
    make = mixes(many_parts)[policy]
    first = ids(islice(make(), 700))
    assert ids(islice(make(), 700)) == first
    assert len(set(first)) == len(first) or policy == "repeat"


@pytest.mark.parametrize("policy", POLICIES)
def test_a_mix_goes_on_exactly_at_any_position_and_world(many_parts: Made, policy: str) -> None:
    make = mixes(many_parts)[policy]
    whole, choice = ids(islice(make(), 700)), random.Random(5)
    for world in (1, 2, 3):
        for _ in range(3):
            taken = choice.randrange(len(whole) // world)
            ranks, rests = [], []
            for rank in range(world):
                begun = make().shard(rank, world)
                ranks.append(ids(islice(begun, taken)))
                resumed = make().shard(rank, world)
                resumed.load_state_dict(json.loads(json.dumps(begun.state_dict())))
                left = len(range(rank + taken * world, len(whole), world))
                rests.append(ids(islice(resumed, left)))
            assert in_step(ranks) + in_step(rests) == whole


@pytest.mark.parametrize("policy", ["stop", "stop at a list", "reweight", "tokens"])
def test_all_ranks_end_at_the_same_position(many_parts: Made, policy: str) -> None:
    make = mixes(many_parts)[policy]
    whole = ids(make())
    for world in (2, 5):
        assert in_step([ids(make().shard(rank, world)) for rank in range(world)]) == whole


@pytest.mark.parametrize("policy", POLICIES)
def test_a_mix_changes_its_world_size_without_loss(many_parts: Made, policy: str) -> None:
    make = mixes(many_parts)[policy]
    whole, state = ids(islice(make(), 60)), None
    given_so_far: list[str] = []
    for world, rounds in [(4, 6), (6, 4), (3, 4)]:
        ranks = []
        for rank in range(world):
            each: Stream = make().shard(rank, world)
            if state:
                each.load_state_dict(state)
            ranks.append(ids(islice(each, rounds)))
        given_so_far, state = given_so_far + in_step(ranks), each.state_dict()
    assert given_so_far == whole


def test_stop_ends_where_the_first_source_has_no_more(many_parts: Made) -> None:
    given_so_far = Counter(map(kind, mixes(many_parts)["stop"]()))
    assert given_so_far["s"] == 90
    assert abs(given_so_far["web"] - 210) <= 2


def test_reweight_gives_everything_and_keeps_the_proportion_of_those_that_are_left(
    many_parts: Made,
) -> None:
    given_so_far = [kind(d) for d in mixes(many_parts)["reweight"]()]
    assert Counter(given_so_far) == {"s": 33, "web": 313, "t": 90}
    last = len(given_so_far) - 1 - given_so_far[::-1].index("s")
    both = Counter(given_so_far[last + 1 : last + 57])
    assert abs(both["web"] - 35) <= 2
    assert abs(both["t"] - 21) <= 2


def test_repeat_begins_a_feed_again_in_another_order(many_parts: Made) -> None:
    made = mix({feed(many_parts): 1}, when_ended="repeat")
    given_so_far = ids(islice(made, 626))
    assert given_so_far == ids(feed(many_parts, epochs=2))


def test_by_tokens_no_source_is_ahead_of_its_share_by_more_than_a_document(
    many_parts: Made,
) -> None:
    spent = Counter[str]()
    for document in mix([(Stories("s", 900, 5), 2), (Stories("t", 900, 9), 3)], by="tokens"):
        spent[kind(document)] += document["tokens"]
        assert abs(spent["s"] / 2 - spent["t"] / 3) <= 11
    assert spent["s"] > 3000


def test_the_state_tells_what_each_source_has_given(many_parts: Made) -> None:
    made = mix({feed(many_parts): 3, Stories("s", 900): 1}, seed=7)
    kinds = Counter(kind(d) for d in islice(made, 101))
    assert made.state_dict()["given"] == [kinds["web"], kinds["s"]]


def test_a_state_of_other_shares_is_refused(many_parts: Made) -> None:
    state = mix({feed(many_parts): 3, Stories("s", 9): 1}).state_dict()
    with pytest.raises(CheckFailed, match="weights"):
        mix({feed(many_parts): 4, Stories("s", 9): 1}).load_state_dict(state)


def test_originals_refuses_a_mix_that_begins_below_its_floor_or_could_fall_below(
    many_parts: Made,
) -> None:
    web, synthetic = feed(many_parts), Stories("s", 9)
    mix({web: 0.5, synthetic: 0.5}, guard=originals(0.5))
    mix({web: 0.5, synthetic: 0.5}, guard=originals(0.5), when_ended="repeat")
    with pytest.raises(CheckFailed, match="below the floor"):
        mix({web: 0.49, synthetic: 0.51}, guard=originals(0.5))
    with pytest.raises(CheckFailed, match="without them"):
        mix({web: 0.5, synthetic: 0.5}, guard=originals(0.5), when_ended="reweight")
    with pytest.raises(CheckFailed, match="below the floor"):
        mix({synthetic: 1}, guard=originals(0.01))


def test_what_cannot_be_mixed_is_refused(many_parts: Made) -> None:
    with pytest.raises(UsageError, match="begun twice"):
        mix([(iter([{"id": "a"}]), 1)])
    with pytest.raises(UsageError, match="shard already"):
        mix({feed(many_parts).shard(0, 2): 1})
    with pytest.raises(UsageError, match="shares"):
        mix({feed(many_parts): 0.0})
    with pytest.raises(UsageError, match="repeat only after"):
        mix({feed(many_parts): 0.12345678, Stories("s", 9): 0.3})
    with pytest.raises(UnknownName):
        mix({feed(many_parts): 1}, by="words")
    with pytest.raises(UsageError, match="no documents"):
        mix([([], 1)], when_ended="repeat")
    with pytest.raises(UsageError, match="no tokens"):
        list(mix({feed(many_parts): 1}, by="tokens"))


def test_a_mix_goes_through_a_loader_and_on_exactly(many_parts: Made) -> None:
    pytest.importorskip("torch.utils.data")

    def loader(workers: int) -> Any:
        shares = {feed(many_parts): 0.8, Stories("s", 300): 0.2}
        made = mix(shares, seed=1)
        return made.loader(8, workers, collate_fn=ids)

    whole = [each for batch in loader(0) for each in batch]
    begun, resumed = loader(2), loader(0)
    first = [each for batch in islice(begun, 7) for each in batch]
    resumed.load_state_dict(begun.state_dict())
    assert first + [each for batch in resumed for each in batch] == whole
