"""Readers of corpora: every row is a document or is counted, and hostile files are named."""

from __future__ import annotations

import bz2
import gzip
import json
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard

from archive.audit import readers
from archive.audit.corpora import Place, kind_of, resolve
from archive.audit.items import Item, Left, Row, Wanted, lookup, well_formed
from archive.audit.slices import host_of, require, value_of, year_of
from archive.errors import EnvironmentFailed, UsageError
from tests.archives import STORIES, write_crawl
from tests.audit.made import Capture, commit

ROWS = [{"text": f"Text {n}.", "n": n, "meta": {"url": f"http://h{n}.org/"}} for n in range(5)]
LINES = "".join(json.dumps(row) + "\n" for row in ROWS).encode()


def read(name: Path | str, text: str = "text", store: str = "nowhere", **place: Any) -> list[Row]:
    with ExitStack() as stack:
        wanted = Wanted(text, ("n", "meta.url", "meta"))
        found = resolve([str(name)], Place(store, wanted, **place), stack)
        return [row for corpus in found for row in corpus.rows(lambda _: None)]


def texts(rows: list[Row]) -> list[str]:
    return [row.text for row in rows if isinstance(row, Item)]


def left(rows: list[Row]) -> list[tuple[str, str]]:
    return [(row.reason, row.place.rpartition("/")[2]) for row in rows if isinstance(row, Left)]


