"""What is labelled gzip is taken for what it is: a label, or a layer that somebody added."""

from __future__ import annotations

import gzip
import random
from pathlib import Path

import pytest

from archive.errors import Unreachable
from archive.remote import download, read_bytes, read_ranges
from tests.servers import Web, chunked, cut, says

TEXT = b"A page that was kept. " * 5000
STORED = gzip.compress(TEXT, mtime=0)
NOISE = random.Random(6).randbytes(90_000)
LABEL = {"Content-Encoding": "gzip"}


@pytest.mark.parametrize("label", ["gzip", "x-gzip", "GZIP"])
@pytest.mark.parametrize("ranges", [True, False])
def test_a_stored_gz_that_is_labelled_gzip_stays_as_it_is(
    site: Web, tmp_path: Path, label: str, ranges: bool
) -> None:
    url = site.put("a.warc.gz", STORED, ranges=ranges, headers={"Content-Encoding": label})
    download(url, tmp_path / "f")
    assert (tmp_path / "f").read_bytes() == STORED


@pytest.mark.parametrize("path", ["a.warc.gz", "a.warc"])
@pytest.mark.parametrize("inner", [STORED, gzip.compress(NOISE, mtime=0)])
def test_a_layer_of_gzip_around_a_gz_is_taken_off(
    site: Web, tmp_path: Path, path: str, inner: bytes
) -> None:
    url = site.put(path, b"", chunked(gzip.compress(inner), headers=LABEL))
    download(url, tmp_path / "f")
    assert (tmp_path / "f").read_bytes() == inner


@pytest.mark.parametrize("inner", [TEXT, NOISE, b"x", b""])
def test_what_is_compressed_on_the_way_arrives_plain(
    site: Web, tmp_path: Path, inner: bytes
) -> None:
    whole = gzip.compress(inner[:50_000]) + gzip.compress(inner[50_000:])  # of several members
    for sent in (gzip.compress(inner), whole):
        url = site.put("list.txt", b"", says(200, LABEL, sent))
        assert read_bytes(url, 1 << 20) == inner


def test_a_layer_that_is_cut_off_or_damaged_is_fetched_anew(site: Web, tmp_path: Path) -> None:
    sent = gzip.compress(NOISE)
    flipped = sent[:5000] + bytes([sent[5000] ^ 1]) + sent[5001:]
    url = site.put("f", b"", *[says(200, LABEL, bad) for bad in (sent[:-9], flipped, sent)])
    download(url, tmp_path / "f")
    assert (tmp_path / "f").read_bytes() == NOISE
    site.put("f", sent, cut(9000), headers=LABEL, ranges=False)
    download(url, tmp_path / "f")
    assert (tmp_path / "f").read_bytes() == NOISE
    assert not any("If-Range" in each.headers for each in site.asked)


def test_a_label_on_what_is_no_gzip_is_a_label(site: Web) -> None:
    url = site.put("f.txt", TEXT, ranges=False, headers=LABEL)
    assert read_bytes(url, 1 << 20) == TEXT


def test_ranges_are_of_what_is_stored_whatever_its_label(site: Web) -> None:
    url = site.put("a.warc", STORED, headers=LABEL)
    assert list(read_ranges(url, [(10, 30)])) == [STORED[10:40]]


def test_other_codings_are_refused_by_name(site: Web) -> None:
    for coding in ("br", "zstd", "gzip, br"):
        url = site.put("f", TEXT, ranges=False, headers={"Content-Encoding": coding})
        with pytest.raises(Unreachable, match=f"the coding '{coding}'") as caught:
            read_bytes(url, 1 << 20)
        assert caught.value.tries == 1
        assert "another tool" in caught.value.next_step


def test_a_layer_that_never_begins_is_left(site: Web) -> None:
    header = b"\x1f\x8b\x08\x08" + bytes(6) + b"n" * (2 << 20)  # a name that does not end
    url = site.put("f", header, ranges=False, headers=LABEL)
    with pytest.raises(Unreachable, match="holds nothing in") as caught:
        read_bytes(url, 1 << 30)
    assert caught.value.tries == 1
