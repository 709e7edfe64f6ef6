"""Damage costs the record it hits and nothing else; no wrong bytes are ever taken for a record."""

from __future__ import annotations

import gzip
import random
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from archive.records import Outcome, Place, Record
from archive.sources import digests
from tests import warcs
from tests.sources.laws import assert_laws, records, rows_of

rng = random.Random(20080430)
PAGES = [
    warcs.html_page(
        f"Page {n}\n\n" + " ".join(rng.choices(["so", "it", "goes", "on", "and"], k=40 + n))
    )
    for n in range(20)
]
RECORDS = [warcs.warc_record(url=f"http://example.org/{n}", block=p) for n, p in enumerate(PAGES)]
TRUE = set(PAGES)
CODECS = {
    "gzip": warcs.gzip_members(RECORDS),
    "zstd": warcs.zstd_frames(RECORDS),
    "bzip2": warcs.bzip2_streams(RECORDS),
    "whole-file gzip": gzip.compress(b"".join(RECORDS), mtime=0),
    "plain": b"".join(RECORDS),
}
quick = settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def starts(data: bytes, parts: Sequence[bytes]) -> list[int]:
    """Where each part starts; the last entry is the end."""
    ends = [0]
    for part in parts:
        assert data[ends[-1] :].startswith(part)
        ends.append(ends[-1] + len(part))
    return ends


def lost(rows: Sequence[Record]) -> list[tuple[int, int]]:
    """The ranges of the input that are reported as anything but records and padding."""
    bad = (Outcome.DAMAGED, Outcome.UNRECOGNISED)
    return [
        (row.place.offset, row.place.offset + row.place.length)
        for row in rows
        if row.outcome in bad and row.place.member is None
    ]


def inside(ranges: list[tuple[int, int]], start: int, end: int) -> bool:
    return any(first <= start and end <= last for first, last in ranges)


@pytest.mark.parametrize("name", ["gzip", "zstd", "bzip2"])
def test_a_cut_costs_only_the_record_it_hits(name: str, tmp_path: Path) -> None:
    data = CODECS[name]
    members = {"gzip": warcs.gzip_members, "zstd": warcs.zstd_frames, "bzip2": warcs.bzip2_streams}
    ends = starts(data, [members[name]([record]) for record in RECORDS])
    for cut in rng.sample(range(1, len(data)), 500 if name == "gzip" else 100):
        rows = rows_of(tmp_path / "x", data[:cut])
        whole = sum(end <= cut for end in ends[1:])
        assert [row.block for row in records(rows)] == PAGES[:whole]
        assert cut in ends or inside(lost(rows), ends[whole], cut), "a silent loss"


