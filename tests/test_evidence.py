"""Grades: what supports "captured before the era", and what speaks against it."""

from __future__ import annotations

import hashlib
from base64 import b32encode
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.dates import DAY
from archive.errors import UsageError
from archive.evidence import Grade, grade, read_attestations

CUT = 1_669_766_400_000_000  # 2022-11-30
AT = CUT - 100 * DAY
NO_CLAIMS: dict[str, Any] = {
    "http_date": None,
    "http_last_modified": None,
    "warcinfo_date": None,
    "file_date": None,
    "digests": "block ok; payload ok",
    "attested_by": None,
}


def graded(captured_at: int = AT, **claims: Any) -> Grade:
    return grade(captured_at, CUT, **{**NO_CLAIMS, **claims})


@pytest.mark.parametrize(
    ("claims", "expected", "reason"),
    [
        ({"http_date": AT}, "consistent", "HTTP Date agrees"),
        ({"http_date": AT - DAY}, "consistent", "HTTP Date agrees"),
        ({"warcinfo_date": AT - DAY}, "consistent", "warcinfo date agrees"),
        ({"file_date": AT - 9 * DAY}, "consistent", "file name's date agrees"),
        ({"file_date": AT + 50 * DAY}, "consistent", "file name's date agrees"),
        ({"http_date": AT, "http_last_modified": 0}, "consistent", "Last-Modified agrees"),
        ({}, "claimed", "no other date"),
        ({"http_date": AT, "digests": "none recorded"}, "claimed", "no recorded digest verified"),
        (
            {"http_date": AT, "digests": "block ok; payload mismatch"},
            "claimed",
            "a recorded digest does not match the bytes",
        ),
        (
            {"http_date": AT + 2 * DAY},
            "claimed",
            "HTTP Date is more than a day after the capture date",
        ),
        (
            {"http_date": AT - 2 * DAY},
            "claimed",
            "HTTP Date is more than a day before the capture date",
        ),
        (
            {"http_date": AT, "http_last_modified": AT + 2 * DAY},
            "claimed",
            "Last-Modified is more than a day after the capture date",
        ),
        ({"file_date": CUT}, "claimed", "file name's date is on or after the cut-off"),
        ({"warcinfo_date": CUT}, "claimed", "warcinfo date is on or after the cut-off"),
        (
            {"file_date": AT - 30 * DAY},
            "claimed",
            "file name's date is long before the capture date",
        ),
        ({"http_date": CUT}, "contradicted", "HTTP Date says after the cut-off"),
        ({"http_last_modified": CUT + 1}, "contradicted", "Last-Modified says after the cut-off"),
        ({"attested_by": "crawl.warc.gz"}, "attested", "digest listed as crawl.warc.gz"),
        (
            {"attested_by": "crawl.warc.gz", "http_date": CUT},
            "attested",
            "HTTP Date says after the cut-off",
        ),
        (
            {"attested_by": "x", "http_date": AT, "digests": "payload mismatch"},
            "claimed",
            "a recorded digest does not match the bytes",
        ),
    ],
)
def test_a_grade_and_its_reason(claims: dict[str, Any], expected: str, reason: str) -> None:
    got = graded(**claims)
    assert got.grade == expected
    assert reason in got.reasons


def test_a_capture_on_the_day_of_the_cut_off_contradicts_itself() -> None:
    got = graded(CUT, attested_by="x")
    assert got.grade == "contradicted"
    assert "capture date is not before the cut-off" in got.reasons


def test_a_server_clock_within_a_day_of_a_capture_on_the_eve_is_a_doubt_only() -> None:
    got = graded(CUT - 1, http_date=CUT + 1)
    assert got.grade == "claimed"
    assert "HTTP Date is on or after the cut-off" in got.reasons


def test_reasons_come_in_a_fixed_order() -> None:
    got = graded(http_date=AT, http_last_modified=CUT + DAY, file_date=CUT, warcinfo_date=CUT)
    assert got.reasons == (
        "recorded digest verified",
        "Last-Modified says after the cut-off",
        "warcinfo date is on or after the cut-off",
        "file name's date is on or after the cut-off",
    )


