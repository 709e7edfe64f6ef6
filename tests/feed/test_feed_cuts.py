"""A feed takes what the view `clean` of its cut has, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

import archive
from archive import cuts
from archive.errors import UnknownName
from archive.query import connection
from tests.archives import write_crawl


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> archive.Snapshot:
    folder = tmp_path_factory.mktemp("cuts")
    return archive.build(write_crawl(folder / "crawl"), "web", folder / "store")


@pytest.mark.parametrize("name", ["everything", "first", "preserve", "gopher"])
def test_a_feed_of_a_cut_is_its_clean_view(web: archive.Snapshot, name: str) -> None:
    clean = cuts.define_clean(web.manifest, cuts.load(name))
    with connection.connect(web.store, web.manifest, clean=clean) as con:
        wanted = {each for (each,) in con.execute("select id from clean").fetchall()}
    assert {document["id"] for document in web.feed(cut=name, columns=["id"])} == wanted


def test_a_predicate_narrows_a_cut_and_may_read_signals(web: archive.Snapshot) -> None:
    fed = list(web.feed(cut="first", columns=["title"], where="script = 'Cyrl'"))
    assert [document["title"] for document in fed] == ["ferry"]


def test_a_cut_of_ones_own_is_a_file(web: archive.Snapshot, tmp_path: Path) -> None:
    own = tmp_path / "own.sql"
    own.write_text(
        "-- cut: own\n-- source: a test\n-- version: 1\n\n-- rule: latin: in Latin script\n"
        "script = 'Latn'\n"
    )
    titles = {document["title"] for document in web.feed(cut=str(own), columns=["title"])}
    assert titles == {"tide", "bread", "radio", "letter"}


def test_an_unknown_cut_lists_the_known_ones(web: archive.Snapshot) -> None:
    with pytest.raises(UnknownName) as caught:
        web.feed(cut="preserv")
    assert "preserve" in caught.value.next_step
