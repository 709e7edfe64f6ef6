"""Dates as web archives, servers and file names write them, in microseconds since 1970 UTC.

Only what is unambiguous is read: a date that must be guessed at is no evidence.
"""

from __future__ import annotations

import datetime as dt
import re
from calendar import monthrange
from pathlib import PurePosixPath
from typing import Final

FIRST_YEAR: Final = 1996  # the first web archives
LAST_YEAR: Final = 2100
DAY: Final = 86_400_000_000  # microseconds

_EPOCH: Final = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)

_W3CDTF: Final = re.compile(
    r"(\d{4})(?:-(\d\d)(?:-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?"
    r"\s*(Z|UTC|GMT|[+-]\d\d:?\d\d)?)?)?)?",
    re.IGNORECASE | re.ASCII,
)
_DIGITS: Final = re.compile(r"(\d{4})(\d\d)(\d\d)(?:(\d\d)(\d\d)(?:(\d\d)(\d{3})?)?)?", re.ASCII)

_MONTHS: Final = {
    name: number
    for number, name in enumerate(re.findall("...", "janfebmaraprmayjunjulaugsepoctnovdec"), 1)
}
_CLOCK: Final = r"(\d{1,2}):(\d\d)(?::(\d\d))?"
# RFC 9110 section 5.6.7: IMF-fixdate and the obsolete RFC 850 form, then asctime.
_DAY_FIRST: Final = re.compile(
    r"(?:[a-z]+\s*,?\s*)?(\d{1,2})[\s-]+([a-z]{3})[a-z]*\.?[\s,-]+(\d{4}|\d\d)\s+"
    + _CLOCK
    + r"\s*(?:(?:gmt|utc|ut|z)\b\s*)?([+-]\d{4})?",
    re.IGNORECASE | re.ASCII,
)
_MONTH_FIRST: Final = re.compile(
    r"(?:[a-z]+\s*,?\s+)?([a-z]{3})[a-z]*\s+(\d{1,2})\s+"
    + _CLOCK
    + r"\s+(?:gmt\s+|utc\s+)?(\d{4})",
    re.IGNORECASE | re.ASCII,
)


def parse_capture_date(text: str | None) -> int | None:
    """A WARC or ARC date in microseconds since 1970 UTC; None if it cannot be believed.

    W3CDTF of any granularity with up to nine fraction digits (WARC 1.1, section 5.4), without a
    zone in UTC; 8, 12, 14 or 17 digits (ARC). A coarse date means its last second, as the date is
    used as an upper bound: a capture of "2022" is not shown to be older than December. Other
    lengths, hexadecimal and impossible days occur and are ambiguous; so are years outside
    1996 to 2100.
    """
    text = (text or "").strip()
    if match := _W3CDTF.fullmatch(text):
        year, month, day, hour, minute, second, fraction, zone = match.groups()
        micro = int((fraction or "").ljust(6, "0")[:6])
        at = _moment(year, month, day, hour, minute, second, micro)
        offset = _offset(zone)
        return _plausible(None if at is None or offset is None else at - offset)
    if match := _DIGITS.fullmatch(text):
        year, month, day, hour, minute, second, milli = match.groups()
        return _plausible(_moment(year, month, day, hour, minute, second, int(milli or 0) * 1000))
    return None


def parse_http_date(text: str | None) -> int | None:
    """An HTTP date in microseconds since 1970 UTC: RFC 1123, RFC 850, asctime and their near kin.

    Two-digit years are 1970 to 2069, by rule and not by the clock. The name of the day is not
    checked: servers in every language get it wrong.
    """
    text = (text or "").strip()
    if match := _DAY_FIRST.match(text):
        day, month, year, hour, minute, second, zone = match.groups()
    elif match := _MONTH_FIRST.match(text):
        month, day, hour, minute, second, year = match.groups()
        zone = None
    else:
        return parse_capture_date(text) if _W3CDTF.fullmatch(text) else None
    if len(year) == 2:
        year = ("20" if int(year) < 70 else "19") + year
    number = _MONTHS.get(month.lower())
    at = _moment(year, str(number), day, hour, minute, second, 0) if number else None
    offset = _offset(zone)
    return _plausible(None if at is None or offset is None else at - offset, first=1970)


def file_name_date(name: str) -> int | None:
    """The moment in a file's name: 14 or 17 digits, 12, or 8, whichever is longest and plausible.

    `CC-MAIN-20200808093030-...`, `IAH-20080430204825-00000-...`, `crawl_2013-05-20.warc.gz`.
    """
    last = PurePosixPath(name.replace("\\", "/")).name
    runs = re.findall(r"(?<!\d)\d{17}(?!\d)|(?<!\d)\d{14}(?!\d)|(?<!\d)\d{12}(?!\d)", last)
    runs += re.findall(r"(?<!\d)\d{8}(?!\d)", last)
    runs += re.findall(r"(?<!\d)\d{4}-\d\d-\d\d(?!\d)", last)
    dates = (parse_capture_date(run) for run in sorted(runs, key=len, reverse=True))
    return next((date for date in dates if date is not None), None)


def _moment(
    year: str,
    month: str | None,
    day: str | None,
    hour: str | None,
    minute: str | None,
    second: str | None,
    micro: int,
) -> int | None:
    """Microseconds since 1970 of a calendar moment in UTC; None if there is no such moment.

    Parts not given are the last there are. A leap second is the second before it, as in POSIX.
    """
    try:
        last = monthrange(int(year), int(month or 12))[1]
        day_of = dt.date(int(year), int(month or 12), int(day or last))
        at_second = 59 if second in (None, "60") else int(second or 0)
        clock = dt.time(int(hour or 23), int(minute or 59), at_second, micro)
    except ValueError:
        return None
    at = dt.datetime.combine(day_of, clock, dt.UTC)
    return (at - _EPOCH) // dt.timedelta(microseconds=1)


def _offset(zone: str | None) -> int | None:
    """Microseconds east of UTC; None for no such zone. No zone is UTC."""
    if not zone or zone[0] not in "+-":
        return 0
    hours, minutes = int(zone[1:3]), int(zone[-2:])
    if hours > 15 or minutes > 59:
        return None
    return (hours * 60 + minutes) * 60_000_000 * (-1 if zone[0] == "-" else 1)


def _plausible(at: int | None, first: int = FIRST_YEAR) -> int | None:
    # Before the datetime below could overflow: an offset may lead out of the years it knows.
    if at is None or not 0 <= at < 10**16:
        return None
    year = (_EPOCH + dt.timedelta(microseconds=at)).year
    return at if first <= year <= LAST_YEAR else None
