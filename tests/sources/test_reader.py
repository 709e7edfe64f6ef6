"""Every format, told by its bytes, gives the same records, each in its place."""

from __future__ import annotations

import bz2
import gzip
from collections.abc import Iterator
from pathlib import Path

import pytest
import zstandard

from archive.errors import EnvironmentFailed
from archive.recipe import Limits
from archive.records import Outcome, Place, Record
from archive.sources import formats, read_records
from archive.sources.formats import Format, Walk
from archive.sources.windows import FileWindow
from tests import warcs
from tests.sources.laws import outcomes, records, rows_of

PAGES = [warcs.html_page(f"Page {n}: WARC/1.0\r\n\r\n" + "so it goes " * n) for n in range(20)]
RECORDS = [
    warcs.warcinfo(),
    *(warcs.warc_record(url=f"http://example.org/{n}", block=p) for n, p in enumerate(PAGES)),
]
WHOLE = b"".join(RECORDS)
DICTIONARY = zstandard.train_dictionary(1 << 12, [*RECORDS] * 20).as_bytes()

ONE_EACH = {
    "gzip": warcs.gzip_members(RECORDS),
    "gzip with extra fields": b"".join(
        warcs.gzip_member(r, extra=b"sl\x04\0abcd") for r in RECORDS
    ),
    "zstd": warcs.zstd_frames(RECORDS),
    "zstd with dictionary": warcs.zstd_frames(RECORDS, dictionary=DICTIONARY),
    "zstd with packed dictionary": warcs.zstd_frames(
        RECORDS, dictionary=DICTIONARY, compress_dictionary=True
    ),
    "bzip2": warcs.bzip2_streams(RECORDS),
    "plain": WHOLE,
}
ONE_EACH["mixed"] = (
    warcs.gzip_members(RECORDS[:5])
    + warcs.zstd_frames(RECORDS[5:10])
    + b"".join(RECORDS[10:15])
    + warcs.bzip2_streams(RECORDS[15:])
)
SHARED = {
    "gzip": gzip.compress(WHOLE, mtime=0),
    "bzip2": bz2.compress(WHOLE),
    "zstd": zstandard.compress(WHOLE),
}


@pytest.mark.parametrize("data", ONE_EACH.values(), ids=list(ONE_EACH))
def test_a_record_for_each_member_is_placed_in_the_input(data: bytes, tmp_path: Path) -> None:
    rows = rows_of(tmp_path / "x", data)
    found = records(rows)
    assert [row.block for row in found[1:]] == PAGES
    assert all(row.place.member is None for row in found)
    assert all(row.outcome in (None, Outcome.PADDING) for row in rows)
    # A record's place is enough to read it again, alone.
    if not data.startswith(b"\x5d\x2a\x4d\x18"):
        place = found[9].place
        (again,) = rows_of(tmp_path / "y", data[place.offset : place.offset + place.length])
        assert again.block == found[9].block


@pytest.mark.parametrize("data", SHARED.values(), ids=list(SHARED))
def test_records_that_share_a_member_are_placed_in_it(data: bytes, tmp_path: Path) -> None:
    rows = rows_of(tmp_path / "x", data)
    assert [row.block for row in records(rows)[1:]] == PAGES
    assert rows[-1].outcome is Outcome.CONTAINER
    assert rows[-1].place == Place(0, len(data))
    for row in rows[:-1]:
        start = row.place.offset
        assert WHOLE[start : start + row.place.length] in RECORDS


def test_a_member_too_large_to_hold_is_read_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = rows_of(tmp_path / "x", SHARED["gzip"])
    monkeypatch.setattr("archive.sources.members.HOLD", 100)
    assert rows_of(tmp_path / "x", SHARED["gzip"]) == expected
    each = warcs.gzip_members(RECORDS)
    assert [r.block for r in records(rows_of(tmp_path / "x", each))[1:]] == PAGES


