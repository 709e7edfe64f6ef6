"""One request over http or https: ranges, validators and codings as RFC 9110 has them.

urllib3 without its retries, redirects and decoding: what fsspec's http filesystem decides by itself
(to ask for the size first, to take a busy server for one without the file, to inflate what is
labelled gzip, to follow redirects to anywhere) is what has to be decided here.
"""

from __future__ import annotations

import email.utils
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache, partial
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote, urljoin, urlsplit
from urllib.request import getproxies, proxy_bypass

from archive.errors import UsageError
from archive.remote.coding import as_stored
from archive.remote.excuses import asked_wait, explained
from archive.remote.faults import Fault, answered, ends_before
from archive.remote.politeness import Politeness
from archive.remote.reply import Ask, Facts, Reply

if TYPE_CHECKING:
    from urllib3 import BaseHTTPResponse, PoolManager

REDIRECTS: Final = 5
PIECE: Final = 1 << 18
KEPT: Final = 32
"""Connections to a server that wait for their next request, at most."""

_MOVED: Final = frozenset({301, 302, 303, 307, 308})
_RANGE: Final = re.compile(
    r"bytes\s+(?:(\d{1,18})-(\d{1,18})|\*)/(\d{1,18}|\*)", re.ASCII | re.IGNORECASE
)
_SLOW_BYTES: Final = 100
"""A server that sends less than so many bytes a second, over the timeout, has stopped."""


def asker(url: str, politeness: Politeness) -> Ask:
    """Asks for the bytes of a file, from any thread."""
    return partial(_asked, url, politeness)


@contextmanager
def _asked(
    url: str, politeness: Politeness, start: int, stop: int | None, pinned: Facts | None
) -> Iterator[Reply]:
    headers = {"Range": f"bytes={start}-{stop - 1 if stop else ''}"}
    if start and pinned and pinned.validator:
        headers["If-Range"] = pinned.validator
    response = _follow(url, headers, politeness)
    try:
        if response.status == 416:
            size = _size_told(response)
            if size is None and start == 0:
                response.close()
                response = _follow(url, {}, politeness)  # an empty file, and a server of few words
            elif size is None or not (start == 0 or (pinned and pinned.size != size)):
                raise ends_before(start)
        yield _reply(url, response, politeness)
    finally:
        response.close()  # which gives the connection back where all of it was read


def _reply(url: str, response: BaseHTTPResponse, politeness: Politeness) -> Reply:
    if response.status == 206:
        return _part(response, politeness)
    if response.status == 416 and (size := _size_told(response)) is not None:
        return Reply(_facts(response, size), 0, iter(()), 0)
    if response.status != 200:
        reason = f"{response.reason or ''}{explained(response)}"
        raise answered(response.status, reason, asked_wait(response, politeness.clock))
    length = response.length_remaining
    if length is None and "Content-Length" in response.headers and not response.chunked:
        raise Fault(f"it announces {response.headers['Content-Length']!r} bytes")
    pieces = _pieces(response, length, politeness)
    coding = response.headers.get("Content-Encoding", "").strip().lower()
    if coding not in ("", "identity"):
        kept, pieces = as_stored(coding, urlsplit(url).path, pieces)
        if not kept:
            # Its ETag and size are those of what was sent, so that no range of it can be asked for.
            return Reply(Facts(None, None, response.headers.get("Last-Modified")), 0, pieces)
    return Reply(_facts(response, length), 0, pieces, length)


def _part(response: BaseHTTPResponse, politeness: Politeness) -> Reply:
    found = _RANGE.fullmatch(_said(response))
    if found is None or found[1] is None:
        raise Fault(f"the server sends a part and says of it {_said(response)!r}")
    first, stop = int(found[1]), int(found[2]) + 1
    size = None if found[3] == "*" else int(found[3])
    if stop <= first or (size is not None and stop > size):
        raise Fault(f"the server sends a part that cannot be: {_said(response)!r}")
    if response.length_remaining not in (None, stop - first):
        raise Fault(f"{stop - first} bytes named, {response.length_remaining} announced")
    pieces = _pieces(response, stop - first, politeness)
    return Reply(_facts(response, size), first, pieces, stop)


def _facts(response: BaseHTTPResponse, size: int | None) -> Facts:
    modified, dated = response.headers.get("Last-Modified"), False
    try:
        if modified and (date := response.headers.get("Date")):
            written, sent = (email.utils.parsedate_to_datetime(d) for d in (modified, date))
            dated = (sent - written).total_seconds() >= 1
    except (ValueError, TypeError):  # no date, or one with and one without a zone
        dated = False
    return Facts(size, response.headers.get("ETag"), modified, dated)