@pytest.mark.parametrize("name", ["gzip", "zstd", "bzip2"])
def test_a_flipped_bit_costs_only_the_record_it_hits(name: str, tmp_path: Path) -> None:
    data = CODECS[name]
    members = {"gzip": warcs.gzip_members, "zstd": warcs.zstd_frames, "bzip2": warcs.bzip2_streams}
    ends = starts(data, [members[name]([record]) for record in RECORDS])
    for bit in rng.sample(range(len(data) * 8), 500 if name == "gzip" else 150):
        flipped = bytearray(data)
        flipped[bit // 8] ^= 1 << bit % 8
        rows = rows_of(tmp_path / "x", bytes(flipped))
        hit = sum(end <= bit // 8 for end in ends) - 1
        found = [row.block for row in records(rows)]
        if found != PAGES:  # else the bit said nothing, such as a time stamp's
            assert found == PAGES[:hit] + PAGES[hit + 1 :]
            assert inside(lost(rows), ends[hit], ends[hit + 1]), "a silent loss"


@pytest.mark.parametrize("name", ["whole-file gzip", "plain"])
def test_a_cut_of_a_shared_stream_keeps_the_records_before_it(name: str, tmp_path: Path) -> None:
    data = CODECS[name]
    for cut in rng.sample(range(1, len(data)), 200):
        rows = rows_of(tmp_path / "x", data[:cut])
        found = [row.block for row in records(rows)]
        assert found == PAGES[: len(found)]
        if name == "plain":
            ends = starts(data, RECORDS)
            # A record is complete without its closing line ends.
            assert len(found) == sum(end - 4 <= cut for end in ends[1:])
        elif lost(rows):
            assert lost(rows) == [(0, cut)]
    assert len(found) > 0 or cut < 1000


@pytest.mark.parametrize("name", ["whole-file gzip", "plain"])
def test_a_flipped_bit_in_a_shared_stream_is_never_silent(name: str, tmp_path: Path) -> None:
    data = CODECS[name]
    kept = 0
    for bit in rng.sample(range(len(data) * 8), 500):
        flipped = bytearray(data)
        flipped[bit // 8] ^= 1 << bit % 8
        rows = rows_of(tmp_path / "x", bytes(flipped))
        found = records(rows)
        wrong = [row for row in found if row.block not in TRUE]
        if name == "plain":
            assert all("mismatch" in digests.check(row, None, None) for row in wrong)
            assert len(found) >= len(RECORDS) - 1
            assert len(found) == len(RECORDS) or lost(rows)
        else:
            assert not wrong
            assert len(found) == len(RECORDS) or lost(rows) == [(0, len(data))]
        kept += len(found)
    assert kept > 500 * len(RECORDS) * (0.9 if name == "plain" else 0.3)


def test_records_of_a_broken_member_are_believed_only_where_something_vouches_for_them(
    tmp_path: Path,
) -> None:
    bare = [warcs.warc_record(url=None, block=p, digests=False) for p in PAGES]
    mixed = b"".join(RECORDS[:10] + bare[10:])
    data = bytearray(gzip.compress(mixed, mtime=0))
    cut = rows_of(tmp_path / "x", bytes(data[:-9]))
    assert [row.block for row in records(cut)] == PAGES[: len(records(cut))]
    assert len(records(cut)) >= 15, "a cut leaves what was complete before it"
    assert all("broken member" in row.notes[-1] for row in records(cut))
    data[-6] ^= 1
    wrong = rows_of(tmp_path / "x", bytes(data))
    assert [row.block for row in records(wrong)] == PAGES[:10], "only digests outweigh a checksum"
    assert wrong[-1].outcome is Outcome.DAMAGED
    assert "checksum" in wrong[-1].reason


def test_a_record_whose_member_fails_its_checksum_is_not_returned(tmp_path: Path) -> None:
    member = bytearray(warcs.gzip_member(RECORDS[0]))
    for byte in range(len(member) - 8, len(member)):
        damaged = bytes(member[:byte]) + bytes([member[byte] ^ 64]) + bytes(member[byte + 1 :])
        rows = rows_of(tmp_path / "x", damaged + warcs.gzip_member(RECORDS[1]))
        assert [row.block for row in records(rows)] == [PAGES[1]]
        assert lost(rows) == [(0, len(member))]


def test_a_cut_archive_inside_a_payload_is_not_mined_for_records(tmp_path: Path) -> None:
    nested = warcs.gzip_members(RECORDS)
    outer = warcs.warc_record("resource", block=nested)
    stored = gzip.compress(outer, 0, mtime=0)
    rows = rows_of(tmp_path / "x", warcs.gzip_member(RECORDS[0]) + stored[: len(stored) // 2])
    assert [row.block for row in records(rows)] == [PAGES[0]]


@quick
@given(data=st.binary(max_size=2000))
def test_the_laws_hold_for_any_bytes(data: bytes, tmp_path: Path) -> None:
    assert not records(rows_of(tmp_path / "x", data))


@quick
@given(
    name=st.sampled_from(sorted(CODECS)),
    edits=st.lists(
        st.tuples(st.sampled_from("fidc"), st.floats(0, 0.999), st.binary(max_size=40)), max_size=5
    ),
)
def test_the_laws_hold_for_any_damage(
    name: str, edits: list[tuple[str, float, bytes]], tmp_path: Path
) -> None:
    data = CODECS[name]
    for kind, where, junk in edits:
        at = int(where * len(data))
        if kind == "f":
            data = data[:at] + junk + data[at + len(junk) :]
        elif kind == "i":
            data = data[:at] + junk + data[at:]
        elif kind == "d":
            data = data[:at] + data[at + 8 * len(junk) :]
        else:
            data = data[at:] + data[:at]
    rows = rows_of(tmp_path / "x", data)
    for row in records(rows):
        wrong = row.block not in TRUE
        assert not wrong or name == "plain", "wrong bytes out of a checked member"
        assert not wrong or digests.check(row, None, None) != "block ok"


@quick
@given(
    parts=st.lists(
        st.sampled_from(
            [
                *(part for data in CODECS.values() for part in (data[:700], data[-500:])),
                *RECORDS[:3],
                *(warcs.gzip_member(record) for record in RECORDS[:3]),
                *warcs.arc_file([warcs.arc_record("http://example.org/", PAGES[0])]),
                b"\r\n",
                bytes(20),
                b"\nWARC/1.0\r\n",
                b"WARC/1.0\r\nContent-Length: 20\r\n\r\n",
                b"\x1f\x8b\x08\x00",
                b"\x28\xb5\x2f\xfd",
                b"\x5d\x2a\x4d\x18\x05\0\0\0",
            ]
        ),
        max_size=12,
    )
)
def test_the_laws_hold_for_any_mixture(parts: list[bytes], tmp_path: Path) -> None:
    rows_of(tmp_path / "x", b"".join(parts))


def test_the_laws_hold_in_small_windows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every boundary of a buffer is met: blocks, steps and holds of a few bytes."""
    monkeypatch.setattr("archive.sources.windows.BLOCK", 64)
    monkeypatch.setattr("archive.sources.framing.STEP", 80)
    monkeypatch.setattr("archive.sources.members.STEP", 40)
    monkeypatch.setattr("archive.sources.members.HOLD", 500)
    monkeypatch.setattr("archive.sources.members.PIECE", 100)
    monkeypatch.setattr("archive.sources.gzip.PIECE", 100)
    monkeypatch.setattr("archive.sources.bzip2.PIECE", 100)
    for name, data in CODECS.items():
        assert [row.block for row in records(rows_of(tmp_path / "x", data))] == PAGES
        for number in range(40):
            at = rng.randrange(len(data))
            damaged = data[:at] + rng.randbytes(number % 7) + data[at + number % 5 :]
            rows = rows_of(tmp_path / "x", damaged)
            assert name == "plain" or {row.block for row in records(rows)} <= TRUE


def test_the_laws_are_not_vacuous() -> None:
    row = Record("response", Place(0, 5))
    assert_laws([row], 5)
    with pytest.raises(AssertionError):
        assert_laws([row], 6)
