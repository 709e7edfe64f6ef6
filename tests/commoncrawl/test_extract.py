"""An extract is the selected records and what became of each, whatever the index or the file."""

from __future__ import annotations

import base64
import gzip
import json
import os
import zlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from warcio.archiveiterator import ArchiveIterator

from archive.commoncrawl import extract, places
from archive.commoncrawl.checked import check
from archive.commoncrawl.extract import Extract, is_extract, write
from archive.commoncrawl.metadata import member, problems
from archive.commoncrawl.places import base_of
from archive.commoncrawl.selected import MAX_LENGTH, Selected
from archive.dates import file_name_date
from archive.errors import EnvironmentFailed
from archive.recipe import Limits
from archive.records import Record
from archive.sources import accounted, read_records
from tests import warcs
from tests.commoncrawl.layout import Layout

HOW = (("crawl", "CC-MAIN-2019-35"), ("where", "url_host_tld = 'scot'"))
TAIGH, MUIR = "http://alba.scot/taigh", "http://alba.scot/muir"


def wanted(layout: Layout, *urls: str) -> tuple[Selected, ...]:
    rows = [layout.row(url) for url in urls]
    return tuple(
        Selected(
            row["warc_filename"],
            row["warc_record_offset"],
            row["warc_record_length"],
            row["url"],
            "2019-08-20T10:11:12Z",
            f"sha1:{row['content_digest']}",
        )
        for row in rows
    )


def made(layout: Layout, folder: Path, *rows: Selected) -> list[Record]:
    """The records of the extract of these rows."""
    chosen = Extract(rows[0].path, HOW, rows)
    path = write(chosen, base_of(str(layout.folder)), folder)
    records = list(read_records(path, Limits()))
    assert accounted(records) == path.stat().st_size
    assert all(record.outcome is None for record in records)
    return records


def said(record: Record) -> dict[str, Any]:
    lines = dict(line.split(": ", 1) for line in record.block.decode().splitlines())
    told: dict[str, Any] = json.loads(lines["description"])
    return told


def test_an_extract_holds_the_records_as_they_came_each_after_what_is_said_of_it(
    layout: Layout, tmp_path: Path
) -> None:
    rows = wanted(layout, TAIGH, MUIR)
    info, first, *others = made(layout, tmp_path, *rows)
    assert (info.type, first.type) == ("warcinfo", "metadata")
    assert b"isPartOf: CC-MAIN-2019-35" in info.block
    assert said(first) == {
        **dict(HOW),
        "file": rows[0].path,
        "records": 2,
        "warcinfo": "as it came",
    }
    data = (layout.folder / rows[0].path).read_bytes()
    for row, about, record in zip(rows, others[::2], others[1::2], strict=True):
        assert said(about) == {
            "file": row.path,
            "offset": row.offset,
            "length": row.length,
            "digest": row.digest,
            "agrees": "payload ok",
        }
        assert about.header("warc-refers-to") == record.record_id
        assert about.url == record.url == row.url
        assert record.block in gzip.decompress(data[row.offset : row.end])


def test_another_reader_reads_an_extract(layout: Layout, tmp_path: Path) -> None:
    rows = wanted(layout, TAIGH, MUIR)
    path = write(Extract(rows[0].path, HOW, rows), base_of(str(layout.folder)), tmp_path)
    with path.open("rb") as file:
        read = [(r.rec_type, r.content_stream().read()) for r in ArchiveIterator(file)]
    assert [kind for kind, _ in read] == [
        *("warcinfo", "metadata", "metadata", "response", "metadata", "response")
    ]
    assert "cnoc os cionn na mara" in read[3][1].decode()


def test_the_bytes_of_an_extract_are_the_same_on_every_machine(
    layout: Layout, tmp_path: Path
) -> None:
    rows = wanted(layout, TAIGH)
    path = write(Extract(rows[0].path, HOW, rows), base_of(str(layout.folder)), tmp_path)
    data = path.read_bytes()
    again = write(Extract(rows[0].path, HOW, rows), base_of(str(layout.folder)), tmp_path / "b")
    assert again.read_bytes() == data
    # Members of our own are stored: their text stands in the file, whatever zlib is installed.
    assert b"software: lowbackground select\r\n" in data


def test_a_name_says_file_and_selection_and_no_date_but_the_files(layout: Layout) -> None:
    rows = wanted(layout, TAIGH, MUIR)
    one, two = Extract(rows[0].path, HOW, rows[:1]), Extract(rows[0].path, HOW, rows)
    names = {one.name, two.name, Extract(rows[0].path, HOW[:1], rows).name}
    assert len(names) == 3
    for name in names:
        assert name.startswith("CC-MAIN-20190820090000-20190820110000-00000.")
        assert is_extract(name)
        assert file_name_date(name) == file_name_date(rows[0].path)
    assert not is_extract(Path(rows[0].path).name)


