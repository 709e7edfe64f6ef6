"""Dates as they are written: what is unambiguous is read, what must be guessed at is not."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.dates import file_name_date, parse_capture_date, parse_http_date

MOMENT = dt.datetime(2008, 4, 30, 20, 48, 25, tzinfo=dt.UTC)


def us(*when: int) -> int:
    """Microseconds since 1970 of a moment in UTC."""
    at = dt.datetime(*when, tzinfo=dt.UTC)  # type: ignore[misc,arg-type]
    return (at - dt.datetime(1970, 1, 1, tzinfo=dt.UTC)) // dt.timedelta(microseconds=1)


AT = us(2008, 4, 30, 20, 48, 25)


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("2008-04-30T20:48:25Z", AT),
        (" 2008-04-30T20:48:25Z\r\n", AT),
        ("2008-04-30T20:48:25", AT),
        ("2008-04-30 20:48:25", AT),
        ("2008-04-30T20:48:25.1Z", AT + 100_000),
        ("2008-04-30T20:48:25.123456789Z", AT + 123_456),
        ("2008-04-30T22:48:25+02:00", AT),
        ("2008-04-30T15:18:25-0530", AT),
        ("20080430204825", AT),
        ("20080430204825123", AT + 123_000),
        ("2016-12-31T23:59:60Z", us(2016, 12, 31, 23, 59, 59)),
        # A coarse date is its last second: an upper bound.
        ("200804302048", us(2008, 4, 30, 20, 48, 59)),
        ("2008-04-30T20:48Z", us(2008, 4, 30, 20, 48, 59)),
        ("20080430", us(2008, 4, 30, 23, 59, 59)),
        ("2008-04-30", us(2008, 4, 30, 23, 59, 59)),
        ("2008-02", us(2008, 2, 29, 23, 59, 59)),
        ("2008", us(2008, 12, 31, 23, 59, 59)),
    ],
)
def test_a_capture_date_of_any_granularity_is_read(text: str, at: int) -> None:
    assert parse_capture_date(text) == at


@pytest.mark.parametrize(
    "text",
    [
        *(None, "", "-", "yesterday", "200804", "200804302", "2008043020482", "200804302048256"),
        *("0x4818dd99", "48d8f0c5a1b2c3", "1114-04-30T20:48:25Z", "2999-04-30T20:48:25Z"),
        *("19951231235959", "21010101000000", "2008-02-30", "20081301", "2008-04-30T25:00:00Z"),
        *("2008-04-30T20:48:61Z", "2008-04-30T20:48:25.1234567890Z", "2008-04-30T20:48:25+99:00"),
        *("٢٠٠٨-٠٤-٣٠", "2008-04-30T20:48:25ZZ", "00000000000000"),
    ],
)
def test_a_capture_date_that_must_be_guessed_at_is_none(text: str | None) -> None:
    assert parse_capture_date(text) is None


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("Wed, 30 Apr 2008 20:48:25 GMT", AT),
        ("Wednesday, 30-Apr-08 20:48:25 GMT", AT),
        ("Wed, 30-Apr-2008 20:48:25 GMT", AT),
        ("Wed Apr 30 20:48:25 2008", AT),
        ("Thu May  1 20:48:25 2008", us(2008, 5, 1, 20, 48, 25)),
        ("Wed, 30 Apr 2008 20:48:25", AT),
        ("wed, 30 apr 2008 20:48:25 utc", AT),
        ("Mi, 30 Apr 2008 20:48:25 GMT", AT),
        ("30 Apr 2008 22:48:25 +0200", AT),
        ("Wed, 30 April 2008 20:48:25 GMT", AT),
        ("2008-04-30T20:48:25Z", AT),
        ("Thursday, 01-Jan-98 00:00:00 GMT", us(1998, 1, 1)),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 0),
    ],
)
def test_an_http_date_is_read_in_every_form_of_the_standard(text: str, at: int) -> None:
    assert parse_http_date(text) == at


@pytest.mark.parametrize(
    "text",
    [None, "", "0", "-1", "now", "Wed, 31 Apr 2008 20:48:25 GMT", "30 Foo 2008 20:48:25 GMT",
     "Wed, 30 Apr 2999 20:48:25 GMT", "Wed, 30 Apr 2008", "Wed, 30 Apr 2008 25:48:25 GMT"],
)  # fmt: skip
def test_an_http_date_that_is_none_is_none(text: str | None) -> None:
    assert parse_http_date(text) is None


@given(st.datetimes(dt.datetime(1996, 1, 1), dt.datetime(2100, 12, 30)))
def test_what_is_written_in_full_is_read_back(moment: dt.datetime) -> None:
    at = us(*moment.timetuple()[:6]) + moment.microsecond
    assert parse_capture_date(moment.isoformat() + "Z") == at
    assert parse_capture_date(f"{moment:%Y%m%d%H%M%S}") == at - moment.microsecond


@given(st.text(max_size=40) | st.text("0123456789-:TZ.+ ,GMTAprWed", max_size=40))
def test_no_text_breaks_a_date_parser(text: str) -> None:
    for parse in (parse_capture_date, parse_http_date, file_name_date):
        assert parse(text) is None or isinstance(parse(text), int)


@pytest.mark.parametrize(
    ("name", "at"),
    [
        ("IAH-20080430204825-00000-blackbook.warc.gz", AT),
        ("s3://bucket/CC-MAIN-20080430204825-20080430214825-00042.warc.gz", AT),
        ("crawl_20080430.arc", us(2008, 4, 30, 23, 59, 59)),
        ("WIDE-2008-04-30.warc", us(2008, 4, 30, 23, 59, 59)),
        ("137542-153-20111129020925-00316-kb.arc", us(2011, 11, 29, 2, 9, 25)),
        ("20080430/segment-7.warc.gz", None),
        ("12345678.warc.gz", None),
        ("part-00000000000000.warc", None),
        ("page.warc", None),
    ],
)
def test_a_file_name_gives_the_moment_in_it(name: str, at: int | None) -> None:
    assert file_name_date(name) == at