@pytest.mark.parametrize(
    "name", ["c.jsonl", "c.ndjson.gz", "c.jsonl.zst", "c.jsonl.bz2", "c.parquet", "saved"]
)
def test_the_same_rows_come_out_of_every_kind_of_file(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    if name.endswith(".gz"):
        path.write_bytes(gzip.compress(LINES[:40]) + gzip.compress(LINES[40:]))
    elif name.endswith(".zst"):
        packed = zstandard.ZstdCompressor()
        path.write_bytes(packed.compress(LINES[:40]) + packed.compress(LINES[40:]))
    elif name.endswith(".bz2"):
        path.write_bytes(bz2.compress(LINES[:40]) + bz2.compress(LINES[40:]))
    elif name.endswith(".jsonl"):
        path.write_bytes(b"\xef\xbb\xbf" + LINES.replace(b"\n", b"\r\n\n"))
    else:
        table = pa.Table.from_pylist(ROWS)
        if name == "saved":
            import datasets

            datasets.Dataset(table).save_to_disk(str(path))
        else:
            pq.write_table(table, path, row_group_size=2)
    rows = read(path)
    assert texts(rows) == [row["text"] for row in ROWS]
    items = [row for row in rows if isinstance(row, Item)]
    assert [lookup(item.columns, "n") for item in items] == list(range(5))
    assert [lookup(item.columns, "meta.url") for item in items][4] == "http://h4.org/"
    assert len({item.place for item in items}) == 5


def test_a_column_whose_name_has_a_dot_is_read_as_that(tmp_path: Path) -> None:
    path = tmp_path / "c.parquet"
    pq.write_table(pa.table({"raw.text": ["A text."], "meta.url": ["http://a.org/"]}), path)
    (row,) = read(path, text="raw.text")
    assert isinstance(row, Item)
    assert (row.text, dict(row.columns)) == ("A text.", {"meta.url": "http://a.org/"})


def test_a_row_that_cannot_be_read_is_counted_with_its_file_and_line(tmp_path: Path) -> None:
    path = tmp_path / "c.jsonl"
    bad = [
        b"{",
        b"[1]",
        b'{"text": 5}',
        b'{"body": "x", "url\\ud800": 3}',
        b'{"text": "\xff"}',
        b'{"a":' * 100_000,
        b'{"text": "x", "n": ' + b"9" * 5000 + b"}",
        b'{"text": null}',
    ]
    path.write_bytes(b"\n".join([LINES.splitlines()[0], *bad, LINES.splitlines()[1]]))
    rows = read(path)
    assert texts(rows) == ["Text 0.", "Text 1."]
    assert left(rows) == [
        ("not JSON", "c.jsonl:2"),
        ("not a JSON object", "c.jsonl:3"),
        ("text of another type", "c.jsonl:4"),
        ("no text", "c.jsonl:5"),
        ("not UTF-8", "c.jsonl:6"),
        ("not JSON", "c.jsonl:7"),
        ("not JSON", "c.jsonl:8"),
        ("no text", "c.jsonl:9"),
    ]
    missing = next(row for row in rows if isinstance(row, Left) and row.reason == "no text")
    assert "columns there: body, url\ufffd" in missing.detail


@pytest.mark.parametrize("kind", ["gz", "zst"])
@pytest.mark.parametrize("harm", ["cut", "flipped"])
def test_a_damaged_file_gives_what_was_before_and_says_where_it_ends(
    tmp_path: Path, kind: str, harm: str
) -> None:
    lines = b"".join(b'{"text": "%d"}\n' % n for n in range(50_000))
    zstd = zstandard.ZstdCompressor(write_checksum=True)
    packed = gzip.compress(lines) if kind == "gz" else zstd.compress(lines)
    data = bytearray(packed)
    if harm == "cut":
        del data[-len(data) // 3 :]
    else:
        data[-2] ^= 255
    path = tmp_path / f"c.jsonl.{kind}"
    path.write_bytes(data)
    rows = read(path)
    assert texts(rows)[:3] == ["0", "1", "2"]
    assert left(rows)[-1][0] == "damaged from here on"
    assert left(rows)[-1][1].startswith(f"c.jsonl.{kind}:")


def test_a_line_over_the_limit_is_skipped_and_not_held(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readers, "MOST_BYTES", 100)
    monkeypatch.setattr(readers, "CHUNK", 64)
    path = tmp_path / "c.jsonl"
    path.write_bytes(b'{"text": "a"}\n' + b"x" * 1000 + b'\n{"text": "b"}\n' + b"y" * 500)
    rows = read(path)
    assert texts(rows) == ["a", "b"]
    assert left(rows) == [("line too long", "c.jsonl:2"), ("line too long", "c.jsonl:4")]


def test_a_folder_of_texts_is_read_whole_and_what_is_no_text_is_named(tmp_path: Path) -> None:
    (tmp_path / "below").mkdir()
    (tmp_path / "a.txt").write_bytes(b"\xef\xbb\xbfOne")
    (tmp_path / "below" / "b.md.gz").write_bytes(gzip.compress("Zwölf".encode()))
    (tmp_path / "c.txt").write_bytes(b"\xff\xfe")
    (tmp_path / "d.bin").write_bytes(b"not a corpus")
    rows = read(tmp_path)
    assert sorted(texts(rows)) == ["One", "Zwölf"]
    assert left(rows) == [("not UTF-8", "c.txt")]


def test_a_table_without_the_text_column_is_an_error_that_lists_its_columns(
    tmp_path: Path,
) -> None:
    pq.write_table(pa.table({"body": ["x"], "url": ["y"]}), tmp_path / "c.parquet")
    with pytest.raises(UsageError, match="no column 'text'") as raised:
        read(tmp_path / "c.parquet")
    assert "columns there: body, url" in raised.value.next_step
    assert texts(read(tmp_path / "c.parquet", "body")) == ["x"]


def test_a_parquet_file_that_is_none_or_holds_no_characters(tmp_path: Path) -> None:
    (tmp_path / "c.parquet").write_bytes(b"PAR1 and then nothing")
    with pytest.raises(UsageError, match="not Parquet"):
        read(tmp_path / "c.parquet")
    bytes_as_text = pa.array([b"\xff\xfe", b"fine"]).view(pa.string())
    pq.write_table(pa.table({"text": bytes_as_text}), tmp_path / "d.parquet")
    rows = read(tmp_path / "d.parquet")
    assert texts(rows) == ["fine"]
    assert left(rows) == [("text of another type", "d.parquet:0")]


def test_a_web_archive_is_read_by_the_projects_own_extraction_whatever_its_dates(
    tmp_path: Path,
) -> None:
    rows = read(write_crawl(tmp_path)[0])
    found = texts(rows)
    assert sum(STORIES["tide"] in text for text in found) == 2  # one of them captured in 2023
    assert {host_of(row) for row in rows if isinstance(row, Item)} == {
        "example.org",
        "late.example.org",
    }
    assert {reason for reason, _ in left(rows)} == {
        *("not-text", "redirect", "not-ok", "empty", "undated"),
    }


def test_a_snapshot_is_read_by_name_and_version_with_its_cut(tmp_path: Path) -> None:
    commit(tmp_path, [Capture("One text."), Capture("Two.", grade="contradicted")])
    assert sorted(texts(read("web@1", store=str(tmp_path)))) == ["One text.", "Two."]
    assert texts(read("web", store=str(tmp_path), least="claimed")) == ["One text."]


def test_a_dataset_by_name_is_streamed(tmp_path: Path) -> None:
    pq.write_table(pa.Table.from_pylist(ROWS), tmp_path / "train.parquet")
    assert texts(read(f"hf:{tmp_path}")) == [row["text"] for row in ROWS]
    with pytest.raises(EnvironmentFailed, match="no-such"):
        read(f"hf:{tmp_path / 'no-such'}")


@pytest.mark.parametrize("name", ["absent.jsonl", "web@7", "*.nothing"])
def test_a_name_that_means_nothing_is_an_error_that_says_what_could(
    tmp_path: Path, name: str
) -> None:
    with pytest.raises(UsageError) as raised:
        read(tmp_path / name if "." in name else name, store=str(tmp_path))
    assert raised.value.next_step


def test_a_file_of_no_known_kind_is_refused(tmp_path: Path) -> None:
    (tmp_path / "c.docx").write_bytes(b"x")
    with pytest.raises(UsageError, match="no reader"):
        read(tmp_path / "c.docx")


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("a.jsonl.zst", "jsonl"),
        ("a.b.JSON", "jsonl"),
        ("CC-MAIN.warc.gz", "web"),
        ("a.txt", "text"),
        ("a.parquet", "parquet"),
        ("a.parquet.gz", ""),
        ("a", ""),
        ("a.gz", ""),
    ],
)
def test_the_kind_of_a_file_is_told_by_its_suffix(name: str, kind: str) -> None:
    assert kind_of(Path(name)) == kind