@given(st.binary(max_size=200_000))
@settings(max_examples=30, deadline=None)
def test_a_stored_member_inflates_to_what_went_in(data: bytes) -> None:
    assert gzip.decompress(member(data)) == data


@pytest.mark.parametrize(
    "said",
    [
        None,
        "{}",
        '{"software": "other", "description": "{}"}',
        '{"software": "lowbackground select"}',
        '{"software": "lowbackground select", "description": "{"}',
        '{"software": "lowbackground select", "description": "[1]"}',
        '{"software": "lowbackground select", "description": "{\\"problem\\": 1}"}',
        json.dumps({"software": "lowbackground select", "description": "[" * 100_000}),
    ],
)
def test_what_others_say_in_a_ledger_is_no_problem_of_a_selection(said: str | None) -> None:
    assert problems([{"url": "http://example.org/", "said": said}]) == []


DISAGREEING: dict[str, tuple[Callable[[Selected], Selected], str]] = {
    "starts too late": (lambda r: replace(r, offset=r.offset + 1), "no gzip member"),
    "too short": (lambda r: replace(r, length=r.length - 1), "goes on beyond the range"),
    "too long": (lambda r: replace(r, length=r.length + 3), "ends 3 bytes before"),
    "of another record": (lambda r: replace(r, digest="sha1:" + "A" * 32), "payload mismatch"),
    "beyond the file": (lambda r: replace(r, offset=1 << 40), "the file has"),
    "over the end": (lambda r: replace(r, length=1 << 20), "the file has"),
    "negative": (lambda r: replace(r, offset=-5), "offset -5"),
    "nothing": (lambda r: replace(r, length=0), "length 0"),
    "absurd": (lambda r: replace(r, length=MAX_LENGTH + 1), "length 67108865"),
    "no digest": (lambda r: replace(r, digest="sha1:!!"), "not understood"),
    "no digest, other URL": (lambda r: replace(r, digest=None, url="http://x/"), "no digest"),
}


@pytest.mark.parametrize("kind", DISAGREEING)
def test_a_record_that_is_not_what_the_index_says_is_left_out_and_says_why(
    layout: Layout, tmp_path: Path, kind: str
) -> None:
    change, reason = DISAGREEING[kind]
    wrong, right = wanted(layout, TAIGH, MUIR)
    rows = (change(wrong), right)
    records = made(layout, tmp_path, *rows)
    assert [r.url for r in records if r.type == "response"] == [MUIR]
    told = [said(r) for r in records if r.type == "metadata"][1:]
    assert [("problem" in each) for each in told] == [True, False]
    assert reason in told[0]["problem"]
    lines = [{"url": r.url, "said": ledger_said(r)} for r in records if r.type == "metadata"]
    assert [each["problem"] for each in problems(lines)] == [told[0]["problem"]]


def ledger_said(record: Record) -> str:
    """As the ledger keeps it: the fields of the block as JSON."""
    return json.dumps(dict(line.split(": ", 1) for line in record.block.decode().splitlines()))


def test_without_a_digest_in_the_index_the_url_vouches(layout: Layout, tmp_path: Path) -> None:
    (row,) = wanted(layout, TAIGH)
    *_, about, record = made(layout, tmp_path, replace(row, digest=None))
    assert record.url == TAIGH
    assert "URL agrees" in said(about)["agrees"]


def test_two_rows_that_claim_one_place_leave_the_one_that_is_right(
    layout: Layout, tmp_path: Path
) -> None:
    (row,) = wanted(layout, TAIGH)
    records = made(layout, tmp_path, row, replace(row, digest="sha1:" + "B" * 32))
    assert [r.type for r in records] == ["warcinfo", "metadata", "metadata", "response", "metadata"]


def test_a_digest_that_the_record_states_and_its_bytes_have_not_is_told_apart(
    layout: Layout, tmp_path: Path
) -> None:
    (row,) = wanted(layout, TAIGH)
    page = warcs.html_page("Chaidh na bytes atharrachadh.")
    lying = warcs.warc_record(
        url=TAIGH, block=page, headers={"WARC-Payload-Digest": row.digest or ""}
    )
    member = warcs.gzip_member(lying)
    checked = check(replace(row, length=len(member)), member)
    assert checked.problem == ""
    assert checked.agrees == "the record states the index's digest, its bytes have another"


def test_a_digest_over_the_decoded_body_is_one_of_those_that_agree() -> None:
    body = b"<html><p>na h-eileanan siar</p></html>"
    packed = warcs.http_response(
        200, {"Content-Type": "text/html", "Content-Encoding": "gzip"}, gzip.compress(body, mtime=0)
    )
    member = warcs.gzip_member(warcs.warc_record(block=packed, digests=False))
    row = Selected("a.warc.gz", 0, len(member), "http://example.org/", "", warcs.sha1(body))
    assert check(row, member).agrees == "payload ok (decoded body)"


