"""Notes of hashes: believed of a file that is as it was, of no other, and not too early."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

import archive
from archive.parts import state_of
from archive.store import noted
from archive.store.local import Store
from tests.archives import write_crawl

DIGESTS = {"sha256": "ab" * 32}


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Notes are taken of small files too, and of those just written."""
    monkeypatch.setattr(noted, "SETTLED", 0.0)
    monkeypatch.setattr(noted, "LARGE", 0)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    made = tmp_path / "crawl.warc"
    made.write_bytes(b"0123456789")
    return made


def test_a_note_is_recalled_of_a_file_that_is_as_it_was(path: Path, tmp_path: Path) -> None:
    noted.note(tmp_path / "notes", path, state_of(path), DIGESTS)
    assert noted.recall(tmp_path / "notes", path, state_of(path)) == DIGESTS
    assert noted.recall(tmp_path / "notes", tmp_path / "other", state_of(path)) == {}


def test_a_file_of_the_same_size_and_time_with_other_bytes_is_not_recalled(
    path: Path, tmp_path: Path
) -> None:
    noted.note(tmp_path / "notes", path, state_of(path), DIGESTS)
    status = path.stat()
    path.write_bytes(b"9876543210")
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert path.stat().st_mtime_ns == status.st_mtime_ns
    assert noted.recall(tmp_path / "notes", path, state_of(path)) == {}


@pytest.mark.parametrize(("what", "least"), [("SETTLED", 3600.0), ("LARGE", 11)])
def test_a_file_written_a_moment_ago_or_a_small_one_is_not_noted(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str, least: float
) -> None:
    monkeypatch.setattr(noted, what, least)
    noted.note(tmp_path / "notes", path, state_of(path), DIGESTS)
    assert noted.recall(tmp_path / "notes", path, state_of(path)) == {}


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b'{"state": 1}', b'{"state":[],"digests":[]}'])
def test_a_torn_note_is_no_note(path: Path, tmp_path: Path, data: bytes) -> None:
    noted.note(tmp_path / "notes", path, state_of(path), DIGESTS)
    (written,) = (tmp_path / "notes").iterdir()
    written.write_bytes(data)
    assert noted.recall(tmp_path / "notes", path, state_of(path)) == {}


def test_the_build_after_its_shares_hashes_no_input_again_and_clears_the_notes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    crawl = write_crawl(tmp_path / "crawl")
    whole = archive.build(crawl, "web", tmp_path / "whole", annotate=False).content_root
    store = tmp_path / "store"
    for shard in ("1/2", "2/2"):
        archive.build_share(crawl, "web", store, shard=shard, annotate=False)
    monkeypatch.setattr("archive.pipeline._hashed", _refuse)
    assert archive.build(crawl, "web", store, annotate=False).content_root == whole
    assert not (Store(store).work / noted.FOLDER).exists()


def _refuse(*arguments: object) -> None:
    raise AssertionError("it was hashed before")


def test_an_input_that_changed_since_its_share_is_hashed_and_made_again(tmp_path: Path) -> None:
    crawl, store = write_crawl(tmp_path / "crawl"), tmp_path / "store"
    archive.build_share(crawl, "web", store, shard="2/2", annotate=False)
    path = Path(crawl[1])
    status, data = path.stat(), path.read_bytes()
    path.write_bytes(data.replace(b"oven", b"over").replace(b"radios", b"radius"))
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert path.read_bytes() != data
    changed = archive.build(crawl, "web", tmp_path / "changed", annotate=False).content_root
    assert archive.build(crawl, "web", store, annotate=False).content_root == changed
