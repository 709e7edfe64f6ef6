"""Bodies are decoded by what their bytes are, whatever the headers claim."""

from __future__ import annotations

import gzip
import time
import zlib
from dataclasses import replace

import brotli
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from archive.recipe import Limits
from archive.records import Outcome
from archive.sources.http import Body, HttpMessage, decode_body, parse_http
from tests import warcs
from tests.sources.laws import LIMITS

PAGE = b"<html><body><p>" + b"So it goes, and on, and on. " * 40 + b"</body></html>"


def deflate(data: bytes, wbits: int) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, wbits)
    return packer.compress(data) + packer.flush()


def chunked(data: bytes, size: int = 300, end: bytes = b"0\r\n\r\n") -> bytes:
    parts = (data[at : at + size] for at in range(0, len(data), size))
    return b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts) + end


CODED = {
    "gzip": gzip.compress(PAGE, mtime=0),
    "deflate": deflate(PAGE, 15),
    "raw deflate": deflate(PAGE, -15),
    "br": brotli.compress(PAGE),
    "zstd": zstandard.compress(PAGE),
    "identity": PAGE,
}
CLAIMS = [None, "gzip", "x-gzip", "deflate", "br", "zstd", "identity", "nonsense"]


def decoded(body: bytes, limits: Limits = LIMITS, /, **headers: str) -> Body:
    named = {key.replace("_", "-"): value for key, value in headers.items()}
    message = parse_http(warcs.http_response(200, named, body), LIMITS)
    assert message.body == body
    return decode_body(message, limits)


@pytest.mark.parametrize("claim", CLAIMS)
@pytest.mark.parametrize("coding", CODED)
def test_every_coding_is_undone_under_every_claim(coding: str, claim: str | None) -> None:
    needs = {"raw deflate": "deflate", "br": "br"}
    headers = {} if claim is None else {"Content-Encoding": claim}
    body = decoded(CODED[coding], **headers)
    if claim == needs.get(coding, claim):
        assert body.data == PAGE
        assert body.problem is None
    else:
        # Only a header can tell these two; without it the bytes stay as they are.
        assert body.problem is not None or body.data == CODED[coding]
    assert body.raw == body.dechunked == CODED[coding]
    kind = {"x-gzip": "gzip", "identity": "identity", None: "identity"}.get(claim, claim)
    honest = kind == coding.removeprefix("raw ")
    assert honest == (not body.notes) or needs.get(coding, claim) != claim


@pytest.mark.parametrize("claim", [{}, {"Transfer_Encoding": "chunked"}])
@pytest.mark.parametrize("coding", ["gzip", "identity", "br"])
def test_chunks_are_undone_whether_claimed_or_not(coding: str, claim: dict[str, str]) -> None:
    claim = claim | ({"Content_Encoding": coding} if coding != "identity" else {})
    for end in (
        b"0\r\n\r\n",
        b"0\r\nX-Trailer: yes\r\nY: no\r\n\r\n",
        b"000;ext=1\r\n\r\n",
        b"0\r\n",
    ):
        body = decoded(chunked(CODED[coding], 20, end), **claim)
        assert body.data == PAGE
        assert body.dechunked == CODED[coding]
    if "Transfer_Encoding" not in claim:
        assert "chunked" in body.notes[0]


def test_a_body_that_is_not_chunked_stays_whole_under_a_false_header() -> None:
    for text in (PAGE, b"2008\r\nwas a year\r\n", b"a\r\n", b"5\r\nhello world\r\n", b"0 of 10"):
        body = decoded(text, Transfer_Encoding="chunked")
        assert body.data == text
        assert body.notes == ("Transfer-Encoding says chunked, the body is not",)


def test_text_that_looks_a_little_like_chunks_is_left_alone() -> None:
    for text in (b"0", b"0\r\n\r\n", b"3\r\nabc\r\n", b"1\r\na\r\n2\r\nthis is a list\r\n"):
        assert decoded(text).data == text


def test_a_chunked_body_that_is_cut_off_gives_what_is_there() -> None:
    whole = chunked(PAGE, 100)
    body = decoded(whole[:640], Transfer_Encoding="chunked")
    assert PAGE.startswith(body.data)
    assert len(body.data) > 590
    assert body.notes == ("the chunked body is cut off",)
    body = decoded(chunked(PAGE, 100, end=b""), Transfer_Encoding="chunked")
    assert body.data == PAGE
    assert body.notes == ("the chunked body has no last chunk",)


def test_stacked_codings_are_undone_in_turn() -> None:
    twice = gzip.compress(brotli.compress(PAGE), mtime=0)
    assert decoded(twice, Content_Encoding="br, gzip").data == PAGE
    assert decoded(gzip.compress(CODED["gzip"]), Content_Encoding="gzip, gzip").data == PAGE
    assert decoded(CODED["gzip"], Content_Encoding="gzip, gzip").data == PAGE
    assert decoded(chunked(twice), Content_Encoding="br", Transfer_Encoding="gzip, chunked").data


def test_a_packed_file_stays_packed_unless_its_packing_is_claimed() -> None:
    for media in ("application/gzip", "application/x-gzip", "application/x-tar"):
        assert decoded(CODED["gzip"], Content_Type=media).data == CODED["gzip"]
        assert decoded(CODED["gzip"], Content_Type=media, Content_Encoding="gzip").data == PAGE
    attached = decoded(CODED["gzip"], Content_Disposition="attachment; filename=x.gz")
    assert attached.data == CODED["gzip"]


