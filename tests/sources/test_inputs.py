"""Names of inputs become files, each once, in one order."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from itertools import accumulate
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.errors import EnvironmentFailed, UsageError
from archive.remote import Politeness, politely
from archive.sources.inputs import Input, expand, fetch
from tests.servers import Still, Web, changing, cut, honest, web


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


def test_no_inputs_at_all_is_wrong_use(crawl: Path) -> None:
    with pytest.raises(UsageError, match="no inputs"):
        expand([])
    with pytest.raises(UsageError, match="no inputs"):
        expand([str(crawl), "-"], io.StringIO(" \n\n"))


def test_addresses_that_differ_only_in_empty_parts_have_names_of_their_own() -> None:
    found = expand(["http://h/x//a.gz", "http://h/x/a.gz"])
    assert names(found) == ["x//a.gz", "x/a.gz"]


@given(st.sets(st.text("a/.", max_size=6), min_size=1, max_size=6))
def test_every_input_has_a_name_that_no_other_has(tails: set[str]) -> None:
    found = expand([f"http://h/{tail}" for tail in tails])
    assert len(set(names(found))) == len(found) == len(tails)


def test_a_name_that_is_not_utf8_is_printable_and_the_file_still_opens(tmp_path: Path) -> None:
    for folder, content in (("one", b"1"), ("two", b"2")):
        (tmp_path / folder).mkdir()
        with open(os.fsencode(tmp_path / folder) + b"/\xff.warc", "wb") as file:
            file.write(content)
    alone = expand([str(tmp_path / "one")])
    both = expand([str(tmp_path / "one"), str(tmp_path / "two")])
    assert names(alone) == ["\\xff.warc"]
    assert names(both) == ["one/\\xff.warc", "two/\\xff.warc"]
    for each, content in zip(both, (b"1", b"2"), strict=True):
        with open(each.location, "rb") as file:
            assert file.read() == content


def test_an_unreadable_folder_is_named(crawl: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scan = os.scandir

    def refusing(path: Any) -> Any:  # a mode of 0 would not stop root
        if os.fspath(path).endswith("er"):
            raise PermissionError(13, "Permission denied", path)
        return scan(path)

    monkeypatch.setattr(os, "scandir", refusing)
    with pytest.raises(EnvironmentFailed, match="deep/er: Permission denied"):
        expand([str(crawl)])


def test_a_link_to_nothing_is_named(crawl: Path) -> None:
    (crawl / "deep" / "gone.warc").symlink_to("nowhere.warc")
    for pattern in (str(crawl), f"{crawl}/deep/*.warc"):
        with pytest.raises(UsageError, match=r"gone\.warc links to nowhere\.warc"):
            expand([pattern])


def test_a_link_to_itself_is_named(crawl: Path) -> None:
    (crawl / "loop.warc").symlink_to("loop.warc")
    with pytest.raises(EnvironmentFailed, match=r"loop\.warc"):
        expand([str(crawl)])


def test_linked_folders_are_followed_once(crawl: Path, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "o.warc").touch()
    (crawl / "another").symlink_to(tmp_path / "other")
    (crawl / "deep" / "up").symlink_to(crawl)
    (crawl / "again").symlink_to(crawl / "deep")
    assert names(expand([str(crawl)])) == [
        "[x].warc",
        "a.warc",
        "another/o.warc",
        "b.warc.gz",
        "deep/er/c.arc",
    ]


def test_the_store_is_left_out_of_folders_and_globs(crawl: Path) -> None:
    store = crawl / "deep"
    (crawl / "link").symlink_to(store)
    (crawl / "c.arc").symlink_to(store / "er" / "c.arc")
    for pattern in (str(crawl), f"{crawl}/**"):
        assert names(expand([pattern], without=store)) == ["[x].warc", "a.warc", "b.warc.gz"]


def test_what_lies_in_the_store_cannot_be_named(crawl: Path) -> None:
    store = crawl / "deep"
    (crawl / "c.arc").symlink_to(store / "er" / "c.arc")
    for path in (store, store / "er", store / "er" / "c.arc", crawl / "c.arc"):
        with pytest.raises(UsageError, match="lies in the store"):
            expand([str(path)], without=store)
    assert expand([str(crawl / "a.warc")], without=crawl / "a")


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


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Web]:
    """A server, and a clock that waits for nothing."""
    monkeypatch.setenv("LOWBG_CACHE", str(tmp_path / "cache"))
    with web() as served, politely(Politeness(clock=Still())):
        yield served


def gets(site: Web) -> int:
    """Requests for all of a file."""
    return sum(each.range != "bytes=0-0" for each in site.asked)


def test_a_copy_of_what_has_not_changed_is_used_again(site: Web, tmp_path: Path) -> None:
    source = Input("a.warc", site.put("a.warc", b"a.warc"))
    first = fetch(source, tmp_path / "copies")
    assert first.read_bytes() == b"a.warc"
    assert fetch(source, tmp_path / "copies") == first
    assert gets(site) == 1
    first.write_bytes(b"half")
    assert fetch(source, tmp_path / "copies").read_bytes() == b"a.warc"


@pytest.mark.parametrize(
    "facts", [{"etag": '"2"'}, {"etag": None, "modified": "Wed, 02 Jan 2013 00:00:00 GMT"}]
)
def test_a_copy_is_not_used_once_the_file_has_changed(
    site: Web, tmp_path: Path, facts: dict[str, str | None]
) -> None:
    source = Input("a.warc", site.put("a.warc", b"a.warc", etag=None))
    fetch(source, tmp_path / "copies")
    site.put("a.warc", b"A.WARC", **facts)  # of the same size
    assert fetch(source, tmp_path / "copies").read_bytes() == b"A.WARC"


def test_a_file_that_changes_while_it_is_fetched_is_the_new_one(site: Web, tmp_path: Path) -> None:
    source = Input("a.warc", site.put("a.warc", b"a.warc", honest, changing(b"A.WARC", '"2"')))
    assert fetch(source, tmp_path / "copies").read_bytes() == b"A.WARC"
    assert len(list((tmp_path / "copies").iterdir())) == 1
    restless = [changing(b"%d" % number, f'"{number}"') for number in range(9)]
    source = Input("b.warc", site.put("b.warc", b"", *restless))
    with pytest.raises(EnvironmentFailed, match="changes while it is read"):
        fetch(source, tmp_path / "copies")


def test_what_is_fetched_counts_as_it_comes_and_not_twice(site: Web, tmp_path: Path) -> None:
    told: list[int] = []
    source = Input("a.warc", site.put("a.warc", b"a.warc" * 100_000, cut(200_000)))
    fetch(source, tmp_path, told.append)
    assert max(accumulate(told)) == 600_000
    assert sum(told) == 0  # it counts when it is read


def test_what_the_cache_keeps_is_not_fetched_by_another_build(site: Web, tmp_path: Path) -> None:
    source = Input("a.warc", site.put("a.warc", b"a.warc"))
    with politely(Politeness(clock=Still(), cache_bytes=1000)):
        copies = [fetch(source, tmp_path / name) for name in ("one", "two")]
    assert [copy.read_bytes() for copy in copies] == [b"a.warc"] * 2
    assert gets(site) == 1
    fetch(source, tmp_path / "three")
    assert gets(site) == 2  # nobody asked for the cache


def test_where_nothing_tells_of_a_change_the_file_is_fetched_again(
    remote: str, tmp_path: Path
) -> None:
    import fsspec

    source = Input("a.warc", f"{remote}/a.warc")
    assert fetch(source, tmp_path).read_bytes() == b"a" * 3_000_000
    fsspec.filesystem("memory").pipe("/sources/a.warc", b"z" * 3_000_000)
    assert fetch(source, tmp_path).read_bytes() == b"z" * 3_000_000
    assert len(list(tmp_path.iterdir())) == 1


def test_a_local_file_is_read_where_it_is(crawl: Path, tmp_path: Path) -> None:
    source = Input("a.warc", str(crawl / "a.warc"))
    assert fetch(source, tmp_path / "spool") == crawl / "a.warc"
    assert not (tmp_path / "spool").exists()


def test_a_remote_file_that_cannot_be_had_is_a_fault_of_the_environment(
    site: Web, tmp_path: Path
) -> None:
    for url in ("memory://sources/missing.warc", "http://127.0.0.1:9/x.warc"):
        with pytest.raises(EnvironmentFailed, match="cannot read") as caught:
            fetch(Input("x", url), tmp_path)
        assert "credentials" in caught.value.next_step
    assert list(tmp_path.iterdir()) == []


def test_a_scheme_that_nothing_opens_is_wrong_use(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="the protocol 'gopherfs' is not known") as caught:
        fetch(Input("x", "gopherfs://host/x.warc"), tmp_path)
    assert "extra" not in caught.value.next_step


def test_what_only_a_selection_may_name_is_refused() -> None:
    with pytest.raises(UsageError, match="no input of yours"):
        expand(["lowbg-extract:///etc/hostname"])