def test_halves_of_characters_are_replaced_and_pairs_joined() -> None:
    assert well_formed("a\ud800b") == "a\ufffdb"
    assert well_formed("\ud83d\ude00") == "\N{GRINNING FACE}"
    assert well_formed("naïve") == "naïve"


@pytest.mark.parametrize(
    ("date", "year"),
    [
        (1700000000, "2023"),
        (1700000000123, "2023"),
        ("1199145600.5", "2008"),
        ("20230115", "2023"),
        ("01152023", ""),
        ("2019-03-04T10:00:00.2021Z", "2019"),
        (2019.0, "2019"),
        ("No. 120190", ""),
    ],
)
def test_a_year_is_no_part_of_a_longer_number(date: Any, year: str) -> None:
    assert year_of(Item("", {"date": date}, "")) == year


def test_a_column_that_is_there_without_values_is_a_slice_of_none() -> None:
    require(["genre", "year"], [Item("", {"genre": None, "date": None}, "")], "c")
    require(["meta.genre"], [Item("", {"meta": {"genre": None}}, "")], "c")
    with pytest.raises(UsageError, match=r"meta\.genre"):
        require(["meta.genre"], [Item("", {"meta": {"kind": "x"}}, "")], "c")


def test_years_and_hosts_are_derived_from_what_is_there() -> None:
    def item(**columns: Any) -> Item:
        return Item("", columns, "")

    assert year_of(item(date="2019-03-04")) == "2019"
    assert year_of(item(timestamp="20080430204825")) == "2008"
    assert year_of(item(metadata={"date": "May 1999"})) == "1999"
    assert year_of(item(year=2001, date="2019")) == "2001"
    assert year_of(item(date="soon", n=2019)) == ""
    assert host_of(item(url="https://user@Example.ORG:8080/x")) == "example.org"
    assert host_of(item(host="a.org", url="http://b.org")) == "a.org"
    assert host_of(item(url="http://[broken")) == ""
    assert value_of(item(kind=None), "kind") == "(none)"
    assert value_of(item(kind=7), "kind") == "7"
    assert value_of(item(kind="a\ud800"), "kind") == "a\ufffd"
    assert host_of(item(host="A\ud800.org")) == "a\ufffd.org"
