"""ARC 1.0 and 1.1 record lines: `URL IP date type length`, or ten fields in version 2."""

from __future__ import annotations

import re

from archive.recipe import Limits
from archive.sources.framing import PEEK, Fault, Head
from archive.sources.windows import Window

_DATE = r"\d{8,17}"
_IP = r"(?:\d{1,3}(?:\.\d{1,3}){3}|[0-9A-Fa-f:]*:[0-9A-Fa-f:.]+|-|unknown)"
_SHORT = re.compile(rf"(.+) ({_IP}) ({_DATE}) (\S*) (\d{{1,19}})")
_LONG = re.compile(rf"(.+) ({_IP}) ({_DATE}) (\S*) (\S+) (\S+) (\S+) (\d+|-) (\S+) (\d{{1,19}})")
_SPACED = re.compile(rf"(.+?) ({_IP}) ({_DATE}) (.*) (\d{{1,19}})")
_QUICK = re.compile(
    rb"[A-Za-z][A-Za-z0-9+.-]{0,30}:[^\r\n]{1,%d} \d{1,19}[ \t]*\r?\n" % (PEEK - 64)
)


class Arc:
    """The dialect of framing.read_rows for ARC.

    A capture gets the type `response` (the first record `filedesc`) and, as headers, what its line
    says. Spaces in URLs are real: lines are read from the right.
    """

    hint = re.compile(
        rb"\n(?=(?:https?|ftps?|dns|filedesc|gopher|whois|warcinfo|metadata|screenshot)[-:])", re.I
    )

    def starts(self, head: bytes) -> bool:
        return _QUICK.match(head) is not None and _fields(head) is not None

    def parse(self, window: Window, at: int, limits: Limits) -> Head | Fault:
        line = window.at(at, PEEK).split(b"\n", 1)[0]
        fields = _fields(line)
        assert fields is not None, "parse() is only called where starts() holds"
        url, ip, date, media, *version_2, length = fields
        headers = [("warc-ip-address", ip), ("content-type", media), ("content-length", length)]
        names = ("arc-result-code", "arc-checksum", "arc-location", "arc-offset", "arc-filename")
        headers += zip(names, version_2, strict=False)
        return Head(
            type="filedesc" if url.lower().startswith("filedesc:") else "response",
            headers=tuple(headers),
            url=url,
            record_id=None,
            date=date,
            notes=("the URL holds a space",) if " " in url else (),
            block_at=at + len(line) + 1,
            block_length=int(length),
        )


def _fields(head: bytes) -> tuple[str, ...] | None:
    """URL, IP, date, media type, [the five fields of version 2,] length; or None."""
    line = head.split(b"\n", 1)[0].rstrip()
    try:
        text = line.decode()
    except UnicodeDecodeError:
        text = line.decode("latin-1")
    for pattern in (_LONG, _SHORT, _SPACED):
        if match := pattern.fullmatch(text):
            return match.groups()
    return None
