"""What an HTTP server says when it does not give what was asked for: why not, and when it may."""

from __future__ import annotations

import email.utils
import re
from typing import TYPE_CHECKING, Final

from archive.remote.clock import Clock

if TYPE_CHECKING:
    from urllib3 import BaseHTTPResponse

_MARKUP: Final = re.compile(r"<(style|script)\b.*?</\1\s*>|<[^>]*>", re.DOTALL | re.IGNORECASE)
_PAGE_BYTES, _WORDS = 4000, 200


def explained(response: BaseHTTPResponse) -> str:
    """What a page of an error says in words: those who block a client tell it there why."""
    from urllib3.exceptions import HTTPError

    try:
        page = response.read1(_PAGE_BYTES).decode("utf-8", "replace")
    except HTTPError:
        return ""
    words = " ".join(_MARKUP.sub(" ", page).split())[:_WORDS]
    return f": {''.join(filter(str.isprintable, words))}" if words else ""


def asked_wait(response: BaseHTTPResponse, clock: Clock) -> float | None:
    """Seconds that the server asks to wait (RFC 9110, 10.2.3: a number, or a date)."""
    said = response.headers.get("Retry-After", "").strip()
    if said.isascii() and said.isdigit():
        return float(said)
    try:
        date = email.utils.parsedate_to_datetime(said)
    except (ValueError, TypeError):
        return None
    return max(0.0, date.timestamp() - clock.now())
