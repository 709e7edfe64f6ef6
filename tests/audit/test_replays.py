"""A replay run's folder as a corpus, and as the synthetic side."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import pytest

from archive.audit.corpora import Place, resolve
from archive.audit.items import Item, Wanted
from archive.errors import UsageError
from archive.replay import runs
from tests.replay.made import taken


def read(path: Path) -> list[str]:
    with ExitStack() as stack:
        (corpus,) = resolve([str(path)], Place("nowhere", Wanted()), stack)
        return [row.text for row in corpus.rows(lambda _: None) if isinstance(row, Item)]


def test_the_texts_of_all_generations_are_read_as_they_were_written(tmp_path: Path) -> None:
    config = runs.Config(policies=("preserve:0.5",), generations=2, seeds=1, words=640)
    folder, _ = runs.run(taken(), config, tmp_path / "run", workers=1)
    texts = read(folder.path)
    # Generation 0, and two generations of the policy and each of the two controls: ten blocks each.
    assert len(texts) == 10 * (1 + 2 * 3)
    assert all(len(text.split()) == 64 for text in texts)
    assert {word[0] for text in texts for word in text.split()} == {"w"}
    assert texts == read(folder.path)


def test_a_run_that_wrote_nothing_yet_says_so(tmp_path: Path) -> None:
    (tmp_path / "stages").mkdir()
    (tmp_path / "run.json").write_text("{}")
    with pytest.raises(UsageError, match="has written anything"):
        read(tmp_path)
