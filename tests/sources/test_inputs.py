"""Names of inputs become files, each once, in one order."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from archive.errors import EnvironmentFailed, UsageError
from archive.sources.inputs import Input, expand, fetch, local_copy


@pytest.fixture
def crawl(tmp_path: Path) -> Path:
    folder = tmp_path / "crawl"
    for name in ("b.warc.gz", "a.warc", "deep/er/c.arc", ".hidden", "deep/.git/d.warc", "[x].warc"):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode())
    return folder


def names(inputs: list[Input]) -> list[str]:
    return [each.name for each in inputs]


def test_a_folder_means_every_visible_file_below_it(crawl: Path) -> None:
    found = expand([str(crawl)])
    assert names(found) == ["[x].warc", "a.warc", "b.warc.gz", "deep/er/c.arc"]
    assert [Path(each.location) for each in found] == [crawl / name for name in names(found)]


def test_globs_files_and_lists_may_be_mixed_and_repeat_themselves(crawl: Path) -> None:
    listing = io.StringIO(f"{crawl}/a.warc\n\n  {crawl}/deep  \n")
    found = expand([f"{crawl}/*.warc", str(crawl / "a.warc"), "-", f"{crawl}/**/*.arc"], listing)
    assert names(found) == ["[x].warc", "a.warc", "er/c.arc"]


def test_a_file_is_found_though_its_name_looks_like_a_glob(crawl: Path) -> None:
    assert names(expand([str(crawl / "[x].warc")])) == ["[x].warc"]


def test_the_order_of_patterns_does_not_matter(crawl: Path) -> None:
    patterns = [str(crawl / "a.warc"), f"{crawl}/*.gz", f"{crawl}/deep/er"]
    assert expand(patterns) == expand(patterns[::-1])


def test_a_pattern_that_matches_nothing_is_named(crawl: Path) -> None:
    for pattern in ("missing.warc", f"{crawl}/*.zip", "memory://nowhere/*.warc"):
        with pytest.raises(UsageError, match="no input matches") as caught:
            expand([str(crawl / "a.warc"), pattern])
        assert pattern in str(caught.value)
    with pytest.raises(UsageError):
        expand(["-"])


def test_web_addresses_are_kept_as_they_are() -> None:
    urls = ["https://example.org/a.warc.gz?x=[1]", "s3://bucket/crawl/b.warc.gz"]
    assert expand(urls) == [
        Input("a.warc.gz", "https://example.org/a.warc.gz?x=[1]"),
        Input("b.warc.gz", "s3://bucket/crawl/b.warc.gz"),
    ]


@pytest.fixture
def remote() -> str:
    import fsspec

    filesystem = fsspec.filesystem("memory")
    for name in ("a", "b"):
        filesystem.pipe(f"/sources/{name}.warc", name.encode() * 3_000_000)
    return "memory://sources"


def test_globs_of_a_remote_filesystem_are_expanded(remote: str) -> None:
    assert names(expand([f"{remote}/*.warc"])) == ["a.warc", "b.warc"]
    assert names(expand([f"{remote}/"])) == ["a.warc", "b.warc"]


def test_a_remote_file_is_there_for_as_long_as_it_is_needed(remote: str, tmp_path: Path) -> None:
    source = Input("a.warc", f"{remote}/a.warc")
    with local_copy(source, tmp_path) as path:
        assert path.parent == tmp_path
        assert path.read_bytes() == b"a" * 3_000_000
    assert list(tmp_path.iterdir()) == []


def test_a_copy_that_is_there_already_is_used_again(remote: str, tmp_path: Path) -> None:
    source = Input("a.warc", f"{remote}/a.warc")
    first = fetch(source, tmp_path)
    stamp = first.stat().st_mtime_ns
    assert fetch(source, tmp_path) == first
    assert first.stat().st_mtime_ns == stamp
    first.write_bytes(b"half")
    assert fetch(source, tmp_path).stat().st_size == 3_000_000


def test_a_local_file_is_read_where_it_is(crawl: Path, tmp_path: Path) -> None:
    source = Input("a.warc", str(crawl / "a.warc"))
    with local_copy(source, tmp_path / "spool") as path:
        assert path == crawl / "a.warc"
    assert path.exists()
    assert not (tmp_path / "spool").exists()


def test_a_remote_file_that_cannot_be_had_is_a_fault_of_the_environment(tmp_path: Path) -> None:
    for url in ("memory://sources/missing.warc", "http://127.0.0.1:9/x.warc"):
        with pytest.raises(EnvironmentFailed, match="cannot read") as caught:
            fetch(Input("x", url), tmp_path)
        assert caught.value.next_step
    assert list(tmp_path.iterdir()) == []


def test_a_scheme_that_nothing_opens_is_wrong_use(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot open"):
        fetch(Input("x", "gopherfs://host/x.warc"), tmp_path)
