"""Hostile input: bounded memory, time linear in the bytes, everything accounted for."""

from __future__ import annotations

import gzip
import time
import tracemalloc
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
import zstandard

from archive.records import Outcome
from archive.sources import accounted, read_records
from tests import warcs
from tests.sources.laws import LIMITS, assert_laws, outcomes, records, rows_of

MIB = 1 << 20
PAGE = warcs.html_page("A page after the trouble")
AFTER = warcs.warc_record(block=PAGE)


@contextmanager
def bounded(seconds: float, megabytes: float) -> Iterator[None]:
    """Fails on gross excess only: a quadratic loop or an unbounded buffer, not a slow machine."""
    tracemalloc.start()
    start = time.process_time()
    try:
        yield
        peak = tracemalloc.get_traced_memory()[1] / MIB
    finally:
        tracemalloc.stop()
    assert peak < megabytes, f"{peak:.0f} MiB"
    assert time.process_time() - start < seconds


def bomb(head: bytes, size: int) -> bytes:
    """A gzip member of `head` and `size` zeros, made without holding them."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    zeros = bytes(MIB)
    parts = [packer.compress(head), *(packer.compress(zeros) for _ in range(size // MIB))]
    return b"".join([*parts, packer.flush()])


def test_a_gzip_bomb_is_over_the_limit_and_costs_no_memory(tmp_path: Path) -> None:
    head = warcs.warc_record(length=str(1 << 30)).removesuffix(b"\r\n\r\n")
    data = bomb(head, 1 << 30) + warcs.gzip_member(AFTER)
    with bounded(seconds=60, megabytes=100):
        rows = rows_of(tmp_path / "x", data)
    assert outcomes(rows) == ["over-limit", "response"]
    assert rows[0].reason == "record_bytes"
    assert rows[0].url == "http://example.org/"
    assert rows[0].block == b""


def test_a_bomb_of_blank_bytes_costs_no_memory(tmp_path: Path) -> None:
    data = bomb(b"", 1 << 28) + warcs.gzip_member(AFTER)
    with bounded(seconds=60, megabytes=100):
        rows = rows_of(tmp_path / "x", data)
    assert outcomes(rows) == ["padding", "response"]


def test_a_bomb_in_zstd_costs_no_memory(tmp_path: Path) -> None:
    head = warcs.warc_record(length=str(1 << 28)).removesuffix(b"\r\n\r\n")
    data = zstandard.compress(head + bytes(1 << 28)) + zstandard.compress(AFTER)
    with bounded(seconds=60, megabytes=100):
        rows = rows_of(tmp_path / "x", data)
    assert outcomes(rows) == ["over-limit", "response"]


@pytest.mark.parametrize("packed", [False, True])
def test_a_header_line_of_64_mib_is_over_the_limit(packed: bool, tmp_path: Path) -> None:
    line = b"WARC/1.0\r\nWARC-Type: response\r\nX: " + b"a" * (64 * MIB) + b"\r\n\r\n"
    data = warcs.gzip_members([line, AFTER]) if packed else line + AFTER
    (tmp_path / "x").write_bytes(data)
    with bounded(seconds=10, megabytes=100):
        rows = list(read_records(tmp_path / "x", LIMITS))
    assert_laws(rows, len(data))
    assert outcomes(rows) == ["over-limit", "response"]
    assert rows[0].reason == "header_bytes"


@pytest.mark.parametrize("length", ["99999999999999", "-1", "abc", "", "1e3", "٣", "9" * 5000])
@pytest.mark.parametrize("packed", [False, True])
def test_an_absurd_length_costs_only_its_record(length: str, packed: bool, tmp_path: Path) -> None:
    bad = warcs.warc_record(block=b"<p>bad", length=length, digests=False)
    for parts in ([AFTER, bad, AFTER], [bad, AFTER]):
        data = warcs.gzip_members(parts) if packed else b"".join(parts)
        with bounded(seconds=10, megabytes=50):
            rows = rows_of(tmp_path / "x", data)
        assert outcomes(rows) == ["damaged" if part is bad else "response" for part in parts]
        assert "length" in rows[len(parts) - 2].reason.lower()


def test_a_record_at_the_limit_is_kept_and_one_above_it_is_not(tmp_path: Path) -> None:
    limits = replace(LIMITS, record_bytes=1000)
    for size, outcome in ((1000, None), (1001, Outcome.OVER_LIMIT)):
        for wrap in (warcs.gzip_member, lambda data: data):
            data = wrap(warcs.warc_record("resource", block=b"x" * size) + AFTER)
            rows = rows_of(tmp_path / "x", data, limits)
            assert rows[0].outcome is outcome
            assert rows[1].block == PAGE


def test_many_empty_members_are_one_row(tmp_path: Path) -> None:
    count = 50_000
    data = gzip.compress(b"", mtime=0) * count + warcs.gzip_member(AFTER)
    (tmp_path / "x").write_bytes(data)
    with bounded(seconds=60, megabytes=20):
        rows = list(read_records(tmp_path / "x", LIMITS))
    assert_laws(rows, len(data))
    assert outcomes(rows) == ["padding", "response"]


def test_many_empty_records_need_no_memory(tmp_path: Path) -> None:
    count = 20_000
    empty = warcs.warc_record("resource", None, None, digests=False)
    for data in (gzip.compress(empty * count, mtime=0), empty * count):
        (tmp_path / "x").write_bytes(data)
        with bounded(seconds=60, megabytes=40):
            total = kinds = 0
            for row in read_records(tmp_path / "x", LIMITS):
                total += accounted([row])
                kinds += row.type == "resource"
        assert (total, kinds) == (len(data), count)


def test_records_that_claim_each_other_take_linear_time(tmp_path: Path) -> None:
    """Each length leads far ahead, to no record: every claim must be refused at once."""
    liar = warcs.warc_record(block=b"x" * 20, length="3000001", digests=True)
    data = liar * 10_000
    assert len(data) > 3_000_001
    (tmp_path / "x").write_bytes(data)
    with bounded(seconds=60, megabytes=60):
        rows = list(read_records(tmp_path / "x", LIMITS))
    assert_laws(rows, len(data))
    assert not [row for row in rows if row.block not in (b"", b"x" * 20)]


def test_members_that_break_one_inside_the_other_take_linear_time(tmp_path: Path) -> None:
    """Every few bytes a member starts, holds a record start, and runs into all that follow."""
    unit = b"\x1f\x8b\x08\0\0\0\0\0\0\xff" + b"\0\xff\xff\0\0" + b"WARC/1.0\r\nX: "
    data = unit * 20_000
    (tmp_path / "x").write_bytes(data)
    with bounded(seconds=100, megabytes=60):
        rows = list(read_records(tmp_path / "x", LIMITS))
    assert_laws(rows, len(data))
    assert not records(rows)


def test_lines_that_look_like_arc_records_take_linear_time(tmp_path: Path) -> None:
    line = b"http://a/" + b" 1.1.1.1 20080101000000" * 300 + b" text/html 9\n"
    data = warcs.arc_record(block=b"x", length=7) + line * 300
    with bounded(seconds=60, megabytes=60):
        rows_of(tmp_path / "x", data)
