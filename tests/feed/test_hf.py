"""As a Hugging Face dataset: the same rows, shared out and resumed by its own means."""

from __future__ import annotations

from itertools import chain, islice
from pathlib import Path
from typing import Any

import pytest

import archive
from archive.errors import Corrupt
from archive.feed.cut import choose
from archive.feed.hf import to_datasets
from tests.feed.conftest import Made
from tests.feed.snapshots import all_documents, make_snapshot
from tests.feed.test_feed import damaged, ids


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import datasets

    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")


def streamed(made: Made, where: str | None = None, columns: list[str] | None = None) -> Any:
    return to_datasets(*made, choose(*made, where=where), columns, streaming=True)


def test_streamed_documents_are_those_of_the_files(many_parts: Made) -> None:
    assert list(streamed(many_parts)) == all_documents(*many_parts)


def test_a_map_style_dataset_has_the_same_documents(many_parts: Made) -> None:
    chosen = choose(*many_parts, where="host < 'host3'")
    columns = ["id", "captured_at", "grade_reasons", "text"]
    made = to_datasets(*many_parts, chosen, columns, streaming=False)
    expected = [row for row in all_documents(*many_parts) if row["host"] < "host3"]
    assert list(made) == [{name: row[name] for name in columns} for row in expected]
    assert made[5]["id"] == expected[5]["id"]


@pytest.mark.parametrize("world", [2, 3, 5])
def test_nodes_share_the_documents_out(many_parts: Made, world: int) -> None:
    from datasets.distributed import split_dataset_by_node

    made = streamed(many_parts, columns=["id"])
    nodes = [ids(split_dataset_by_node(made, rank, world)) for rank in range(world)]
    assert sorted(chain(*nodes)) == sorted(ids(all_documents(*many_parts)))


def test_a_streamed_dataset_resumes_by_its_own_state(many_parts: Made) -> None:
    made = streamed(many_parts, columns=["id"])
    begun = ids(islice(made, 101))
    resumed = streamed(many_parts, columns=["id"])
    resumed.load_state_dict(made.state_dict())
    assert begun + ids(resumed) == ids(all_documents(*many_parts))


def test_a_cut_of_nothing_is_a_dataset_of_nothing(many_parts: Made, tmp_path: Path) -> None:
    assert list(streamed(many_parts, where="false")) == []
    nothing = choose(*many_parts, where="false")
    assert list(to_datasets(*many_parts, nothing, None, streaming=False)) == []
    assert list(streamed(make_snapshot(tmp_path / "empty", ()))) == []


def test_a_damaged_part_is_not_streamed(many_parts: Made, tmp_path: Path) -> None:
    made = streamed(damaged(many_parts, tmp_path / "copy", 8), columns=["source"])
    given: list[str] = []
    with pytest.raises(Corrupt):
        given.extend(row["source"] for row in made)
    assert many_parts[1].parts[8].source not in given


def test_the_public_face_gives_feeds_mixes_and_datasets(many_parts: Made) -> None:
    web = archive.open("web@1", many_parts[0].root)
    feed = web.feed(columns=["id"], seed=7)
    other = [{"id": "a"}, {"id": "b"}]
    mixed = archive.mix([(feed, 0.9), (other, 0.1)], seed=7, guard=archive.originals(0.9))
    assert sum(len(document["id"]) == 1 for document in mixed) == 2
    assert list(web.to_datasets(columns=["url"])) == [
        {"url": row["url"]} for row in all_documents(*many_parts)
    ]
