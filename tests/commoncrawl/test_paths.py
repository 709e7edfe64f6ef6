"""Path lists are somebody else's word; a sample is a function of names and a seed."""

from __future__ import annotations

import gzip
import hashlib
import random
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archive.commoncrawl import crawls, paths
from archive.commoncrawl.crawl import Crawl
from archive.commoncrawl.paths import is_path, path_list, read_list, sample
from archive.commoncrawl.places import Base, base_of
from archive.errors import Corrupt, EnvironmentFailed, UsageError
from tests.commoncrawl.layout import Layout

names = st.lists(
    st.from_regex(r"[a-z]{1,3}/[0-9]{1,4}\.warc\.gz", fullmatch=True), max_size=40, unique=True
)


@settings(deadline=None)
@given(names, st.integers(0, 50), st.integers())
def test_a_sample_is_a_function_of_the_names_and_the_seed_alone(
    listed: list[str], files: int, seed: int
) -> None:
    mixed = list(listed)
    random.Random(0).shuffle(mixed)
    drawn = sample(listed, files, seed)
    assert len(drawn) == min(files, len(listed))
    assert set(sample(mixed, files, seed)) == set(drawn)
    assert [path for path in listed if path in drawn] == drawn


@settings(deadline=None)
@given(names, st.integers(0, 20), st.integers(0, 20), st.integers())
def test_a_larger_sample_holds_the_smaller_one(
    listed: list[str], few: int, more: int, seed: int
) -> None:
    assert set(sample(listed, few, seed)) <= set(sample(listed, few + more, seed))


def test_a_sample_is_the_one_worked_out_by_hand() -> None:
    listed = ["a", "b", "c"]
    digests = {path: hashlib.sha256(f"7:{path}".encode()).hexdigest()[:4] for path in listed}
    assert digests == {"a": "82d9", "b": "ec2a", "c": "18ec"}
    assert sample(listed, 2, 7) == ["a", "c"]
    assert sample(listed, 1, 7) == ["c"]


@pytest.mark.parametrize(
    "path",
    [
        "crawl-data/CC-MAIN-2013-20/segments/1368696381249/warc/"
        "CC-MAIN-20130516092621-00000-ip-10-60-113-184.ec2.internal.warc.gz",
        "cc-index/table/cc-main/warc/crawl=CC-MAIN-2024-22/subset=warc/"
        "part-00000-4dd72944-e9c0-41a1-9026-dfd2d0615bf2.c000.gz.parquet",
        "crawl-002/2009/09/17/12/1253241189984_12.arc.gz",
    ],
)
def test_the_publishers_paths_are_paths(path: str) -> None:
    assert is_path(path)


@pytest.mark.parametrize(
    "path",
    [
        *("", "/etc/passwd", "../x", "a/../b", "a/..", "a//b", "a/", "./a", ".hidden", "a/.ssh"),
        *("http://evil/x", "a b", "a\tb", "a?b", "a*b", "a[0]", "a#b", "a%2e%2e", "~/x", "a\\b"),
        *("a\0b", "é", "a\n", "C:/x", "a" * 1025),
    ],
)
def test_what_could_lead_elsewhere_is_no_path(path: str) -> None:
    assert not is_path(path)


@settings(deadline=None)
@given(st.text(max_size=30))
def test_a_path_never_leaves_the_folder_it_is_below(text: str) -> None:
    if is_path(text):
        below = (Path("/base") / text).resolve()
        assert below.is_relative_to("/base")
        assert below != Path("/base")


def test_a_list_is_read_in_its_order_each_path_once(
    layout: Layout, base: Base, crawl: Crawl
) -> None:
    layout.write_list("warc", ["b/2", "a/1", "b/2", "", "c/3"])
    assert path_list(base, crawl, "warc") == ["b/2", "a/1", "c/3"]


def test_lists_in_several_gzip_members_and_with_other_line_ends_are_read(
    layout: Layout, base: Base, crawl: Crawl
) -> None:
    data = gzip.compress(b"a/1\r\nb") + gzip.compress(b"/2\n")
    (layout.home / "wet.paths.gz").write_bytes(data)
    assert path_list(base, crawl, "wet") == ["a/1", "b/2"]


BROKEN: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda data: b"",
    "nothing in it": lambda data: gzip.compress(b"\n\n"),
    "cut off": lambda data: data[:-9],
    "not gzip": lambda data: gzip.decompress(data),
    "an error page": lambda data: b"<html>503</html>",
    "checksum": lambda data: data[:-8] + bytes(4) + data[-4:],
    "junk after it": lambda data: data + b"junk",
    "a path that climbs": lambda data: gzip.compress(b"a/1\n../../etc/passwd\n"),
    "a URL": lambda data: gzip.compress(b"https://evil.example/x.warc.gz\n"),
    "half a character": lambda data: gzip.compress(b"a/\xff\n"),
    "a thousand members": lambda data: gzip.compress(b"a/1\n") * 1001,
}


@pytest.mark.parametrize("kind", BROKEN)
def test_a_broken_list_is_refused_whole(
    layout: Layout, base: Base, crawl: Crawl, kind: str
) -> None:
    path = layout.home / "warc.paths.gz"
    path.write_bytes(BROKEN[kind](path.read_bytes()))
    with pytest.raises(Corrupt, match=r"warc\.paths\.gz") as caught:
        path_list(base, crawl, "warc")
    assert "--cc-base" in caught.value.next_step


def test_a_list_that_inflates_without_end_is_refused(
    layout: Layout, base: Base, crawl: Crawl, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paths, "INFLATED_BYTES", 1 << 16)
    (layout.home / "warc.paths.gz").write_bytes(gzip.compress(b"a/1\n" * 100_000))
    with pytest.raises(Corrupt, match="at most 65536 bytes"):
        path_list(base, crawl, "warc")


def test_a_list_of_too_many_paths_is_refused(
    layout: Layout, base: Base, crawl: Crawl, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paths, "MAX_FILES", 3)
    layout.write_list("warc", ["a/1", "a/2", "a/3", "a/1"])
    assert len(path_list(base, crawl, "warc")) == 3
    layout.write_list("warc", ["a/1", "a/2", "a/3", "a/4"])
    with pytest.raises(Corrupt, match="at most 3 paths"):
        path_list(base, crawl, "warc")


def test_a_list_that_is_not_there_is_an_error_of_the_place(base: Base) -> None:
    with pytest.raises(EnvironmentFailed) as caught:
        read_list(base, "crawl-data/CC-MAIN-2019-35/none.paths.gz")
    assert "--cc-base" in caught.value.next_step


def test_a_crawl_of_arc_files_has_no_list_that_is_known(base: Base) -> None:
    with pytest.raises(UsageError, match="no list of ARC files") as caught:
        path_list(base, crawls.find("CC-MAIN-2012"), "arc")
    assert "parse-output/" in caught.value.next_step


def test_a_base_that_is_no_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no folder"):
        base_of(str(tmp_path / "nowhere"))


def test_the_base_is_named_or_in_the_environment_or_the_publishers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert base_of().location == "https://data.commoncrawl.org/"
    monkeypatch.setenv("LOWBG_CC_BASE", "s3://commoncrawl")
    assert base_of().location == "s3://commoncrawl/"
    assert base_of(str(tmp_path)).location == f"{tmp_path}/"


def test_a_real_list_is_read(shared_data: Path) -> None:
    base = base_of(str(shared_data / "ccindex/whirlwind"))
    listed = read_list(base, "CC-MAIN-2024-22.warc.paths.gz")
    assert len(listed) == 300
    assert all(path.endswith(".parquet") for path in listed)