def _pieces(
    response: BaseHTTPResponse, length: int | None, politeness: Politeness
) -> Iterator[bytes]:
    """The body as it comes, its transfer coding taken off; Fault where it ends too soon."""
    from urllib3.exceptions import HTTPError

    clock, rate = politeness.clock, politeness.bytes_per_second
    amount = min(PIECE, max(1024, rate // 4)) if rate else PIECE
    came = since = 0
    waited = 0.0  # for the server, not for our own rate
    while True:
        began = clock.now()
        try:
            piece = response.read1(amount)
        except HTTPError as error:
            told = f" of {length:,}" if length is not None else ""
            raise Fault(f"the transfer broke after {came:,}{told} bytes ({error})") from error
        if not piece:
            break
        waited, came, since = waited + clock.now() - began, came + len(piece), since + len(piece)
        if length is not None and came > length:  # in chunks, which need not end
            raise Fault(f"{length:,} bytes announced, more received")
        yield piece
        if waited > politeness.timeout_s:
            if since < _SLOW_BYTES * waited:
                raise Fault(f"{since:,} bytes in {waited:,.0f} s: no longer waited for")
            waited, since = 0.0, 0
    if length is not None and came != length:
        raise Fault(f"{length:,} bytes announced, {came:,} received")


def _follow(url: str, headers: dict[str, str], politeness: Politeness) -> BaseHTTPResponse:
    """The answer to a GET, after a few redirects at most."""
    place = url
    for _ in range(REDIRECTS + 1):
        try:
            response = _get(place, headers, politeness, with_credentials=place == url)
        except ValueError as error:
            if place != url:
                raise Fault(f"it leads to {place}: {error}", passing=False) from error
            raise UsageError(f"cannot open {url}: {error}", next_step="check the address") from None
        target = response.headers.get("Location")
        if response.status not in _MOVED or not target:
            return response
        response.close()
        place = _led(place, target)
    raise Fault(f"more than {REDIRECTS} redirects, the last to {place}", passing=False)


def _led(place: str, target: str) -> str:
    """Where a redirect leads; Fault if it leaves the web, or what is encrypted."""
    try:
        found = urljoin(place, target)
        kinds = urlsplit(place).scheme, urlsplit(found).scheme
    except ValueError as error:
        raise Fault(f"it leads to {target!r}: {error}", passing=False) from error
    if kinds[1] not in ("http", "https") or kinds == ("https", "http"):
        raise Fault(f"it leads to {found}, which is not followed", passing=False)
    return found


def _get(
    url: str, headers: dict[str, str], politeness: Politeness, *, with_credentials: bool
) -> BaseHTTPResponse:
    """The answer to one GET. ValueError if the URL is none."""
    from urllib3 import Timeout
    from urllib3.exceptions import (
        ConnectTimeoutError,
        HTTPError,
        LocationValueError,
        MaxRetryError,
        NewConnectionError,
        SSLError,
    )
    from urllib3.util import make_headers

    parts = urlsplit(url)
    asked = {"User-Agent": politeness.user_agent, "Accept-Encoding": "identity", **headers}
    if with_credentials and parts.username is not None:
        told = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        asked |= make_headers(basic_auth=told)
    place = parts._replace(netloc=parts.netloc.rpartition("@")[2], fragment="").geturl()
    try:
        return _pool(os.getpid(), _proxy(parts.scheme, parts.hostname or "")).request(
            "GET",
            place,
            headers=asked,
            redirect=False,
            retries=False,
            preload_content=False,
            decode_content=False,
            timeout=Timeout(connect=politeness.timeout_s, read=politeness.timeout_s),
        )
    except LocationValueError:
        raise
    except HTTPError as error:
        cause = error.reason if isinstance(error, MaxRetryError) else error
        wrong = isinstance(cause, SSLError) and "CERTIFICATE" in str(cause)
        nobody = isinstance(cause, (NewConnectionError, ConnectTimeoutError))
        told = f"{type(cause).__name__}: {cause}"
        raise Fault(told, passing=not wrong, nobody=nobody) from error


def _proxy(scheme: str, host: str) -> str | None:
    """What the environment names for such a URL ($https_proxy, $no_proxy)."""
    return None if proxy_bypass(host) else getproxies().get(scheme)


@cache
def _pool(process: int, proxy: str | None) -> PoolManager:
    """The connections of this process; a fork has its own."""
    from urllib3 import PoolManager, ProxyManager

    return ProxyManager(proxy, maxsize=KEPT) if proxy else PoolManager(maxsize=KEPT)


def _said(response: BaseHTTPResponse) -> str:
    return response.headers.get("Content-Range", "").strip()


def _size_told(response: BaseHTTPResponse) -> int | None:
    """The size of the whole file that a range is said to be of."""
    found = _RANGE.fullmatch(_said(response))
    return None if found is None or found[3] == "*" else int(found[3])
