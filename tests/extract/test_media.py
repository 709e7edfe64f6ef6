"""What bytes are: their own evidence first, then what was said of them."""

from __future__ import annotations

import gzip
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.extract.media import PLAIN, SIGNATURES, Media, essence, judge

PAGE = b"<!DOCTYPE html><html><head><title>t</title></head><body><p>words</p></body></html>"
PROSE = b"Call me Ishmael. Some years ago - never mind how long precisely."


@pytest.mark.parametrize(
    "declared", [None, "text/html", "text/plain", "image/gif", "application/octet-stream", "x/y"]
)
def test_a_page_is_html_whatever_it_is_called(declared: str | None) -> None:
    assert judge(PAGE, declared) == Media("html", "text/html")


@pytest.mark.parametrize("signature", SIGNATURES)
def test_a_signature_outweighs_what_is_declared(signature: tuple[bytes, str]) -> None:
    mark, media_type = signature
    got = judge(mark + b"\x00\x01\x02\x03" * 50, "text/html; charset=utf-8")
    assert got == Media("", media_type, f"{media_type} by its first bytes")


@pytest.mark.parametrize("word", [b"BM is a town.", b"MZ", b"ID3 tags, explained", b"CWS meets"])
def test_a_text_may_begin_with_the_letters_of_a_signature(word: bytes) -> None:
    assert judge(word, "text/plain") == Media("plain", PLAIN)


def test_compressed_bytes_are_no_text() -> None:
    assert judge(gzip.compress(PAGE), "text/html").kind == ""
    assert judge(zlib.compress(PAGE * 99), "text/plain").kind == ""


@pytest.mark.parametrize(
    ("page", "declared", "kind"),
    [
        (b"<p>no doctype", None, "html"),
        (b"  \n<!-- a comment --><html>", None, "html"),
        (b"\xef\xbb\xbf<html>", "text/plain", "html"),
        (b"words, then <b>tags</b>", "text/html", "html"),
        (b"words, then <b>tags</b>", "text/plain", "plain"),
        (b"<pre-print> of a paper", "text/plain", "plain"),
        (b"\xff\xfe" + "<html>".encode("utf-16-le"), None, "html"),
        ("<html><body>wide words".encode("utf-16-be"), "text/html", "html"),
        (b"<?xml version='1.0'?><html xmlns='http://www.w3.org/1999/xhtml'>", "text/xml", "html"),
        (b"<?xml version='1.0'?>\n<!DOCTYPE html PUBLIC 'x'><html>", "text/html", "html"),
        (b"<?xml version='1.0'?><rss version='2.0'>", "text/html", ""),
        (b"<rss version='2.0'><channel>", "text/plain", ""),
        (b"<?xml version='1.0'?><feed>", None, ""),
        (b"<svg xmlns='x'>", "text/html", ""),
        (b'{"a": [1, 2]}', "text/html", ""),
        (b'[{"a": 1}]', "text/plain", ""),
        (b"[1] A footnote that begins a text", "text/plain", "plain"),
        (b"body { color: red }", "text/css", ""),
        (b"<!-- hide\nvar a = 1; // --><p>", "text/javascript", ""),
        (b"<!-- hide\nvar a = 1; // --><p>", "application/x-javascript", ""),
        (b"a,b\n1,2", "text/csv; header=present", ""),
        (b"User-agent: *\nDisallow: /", "text/plain", "plain"),
        (PROSE, None, "plain"),
        (PROSE, "unknown/unknown", "plain"),
        (PROSE, "text/markdown", "plain"),
        (PROSE, "application/octet-stream", ""),
        (PROSE, "application/pdf", ""),
        (PROSE + b"\x00\x01" * 40, "text/plain", ""),
        (PROSE + b"\x1a", "text/plain", "plain"),
        (b"N\x08NA\x08AM\x08ME\x08E of a manual page", "text/plain", "plain"),
    ],
)
def test_bytes_and_declaration_together_decide(
    page: bytes, declared: str | None, kind: str
) -> None:
    assert judge(page, declared).kind == kind


def test_a_refusal_says_why() -> None:
    assert judge(b"a{}", "text/css").reason == "text/css"
    assert judge(b"<rss>", None).reason == "rss document"
    assert judge(PROSE + b"\0" * 9, None).reason == "binary bytes"
    assert judge(b'{"a": 1}', "text/html").reason == "application/json by its bytes"


def test_a_suffix_counts_where_nothing_is_declared() -> None:
    assert judge(b"var a = 1", None, "http://a.example/x.js?v=2").kind == ""
    assert judge(b"var a = 1", "text/plain", "http://a.example/x.js?v=2").kind == "plain"
    assert judge(PROSE, None, "http://[bad/x.js").kind == "plain"


def test_zeros_far_into_a_text_make_it_binary() -> None:
    assert judge(b"word " * 2000 + b"\x00" * 1000, "text/plain").kind == ""


def test_deeply_nested_data_is_judged_without_recursion_errors() -> None:
    assert judge(b"[[" * 100_000 + b"]]" * 100_000, "text/plain").kind in ("", "plain")


@given(st.binary(max_size=400), st.none() | st.text(max_size=30), st.text(max_size=30))
def test_any_bytes_get_a_kind_or_a_reason(payload: bytes, declared: str | None, url: str) -> None:
    got = judge(payload, declared, url)
    assert got.kind in ("html", "plain", "")
    assert bool(got.kind) != bool(got.reason)


def test_an_essence_is_the_type_alone() -> None:
    assert essence(" Text/HTML ; charset=x") == "text/html"
    assert essence("text/html, text/html") == "text/html"
    assert essence(None) == ""
