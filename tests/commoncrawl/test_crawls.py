"""The list of crawls says only what a source says, and a refresh never leaves half of anything."""

from __future__ import annotations

import datetime as dt
import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archive.commoncrawl import collinfo, crawls
from archive.commoncrawl.crawl import WEEKLY, Crawl, crawl_of
from archive.errors import Corrupt, EnvironmentFailed, UsageError
from archive.recipe import ERAS
from tests.conftest import ROOT

IDS = [each.id for each in crawls.bundled()]
KNOWN = {
    "id": "CC-MAIN-2019-35",
    "name": "August 2019 Index",
    "timegate": "https://index.commoncrawl.org/CC-MAIN-2019-35/",
    "cdx-api": "https://index.commoncrawl.org/CC-MAIN-2019-35-index",
    "from": "2019-08-17T10:26:24",
    "to": "2019-08-26T11:13:56",
}
NEWER = {
    **KNOWN,
    "id": "CC-MAIN-2031-02",
    "name": "January 2031 Index",
    "from": "2031-01-01T00:00:00",
    "to": "2031-01-09T00:00:00",
}


def collinfo_file(folder: Path, *entries: Any) -> str:
    path = folder / "collinfo.json"
    path.write_text(json.dumps(list(entries)))
    return str(path)


def test_every_bundled_fact_names_its_source_and_no_fact_is_without_one() -> None:
    known = crawls.sources()
    for each in crawls.bundled():
        assert {name for name in each.sources.values() if name} <= set(known)
        assert each.sources["dates"] == "collinfo"
        assert (each.pages is None) == (each.sources["pages"] is None)
        for listing in each.formats.values():
            assert (listing.size is None) == (each.sources["sizes"] is None)
            assert (listing.files is None) == (each.sources["files"] is None)


def test_the_bundled_list_goes_from_2008_to_the_crawl_that_straddles_the_last_era() -> None:
    listed = crawls.bundled()
    assert len(set(IDS)) == len(IDS)
    assert [each.first for each in listed] == sorted(each.first for each in listed)
    assert all(each.first <= each.last for each in listed)
    assert (listed[0].id, listed[0].alias) == ("CC-MAIN-2008-2009", "crawl-001")
    assert listed[-1].id == "CC-MAIN-2022-49"
    assert listed[-1].first < ERAS["chatgpt"].isoformat() <= listed[-1].last
    assert listed[-2].last < ERAS["chatgpt"].isoformat()


def test_weekly_crawls_have_warc_and_wet_and_the_three_before_them_arc() -> None:
    for each in crawls.bundled():
        weekly = WEEKLY.fullmatch(each.id) is not None
        assert sorted(each.formats) == (["warc", "wet"] if weekly else ["arc"])
        assert (each.columnar is not None) == weekly
    assert [each.id for each in crawls.bundled() if "arc" in each.formats] == [
        "CC-MAIN-2008-2009",
        "CC-MAIN-2009-2010",
        "CC-MAIN-2012",
    ]


def test_the_numbers_of_one_crawl_are_those_of_its_announcement() -> None:
    # https://commoncrawl.org/2018/08/august-2018-crawl-archive-now-available/
    august = crawls.find("CC-MAIN-2018-34")
    warc, wet = august.formats["warc"], august.formats["wet"]
    assert (warc.files, warc.size, wet.files, wet.size) == (71520, "67.79 TiB", 71520, "6.92 TiB")
    assert warc.bytes == round(67.79 * 2**40)
    assert warc.paths == "crawl-data/CC-MAIN-2018-34/warc.paths.gz"


def test_the_bundled_file_is_what_its_reader_writes() -> None:
    listed = json.loads((ROOT / "manifests/commoncrawl.json").read_bytes())["crawls"]
    assert [each.to_json() for each in crawls.bundled()] == listed


@settings(deadline=None)
@given(st.dates(dt.date(2007, 1, 1), dt.date(2024, 1, 1)))
def test_a_crawl_is_before_a_day_if_it_began_before_it(day: dt.date) -> None:
    found = {each.id for each in crawls.before(day, crawls.bundled())}
    assert found == {c.id for c in crawls.bundled() if dt.date.fromisoformat(c.first) < day}


def test_an_era_is_its_day_and_anything_else_is_refused() -> None:
    assert crawls.day_of("gpt3") == dt.date(2020, 6, 11)
    assert crawls.day_of("2019-11-05") == ERAS["gpt2"]
    with pytest.raises(UsageError, match="neither an era nor a day"):
        crawls.day_of("yesterday")


def test_a_crawl_is_found_by_its_older_name() -> None:
    assert crawls.find("crawl-002").id == "CC-MAIN-2009-2010"


