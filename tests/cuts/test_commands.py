"""`lowbg cuts`, `tails` and `why`, as a user calls them on the bundled sample."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import archive
from archive.cuts import FROZEN, load
from archive.errors import LowbgError
from archive.sample import write_sample
from cli import group


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("cuts")
    write_sample(folder / "sample.warc.gz")
    archive.build([str(folder / "sample.warc.gz")], name="web", store=folder / "store")
    return str(folder / "store")


def lowbg(*arguments: str) -> Result:
    return CliRunner().invoke(group, arguments)


def test_cuts_lists_every_cut_and_shows_one_whole() -> None:
    listed = json.loads(lowbg("cuts", "--json").output)
    assert [cut["cut"] for cut in listed] == list(FROZEN)
    shown = lowbg("cuts", "gopher").output
    for rule in load("gopher").rules:
        assert f"{rule.name}: {rule.meaning}\n    {rule.predicate}\n" in shown
    for deviation in load("gopher").deviations:
        assert deviation in shown
    assert isinstance(lowbg("cuts", "goffer").exception, LowbgError)


def test_tails_counts_the_sample_as_sql_does(store: str) -> None:
    cut = ["--cut", "fineweb-2024-04", "--store", store]
    told = json.loads(lowbg("tails", "web", *cut, "--json").output)
    query = "select count(*) from clean"
    [row] = json.loads(lowbg("sql", "web", query, "--json", *cut).output)
    assert told["overall"]["kept"] == next(iter(row.values()))
    languages = {g["value"]: g["kept"] for g in told["groups"] if g["by"] == "language"}
    assert {name for name, kept in languages.items() if kept} == {"en"}
    assert set(told["queries"]) >= {"all", "language", "rarity"}


def test_the_sample_survives_preserve_in_every_language(store: str) -> None:
    shown = lowbg("tails", "web", "--by", "language", "--store", store)
    assert shown.output.startswith("preserve keeps 43 of 43 documents (100.0 %)")
    assert "warning" not in shown.output.split("\n\n")[0]


def test_the_printed_queries_are_those_that_sql_answers(store: str) -> None:
    shown = lowbg("tails", "web", "--by", "year", "--sql", "--store", store).output
    query = shown.partition("-- year\n")[2].strip().removesuffix(";")
    rows = json.loads(lowbg("sql", "web", query, "--json", "--store", store).output)
    assert sum(int(row["sum(n)"]) for row in rows) == 43


def test_why_names_the_rules_that_drop_a_page(store: str) -> None:
    url = "http://www.smallthings.example/ko/jangdok.html"
    told = json.loads(
        lowbg("why", "web", url, "--cut", "gopher", "--json", "--store", store).output
    )
    verdicts = {verdict["rule"]: verdict for verdict in told["verdicts"]}
    assert (told["url"], told["kept"]) == (url, False)
    assert verdicts["stop-words"]["outcome"] == "cut"
    assert verdicts["stop-words"]["values"] == {"gopher_stop_words_distinct": 0}
    shown = lowbg("why", "web", told["id"][:8], "--store", store).output
    assert "kept" in shown.splitlines()[3]


def test_a_cut_of_ones_own_works_as_a_frozen_one(store: str, tmp_path: Path) -> None:
    path = tmp_path / "korean.sql"
    path.write_text(
        "-- cut: korean\n-- source: me\n-- version: 1\n-- rule: script: Hangul\nscript = 'Hang'\n"
    )
    shown = lowbg("tails", "web", "--cut", str(path), "--by", "script", "--store", store).output
    assert shown.startswith("korean keeps 1 of 43 documents")


def test_a_snapshot_that_was_not_annotated_is_no_ground_for_a_cut(tmp_path: Path) -> None:
    write_sample(tmp_path / "sample.warc.gz")
    archive.build(
        [str(tmp_path / "sample.warc.gz")], name="web", store=tmp_path / "bare", annotate=False
    )
    for name, lacks in (("gopher", "signals and no duplicates"), ("first", "duplicates")):
        for command in (["tails", "web"], ["why", "web", "0000"], ["sql", "web", "select 1"]):
            error = lowbg(*command, "--cut", name, "--store", str(tmp_path / "bare")).exception
            assert isinstance(error, LowbgError)
            assert str(error) == f"web@1 has no {lacks} for the cut {name} to read", command
            assert error.next_step == "lowbg annotate web@1"
    shown = lowbg("tails", "web", "--cut", "everything", "--store", str(tmp_path / "bare")).output
    assert shown.startswith("everything keeps 44 of 44 documents")