MOMENTS = st.none() | st.integers(CUT - 400 * DAY, CUT + 400 * DAY)


@given(st.integers(CUT - 300 * DAY, CUT + 9 * DAY), MOMENTS, MOMENTS, MOMENTS, MOMENTS,
       st.sampled_from(["block ok", "payload mismatch", "none recorded", "block ok; a mismatch"]),
       st.none() | st.just("name"))  # fmt: skip
def test_no_evidence_raises_a_grade_against_the_rules(
    captured_at: int,
    http_date: int | None,
    modified: int | None,
    info: int | None,
    file: int | None,
    digests: str,
    attested_by: str | None,
) -> None:
    got = grade(
        captured_at,
        CUT,
        http_date=http_date,
        http_last_modified=modified,
        warcinfo_date=info,
        file_date=file,
        digests=digests,
        attested_by=attested_by,
    )
    assert got.reasons
    assert len(set(got.reasons)) == len(got.reasons)
    if captured_at >= CUT:
        assert got.grade == "contradicted"
    if "mismatch" in digests:
        assert got.grade in ("claimed", "contradicted")
    if got.grade == "consistent":
        given_dates = [at for at in (http_date, modified, info, file) if at is not None]
        assert given_dates
        assert all(at < CUT for at in given_dates)
        assert "ok" in digests
    if got.grade == "attested":
        assert attested_by


DATA = b"the bytes of a crawl"
SHA256 = hashlib.sha256(DATA).hexdigest()
SHA1 = hashlib.sha1(DATA)
MD5 = hashlib.md5(DATA).hexdigest()


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (f"{SHA256}  a b.warc.gz", (f"sha256:{SHA256}", "a b.warc.gz")),
        (f"{SHA256} *a.warc.gz", (f"sha256:{SHA256}", "a.warc.gz")),
        (f"{SHA256.upper()}\ta.warc.gz", (f"sha256:{SHA256}", "a.warc.gz")),
        (f"{SHA1.hexdigest()}  ./a.warc.gz", (f"sha1:{SHA1.hexdigest()}", "./a.warc.gz")),
        (f"{MD5}  a.arc.gz", (f"md5:{MD5}", "a.arc.gz")),
        (f"SHA256 (a (1).warc) = {SHA256}", (f"sha256:{SHA256}", "a (1).warc")),
        (f"MD5 (a.warc) = {MD5}", (f"md5:{MD5}", "a.warc")),
        (
            f"sha1:{b32encode(SHA1.digest()).decode()} a.warc.gz",
            (f"sha1:{SHA1.hexdigest()}", "a.warc.gz"),
        ),
        (f"sha-256:{SHA256} a.warc.gz", (f"sha256:{SHA256}", "a.warc.gz")),
    ],
)
def test_a_digest_list_is_read_as_publishers_write_it(
    line: str, expected: tuple[str, str], tmp_path: Path
) -> None:
    path = tmp_path / "SUMS"
    path.write_text(f"\ufeff# a comment\r\n\r\n{line}\r\n", "utf-8")
    assert read_attestations(path) == dict([expected])


def test_equal_digests_keep_the_first_name(tmp_path: Path) -> None:
    path = tmp_path / "SUMS"
    path.write_text(f"{MD5}  first\n{MD5}  second\n")
    assert read_attestations(path) == {f"md5:{MD5}": "first"}


@pytest.mark.parametrize(
    "line", ["no digest here", SHA256, f"{SHA256[:-1]}  a.warc", f"crc:{MD5} a", "sha1:!! a"]
)
def test_a_line_that_is_none_is_named_with_its_number(line: str, tmp_path: Path) -> None:
    path = tmp_path / "SUMS"
    path.write_text(f"{MD5}  fine\n{line}\n")
    with pytest.raises(UsageError, match="line 2"):
        read_attestations(path)


def test_a_list_that_cannot_be_read_is_a_usage_error(tmp_path: Path) -> None:
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    for name in ("absent", "binary"):
        with pytest.raises(UsageError):
            read_attestations(tmp_path / name)
