"""Real archives: all bytes accounted for, and the facts that are known of them."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from archive.records import Outcome, Record
from archive.sources import digests, read_records
from archive.sources.http import decode_body, parse_http
from tests.sources.laws import LIMITS, assert_laws, outcomes


@pytest.fixture(scope="session")
def warc(shared_data: Path) -> Path:
    return shared_data / "warc"


def read(path: Path) -> list[Record]:
    rows = list(read_records(path, LIMITS))
    assert_laws(rows, path.stat().st_size)
    return rows


def payloads(rows: list[Record]) -> list[tuple[str | None, int | None, bytes]]:
    found = []
    for row in rows:
        if row.type == "response" and not (row.url or "").startswith("dns:"):
            message = parse_http(row.block, LIMITS)
            found.append((row.url, message.status, decode_body(message, LIMITS).data))
    return found


def test_every_real_file_obeys_the_laws_and_its_bodies_decode(warc: Path) -> None:
    files = [path for path in sorted(warc.rglob("*")) if path.is_file()]
    said: Counter[str] = Counter()
    wrong = set()
    for path in files:
        for row in read(path):
            if row.outcome is None and row.type == "response":
                message = parse_http(row.block, LIMITS)
                body = decode_body(message, LIMITS)
                answer = digests.check(row, message, body)
                said.update(answer.split("; "))
                wrong |= (
                    {path.name} if "mismatch" in answer and path.parent.name != "ipwb" else set()
                )
                assert body.data or body.problem or not body.dechunked.strip() or body.notes
    assert len(files) > 100
    # The files of ipwb were written by hand, their digests made up.
    assert wrong == {"example-trunc.warc"}
    assert said["payload ok"] > 550


def test_the_twins_of_one_crawl_hold_the_same_captures(warc: Path) -> None:
    of_warc = payloads(read(warc / "aut/example.warc.gz"))
    of_arc = payloads(read(warc / "aut/example.arc.gz"))
    assert len(of_warc) > 250
    assert sorted(of_warc, key=repr) == sorted(of_arc, key=repr)


def test_plain_and_packed_twins_hold_the_same_blocks(warc: Path) -> None:
    for name in ("whirlwind/whirlwind.warc", "warcio/example.warc", "warcio/example.arc"):
        plain, packed = read(warc / name), read(warc / f"{name}.gz")
        assert [row.block for row in plain] == [row.block for row in packed]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("resiliparse/clipped.warc.gz", ["damaged"]),
        ("resiliparse/warcfile.warc.lz4", ["unrecognised"]),
        ("webarchive-commons/hi.gz", ["unrecognised"]),
        ("webarchive-commons/empty.gz", ["padding"]),
        ("jwarc/gzip_extra_sl.warc.gz", ["warcinfo"]),
        ("jwarc/cc.warc.gz", ["response"]),
    ],
)
def test_known_files(warc: Path, name: str, expected: list[str]) -> None:
    assert outcomes(read(warc / name)) == expected


def test_an_archive_corrupted_in_its_middle_goes_on_after_it(warc: Path) -> None:
    rows = read(next(warc.rglob("corrupted-mid-record.warc.gz.open")))
    assert [row.outcome for row in rows if row.outcome] == [Outcome.CONTAINER, Outcome.DAMAGED]
    assert len([row for row in rows if row.type == "response"]) == 12
