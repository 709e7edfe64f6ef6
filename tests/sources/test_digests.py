"""Recorded digests are understood in every way they are written, and compared honestly."""

from __future__ import annotations

import base64
import gzip
import hashlib

import pytest

from archive.records import Place, Record
from archive.sources.digests import ALGORITHMS, check, normalise, vouched
from archive.sources.http import decode_body, parse_http
from tests import warcs
from tests.sources.laws import LIMITS

PAGE = b"<p>So it goes, " * 20


@pytest.mark.parametrize("name", ALGORITHMS)
def test_every_way_of_writing_a_digest_means_the_same(name: str) -> None:
    digest = hashlib.new(name, PAGE).digest()
    expected = f"{name}:{digest.hex()}"
    base32 = base64.b32encode(digest).decode()
    label = name.replace("sha", "SHA-")
    for value in (digest.hex(), digest.hex().upper(), base32, base32.lower(), base32.rstrip("=")):
        assert normalise(f"{name}:{value}") == expected
        assert normalise(f" {label}: {value}") == expected
    assert normalise(f"{name}:{base32.rstrip('=')}/") == expected
    assert normalise(f"{name}:{base64.b64encode(digest).decode()}") == expected


@pytest.mark.parametrize(
    "text", ["", "sha1", "sha1:", "sha1:zz", "blake3:" + "a" * 64, ":abc", "-"]
)
def test_what_is_not_understood_is_none(text: str) -> None:
    assert normalise(text) is None


def record(data: bytes, **digests: str) -> Record:
    headers = tuple((f"warc-{part}-digest", value) for part, value in digests.items())
    return Record("response", Place(0, 1), headers, data)


def said(data: bytes, **digests: str) -> str:
    row = record(data, **digests)
    message = parse_http(data, LIMITS)
    return check(row, message, decode_body(message, LIMITS))


def test_a_payload_digest_may_be_over_any_stage_of_the_body() -> None:
    packed = gzip.compress(PAGE, mtime=0)
    body = b"%x\r\n%b\r\n0\r\n\r\n" % (len(packed), packed)
    block = warcs.http_response(200, {"Transfer-Encoding": "chunked"}, body)
    assert said(block, payload=warcs.sha1(body)) == "payload ok"
    assert said(block, payload=warcs.sha1(packed)) == "payload ok (dechunked body)"
    assert said(block, payload=warcs.sha1(PAGE)) == "payload ok (decoded body)"
    assert said(block, payload=warcs.sha1(block)) == "payload ok (whole block)"
    assert said(block, payload=warcs.sha1(b"other")) == "payload mismatch"
    both = said(block, block=warcs.sha1(block), payload=warcs.sha1(packed))
    assert both == "block ok; payload ok (dechunked body)"


def test_what_cannot_be_checked_is_said() -> None:
    assert said(b"x") == "none recorded"
    assert said(b"x", payload="blake3:abc") == "payload unsupported (blake3)"
    assert said(b"x", block=warcs.sha1(b"y")) == "block mismatch"


def test_a_revisits_payload_is_elsewhere() -> None:
    headers = (("warc-payload-digest", warcs.sha1(PAGE)), ("warc-block-digest", warcs.sha1(b"")))
    revisit = Record("revisit", Place(0, 1), headers)
    assert check(revisit, None, None) == "block ok; payload elsewhere"


def test_only_an_agreeing_digest_vouches_for_a_record() -> None:
    block = warcs.http_response(200, {}, PAGE)
    assert vouched(record(block, block=warcs.sha1(block)))
    assert vouched(record(block, payload=warcs.sha1(PAGE)))
    assert not vouched(record(block))
    assert not vouched(record(block, block=warcs.sha1(PAGE), payload=warcs.sha1(PAGE)))
    assert not vouched(record(block, payload=warcs.sha1(b"")))