def test_a_record_is_read_whole(tmp_path: Path) -> None:
    headers = {"WARC-IP-Address": "192.0.2.7", "X-Folded": "one\r\n two", "X-Name": "Ærø"}
    data = warcs.warc_record(url="<http://example.org/a b>", block=PAGES[3], headers=headers)
    (row,) = rows_of(tmp_path / "x", data)
    assert (row.type, row.url, row.date) == ("response", "http://example.org/a b", warcs.DATE)
    assert row.header("warc-ip-address") == "192.0.2.7"
    assert row.header("x-folded") == "one two"
    assert row.header("x-name") == "Ærø"
    assert row.record_id is not None
    assert row.record_id.startswith("<urn:uuid:")
    assert row.notes == ("the URL was in angle brackets", "the URL holds a space")


def test_headers_that_are_not_utf8_are_read_as_latin1_with_a_note(tmp_path: Path) -> None:
    data = warcs.warc_record(url="http://example.org/@", block=b"x").replace(b"@", b"\xe9")
    (row,) = rows_of(tmp_path / "x", data)
    assert row.url == "http://example.org/é"
    assert row.notes == ("headers are not UTF-8: read as Latin-1",)


@pytest.mark.parametrize("version", ["0.17", "0.18", "1.0", "1.1"])
def test_warc_versions(version: str, tmp_path: Path) -> None:
    rows = rows_of(tmp_path / "x", warcs.warc_record("conversion", block=b"x", version=version))
    assert outcomes(rows) == ["conversion"]


@pytest.mark.parametrize("gap", [b"", b"\n", b"\r\n", b"\r\n\r\n\r\n", b"\r\n" * 4])
def test_line_ends_between_records_are_part_of_the_one_before(gap: bytes, tmp_path: Path) -> None:
    one, two = (record.removesuffix(b"\r\n\r\n") for record in RECORDS[1:3])
    rows = rows_of(tmp_path / "x", one + gap + two + gap)
    assert [row.block for row in rows] == PAGES[:2]
    assert rows[0].place == Place(0, len(one + gap))


def test_more_blank_bytes_are_padding(tmp_path: Path) -> None:
    rows = rows_of(
        tmp_path / "x", b"\r\n" * 3 + RECORDS[1] + b"\r\n" * 9 + RECORDS[2] + b"\0" * 999
    )
    assert outcomes(rows) == ["padding", "response", "padding", "response", "padding"]


def test_a_whole_record_in_a_payload_is_not_taken_for_a_record(tmp_path: Path) -> None:
    outer = warcs.warc_record("resource", block=b"\n" + WHOLE + b"\n", digests=False)
    for data in (outer + RECORDS[1], warcs.gzip_members([outer, RECORDS[1]])):
        rows = rows_of(tmp_path / "x", data)
        assert outcomes(rows) == ["resource", "response"]


def test_empty_members_are_padding_in_one_row(tmp_path: Path) -> None:
    empty = gzip.compress(b"", mtime=0)
    data = empty * 5 + ONE_EACH["gzip"] + empty * 5
    rows = rows_of(tmp_path / "x", data)
    assert [row.outcome for row in rows if row.outcome] == ["padding", "padding"]
    assert len(records(rows)) == len(RECORDS)


CAPTURE = warcs.http_response(200, {"Content-Type": "text/html"}, b"<p>Hello\n")
ARC = warcs.arc_file(
    [
        warcs.arc_record("http://example.org/a b c", CAPTURE),
        warcs.arc_record("http://example.org/no-header", b"<p>no HTTP header", mime="text/html"),
        warcs.arc_record("dns:example.org", b"20080430204825\nexample.org. 1 IN A 192.0.2.1"),
    ]
)


@pytest.mark.parametrize("packed", [False, True])
def test_arc(packed: bool, tmp_path: Path) -> None:
    rows = rows_of(tmp_path / "x", warcs.gzip_members(ARC) if packed else b"".join(ARC))
    assert outcomes(rows) == ["filedesc", "response", "response", "response"]
    assert rows[1].url == "http://example.org/a b c"
    assert rows[1].block == CAPTURE
    assert rows[1].date == "20080430204825"
    assert rows[1].header("content-type") == "text/html"
    assert rows[1].header("warc-ip-address") == "192.0.2.1"
    assert rows[3].url == "dns:example.org"


