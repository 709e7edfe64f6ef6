"""The report: numbers that are SQL's, text that does nothing, a page that is there or is not."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import duckdb
import pytest
from click.testing import CliRunner

import archive
from archive.cuts import load
from archive.cuts.parse import parse
from archive.errors import UsageError
from archive.page.html import html, page, plain, table
from archive.query.connection import connect
from archive.report import CUTS, Collected, collect, queries, render, write
from archive.report.sections import TITLES
from archive.sample import write_sample
from cli import group
from tests.report import snapshots
from tests.report.reading import Reader
from tests.stores import make_store

TAGS = {
    *("html", "head", "meta", "title", "style", "body", "nav", "section", "div", "a", "b", "bdi"),
    *("h1", "h2", "h3", "p", "br", "code", "pre", "ul", "li", "details", "summary", "table"),
    *("tr", "th", "td", "figure", "figcaption", "svg", "rect", "line", "circle", "polygon"),
    *("text", "defs", "pattern"),
}


def collected(con: duckdb.DuckDBPyConnection, folder: Path, *cuts: str) -> Collected:
    return collect(con, snapshots.manifest(folder), [load(name) for name in cuts or CUTS])


@pytest.fixture(scope="module")
def crawl() -> duckdb.DuckDBPyConnection:
    return snapshots.crawl()


@pytest.fixture(scope="module")
def read(crawl: duckdb.DuckDBPyConnection, tmp_path_factory: pytest.TempPathFactory) -> Reader:
    return Reader(render(collected(crawl, tmp_path_factory.mktemp("crawl"))))


def value(cell: str) -> Any:
    """A cell as the number that it shows, or as its text."""
    try:
        return round(float(cell.replace(",", "")), 2)
    except ValueError:
        return None if cell == "–" else cell


@pytest.mark.parametrize("name", [*queries.DOCUMENTS, *queries.SIGNALS, *queries.DUPLICATES])
def test_every_table_is_what_the_sql_beside_it_gives(
    name: str, crawl: duckdb.DuckDBPyConnection, read: Reader
) -> None:
    shown = read.table(name)
    rows = crawl.execute(shown.sql[0]).fetchall()
    given = [[v if v is None else value(str(v)) for v in row] for row in rows]
    assert [[value(cell) for cell in row] for row in shown.rows[1:]] == given
    assert rows


def test_the_tiles_are_numbers_of_the_contents(read: Reader) -> None:
    assert re.search(r"\b123documents\b", read.text)
    assert read.table("contents").rows[1][0] == "123"


@pytest.mark.parametrize("by", ["language", "script", "year", "host", "length", "rarity", "once"])
def test_what_survives_is_what_the_sql_of_each_cut_gives(
    by: str, crawl: duckdb.DuckDBPyConnection, read: Reader
) -> None:
    shown = read.table(f"by-{by}")
    assert shown.rows[0] == [by, *CUTS]
    assert len(shown.sql) == len(CUTS)
    for i, sql in enumerate(shown.sql, start=1):
        counted = {
            row[0]: f"{row[3]:,} of {row[1]:,}" for row in crawl.execute(sql).fetchall()
        }  # value, documents, hosts, kept
        told = {row[0]: row[i].partition(":")[0] for row in shown.rows[1:] if row[i] != "–"}
        assert told == counted


def test_a_page_has_every_section_and_its_own_anchors(read: Reader) -> None:
    assert [i for i in read.ids if i in TITLES] == list(TITLES)
    assert {v for name, v in read.attributes if name == "href"} == {f"#{key}" for key in TITLES}


def test_the_same_snapshot_and_cuts_have_the_same_page(
    crawl: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    first, again = (render(collected(crawl, tmp_path / str(n), "preserve")) for n in range(2))
    assert first == again


def test_hostile_text_is_shown_and_does_nothing(tmp_path: Path) -> None:
    made = render(collected(snapshots.hostile(), tmp_path))
    read = Reader(made)
    assert read.tags <= TAGS
    names = {name for name, _ in read.attributes}
    assert not {name for name in names if name.startswith("on") or name in ("src", "style")}
    assert {v for _, v in read.attributes if "//" in v} == {"http://www.w3.org/2000/svg"}
    assert plain(made) == made, "a control or a change of direction is in the page"
    for said in snapshots.HOSTILE:
        assert plain(said)[:100] in read.text
    assert "⟨U+202E⟩" in read.text


def test_a_snapshot_without_signals_says_what_computes_them(tmp_path: Path) -> None:
    store = make_store(tmp_path)
    manifest = store.manifest(*store.resolve("web"))
    found = collect(connect(store, manifest), manifest, [load("preserve"), load("everything")])
    assert set(found.lacking) >= {"signals", "duplicates", "preserve"}
    read = Reader(render(found))
    assert [i for i in read.ids if i in TITLES] == list(TITLES)
    assert read.text.count("lowbg annotate web@1") == 4  # languages, scripts, duplicates, cuts
    assert read.table("outcomes").rows[1:]


def test_a_snapshot_of_nothing_has_a_page(tmp_path: Path) -> None:
    read = Reader(render(collected(snapshots.tables([]), tmp_path)))
    assert [i for i in read.ids if i in TITLES] == list(TITLES)
    assert read.table("contents").rows[1] == ["0", "0", "0", "0", "–", "–"]


def test_two_cuts_of_one_name_are_refused_and_one_cut_twice_is_one(
    crawl: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    def mine(rule: str) -> Any:
        return parse(f"-- cut: mine\n-- source: me\n-- version: 1\n-- rule: r: x\n{rule}\n", "f")

    held = snapshots.manifest(tmp_path)
    with pytest.raises(UsageError, match="two different cuts"):
        collect(crawl, held, [mine("year > 1"), mine("year > 2")])
    twice = collect(crawl, held, [mine("year > 1"), mine("year > 1")])
    assert [each.cut for each in twice.tails] == ["mine"]


def test_a_page_that_cannot_be_put_in_its_place_leaves_nothing(
    crawl: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    found = collected(crawl, tmp_path / "made", "everything")
    folder = tmp_path / "out"
    (folder / "taken").mkdir(parents=True)
    with pytest.raises(OSError, match="taken"):
        write(found, folder / "taken")
    assert [path.name for path in folder.iterdir()] == ["taken"]
    write(found, folder / "page.html")
    assert sorted(path.name for path in folder.iterdir()) == ["page.html", "taken"]
    assert (folder / "page.html").read_text(encoding="utf-8") == render(found)


def test_the_command_writes_the_page_and_tells_scripts_its_numbers(tmp_path: Path) -> None:
    write_sample(tmp_path / "sample.warc.gz")
    archive.build([str(tmp_path / "sample.warc.gz")], "sample", tmp_path / "store")
    out = tmp_path / "page.html"
    asked = ["report", "sample", "--store", str(tmp_path / "store"), "--out", str(out)]
    done = CliRunner().invoke(group, [*asked, "--cut", "preserve", "--json"])
    assert done.exit_code == 0, done.output
    told = json.loads(done.output)
    assert told["page"] == str(out)
    assert told["answers"]["contents"]["rows"][0]["documents"] == 44
    assert [each["cut"] for each in told["cuts"]] == ["preserve"]
    assert told["content_root"] in out.read_text(encoding="utf-8")
    assert "every byte of every input" in out.read_text(encoding="utf-8").lower()


def test_a_real_crawl_has_a_page_with_every_section(shared_data: Path, tmp_path: Path) -> None:
    archive.build([str(shared_data / "warc/aut/example.warc.gz")], "aut", tmp_path / "store")
    asked = ["report", "aut", "--store", str(tmp_path / "store"), "--out", str(tmp_path / "page")]
    done = CliRunner().invoke(group, asked)
    assert done.exit_code == 0, done.output
    read = Reader((tmp_path / "page").read_text(encoding="utf-8"))
    assert [i for i in read.ids if i in TITLES] == list(TITLES)
    assert read.table("contents").rows[1][0] == "127"
    assert "lowbg annotate" not in read.text
    assert read.tags <= TAGS


def test_a_table_shows_what_no_reader_would_see() -> None:
    assert html("a\u202eb<") == "a⟨U+202E⟩b&lt;"
    assert plain("می‌روم") == "می‌روم", "Persian is spelt with U+200C"
    assert '<td class="n">1,000</td>' in table(["n"], [["1,000"]])
    assert "<title>&lt;x&gt;</title>" in page("<x>", "")
