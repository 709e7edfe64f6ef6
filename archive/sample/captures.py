"""The records of the sample: each page as it was captured, and the records around the pages."""

from __future__ import annotations

import datetime as dt
import email.utils
from collections.abc import Iterator
from dataclasses import dataclass, replace

from archive.records import Outcome
from archive.sample.page import Page, read_pages
from archive.sample.warc import (
    Headers,
    chunked,
    gzip_member,
    http_response,
    png,
    record,
    record_id,
    sha1,
)

SITE = "http://www.smallthings.example"
STARTED = "1998-11-02T19:04:00Z"
DESCRIPTION = (
    "FIXTURE, not an archive: a small invented site, written in 2026 with a language model for "
    "the tests and the demonstration of lowbackground. No crawler fetched it, its dates are "
    "invented. Do not take it for human writing from before language models."
)
HTTP_RESPONSE = "application/http; msgtype=response"
REVISIT_PROFILE = "http://netpreserve.org/warc/1.1/revisit/identical-payload-digest"


@dataclass(frozen=True, slots=True)
class Made:
    """A record as a gzip member, and what is expected of it."""

    name: str
    type: str
    url: str | None
    date: str
    outcome: Outcome
    member: bytes


def records() -> Iterator[Made]:
    pages = read_pages()
    by_name = {page.name: page for page in pages}
    """Every record, in file order."""
    yield _warcinfo()
    for page in pages:
        yield _capture(page)
        if page.name == "cha.html":  # one capture with all that Common Crawl writes beside it
            yield from _beside(page)
    yield _redirect()
    yield _not_found()
    yield _image()
    yield _revisit("revisit", by_name["priemnik.html"], "2001-02-11T04:40:10Z")
    yield _revisit("revisit-unresolved", None, "2002-06-30T18:29:35Z")


def _warcinfo() -> Made:
    fields = {
        "software": "lowbackground sample writer",
        "format": "WARC File Format 1.1",
        "conformsTo": "http://iipc.github.io/warc-specifications/specifications/warc-format/warc-1.1/",
        "isPartOf": "lowbackground-sample",
        "description": DESCRIPTION,
    }
    headers = [("Content-Type", "application/warc-fields")]
    return _made("warcinfo", "warcinfo", None, STARTED, headers, _fields(fields))


def _capture(page: Page) -> Made:
    """The response record of a page, with whatever is meant to be wrong with it."""
    body = page.body()
    headers = [
        ("Date", page.http_date or _http_date(page.date)),
        ("Server", "Apache/1.3.6 (Unix)"),
        ("Last-Modified", page.modified),
        ("Content-Type", page.content_type),
    ]
    if page.wire == "gzip":
        body = gzip_member(body)
    if "gzip" in page.wire:
        headers.append(("Content-Encoding", "gzip"))
    wire = chunked(body) if page.wire == "chunked" else body
    headers.append(
        ("Transfer-Encoding", "chunked")
        if page.wire == "chunked"
        else ("Content-Length", str(len(wire)))
    )
    block = http_response("200 OK", [(key, value) for key, value in headers if value], wire)
    # WARC 1.1, 5.9: the payload digest is of the body without its transfer coding.
    digest = sha1(body if page.digest == "right" else b"another page altogether")
    made = _made(
        page.name, "response", page.url, page.date, _of_payload(digest), block, page.outcome
    )
    return _flip_one_bit(made) if page.damage == "one bit" else made


def _beside(page: Page) -> Iterator[Made]:
    host, _, path = page.url.removeprefix("http://").partition("/")
    request = f"GET /{path} HTTP/1.0\r\nHost: {host}\r\nUser-Agent: sample/0 (invented)\r\n\r\n"
    concurrent = ("WARC-Concurrent-To", record_id(page.name))
    yield _made(
        f"request of {page.name}",
        "request",
        page.url,
        page.date,
        [("Content-Type", "application/http; msgtype=request"), concurrent],
        request.encode(),
        Outcome.SUPPORTING,
    )
    said = {
        "fetchTimeMs": "412",
        "charset-detected": "GB18030",
        "languages-cld2": '{"reliable":true,"text-bytes":912,"languages":[{"code":"zh",'
        '"code-iso-639-3":"zho","text-covered":0.99,"score":1937.0,"name":"Chinese"}]}',
    }
    yield _made(
        f"metadata of {page.name}",
        "metadata",
        page.url,
        page.date,
        [("Content-Type", "application/warc-fields"), concurrent],
        _fields(said),
        Outcome.SUPPORTING,
    )


