"""Packed blocks: every token once, in order, resumed at the token, the same for every world."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from itertools import chain, islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from archive.errors import CheckFailed, Corrupt, UsageError
from archive.feed.cut import choose
from archive.feed.feed import Feed
from archive.feed.mix import mix, originals
from archive.feed.packed import TokenFeed
from archive.feed.receipt import from_state
from archive.feed.stream import Document, Mine
from archive.feed.tokenizer import read_tokenizer
from tests.feed.conftest import Made
from tests.feed.test_feed import feed, in_step
from tests.feed.tokenizers_made import word_tokenizer


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return word_tokenizer(tmp_path_factory.mktemp("tokenizer") / "tokenizer.json")


def packed(made: Made, tokenizer: Path, **options: Any) -> TokenFeed:
    return feed(made, **options).tokens(tokenizer, 64, eod="<eod>")


def ids(blocks: Any) -> list[list[int]]:
    return [block["input_ids"].tolist() for block in blocks]


def documents(made: Made, tokenizer: Path) -> list[list[int]]:
    """The token ids of every document, in the order of the feed."""
    texts = [document["text"] for document in feed(made, columns=["text"])]
    return [[*each, 0] for each in read_tokenizer(tokenizer).encode(texts)]


def test_blocks_are_the_tokens_of_the_documents_one_behind_the_other(
    many_parts: Made, tokenizer: Path
) -> None:
    everything = list(chain(*documents(many_parts, tokenizer)))
    whole = len(everything) // 64
    assert whole > 300
    given = ids(packed(many_parts, tokenizer))
    assert given == [everything[n * 64 : n * 64 + 64] for n in range(whole)]


def test_every_block_says_where_it_begins_and_where_its_documents_do(
    many_parts: Made, tokenizer: Path
) -> None:
    made = documents(many_parts, tokenizer)
    for block in packed(many_parts, tokenizer):
        of, segments = made[block["document"]][block["token"] :], block["segments"]
        first = block["input_ids"][segments == 0].tolist()
        assert first == of[: len(first)]
        ends = np.flatnonzero(block["input_ids"] == 0)
        assert np.flatnonzero(np.diff(segments)).tolist() == [end for end in ends if end < 63]


@pytest.mark.parametrize("world", [1, 2, 3])
def test_a_feed_of_tokens_resumes_at_the_token(
    many_parts: Made, tokenizer: Path, world: int
) -> None:
    whole, choice = ids(packed(many_parts, tokenizer)), random.Random(2)
    for taken in [0, 1, *choice.sample(range(len(whole) // world), 2)]:
        ranks, rests = [], []
        for rank in range(world):
            begun = packed(many_parts, tokenizer).shard(rank, world)
            ranks.append(ids(islice(begun, taken)))
            resumed = packed(many_parts, tokenizer).shard(rank, world)
            resumed.load_state_dict(json.loads(json.dumps(begun.state_dict())))
            rests.append(ids(resumed))
        assert in_step(ranks) + in_step(rests) == whole


class Watched(Feed):
    """A feed that notes from where on it is read."""

    asked: list[int]

    def walk(self, first: int, mine: Mine | None) -> Iterator[Document]:
        self.asked.append(first)
        return super().walk(first, mine)


def test_going_on_does_not_cut_what_was_fed_into_tokens_again(
    many_parts: Made, tokenizer: Path
) -> None:
    begun = packed(many_parts, tokenizer)
    fed = list(islice(begun, 1000))
    watched = Watched(*many_parts, choose(*many_parts), seed=7, window=3)
    watched.asked = []
    resumed = watched.tokens(tokenizer, 64, eod="<eod>")
    resumed.load_state_dict(begun.state_dict())
    next(iter(resumed))
    assert watched.asked[0] >= fed[-1]["document"] > 20


def test_a_world_may_change_between_blocks(many_parts: Made, tokenizer: Path) -> None:
    whole = ids(packed(many_parts, tokenizer))
    given: list[Any] = []
    state = packed(many_parts, tokenizer).state_dict()
    for world, rounds in [(2, 30), (3, 20), (1, None)]:
        ranks = []
        for rank in range(world):
            each = packed(many_parts, tokenizer).shard(rank, world)
            each.load_state_dict(state)
            ranks.append(ids(islice(each, rounds)))
        given, state = given + in_step(ranks), each.state_dict()
    assert given == whole


def test_epochs_follow_each_other_without_a_gap(many_parts: Made, tokenizer: Path) -> None:
    one = len(list(chain(*documents(many_parts, tokenizer))))
    assert len(ids(packed(many_parts, tokenizer, epochs=3))) == 3 * one // 64


def test_feeds_of_tokens_mix_by_block_which_is_by_token_and_go_on(
    many_parts: Made, tokenizer: Path
) -> None:
    def job() -> Any:
        web, other = (packed(many_parts, tokenizer, epochs=None, seed=s) for s in (1, 2))
        return mix({web: 0.75, other: 0.25}, seed=1, guard=originals(1))

    whole, made = ids(islice(job(), 400)), job()
    first = ids(islice(made, 150))
    state = json.loads(json.dumps(made.state_dict()))
    assert state["known"][0]["block"] > 100
    resumed = job()
    resumed.load_state_dict(state)
    assert first + ids(islice(resumed, 250)) == whole
    with pytest.raises(UsageError, match="end is not known"):
        mix({packed(many_parts, tokenizer): 1})


def test_the_receipt_of_a_feed_of_tokens_names_the_documents_begun(
    many_parts: Made, tokenizer: Path
) -> None:
    made = packed(many_parts, tokenizer)
    last = list(islice(made, 77))[-1]
    (found,) = from_state(many_parts[0], made.state_dict())
    assert (found.first, found.last) == (0, last["document"] + int(last["segments"][-1]) + 1)


def test_a_loader_gives_batches_of_blocks_with_any_number_of_workers(
    many_parts: Made, tokenizer: Path
) -> None:
    pytest.importorskip("torch.utils.data")
    whole = ids(packed(many_parts, tokenizer))
    begun = packed(many_parts, tokenizer).loader(8, 2)
    first = [row.tolist() for batch in islice(begun, 5) for row in batch["input_ids"]]
    resumed = packed(many_parts, tokenizer).loader(8, 0)
    resumed.load_state_dict(begun.state_dict())
    rest = [row.tolist() for batch in resumed for row in batch["input_ids"]]
    assert first + rest == whole


def test_a_state_under_another_tokenizer_or_length_is_refused(
    many_parts: Made, tokenizer: Path
) -> None:
    state = packed(many_parts, tokenizer).state_dict()
    with pytest.raises(CheckFailed, match="length"):
        feed(many_parts).tokens(tokenizer, 65, eod="<eod>").load_state_dict(state)
    with pytest.raises(CheckFailed, match="eod"):
        feed(many_parts).tokens(tokenizer, 64).load_state_dict(state)


def test_what_is_no_tokenizer_is_refused(many_parts: Made, tmp_path: Path, tokenizer: Path) -> None:
    (tmp_path / "junk.json").write_text("{}")
    with pytest.raises(Corrupt, match="tokenizer"):
        feed(many_parts).tokens(tmp_path / "junk.json", 64)
    with pytest.raises(UsageError, match="no token"):
        feed(many_parts).tokens(tokenizer, 64, eod="</s>")
    with pytest.raises(UsageError, match="no block"):
        feed(many_parts).tokens(tokenizer, 0)
