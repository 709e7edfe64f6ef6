"""The bundled sample: the same bytes everywhere, and in it what it is said to hold."""

from __future__ import annotations

import gzip
import io
import json
import re
import struct
import unicodedata
import zlib
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from warcio.archiveiterator import ArchiveIterator

from archive.digest import sha256_file
from archive.errors import UsageError
from archive.records import Outcome
from archive.sample import Fact, sample_facts, write_sample
from archive.sample.page import Page, read_pages
from archive.sample.warc import chunked, gzip_member, sha1
from cli import group

GOLDEN_SHA256 = "1a8062283c9e88271b1d806b6fc45dff5791b03ead0983821f4e881f4bf97f66"
"""Of the whole file. It changes only when somebody means to change the sample."""

PAGES = {page.name: page for page in read_pages()}
FACTS = {fact.name: fact for fact in sample_facts()}
# Names that Unicode gives to the letters of a script.
LETTERS = {
    "Han": {"CJK"},
    "Japanese": {"CJK", "HIRAGANA", "KATAKANA", "KATAKANA-HIRAGANA"},
}
META = re.compile(r"""<meta [^>]*charset=["']?([\w-]+)""", re.IGNORECASE)
# The WHATWG labels that mean another encoding than their name (encoding.spec.whatwg.org, 4.2).
MEANS = {"iso-8859-1": "windows-1252", "us-ascii": "windows-1252", "gb2312": "gb18030"}


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sample") / "sample.warc.gz"
    write_sample(path)
    return path


def read_with_warcio(fact: Fact, sample: Path) -> tuple[Any, bytes]:
    member = sample.read_bytes()[fact.offset : fact.offset + fact.length]
    (read,) = (
        (record, record.raw_stream.read())
        for record in ArchiveIterator(io.BytesIO(member), no_record_parse=False)
    )
    return read


def test_the_sample_has_the_same_bytes_every_time(sample: Path, tmp_path: Path) -> None:
    again = tmp_path / "again.warc.gz"
    write_sample(again)
    assert again.read_bytes() == sample.read_bytes()
    assert sha256_file(sample) == GOLDEN_SHA256


def test_the_facts_tile_the_file(sample: Path) -> None:
    end = 0
    for fact in sample_facts():
        assert fact.offset == end
        end += fact.length
    assert end == sample.stat().st_size
    assert len(FACTS) == len(sample_facts())


@pytest.mark.parametrize("fact", sample_facts(), ids=lambda fact: fact.name)
def test_every_member_but_the_damaged_one_reads_with_warcio(fact: Fact, sample: Path) -> None:
    if fact.outcome is Outcome.DAMAGED:
        member = sample.read_bytes()[fact.offset : fact.offset + fact.length]
        with pytest.raises(gzip.BadGzipFile, match="CRC"):
            gzip.decompress(member)
        return
    record, _ = read_with_warcio(fact, sample)
    assert record.rec_type == fact.type
    assert record.rec_headers.get_header("WARC-Target-URI") == fact.url
    assert record.rec_headers.get_header("WARC-Date") == fact.date


def test_all_digests_are_right_but_the_one_meant_wrong(sample: Path) -> None:
    wrong = set()
    for fact in sample_facts():
        if fact.outcome is Outcome.DAMAGED or fact.type == "revisit":
            continue
        raw = gzip.decompress(sample.read_bytes()[fact.offset : fact.offset + fact.length])
        head, _, rest = raw.partition(b"\r\n\r\n")
        headers = dict(line.split(": ", 1) for line in head.decode().splitlines()[1:])
        block = rest[: int(headers["Content-Length"])]
        assert rest[len(block) :] == b"\r\n\r\n"
        assert headers["WARC-Block-Digest"] == sha1(block), fact.name
        if fact.type == "response":
            body = block.partition(b"\r\n\r\n")[2]
            if b"Transfer-Encoding: chunked" in block:
                body = dechunk(body)
            if headers["WARC-Payload-Digest"] != sha1(body):
                wrong.add(fact.name)
    assert wrong == {page.name for page in PAGES.values() if page.digest == "wrong"}
    assert len(wrong) == 1


def dechunk(body: bytes) -> bytes:
    out = b""
    while True:
        size, _, body = body.partition(b"\r\n")
        if int(size, 16) == 0:
            return out
        out, body = out + body[: int(size, 16)], body[int(size, 16) + 2 :]


@pytest.mark.parametrize("page", PAGES.values(), ids=lambda page: page.name)
def test_a_page_is_served_in_the_charset_its_file_says(page: Page, sample: Path) -> None:
    fact = FACTS[page.name]
    if fact.outcome is Outcome.DAMAGED:
        assert page.body().decode(page.charset) == page.text
        return
    record, body = read_with_warcio(fact, sample)
    if page.wire == "chunked":
        body = dechunk(body)
    if page.wire == "gzip":
        body = gzip.decompress(body)
    assert body.decode(page.charset) == page.text
    encoding = record.http_headers.get_header("Content-Encoding")
    assert (encoding == "gzip") is (page.wire in {"gzip", "claims-gzip"})