def _redirect() -> Made:
    body = f'<html><body>Moved to <a href="{SITE}/">{SITE}/</a></body></html>\n'.encode()
    headers = [("Location", f"{SITE}/"), ("Content-Type", "text/html")]
    return _answer(
        "redirect",
        "http://smallthings.example/",
        "2000-03-01T10:00:00Z",
        http_response("301 Moved Permanently", headers, body),
        body,
        Outcome.REDIRECT,
    )


def _not_found() -> Made:
    body = b"<html><body><h1>Not found</h1><p>There is no such page here.</p></body></html>\n"
    headers = [("Content-Type", "text/html; charset=iso-8859-1")]
    return _answer(
        "not-found",
        f"{SITE}/links.html",
        "2000-03-01T10:00:02Z",
        http_response("404 Not Found", headers, body),
        body,
        Outcome.NOT_OK,
    )


def _image() -> Made:
    body = png(8, 8, grey=200)
    headers = [("Content-Type", "image/png")]
    return _answer(
        "image",
        f"{SITE}/pixel.png",
        "2001-03-03T03:03:04Z",
        http_response("200 OK", headers, body),
        body,
        Outcome.NOT_TEXT,
    )


def _revisit(name: str, page: Page | None, date: str) -> Made:
    """A revisit of `page`; of a capture that is in no file of the build where it is None."""
    url = page.url if page else f"{SITE}/lost.html"
    headers = [
        ("WARC-Profile", REVISIT_PROFILE),
        ("WARC-Refers-To", record_id(page.name if page else "a capture that is not here")),
        ("WARC-Refers-To-Target-URI", url),
        ("WARC-Refers-To-Date", page.date if page else "1999-09-09T09:09:09Z"),
        *_of_payload(sha1(page.body() if page else b"a page that is not here")),
    ]
    block = http_response("200 OK", [("Date", _http_date(date))], b"")
    return _made(name, "revisit", url, date, headers, block, Outcome.REVISIT)


def _answer(name: str, url: str, date: str, block: bytes, body: bytes, outcome: Outcome) -> Made:
    return _made(name, "response", url, date, _of_payload(sha1(body)), block, outcome)


def _made(
    name: str,
    kind: str,
    url: str | None,
    date: str,
    headers: Headers,
    block: bytes,
    outcome: Outcome = Outcome.SUPPORTING,
) -> Made:
    target = [("WARC-Target-URI", url)] if url else []
    raw = record(kind, name, date, [*target, *headers], block)
    return Made(name, kind, url, date, outcome, gzip_member(raw))


def _of_payload(digest: str) -> list[tuple[str, str]]:
    return [("Content-Type", HTTP_RESPONSE), ("WARC-Payload-Digest", digest)]


def _flip_one_bit(made: Made) -> Made:
    middle = len(made.member) * 3 // 4  # in the text, so that only the checksum tells
    flipped = bytes([made.member[middle] ^ 0x04])
    return replace(made, member=made.member[:middle] + flipped + made.member[middle + 1 :])


def _fields(values: dict[str, str]) -> bytes:
    return "".join(f"{key}: {value}\r\n" for key, value in values.items()).encode()


def _http_date(date: str) -> str:
    """A WARC-Date as HTTP writes it; "" where it is no date."""
    try:
        when = dt.datetime.fromisoformat(date)
    except ValueError:
        return ""
    return email.utils.format_datetime(when.astimezone(dt.UTC), usegmt=True)