def test_a_broken_gzip_body_gives_what_could_be_decoded_and_a_note() -> None:
    noise = b"".join(b"%d so it goes\n" % (n * n) for n in range(9000))
    packed = gzip.compress(noise, mtime=0)
    body = decoded(packed[:-5000], Content_Encoding="gzip")
    assert noise.startswith(body.data)
    assert len(body.data) > 1000
    assert "cut off" in body.notes[0]
    junk = decoded(CODED["gzip"] + b"<!-- junk -->", Content_Encoding="gzip")
    assert junk.data == PAGE
    assert junk.notes == ("13 bytes after the gzip body",)


def test_brotli_that_does_not_reach_its_end_is_undecodable() -> None:
    body = decoded(CODED["br"][:-4], Content_Encoding="br")
    assert body.problem == (Outcome.UNDECODABLE, "Content-Encoding br")
    assert body.data == b""


@pytest.mark.parametrize("coding", ["gzip", "br", "zstd", "deflate"])
def test_what_inflates_beyond_the_limit_is_over_it(coding: str) -> None:
    big = bytes(1 << 26)
    packed = {
        "gzip": gzip.compress(big),
        "br": brotli.compress(big, quality=1),
        "zstd": zstandard.compress(big),
        "deflate": deflate(big, 15),
    }[coding]
    body = decoded(packed, replace(LIMITS, payload_bytes=1 << 20), Content_Encoding=coding)
    assert body.problem == (Outcome.OVER_LIMIT, "payload_bytes")
    assert body.data == b""


def test_a_body_at_the_limit_is_within_it() -> None:
    for size, problem in ((1000, None), (1001, (Outcome.OVER_LIMIT, "payload_bytes"))):
        limits = replace(LIMITS, payload_bytes=1000)
        assert decoded(b"x" * size, limits).problem == problem
        assert decoded(gzip.compress(b"x" * size), limits).problem == problem


def test_a_million_tiny_gzip_members_in_a_body_take_linear_time() -> None:
    start = time.process_time()
    assert decoded(gzip.compress(b"", mtime=0) * 50_000, Content_Encoding="gzip").data == b""
    assert time.process_time() - start < 30


def test_one_crawls_extra_line_end_is_left_out_only_where_it_shows() -> None:
    assert decoded(b"\r\n" + PAGE, Content_Length=str(len(PAGE))).data == PAGE
    assert decoded(b"\r\n" + CODED["gzip"]).data == PAGE
    assert decoded(b"\r\n" + PAGE, Content_Length=str(len(PAGE) + 2)).data == b"\r\n" + PAGE


@pytest.mark.parametrize(
    ("block", "status", "headers", "body"),
    [
        (b"HTTP/1.1 200 OK\r\nA: b\r\n\r\nbody", 200, (("a", "b"),), b"body"),
        (b"HTTP/1.0 404\nA:b\nC : d \n\nbody", 404, (("a", "b"), ("c", "d")), b"body"),
        (b"HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\td\r\n\r\n", 200, (("a", "b c d"),), b""),
        (b"HTTP 302 Found\r\n\r\n", 302, (), b""),
        (b"ICY 200 OK\r\n\r\nx", 200, (), b"x"),
        (b"\r\nHTTP/1.1 200 OK\r\n\r\nx", 200, (), b"x"),
        (b"HTTP/2 200\r\nserver: x\r\n\r\n\r\n", 200, (("server", "x"),), b"\r\n"),
        (b"<html>no header at all", None, (), b"<html>no header at all"),
        (b"HTTP/1.1 200 OK\r\nA: b", 200, (("a", "b"),), b""),
        (b"", None, (), b""),
        (b"HTTP/1.1 200 OK\r\nno colon\r\nA: b\r\n\r\n", 200, (("a", "b"),), b""),
    ],
)
def test_http_messages_of_every_make(
    block: bytes, status: int | None, headers: tuple[tuple[str, str], ...], body: bytes
) -> None:
    message = parse_http(block, LIMITS)
    assert (message.status, message.headers, message.body) == (status, headers, body)


def test_an_endless_http_header_is_over_the_limit() -> None:
    block = b"HTTP/1.1 200 OK\r\nX: " + b"a" * 100_000 + b"\r\n\r\nbody"
    message = parse_http(block, LIMITS)
    assert message.problem == (Outcome.OVER_LIMIT, "header_bytes")
    assert decode_body(message, LIMITS).problem == message.problem


@given(block=st.binary(max_size=300), claim=st.sampled_from(CLAIMS), chunks=st.booleans())
def test_no_bytes_make_it_raise(block: bytes, claim: str | None, chunks: bool) -> None:
    headers = [("content-encoding", claim or "")] + [("transfer-encoding", "chunked")] * chunks
    for data in (block, b"\x1f\x8b\x08" + block, b"\x28\xb5\x2f\xfd" + block, b"x\x9c" + block):
        body = decode_body(HttpMessage(200, tuple(headers), data), LIMITS)
        assert body.raw == data
    parse_http(block, LIMITS)
    parse_http(b"HTTP/1.1 200 OK\r\n" + block, LIMITS)


@given(data=st.binary(max_size=3000), size=st.integers(1, 900))
def test_chunks_round_trip(data: bytes, size: int) -> None:
    body = decoded(chunked(data, size), Transfer_Encoding="chunked", Content_Type="application/zip")
    assert body.dechunked == data
