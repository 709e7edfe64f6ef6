"""`lowbg crawls` as a user calls it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from archive.commoncrawl import collinfo, crawls
from cli import group, output
from tests.servers import web


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOWBG_CACHE", str(tmp_path / "cache"))


def called(*arguments: str) -> Result:
    return CliRunner().invoke(group, ["crawls", *arguments], catch_exceptions=True)


def test_the_table_has_a_line_for_each_crawl_before_the_era() -> None:
    done = called("--before", "gpt2")
    assert done.exit_code == 0
    lines = [line for line in done.stdout.splitlines() if line.startswith("CC-MAIN-")]
    assert [line.split()[0] for line in lines] == [
        each.id for each in crawls.bundled() if each.first < "2019-11-05"
    ]
    assert "CC-MAIN-2008-2009  2008-05-09  2009-01-09  arc       12 TiB" in done.stdout


def test_a_crawl_that_goes_on_beyond_the_day_is_told() -> None:
    done = called("--before", "chatgpt")
    assert "CC-MAIN-2022-49 goes on after 2022-11-30" in done.stdout
    assert "goes on" not in called("--before", "2022-11-26").stdout


def test_json_has_every_fact_and_the_source_of_each() -> None:
    told = json.loads(called("--before", "2013-06-01", "--json").stdout)
    assert [each["id"] for each in told["crawls"]] == [
        *("CC-MAIN-2008-2009", "CC-MAIN-2009-2010", "CC-MAIN-2012", "CC-MAIN-2013-20")
    ]
    last = told["crawls"][-1]
    assert last["straddles"]
    assert last["formats"]["wet"]["size"] == "4.42 TiB"
    assert last["sources"]["sizes"] in told["sources"]


def test_a_refresh_reads_the_publishers_list_and_says_where_it_is_kept(tmp_path: Path) -> None:
    entry = {"name": "Index", "from": "2031-01-01T00:00:00", "to": "2031-01-09T00:00:00"}
    known = {**entry, "id": "CC-MAIN-2019-35", "from": "2019-08-17", "to": "2019-08-26"}
    with web() as served:
        body = json.dumps([{**entry, "id": "CC-MAIN-2031-02"}, known]).encode()
        done = called("--refresh", served.put("collinfo.json", body))
    assert done.exit_code == 0
    assert str(tmp_path / "cache") in done.stderr
    assert "CC-MAIN-2031-02    2031-01-01" in done.stdout
    assert "CC-MAIN-2031-02" in called().stdout


def test_without_a_url_the_publishers_own_list_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = {"id": "CC-MAIN-2019-35", "name": "x", "from": "2019-08-16", "to": "2019-08-26"}
    (tmp_path / "collinfo.json").write_text(json.dumps([entry]))
    monkeypatch.setattr(collinfo, "COLLINFO", str(tmp_path / "collinfo.json"))
    told = json.loads(called("--refresh", "--json").stdout)
    assert next(c for c in told["crawls"] if c["id"] == entry["id"])["first"] == "2019-08-16"


def test_a_list_that_is_none_changes_nothing(tmp_path: Path) -> None:
    (tmp_path / "collinfo.json").write_text("[]")
    done = called("--refresh", str(tmp_path / "collinfo.json"))
    assert done.exit_code != 0
    assert not list((tmp_path / "cache").rglob("*.json"))


def test_what_is_no_day_is_wrong_use(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["lowbg", "crawls", "--before", "yesterday"])
    assert output.run(group) == output.WRONG_USE
