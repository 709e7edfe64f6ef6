"""The cache gives back what was put in, keeps to its size, and never gives a damaged file."""

from __future__ import annotations

import hashlib
import os
import random
import threading
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from archive.errors import EnvironmentFailed
from archive.remote import Cache


def put(cache: Cache, folder: Path, url: str, data: bytes, mark: str | None = "m") -> str:
    file = folder / "incoming"
    file.write_bytes(data)
    digest = hashlib.sha256(data).hexdigest()
    cache.keep(url, mark, digest, file)
    file.unlink()
    return digest


def get(cache: Cache, folder: Path, url: str, mark: str | None = "m") -> bytes | None:
    target = folder / "outgoing"
    if not cache.place(url, mark, target):
        assert not target.exists()
        return None
    data = target.read_bytes()
    target.unlink()
    return data


def objects(folder: Path) -> list[Path]:
    return [path for path in (folder / "objects").rglob("*") if path.is_file()]


@settings(
    deadline=None, max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.lists(
        st.tuples(st.booleans(), st.sampled_from("abcde"), st.binary(max_size=60)), max_size=25
    ),
    st.integers(0, 150),
)
def test_what_it_gives_is_what_was_put_in_last_and_it_never_outgrows_its_size(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[bool, str, bytes]], most: int
) -> None:
    folder = tmp_path_factory.mktemp("cache")
    cache, last = Cache(folder / "cache", most), dict[str, bytes]()
    for keeping, url, data in steps:
        if keeping:
            put(cache, folder, url, data)
            if len(data) <= most:
                last[url] = data
        else:
            assert get(cache, folder, url) in (None, last.get(url))
        assert cache.bytes() <= most


def test_the_file_that_was_used_longest_ago_goes_first(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "cache", 30)
    for number, url in enumerate("abc"):
        digest = put(cache, tmp_path, url, url.encode() * 10)
        os.utime(tmp_path / "cache" / "objects" / digest[:2] / digest, (number, number))
    assert get(cache, tmp_path, "a") == b"a" * 10
    put(cache, tmp_path, "d", b"d" * 10)
    assert get(cache, tmp_path, "b") is None
    assert [get(cache, tmp_path, url) for url in "acd"] == [b"a" * 10, b"c" * 10, b"d" * 10]


def test_names_of_files_that_are_gone_go_too(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "cache", 30)
    for number in range(20):
        put(cache, tmp_path, f"u{number}", f"{number:10}".encode())
    assert len(list((tmp_path / "cache" / "urls").iterdir())) <= 4


def test_another_mark_is_another_file(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "cache", 1000)
    put(cache, tmp_path, "u", b"old", "one")
    put(cache, tmp_path, "u", b"new", "two")
    assert get(cache, tmp_path, "u", "one") == b"old"
    assert get(cache, tmp_path, "u", "two") == b"new"
    assert get(cache, tmp_path, "u", "three") is None


def test_a_file_of_another_size_than_is_told_now_is_another_version(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "cache", 1000)
    put(cache, tmp_path, "u", b"of that second")
    assert not cache.place("u", "m", tmp_path / "mine", 15)
    assert not (tmp_path / "mine").exists()
    assert cache.place("u", "m", tmp_path / "mine", 14)


def test_a_file_without_a_mark_is_not_kept(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "cache", 1000)
    put(cache, tmp_path, "u", b"who knows", None)
    assert get(cache, tmp_path, "u", None) is None
    assert cache.bytes() == 0


def test_one_content_under_many_urls_is_kept_once(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "cache", 1000)
    for url in "abc":
        put(cache, tmp_path, url, b"the same")
    assert cache.bytes() == len(b"the same")
    assert {get(cache, tmp_path, url) for url in "abc"} == {b"the same"}


@pytest.mark.parametrize("damage", ["bit", "short", "empty", "gone", "name", "swapped"])
def test_a_damaged_file_is_forgotten_and_never_given(tmp_path: Path, damage: str) -> None:
    cache = Cache(tmp_path / "cache", 1000)
    digest = put(cache, tmp_path, "u", b"as it was")
    other = put(cache, tmp_path, "v", b"another!!")
    kept = tmp_path / "cache" / "objects" / digest[:2] / digest
    name = next(p for p in (tmp_path / "cache" / "urls").iterdir() if p.read_text() == digest)
    if damage == "gone":
        kept.unlink()
    elif damage == "name":
        name.write_text("../../../../etc/passwd")
    elif damage == "swapped":
        kept.write_bytes((kept.parent.parent / other[:2] / other).read_bytes())
    else:
        kept.write_bytes({"bit": b"as it waS", "short": b"as it wa", "empty": b""}[damage])
    assert get(cache, tmp_path, "u") is None
    put(cache, tmp_path, "u", b"as it was")
    assert get(cache, tmp_path, "u") == b"as it was"


def test_what_it_gave_stays_when_the_cache_is_emptied(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "cache", 10)
    put(cache, tmp_path, "a", b"first")
    assert cache.place("a", "m", tmp_path / "mine")
    put(cache, tmp_path, "b", b"0123456789")
    assert get(cache, tmp_path, "a") is None
    assert (tmp_path / "mine").read_bytes() == b"first"


def test_where_there_are_no_second_names_files_are_copied(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr(os, "link", refuse)
    cache = Cache(tmp_path / "cache", 100)
    put(cache, tmp_path, "a", b"first")
    assert get(cache, tmp_path, "a") == b"first"


def test_many_at_once_neither_break_it_nor_get_anything_wrong(tmp_path: Path) -> None:
    wrong: list[object] = []

    def work(seed: int) -> None:
        mine = tmp_path / str(seed)
        mine.mkdir()
        cache, dice = Cache(tmp_path / "cache", 500), random.Random(seed)
        try:
            for _ in range(40):
                url = dice.choice("abcdefgh")
                data = url.encode() * 100
                if dice.random() < 0.5:
                    put(cache, mine, url, data)
                elif get(cache, mine, url) not in (None, data):
                    wrong.append(url)
        except Exception as error:
            wrong.append(error)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert Cache(tmp_path / "cache", 500).bytes() <= 500
    assert not [path for path in objects(tmp_path / "cache") if path.name.endswith(".new")]


def test_a_cache_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "cache").write_bytes(b"a file where the folder should be")
    with pytest.raises(EnvironmentFailed, match="cannot keep files") as caught:
        put(Cache(tmp_path / "cache", 100), tmp_path, "a", b"first")
    assert "LOWBG_CACHE" in caught.value.next_step