@pytest.mark.parametrize("page", PAGES.values(), ids=lambda page: page.name)
def test_a_page_declares_its_charset_as_its_file_says(page: Page) -> None:
    _, _, http = page.content_type.lower().partition("charset=")
    meta = META.search(page.text)
    declared = {name for name in (http, meta and meta[1].lower()) if name}
    truth = MEANS.get(page.charset, page.charset)
    true = {name for name in declared if MEANS.get(name, name) == truth}
    match page.declared:
        case "http":
            assert http in true
        case "meta":
            assert not http
            assert true == declared != set()
        case "wrong":
            assert declared - true
        case "bom":
            assert not declared
            assert page.body().startswith(b"\xff\xfe")
        case _:
            assert page.declared == "none"
            assert not declared


@pytest.mark.parametrize(
    "page", [p for p in PAGES.values() if p.script != "none"], ids=lambda page: page.name
)
def test_a_page_is_short_prose_in_its_script(page: Page) -> None:
    prose = re.sub(r"<[^>]+>", " ", page.text)
    letters = Counter(unicodedata.name(c).split()[0] for c in prose if c.isalpha())
    own = sum(letters[name] for name in LETTERS.get(page.script, {page.script.upper()}))
    assert own > 0.9 * letters.total()
    assert 200 <= letters.total() <= 800


def test_there_are_a_dozen_languages_scripts_and_charsets() -> None:
    kept = [page for page in PAGES.values() if page.outcome is Outcome.KEPT]
    assert len(kept) >= 40
    assert len({page.language for page in kept} - {"zxx"}) >= 12
    assert len({page.script for page in kept} - {"none"}) >= 12
    assert len({page.charset for page in kept}) >= 12
    assert {page.declared for page in kept} == {"http", "meta", "bom", "wrong", "none"}
    assert len({page.url.split("/")[2] for page in kept}) >= 3
    assert all(re.search(r"\.example(\.org|\.net|\.com)?/|//\w+\.example\.", p.url) for p in kept)


def test_it_holds_every_outcome_that_a_crawl_shows() -> None:
    assert {fact.outcome for fact in sample_facts()} == {
        Outcome.KEPT,
        Outcome.SUPPORTING,
        Outcome.REDIRECT,
        Outcome.NOT_OK,
        Outcome.NOT_TEXT,
        Outcome.EMPTY,
        Outcome.AFTER_CUTOFF,
        Outcome.UNDATED,
        Outcome.REVISIT,
        Outcome.DAMAGED,
    }


def test_one_url_has_two_texts_and_one_text_has_two_urls() -> None:
    texts: dict[str, set[str]] = {}
    urls: dict[str, set[str]] = {}
    for page in PAGES.values():
        texts.setdefault(page.url, set()).add(page.text)
        urls.setdefault(page.text, set()).add(page.url)
    assert sorted(map(len, texts.values()))[-2:] == [1, 2]
    assert sorted(map(len, urls.values()))[-2:] == [1, 2]


def test_it_says_of_itself_that_it_is_a_fixture(sample: Path) -> None:
    _, warcinfo = read_with_warcio(FACTS["warcinfo"], sample)
    assert b"isPartOf: lowbackground-sample" in warcinfo
    assert b"FIXTURE" in warcinfo
    assert "test fixture" in PAGES["index.html"].text


def test_the_damage_is_one_bit(sample: Path) -> None:
    fact = FACTS["vlak.html"]
    member = sample.read_bytes()[fact.offset : fact.offset + fact.length]
    crc, size = struct.unpack("<II", member[-8:])
    inflated = zlib.decompress(member[10:-8], wbits=-15)
    assert len(inflated) == size
    repairs = [
        i
        for i in range(len(inflated))
        if zlib.crc32(inflated[:i] + bytes([inflated[i] ^ 4]) + inflated[i + 1 :]) == crc
    ]
    assert len(repairs) == 1


def test_stored_members_hold_any_length() -> None:
    for length in (0, 1, 65_535, 65_536, 200_000):
        data = bytes(i % 251 for i in range(length))
        assert gzip.decompress(gzip_member(data)) == data
        assert dechunk(chunked(data)) == data


def test_an_existing_file_is_kept_unless_forced(tmp_path: Path) -> None:
    path = tmp_path / "mine.warc.gz"
    path.write_bytes(b"mine")
    with pytest.raises(UsageError, match="exists"):
        write_sample(path)
    assert path.read_bytes() == b"mine"
    write_sample(path, force=True)
    assert sha256_file(path) == GOLDEN_SHA256
    assert list(tmp_path.iterdir()) == [path]


def test_the_command_says_what_it_wrote_and_what_to_do_next(tmp_path: Path) -> None:
    path = tmp_path / "with space.warc.gz"
    result = CliRunner().invoke(group, ["sample", str(path), "--json"], catch_exceptions=False)
    said = json.loads(result.output)
    assert said["sha256"] == GOLDEN_SHA256
    assert said["records"] == len(FACTS)
    assert said["fixture"] is True
    assert said["next_step"] == f"lowbg build '{path}' --name sample"
    result = CliRunner().invoke(group, ["sample", str(path), "--force"], catch_exceptions=False)
    assert "a fixture, not an archive" in result.output
    assert said["next_step"] in result.output