def test_headers_of_a_body_that_was_stored_decoded_do_not_mislead() -> None:
    # Until August 2018 the crawler kept the original headers over decoded bodies.
    headers = {"Content-Encoding": "gzip", "Transfer-Encoding": "chunked", "Content-Length": "7"}
    page = warcs.html_page("an t-seann dòigh", headers=headers)
    member = warcs.gzip_member(warcs.warc_record(block=page, digests=False))
    digest = warcs.sha1(page.split(b"\r\n\r\n", 1)[1])
    row = Selected("a.warc.gz", 0, len(member), "http://example.org/", "", digest)
    assert check(row, member).agrees == "payload ok"


def test_a_real_record_is_what_the_publishers_index_says(shared_data: Path) -> None:
    recorded = shared_data / "ccindex/cdx_toolkit/test_warc_prefix_1.jsonl"
    index, ranged = (json.loads(line) for line in recorded.read_text().splitlines()[:2])
    said = json.loads(index["response_text"].splitlines()[0])
    data = base64.b64decode(ranged["response_text"])
    row = Selected(
        *(said["filename"], int(said["offset"]), int(said["length"])),
        *(said["url"], "2025-08-04T10:33:29Z", f"sha1:{said['digest']}"),
    )
    assert check(row, data).agrees == "payload ok"
    assert check(row, data[:-1]).problem
    other = replace(row, digest="sha1:" + "A" * 32)
    assert "payload mismatch" in check(other, data).problem


