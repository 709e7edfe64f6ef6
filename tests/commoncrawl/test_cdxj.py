"""CDXJ and the index server's JSON select what the columnar index does."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archive.commoncrawl import answers, cdxj, crawls, index
from archive.commoncrawl.crawl import Crawl
from archive.commoncrawl.places import Base
from archive.commoncrawl.selected import Selected, by_file
from archive.errors import Corrupt, EnvironmentFailed, LowbgError, UsageError
from tests.commoncrawl.layout import Layout
from tests.servers import Behaviour, Exchange, says, web

GAELIC = "content_languages like '%gla%' and url_host_tld = 'scot'"
SHAPES = ["cdxj", "cdxj in blocks", "server"]


def written(layout: Layout, shape: str) -> str:
    """The index in one of its shapes, as a file."""
    if shape == "cdxj in blocks":
        return str(layout.folder / f"cc-index/collections/{layout.crawl}/indexes/cdx-00000.gz")
    lines = layout.server_lines() if shape == "server" else layout.cdxj()
    path = layout.folder / "index.txt"
    path.write_text("!meta {}\n\n" * (shape == "cdxj") + "\n".join(lines) + "\n")
    return str(path)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("predicate", [GAELIC, "true", "fetch_status = 200 and url_path > '/m'"])
def test_each_shape_selects_what_the_columnar_index_does(
    layout: Layout, base: Base, crawl: Crawl, shape: str, predicate: str
) -> None:
    found = cdxj.select(written(layout, shape), crawl, predicate)
    assert by_file(found) == by_file(index.select(base, crawl, predicate))


def test_without_a_predicate_all_of_it_is_selected(layout: Layout, crawl: Crawl) -> None:
    assert len(list(cdxj.select(written(layout, "cdxj"), crawl, None))) == len(layout.rows)


def test_a_column_that_cdxj_lacks_is_named(layout: Layout, crawl: Crawl) -> None:
    with pytest.raises(UsageError, match="no column url_host_private_domain"):
        list(cdxj.select(written(layout, "cdxj"), crawl, "url_host_private_domain = 'x'"))


def test_an_index_is_read_in_batches_that_lose_nothing(
    layout: Layout, crawl: Crawl, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = list(cdxj.select(written(layout, "cdxj"), crawl, GAELIC))
    for size in (1, 2, 5):
        monkeypatch.setattr(cdxj, "BATCH", size)
        assert list(cdxj.select(written(layout, "cdxj"), crawl, GAELIC)) == whole


def test_lines_are_held_by_their_size_too(
    layout: Layout, crawl: Crawl, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = list(cdxj.select(written(layout, "cdxj"), crawl, GAELIC))
    held: list[int] = []
    taken = cdxj._batch

    def counted(lines: Iterator[tuple[str, str]]) -> Iterator[tuple[str, str]]:
        batch = list(taken(lines))
        held.append(sum(len(line) for _, line in batch))
        return iter(batch)

    monkeypatch.setattr(cdxj, "BATCH_TEXT", 1000)
    monkeypatch.setattr(cdxj, "_batch", counted)
    assert list(cdxj.select(written(layout, "cdxj"), crawl, GAELIC)) == whole
    longest = max(map(len, layout.cdxj()))
    assert len(held) > 2
    assert max(held) < 1000 + longest


@pytest.mark.parametrize(
    ("url", "domain"),
    [
        ("http://www.Example.SCOT:8080/x", "scot"),
        ("http://192.0.2.7/x", None),
        ("http://[2001:db8::1]/x", None),
        ("mailto:somebody", None),
    ],
)
def test_the_domain_of_a_host_is_what_the_columnar_index_has(
    tmp_path: Path, crawl: Crawl, url: str, domain: str | None
) -> None:
    path = tmp_path / "index.cdxj"
    path.write_text(f"x 20190820101112 {json.dumps(GOOD | {'url': url})}\n")
    predicate = f"url_host_tld = '{domain}'" if domain else "url_host_tld is null"
    assert [row.url for row in cdxj.select(str(path), crawl, predicate)] == [url]


GOOD: dict[str, Any] = {
    "url": "http://example.org/",
    "status": "200",
    "digest": "A" * 32,
    "length": "10",
    "offset": "20",
    "filename": "crawl-data/x.warc.gz",
}


@pytest.mark.parametrize(
    "change",
    [
        {"offset": "-1"},
        {"offset": "1e3"},
        {"offset": "9" * 20},
        {"offset": True},
        {"length": None},
        {"length": "ten"},
        {"status": "200 OK"},
        {"status": "99999"},
        {"url": 5},
        {"url": None},
        {"digest": ["A"]},
        {"filename": "../x.warc.gz"},
        {"filename": {}},
    ],
)
def test_a_line_with_a_wrong_field_is_refused(
    tmp_path: Path, crawl: Crawl, change: dict[str, Any]
) -> None:
    path = tmp_path / "index.cdxj"
    path.write_text(f"org,example)/ 20190820101112 {json.dumps(GOOD | change)}\n")
    with pytest.raises(Corrupt):
        list(cdxj.select(str(path), crawl, "fetch_status >= 200 or fetch_status is null"))


@pytest.mark.parametrize(
    "line",
    [
        "org,example)/ 20190820101112",
        "org,example)/ 20190820101112 [1]",
        "org,example)/ 20190820101112 {",
        f"org,example)/ 2019 {json.dumps(GOOD)}",
        f"org,example)/ 20190230101112 {json.dumps(GOOD)}",
        f"20190820101112 {json.dumps(GOOD)}",
        json.dumps({**GOOD, "timestamp": 20190820101112}),
        "<html>",
        '{"a":' * 3000,
    ],
)
def test_a_line_that_is_no_cdxj_is_refused_with_its_number(
    tmp_path: Path, crawl: Crawl, line: str
) -> None:
    path = tmp_path / "index.cdxj"
    good = f"org,example)/ 20190820101112 {json.dumps(GOOD)}\n"
    path.write_text(good + line + "\n")
    with pytest.raises(Corrupt, match="line 2"):
        list(cdxj.select(str(path), crawl, None))


def test_what_the_server_says_instead_of_an_answer_is_passed_on(
    tmp_path: Path, crawl: Crawl
) -> None:
    path = tmp_path / "answer.json"
    path.write_text('{"message": "No Captures found for: example.org/never"}\n')
    with pytest.raises(UsageError, match="No Captures found"):
        list(cdxj.select(str(path), crawl, None))


def test_half_characters_are_written_as_escapes(tmp_path: Path, crawl: Crawl) -> None:
    path = tmp_path / "index.cdxj"
    path.write_text(
        'x 20190820101112 {"url": "http://a/\\ud800", "offset": 1, "length": 2,'
        ' "filename": "crawl-data/x.warc.gz"}\n'
    )
    (found,) = cdxj.select(str(path), crawl, None)
    assert found == Selected("crawl-data/x.warc.gz", 1, 2, r"http://a/\ud800", found.fetched)


@pytest.mark.parametrize("damage", ["cut", "flipped", "long line", "gone"])
def test_an_index_that_cannot_be_read_to_its_end_is_refused(
    layout: Layout, crawl: Crawl, damage: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = Path(written(layout, "cdxj in blocks"))
    data = path.read_bytes()
    if damage == "cut":
        path.write_bytes(data[:-5])
    elif damage == "flipped":
        path.write_bytes(data[:-6] + bytes([data[-6] ^ 1]) + data[-5:])
    elif damage == "long line":
        monkeypatch.setattr(answers, "MAX_LINE", 1000)
        path.write_bytes(gzip.compress(b" " * 5000 + b"\n"))
    else:
        path.unlink()
    with pytest.raises(EnvironmentFailed if damage == "gone" else Corrupt):
        list(cdxj.select(str(path), crawl, None))


@settings(max_examples=50, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_an_index_or_a_clear_error(
    tmp_path_factory: pytest.TempPathFactory, data: bytes
) -> None:
    path = tmp_path_factory.mktemp("index") / "any"
    path.write_bytes(data)
    try:
        found = list(cdxj.select(str(path), crawls.find("CC-MAIN-2019-35"), None))
    except LowbgError:
        return
    assert all(isinstance(row, Selected) for row in found)


def test_a_question_to_an_index_server_is_answered_in_pages(layout: Layout, crawl: Crawl) -> None:
    lines = layout.server_lines()
    halves = ["\n".join(lines[:3]).encode(), "\n".join(lines[3:]).encode()]
    counted = json.dumps({"pages": 2, "pageSize": 5, "blocks": 2}).encode()
    asked: list[str] = []

    def answers_with(body: bytes) -> Behaviour:
        def behave(exchange: Exchange) -> None:
            asked.append(exchange.handler.path.partition("?")[2])
            says(200, body=body)(exchange)

        return behave

    with web() as served:
        url = served.put(f"{crawl.id}-index", b"", *map(answers_with, (counted, *halves)))
        found = list(cdxj.select(f"{url}?url=*.scot", crawl, GAELIC))
    assert {row.url for row in found} == {
        row["url"] for row in layout.rows if "gla" in row["content_languages"]
    }
    question = "url=*.scot&output=json"
    assert asked == [f"{question}&{more}" for more in ("showNumPages=true", "page=0", "page=1")]


@pytest.mark.parametrize("told", [b"", b"many", b'{"pages": -1}', b"100001", b"[]", b"true"])
def test_a_number_of_pages_that_cannot_be_is_refused(crawl: Crawl, told: bytes) -> None:
    with web() as served:
        url = served.put(f"{crawl.id}-index", told)
        with pytest.raises(Corrupt, match="a number of pages"):
            list(cdxj.select(f"{url}?url=*.scot", crawl, None))


def test_a_question_without_captures_says_so(crawl: Crawl) -> None:
    with web() as served, pytest.raises(UsageError, match="no captures"):
        list(cdxj.select(f"{served.url}/{crawl.id}-index?url=never.example", crawl, None))


def test_an_address_that_is_none_is_wrong_use(crawl: Crawl) -> None:
    with pytest.raises(UsageError, match="cannot open"):
        list(cdxj.select("http://[::1-index?url=*.scot", crawl, None))


@pytest.mark.parametrize(
    "location",
    [
        "index.cdxj",
        "https://example.org/cdx-00000.gz",
        "https://index.commoncrawl.org/CC-MAIN-2019-35-index?url=*.scot&output=json&page=4",
        "s3://commoncrawl/cc-index/collections/CC-MAIN-2019-35/indexes/cdx-00000.gz",
    ],
)
def test_what_is_no_question_is_read_as_it_is(location: str) -> None:
    assert answers.pages(location) == [location]


def test_recorded_answers_of_the_publishers_server_are_read(
    shared_data: Path, tmp_path: Path
) -> None:
    recorded = shared_data / "ccindex/cdx_toolkit/test_warc_prefix_1.jsonl"
    answer = json.loads(recorded.read_text().splitlines()[0])["response_text"]
    (tmp_path / "answer.json").write_text(answer)
    newest = crawls.find("CC-MAIN-2022-49")
    rows = list(cdxj.select(str(tmp_path / "answer.json"), newest, "fetch_status = 200"))
    assert rows
    assert rows[0] == Selected(
        path="crawl-data/CC-MAIN-2025-33/segments/1754151279781.29/warc/"
        "CC-MAIN-20250804083340-20250804113340-00340.warc.gz",
        offset=667474763,
        length=7063,
        url="https://www.commoncrawl.org/",
        fetched="2025-08-04T10:33:29Z",
        digest="sha1:FAPYCDZSWJIQ2YPQAYDRLAC25YMUNVTD",
    )
