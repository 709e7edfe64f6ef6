"""A predicate over the columnar index selects what it is true of, or says why it cannot."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from archive.commoncrawl import crawls, index, ranges
from archive.commoncrawl.columns import COLUMNS, SINCE
from archive.commoncrawl.crawl import Crawl
from archive.commoncrawl.places import Base, base_of, read_ranges
from archive.commoncrawl.selected import Selected
from archive.errors import Corrupt, EnvironmentFailed, LowbgError, UnknownName, UsageError
from tests.commoncrawl.layout import Layout, Page, make

GAELIC = "content_languages like '%gla%' and url_host_tld = 'scot'"

PREDICATES: dict[str, Callable[[dict[str, Any]], bool]] = {
    GAELIC: lambda row: "gla" in row["content_languages"] and row["url_host_tld"] == "scot",
    "fetch_status = 200": lambda row: True,
    "length(url) > 24": lambda row: len(row["url"]) > 24,
    "url_port is not null": lambda row: False,
    "url_query = 'x'": lambda row: False,  # null is not true
    "warc_record_offset > 1000 or url_path = '/taigh'": lambda row: (
        row["warc_record_offset"] > 1000 or row["url_path"] == "/taigh"
    ),
    "crawl = 'CC-MAIN-2019-35' and subset = 'warc' and url_host_tld <> 'scot'": lambda row: (
        row["url_host_tld"] != "scot"
    ),
    "fetch_time < timestamp '2019-08-21' -- said\n": lambda row: True,
}


@pytest.mark.parametrize("predicate", PREDICATES)
def test_a_predicate_selects_the_rows_that_it_is_true_of(
    layout: Layout, base: Base, crawl: Crawl, predicate: str
) -> None:
    expected = {row["url"] for row in layout.rows if PREDICATES[predicate](row)}
    assert {row.url for row in index.select(base, crawl, predicate)} == expected


def test_a_row_says_where_its_record_is(layout: Layout, base: Base, crawl: Crawl) -> None:
    (found,) = index.select(base, crawl, "url = 'http://lochan.scot/eun'")
    row = layout.row("http://lochan.scot/eun")
    assert found == Selected(
        path=layout.warcs["00001"],
        offset=row["warc_record_offset"],
        length=row["warc_record_length"],
        url="http://lochan.scot/eun",
        fetched="2019-08-20T10:11:12Z",
        digest=f"sha1:{row['content_digest']}",
    )


def test_only_fetches_that_gave_a_page_are_selected(tmp_path: Any, crawl: Crawl) -> None:
    gone = Page("http://alba.scot/gone", "404", status=404)
    layout = make(tmp_path / "more", pages={"00000": [gone, Page("http://alba.scot/", "Fàilte")]})
    found = index.select(base_of(str(layout.folder)), crawl, "url_host_tld = 'scot'")
    assert [row.url for row in found] == ["http://alba.scot/"]


@pytest.mark.parametrize(
    "predicate",
    [
        "",
        "true) or (false",
        "true; drop table ccindex",
        "url = (select min(url) from ccindex)",
        "url in (select url from read_parquet('/etc/passwd'))",
        "exists(from ccindex)",
        "count(*) over () > 1",
        "*",
        "url = ?",
        "random() < 0.5",
        "now() > fetch_time",
        "url = 'x' union select 1",
        "fetch_status",
        "fetch_status + 1",
        "url > 5 and fetch_status like 'x'",
        "list_transform([url], x -> x) = [url]",
    ],
)
def test_what_is_no_predicate_is_refused_before_anything_is_read(
    crawl: Crawl, predicate: str
) -> None:
    nowhere = Base("/no/such/folder/")
    with pytest.raises(UsageError):
        list(index.select(nowhere, crawl, predicate))


def test_an_unknown_column_names_the_one_that_was_meant(base: Base, crawl: Crawl) -> None:
    with pytest.raises(UnknownName) as caught:
        list(index.select(base, crawl, "content_language = 'gla'"))
    assert "did you mean 'content_languages'" in caught.value.next_step


@pytest.mark.parametrize("column", SINCE)
def test_a_column_that_a_crawl_does_not_fill_is_an_error_and_not_nothing(column: str) -> None:
    nowhere = Base("/no/such/folder/")
    with pytest.raises(UsageError, match=f"no {column}: it is filled from {SINCE[column]} on"):
        list(index.select(nowhere, crawls.find("CC-MAIN-2018-34"), f"{column} = 'x'"))


@pytest.mark.parametrize("column", SINCE)
def test_the_crawl_that_first_fills_a_column_may_be_asked_for_it(column: str) -> None:
    assert index.check(f"{column} = 'x'", crawls.find(SINCE[column])) == (column,)


def test_older_crawls_are_selected_from_by_the_columns_they_have(tmp_path: Any) -> None:
    layout = make(tmp_path / "old", "CC-MAIN-2013-20")
    old, base = crawls.find("CC-MAIN-2013-20"), base_of(str(layout.folder))
    found = list(index.select(base, old, "url_host_tld = 'scot'"))
    assert len(found) == 4
    assert all("/CC-MAIN-2013-20/" in row.path for row in found)


def test_a_column_that_the_files_lack_is_named(layout: Layout, base: Base, crawl: Crawl) -> None:
    layout.write_index(drop=["url_query"])
    with pytest.raises(UsageError, match="no column url_query"):
        list(index.select(base, crawl, "url_query is null"))
    layout.write_index(drop=["content_digest"])
    with pytest.raises(Corrupt, match="content_digest"):
        list(index.select(base, crawl, "true"))


def test_of_a_large_index_only_the_row_groups_and_columns_in_question_are_read(
    tmp_path: Any, crawl: Crawl, monkeypatch: pytest.MonkeyPatch
) -> None:
    layout = make(tmp_path / "cc")
    some = layout.rows[0]
    layout.rows = [
        {
            **some,
            "url_surtkey": f"{tld},h{n:06})/",
            "url": f"http://h{n}.{tld}/",
            "url_host_tld": tld,
            "warc_segment": f"{hash_of(n):0512x}",  # a column that nobody asks for
        }
        for tld in ("aaa", "scot", "zzz")
        for n in range(4000)
    ]
    layout.write_index(files=1, row_group_size=1000)
    monkeypatch.setattr(ranges, "BLOCK", 1 << 12)
    asked: list[tuple[int, int]] = []

    def counted(location: str, wanted: Sequence[tuple[int, int]]) -> Iterator[bytes]:
        asked.extend(wanted)
        return read_ranges(location, wanted)

    monkeypatch.setattr("archive.commoncrawl.ranges.read_ranges", counted)
    predicate = "url_host_tld = 'scot' and url like '%h7.%'"
    assert len(list(index.select(base_of(str(layout.folder)), crawl, predicate))) == 1
    part = next(layout.folder.glob("cc-index/table/**/subset=warc/part-00000*"))
    assert sum(length for _, length in asked) < part.stat().st_size / 10


def hash_of(number: int) -> int:
    return pow(number + 2, 65537, (1 << 2203) - 1)


@pytest.mark.parametrize(
    "change",
    [
        {"warc_filename": "../../../etc/passwd"},
        {"warc_filename": "/etc/passwd"},
        {"warc_filename": "https://evil.example/x.warc.gz"},
        {"warc_filename": None},
        {"warc_record_offset": None},
        {"warc_record_length": None},
        {"url": None},
        {"fetch_time": None},
        {"content_digest": "sha1:" + "A" * 300},
    ],
)
def test_a_row_that_cannot_be_believed_spoils_the_index(
    layout: Layout, base: Base, crawl: Crawl, change: dict[str, Any]
) -> None:
    layout.rows[2].update(change)
    layout.write_index()
    with pytest.raises(Corrupt):
        list(index.select(base, crawl, "url_host_tld = 'scot'"))


@pytest.mark.parametrize(
    "written",
    [
        {"int96": True},
        {"fetch_time": pa.timestamp("us", tz="UTC")},
        {"fetch_time": pa.timestamp("ns")},
        {"warc_record_offset": pa.int64(), "warc_record_length": pa.int64()},
    ],
    ids=["int96", "zone", "nanoseconds", "wide numbers"],
)
def test_other_writers_of_the_same_index_give_the_same_rows(
    layout: Layout, base: Base, crawl: Crawl, written: dict[str, Any]
) -> None:
    predicate = "fetch_time >= timestamp '2019-08-20 10:00:00' and url_host_tld = 'scot'"
    expected = list(index.select(base, crawl, predicate))
    layout.write_index(**written)
    assert sorted(index.select(base, crawl, predicate)) == sorted(expected)
    assert len(expected) == 4


def test_numbers_written_as_text_are_refused(layout: Layout, base: Base, crawl: Crawl) -> None:
    for row in layout.rows:
        row["warc_record_offset"] = str(row["warc_record_offset"])
    layout.write_index(warc_record_offset=pa.string())
    with pytest.raises(Corrupt, match="whole number as offset"):
        list(index.select(base, crawl, "true"))


@pytest.mark.parametrize("damage", ["cut", "empty", "no parquet", "gone"])
def test_an_index_that_cannot_be_read_is_an_error_that_names_it(
    layout: Layout, base: Base, crawl: Crawl, damage: str
) -> None:
    part = next(layout.folder.glob("cc-index/table/**/subset=warc/*00001*.parquet"))
    data = {"cut": part.read_bytes()[:-100], "empty": b"", "no parquet": b"x" * 5000}
    if damage == "gone":
        part.unlink()
    else:
        part.write_bytes(data[damage])
    with pytest.raises(LowbgError) as caught:
        list(index.select(base, crawl, "true"))
    assert "parquet" in str(caught.value).lower()
    assert caught.value.exit_code == (3 if damage == "gone" else 2)


def test_an_error_of_the_network_is_that_error_and_not_one_of_the_query(
    base: Base, crawl: Crawl, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(location: str, wanted: Sequence[tuple[int, int]]) -> Iterator[bytes]:
        raise EnvironmentFailed(f"{location}: 503 slow down", next_step="wait")

    monkeypatch.setattr("archive.commoncrawl.ranges.read_ranges", refuse)
    with pytest.raises(EnvironmentFailed, match="slow down"):
        list(index.select(base, crawl, "true"))


def test_a_list_without_files_of_the_crawl_is_refused(
    layout: Layout, base: Base, crawl: Crawl
) -> None:
    other = "cc-index/table/cc-main/warc/crawl=CC-MAIN-2019-39/subset=warc/part-00000.parquet"
    layout.write_list("cc-index-table", [other])
    with pytest.raises(Corrupt, match="CC-MAIN-2019-35"):
        list(index.select(base, crawl, "true"))


def test_a_crawl_without_a_columnar_index_says_what_to_do(base: Base) -> None:
    with pytest.raises(UsageError, match="no columnar index") as caught:
        list(index.select(base, crawls.find("CC-MAIN-2012"), "true"))
    assert "--index" in caught.value.next_step


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None
)
@given(st.text(max_size=40))
def test_any_text_as_predicate_is_one_or_a_clear_error(crawl: Crawl, text: str) -> None:
    try:
        asked = index.check(text, crawl)
    except UsageError:
        return
    assert set(asked) <= set(COLUMNS)
