"""Rows of an index, put in order: none lost, none twice, none that cannot be."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archive.commoncrawl import selected
from archive.commoncrawl.selected import Selected, by_file
from archive.errors import UsageError

rows = st.lists(
    st.builds(
        Selected,
        path=st.sampled_from(["b.warc.gz", "a.warc.gz"]),
        offset=st.integers(0, 3),
        length=st.integers(1, 3),
        url=st.sampled_from(["x", "y"]),
        fetched=st.just("2019-08-20T10:11:12Z"),
        digest=st.sampled_from([None, "sha1:A", "sha1:B"]),
    ),
    max_size=30,
)


@settings(deadline=None)
@given(rows)
def test_every_different_row_is_kept_once_by_file_and_offset(
    given_rows: Sequence[Selected],
) -> None:
    found = by_file(given_rows)
    assert list(found) == sorted({row.path for row in given_rows})
    for path, listed in found.items():
        assert sorted(row.offset for row in listed) == [row.offset for row in listed]
        assert len(set(listed)) == len(listed)
        assert set(listed) == {row for row in given_rows if row.path == path}


@settings(deadline=None)
@given(rows, st.randoms())
def test_the_order_of_an_index_changes_nothing(given_rows: list[Selected], chance: object) -> None:
    mixed = list(given_rows)
    chance.shuffle(mixed)  # type: ignore[attr-defined]
    assert by_file(mixed) == by_file(given_rows)


def test_a_selection_that_is_too_large_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(selected, "MAX_RECORDS", 2)
    listed = [Selected("a.warc.gz", n, 1, "x", "") for n in range(3)]
    assert by_file(listed[:2])
    with pytest.raises(UsageError, match="more than 2 records"):
        by_file(listed)


def test_a_time_with_a_zone_is_written_in_utc() -> None:
    zone = dt.timezone(dt.timedelta(hours=5, minutes=30))
    when = dt.datetime(2019, 8, 20, 3, 0, tzinfo=zone)
    row = selected.selected(("http://x/", when, "A" * 32, "a.warc.gz", 1, 2), "here")
    assert (row.fetched, row.digest) == ("2019-08-19T21:30:00Z", "sha1:" + "A" * 32)


def test_a_year_has_four_digits() -> None:
    when = dt.datetime(1, 1, 1, 0, 0, 0, 5)
    row = selected.selected(("http://x/", when, None, "a.warc.gz", 1, 2), "here")
    assert row.fetched == "0001-01-01T00:00:00Z"