def bomb() -> bytes:
    """A megabyte that inflates beyond any record."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    zeros = bytes(1 << 20)
    return b"".join(packer.compress(zeros) for _ in range(80)) + packer.flush()


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "0 bytes are there"),
        (b"\x1f\x8b\x08\x00", "goes on beyond"),
        (bytes(100), "no gzip member"),
        (warcs.gzip_member(b"no record at all"), "no single record"),
        (warcs.gzip_member(warcs.warcinfo() + warcs.warcinfo()), "no single record"),
        (warcs.gzip_member(warcs.warc_record(length="99", digests=False)), "no single record"),
        (warcs.gzip_member(b""), "no single record"),
        (bomb(), "inflates to more than"),
    ],
    ids=["empty", "cut", "zeros", "text", "two", "wrong length", "nothing", "bomb"],
)
def test_bytes_that_are_no_record_are_told_what_they_are(data: bytes, reason: str) -> None:
    row = Selected("a.warc.gz", 0, max(len(data), 1), "http://example.org/", "", warcs.sha1(b""))
    assert reason in check(row, data).problem


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.lists(
        st.tuples(
            st.integers(-10, 4000),
            st.integers(-10, 4000),
            st.text(max_size=20).map(lambda text: text.encode("utf-8", "replace").decode()),
            st.none() | st.text(st.characters(codec="ascii"), max_size=40),
        ),
        min_size=1,
        max_size=6,
    )
)
def test_whatever_an_index_says_every_row_of_it_is_accounted_for(
    layout: Layout, tmp_path: Path, places: Sequence[tuple[int, int, str, str | None]]
) -> None:
    path = layout.warcs["00000"]
    rows = [Selected(path, o, n, url, "2019-08-20T10:11:12Z", d) for o, n, url, d in places]
    records = made(layout, tmp_path, *wanted(layout, MUIR), *rows)
    told = [said(record) for record in records if record.type == "metadata"][1:]
    assert [(each["offset"], each["length"]) for each in told[1:]] == [p[:2] for p in places]
    kept = [each for each in told if "problem" not in each]
    assert len(kept) == sum(record.type != "metadata" for record in records) - 1


def test_an_extract_of_arc_records_is_made_as_well(tmp_path: Path) -> None:
    page = warcs.html_page("Sgeul às an t-seann lìon.")
    first, record = warcs.arc_file([warcs.arc_record("http://alba.scot/arc", page)])
    start, member = warcs.gzip_member(first), warcs.gzip_member(record)
    (tmp_path / "cc/crawl-001").mkdir(parents=True)
    (tmp_path / "cc/crawl-001/1_2.arc.gz").write_bytes(start + member)
    digest = warcs.sha1(page.split(b"\r\n\r\n", 1)[1])
    row = Selected(
        *("crawl-001/1_2.arc.gz", len(start), len(member)),
        *("http://alba.scot/arc", "2008-05-09T00:00:00Z", digest),
    )
    chosen = Extract(row.path, HOW, (row,))
    path = write(chosen, base_of(str(tmp_path / "cc")), tmp_path)
    assert chosen.name.startswith("1_2.")
    kinds = [(r.type, r.outcome) for r in read_records(path, Limits())]
    assert kinds == [("filedesc", None), ("metadata", None), ("metadata", None), ("response", None)]


@pytest.mark.parametrize("start", [b"", b"junk", warcs.gzip_member(warcs.warc_record())])
def test_a_file_that_does_not_say_what_it_is_gives_an_extract_that_says_so(
    tmp_path: Path, start: bytes
) -> None:
    member = warcs.gzip_member(warcs.warc_record(block=warcs.html_page("dà fhacal")))
    (tmp_path / "x.warc.gz").write_bytes(start + member)
    row = Selected("x.warc.gz", len(start), len(member), "http://example.org/", "2008-05-09", None)
    path = write(Extract(row.path, (), (row,)), base_of(str(tmp_path)), tmp_path / "out")
    first, _, record = read_records(path, Limits())
    assert said(first)["warcinfo"] == "none in the first 4096 bytes"
    assert record.type == "response"


def test_an_extract_that_is_there_is_not_made_again(layout: Layout, tmp_path: Path) -> None:
    rows = wanted(layout, TAIGH)
    path = write(Extract(rows[0].path, HOW, rows), base_of(str(layout.folder)), tmp_path)
    path.write_bytes(b"marked")
    assert write(Extract(rows[0].path, HOW, rows), base_of(str(layout.folder)), tmp_path) == path
    assert path.read_bytes() == b"marked"


def test_an_extract_of_a_bad_copy_is_not_taken_for_that_of_a_good_one(
    layout: Layout, tmp_path: Path
) -> None:
    rows = wanted(layout, TAIGH)
    chosen, good = Extract(rows[0].path, HOW, rows), layout.folder / rows[0].path
    mirror = tmp_path / "mirror" / rows[0].path
    mirror.parent.mkdir(parents=True)
    data = good.read_bytes()
    mirror.write_bytes(data[: rows[0].offset] + bytes(len(data) - rows[0].offset))
    os.utime(mirror, ns=(1, good.stat().st_mtime_ns))  # nothing but its place tells them apart
    bad = write(chosen, base_of(str(tmp_path / "mirror")), tmp_path / "out").read_bytes()
    sound = write(chosen, base_of(str(layout.folder)), tmp_path / "out").read_bytes()
    assert b'"problem"' in bad
    assert b'"problem"' not in sound
    mirror.write_bytes(data)
    os.utime(mirror, ns=(1, 1))
    mended = write(chosen, base_of(str(tmp_path / "mirror")), tmp_path / "out").read_bytes()
    assert mended == sound


def test_a_file_name_of_any_length_has_an_extract(tmp_path: Path) -> None:
    member = warcs.gzip_member(warcs.warc_record(block=warcs.html_page("dà fhacal")))
    (tmp_path / f"{'x' * 240}.warc.gz").write_bytes(member)
    row = Selected(f"{'x' * 240}.warc.gz", 0, len(member), "http://example.org/", "2008-05-09")
    path = write(Extract(row.path, (), (row,)), base_of(str(tmp_path)), tmp_path / "out")
    assert [record.type for record in read_records(path, Limits())][-1] == "response"


@pytest.mark.parametrize("cut", [None, "between", "inside"])
def test_a_file_that_cannot_be_read_leaves_nothing_behind(
    layout: Layout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cut: str | None
) -> None:
    rows = wanted(layout, TAIGH, MUIR)
    file, out = layout.folder / rows[0].path, tmp_path / "out"
    told = places.facts_of(str(file))
    monkeypatch.setattr(places, "facts_of", lambda _: told)
    if cut is None:
        file.unlink()
    else:
        os.truncate(file, rows[1].offset + 9 * (cut == "inside"))
    with pytest.raises(EnvironmentFailed, match=r"cannot read|ends before"):
        write(Extract(rows[0].path, HOW, rows), base_of(str(layout.folder)), out)
    assert list(out.iterdir()) == []


def test_an_order_that_is_gone_says_to_run_again(tmp_path: Path) -> None:
    with pytest.raises(EnvironmentFailed, match="is gone") as caught:
        extract.fetch(str(tmp_path / "none.json"), tmp_path)
    assert "run the same command again" in caught.value.next_step


def test_an_order_survives_its_file(layout: Layout, tmp_path: Path) -> None:
    rows = wanted(layout, TAIGH, MUIR)
    chosen = Extract(rows[0].path, HOW, (*rows, replace(rows[0], digest=None, url="x é\u2028")))
    base = base_of(str(layout.folder))
    order = extract.order(chosen, base, tmp_path / "orders")
    path = extract.fetch(order.location.partition("://")[2], tmp_path)
    assert order.name == chosen.name
    assert path.read_bytes() == write(chosen, base, tmp_path / "again").read_bytes()