def test_an_unknown_crawl_names_those_like_it_and_a_newer_one_the_refresh() -> None:
    with pytest.raises(UsageError) as caught:
        crawls.find("CC-MAIN-2019-36")
    assert "CC-MAIN-2019-35" in caught.value.next_step
    with pytest.raises(UsageError, match="ends with CC-MAIN-2022-49") as caught:
        crawls.find("CC-MAIN-2023-06")
    assert "--refresh" in caught.value.next_step


def test_a_refresh_adds_newer_crawls_and_keeps_what_is_known_of_the_others(tmp_path: Path) -> None:
    moved = {**KNOWN, "to": "2019-08-27T00:00:01"}
    collinfo.refresh(IDS, collinfo_file(tmp_path, NEWER, moved))
    listed = {each.id: each for each in crawls.crawls()}
    assert list(listed)[-1] == "CC-MAIN-2031-02"
    newer, old = listed["CC-MAIN-2031-02"], listed["CC-MAIN-2019-35"]
    assert (newer.name, newer.first, newer.pages) == ("January 2031", "2031-01-01", None)
    assert newer.formats["wet"].paths == "crawl-data/CC-MAIN-2031-02/wet.paths.gz"
    assert newer.formats["wet"].size is None
    assert old.last == "2019-08-27"
    assert old.formats["warc"].size == "53.53 TiB"
    assert len(listed) == len(IDS) + 1


@pytest.mark.parametrize(
    "text",
    [
        "",
        "<html>503 Slow Down</html>",
        "{}",
        "[]",
        "[" * 5000,
        json.dumps([NEWER]),  # none that is known
        json.dumps([KNOWN, {**NEWER, "id": "../../etc/passwd"}]),
        json.dumps([KNOWN, {**NEWER, "from": "soon"}]),
        json.dumps([KNOWN, {**NEWER, "name": 5}]),
        json.dumps([KNOWN, "CC-MAIN-2031-02"]),
    ],
)
def test_what_is_no_list_of_crawls_is_refused_and_the_last_refresh_stays(
    tmp_path: Path, text: str
) -> None:
    kept = collinfo.refresh(IDS, collinfo_file(tmp_path, NEWER, KNOWN))
    before = kept.read_bytes()
    (tmp_path / "bad.json").write_text(text)
    with pytest.raises(Corrupt) as caught:
        collinfo.refresh(IDS, str(tmp_path / "bad.json"))
    assert "the publisher's list" in caught.value.next_step
    assert kept.read_bytes() == before
    assert os.listdir(kept.parent) == [kept.name]


def test_a_list_that_is_too_long_is_not_read_to_its_end(tmp_path: Path) -> None:
    with (tmp_path / "huge.json").open("wb") as file:
        file.truncate(collinfo.MAX_BYTES + 1)
    with pytest.raises(EnvironmentFailed, match="more than"):
        collinfo.refresh(IDS, str(tmp_path / "huge.json"))


def test_a_refresh_that_cannot_be_moved_into_place_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = collinfo.refresh(IDS, collinfo_file(tmp_path, KNOWN))
    before = kept.read_bytes()

    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OSError, match="No space"):
        collinfo.refresh(IDS, collinfo_file(tmp_path, NEWER, KNOWN))
    assert kept.read_bytes() == before
    assert os.listdir(kept.parent) == [kept.name]


@pytest.mark.parametrize("damage", [b"", b"{", b'{"crawls":[]}', b"\xff\xfe", b"[]"])
def test_a_torn_refresh_is_refused_with_the_way_out(tmp_path: Path, damage: bytes) -> None:
    kept = collinfo.refresh(IDS, collinfo_file(tmp_path, KNOWN))
    kept.write_bytes(damage)
    with pytest.raises(Corrupt) as caught:
        crawls.crawls()
    assert "--refresh" in caught.value.next_step


@settings(deadline=None)
@given(
    st.recursive(
        st.none() | st.integers() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from(["id", "first", "formats", "warc", "x"]), inner)
        ),
        max_leaves=8,
    )
)
def test_only_a_crawl_is_read_as_one(value: Any) -> None:
    with pytest.raises(Corrupt):
        crawl_of(value, "here")


def test_a_crawl_survives_its_json() -> None:
    for each in crawls.bundled():
        assert crawl_of(each.to_json(), "here") == each
    assert isinstance(each, Crawl)


def test_the_recorded_list_of_the_publisher_agrees_with_the_bundled_one(shared_data: Path) -> None:
    recorded = (shared_data / "ccindex/cdx_toolkit/test_get_cc_endpoints.jsonl").read_text()
    text = json.loads(recorded.splitlines()[0])["response_text"]
    found = collinfo.parse(text.encode(), "collinfo.json")
    assert set(IDS) <= set(found)
    for each in crawls.bundled():
        assert (found[each.id]["first"], found[each.id]["last"]) == (each.first, each.last)
    chatgpt = ERAS["chatgpt"].isoformat()
    assert {name for name, facts in found.items() if facts["first"] < chatgpt} == set(IDS)
