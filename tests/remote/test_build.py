"""A build from servers that misbehave has the root of a build from the files on disk."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import archive
from archive.errors import EnvironmentFailed
from archive.remote import Politeness, politely
from tests.archives import write_crawl
from tests.cli.test_commands import lowbg
from tests.servers import Still, Web, cut, s3, says, whole


@pytest.fixture(scope="module")
def crawl(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return [Path(path) for path in write_crawl(tmp_path_factory.mktemp("crawl"))]


@pytest.fixture(scope="module")
def root(crawl: list[Path], tmp_path_factory: pytest.TempPathFactory) -> str:
    """The content root of the crawl, from disk."""
    store = tmp_path_factory.mktemp("disk") / "store"
    return archive.build(map(str, crawl), "web", store, annotate=False).manifest.content_root


def put(site: Web, crawl: list[Path]) -> list[str]:
    first, second = (path.read_bytes() for path in crawl)
    busy = says(503, {"Retry-After": "1"})
    return [
        site.put(crawl[0].name, first, busy, cut(0), cut(len(first) // 2), busy, whole),
        site.put(crawl[1].name, second, cut(0), says(429), cut(len(second) - 1)),
    ]


def test_over_http_with_faults(site: Web, crawl: list[Path], root: str, tmp_path: Path) -> None:
    web = archive.build(put(site, crawl), "web", tmp_path / "store", annotate=False)
    assert web.manifest.content_root == root
    assert [each.name for each in web.manifest.inputs] == sorted(path.name for path in crawl)
    assert list((tmp_path / "store" / "work" / "fetched").iterdir()) == []
    assert web.verify().ok


def test_with_workers_options_and_a_cache_from_the_command_line(
    site: Web, crawl: list[Path], root: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOWBG_CACHE", str(tmp_path / "cache"))
    urls = [site.put(path.name, path.read_bytes()) for path in crawl]
    build = ("build", *urls, "--name", "web", "--no-annotate", "--json")
    options = ("--connections", "1", "--rate", "5MB", "--cache-bytes", "1 MiB")
    for workers in ("2", "1"):
        done = lowbg(*build, *options, "--workers", workers, "--store", str(tmp_path / workers))
        assert done.returncode == 0, done.stderr
        assert root in done.stdout
    assert site.most_at_once == 1
    assert sum(each.range == "bytes=0-" for each in site.asked) == 2  # the second build: the cache


def test_a_build_that_cannot_read_an_input_goes_on_where_it_stopped(
    site: Web, crawl: list[Path], root: str, tmp_path: Path, clock: Still
) -> None:
    urls = [site.put(path.name, path.read_bytes()) for path in crawl]
    path, size = crawl[1].name, crawl[1].stat().st_size
    site.behave(path, cut(1), cut(size // 2), *[says(503)] * 9)
    with pytest.raises(EnvironmentFailed, match=r"503.*tried \d+ times") as caught:
        archive.build(urls, "web", tmp_path / "store", annotate=False)
    assert "run the same command again: what came is kept" in caught.value.next_step
    site.asked.clear()
    site.behave(path)
    web = archive.build(urls, "web", tmp_path / "store", annotate=False)
    assert web.manifest.content_root == root
    assert f"bytes={size // 2}-" in [each.range for each in site.asked if each.path == path]


def test_from_s3(
    crawl: list[Path], root: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import boto3
    import fsspec

    with s3() as environment, politely(Politeness(clock=Still(), connections=2)):
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        fsspec.get_filesystem_class("s3").clear_instance_cache()
        client: Any = boto3.client("s3")
        client.create_bucket(Bucket="crawls")
        for path in crawl:
            client.put_object(Bucket="crawls", Key=f"a/{path.name}", Body=path.read_bytes())
        for number, pattern in enumerate(["s3://crawls/a/", "s3://crawls/a/*.warc*"]):
            web = archive.build([pattern], "web", tmp_path / str(number), annotate=False)
            assert web.manifest.content_root == root


def test_sizes_on_the_command_line_are_read_or_refused() -> None:
    for wrong in ("fast", "-5", "5 XB", "1e9", "0.5", "0.0001kB"):
        done = lowbg("build", "x.warc", "--name", "web", "--rate", wrong)
        assert done.returncode == 2
        assert "20MB" in done.stderr