def test_arc_version_2_lines(tmp_path: Path) -> None:
    line = b"http://example.org/ 192.0.2.1 20080430204825 text/html 200 abc - 1234 x.arc %d\n"
    rows = rows_of(tmp_path / "x", ARC[0] + line % len(CAPTURE) + CAPTURE + b"\n")
    assert rows[1].url == "http://example.org/"
    assert rows[1].header("arc-result-code") == "200"
    assert rows[1].block == CAPTURE


def test_an_arc_record_of_wrong_length_costs_only_itself(tmp_path: Path) -> None:
    for wrong in (len(CAPTURE) - 3, len(CAPTURE) + 30, 10**12):
        bad = warcs.arc_record("http://example.org/bad", CAPTURE, length=wrong)
        rows = rows_of(tmp_path / "x", b"".join([ARC[0], ARC[1], bad, *ARC[2:]]))
        assert outcomes(rows) == ["filedesc", "response", "damaged", "response", "response"]
        assert rows[2].place == Place(len(ARC[0] + ARC[1]), len(bad))


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"<html>hello</html>", "starts with b'<html>hello</htm'"),
        (b"\x04\x22\x4d\x18" + bytes(100), "lz4 frame: not supported"),
        (
            gzip.compress(b"hello", mtime=0) * 3,
            "gzip member, no record header: starts with b'hello'",
        ),
        (gzip.compress(b"hello" * 100, mtime=0)[:-3], "gzip member: cut off"),
        (bytes(range(1, 256)) * 9, "starts with"),
        (b"PK\x03\x04" + b"x" * 99, "zip"),
    ],
)
def test_anything_else_is_one_unrecognised_row(data: bytes, words: str, tmp_path: Path) -> None:
    (row,) = rows_of(tmp_path / "crawl.warc.gz", data)
    assert row.outcome is Outcome.UNRECOGNISED
    assert words in row.reason


def test_an_empty_file_gives_nothing(tmp_path: Path) -> None:
    assert rows_of(tmp_path / "x", b"") == []


def test_a_file_that_cannot_be_read_is_a_fault_of_the_environment(tmp_path: Path) -> None:
    with pytest.raises(EnvironmentFailed):
        list(read_records(tmp_path / "missing", Limits()))


def test_a_wrong_length_is_put_right_where_the_digest_agrees(tmp_path: Path) -> None:
    for length in ("1", str(len(PAGES[3]) + 40), str(len(PAGES[3]) - 1)):
        bad = warcs.warc_record(block=PAGES[3], length=length)
        rows = rows_of(tmp_path / "x", RECORDS[1] + bad + RECORDS[2])
        assert [row.block for row in rows] == [PAGES[0], PAGES[3], PAGES[1]]
        assert "its digest agrees" in rows[1].notes[0]
        unsure = warcs.warc_record(block=PAGES[3], length=length, digests=False)
        rows = rows_of(tmp_path / "x", RECORDS[1] + unsure + RECORDS[2])
        assert outcomes(rows) == ["response", "damaged", "response"]


def test_bytes_between_records_are_a_damaged_row(tmp_path: Path) -> None:
    rows = rows_of(tmp_path / "x", RECORDS[1] + b"what is this\r\n" + RECORDS[2])
    assert outcomes(rows) == ["response", "damaged", "response"]
    rows = rows_of(tmp_path / "x", warcs.gzip_members(RECORDS[:2]) + b"junk" + ONE_EACH["gzip"])
    assert outcomes(rows)[:4] == ["warcinfo", "response", "damaged", "warcinfo"]


def test_another_package_can_add_a_format(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def read(walk: Walk) -> Iterator[Record]:
        yield Record("resource", Place(walk.start, 8), block=walk.window.at(walk.start, 8))

    def find(window: FileWindow, at: int) -> int:
        return window.end

    class Point:
        name = "eight"

        def load(self) -> Format:
            return Format(lambda head: head.startswith(b"EIGHT"), find, read)

    monkeypatch.setattr("archive.sources.entry_points", lambda group: [Point()])
    formats.cache_clear()
    try:
        rows = rows_of(tmp_path / "x", b"EIGHT 1\nEIGHT 2\n" + ONE_EACH["gzip"])
    finally:
        formats.cache_clear()
    assert [row.block for row in rows[:2]] == [b"EIGHT 1\n", b"EIGHT 2\n"]
    assert len(rows) == 2 + len(RECORDS)
