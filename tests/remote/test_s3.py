"""S3: signed and not, resumed, of one version; against a real server of it."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from archive.errors import Unreachable
from archive.remote import (
    Politeness,
    download,
    politely,
    read_bytes,
    read_ranges,
    read_start,
    size_and_mark,
)
from archive.remote.listing import files_below, matching, names_in
from tests.servers import Still, Web, cut, s3, says, shifted

SLOW_DOWN = (
    b"<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>"
)
DATA = random.Random(7).randbytes(3_000_000)
OTHER = random.Random(8).randbytes(3_000_000)


@pytest.fixture(scope="module")
def endpoint() -> Iterator[dict[str, str]]:
    with s3() as environment:
        yield environment


@pytest.fixture
def bucket(endpoint: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Any:
    """A client of the server; the bucket `one` has a file that all may read, and one that not."""
    import boto3
    import fsspec

    for name, value in endpoint.items():
        monkeypatch.setenv(name, value)
    fsspec.get_filesystem_class("s3").clear_instance_cache()  # they remember an environment
    client: Any = boto3.client("s3")
    for name in ("one", "commoncrawl"):
        client.create_bucket(Bucket=name)
        client.put_object(Bucket=name, Key="crawl/secret.warc.gz", Body=DATA)
        client.put_object(Bucket=name, Key="crawl/open.warc.gz", Body=DATA, ACL="public-read")
    return client


def test_a_file_is_read_whole_in_part_and_by_its_facts(bucket: Any, tmp_path: Path) -> None:
    url = "s3://one/crawl/secret.warc.gz"
    got = download(url, tmp_path / "f")
    assert (tmp_path / "f").read_bytes() == DATA
    facts = size_and_mark(url)
    assert (facts.size, facts.mark) == (got.size, got.mark) == (len(DATA), got.mark)
    assert str(got.mark).startswith("ETag: ")
    assert read_start(url, 9) == DATA[:9]
    wanted = [(2_000_000, 5), (10, 20), (0, 1), (2_999_999, 1)]
    assert list(read_ranges(url, wanted)) == [DATA[at : at + n] for at, n in wanted]
    bucket.put_object(Bucket="one", Key="empty", Body=b"")
    assert read_bytes("s3://one/empty", 9) == b""
    assert download("s3://one/empty", tmp_path / "e").size == 0


def test_what_is_not_there_is_missing_and_asked_for_once(bucket: Any, tmp_path: Path) -> None:
    for url in ("s3://one/crawl/none.warc.gz", "s3://nobody/crawl/none.warc.gz"):
        with pytest.raises(Unreachable, match="404") as caught:
            download(url, tmp_path / "f")
        assert (caught.value.missing, caught.value.tries) == (True, 1)
    with pytest.raises(Unreachable, match="ends at byte 3,000,000"):
        list(read_ranges("s3://one/crawl/secret.warc.gz", [(2_999_999, 2)]))
    with pytest.raises(Unreachable, match="it ends before byte 4,000,001"):
        list(read_ranges("s3://one/crawl/secret.warc.gz", [(4_000_000, 2)]))


def test_what_is_for_all_is_read_without_a_signature(bucket: Any) -> None:
    with politely(Politeness(anonymous=True, clock=Still())):
        assert read_start("s3://one/crawl/open.warc.gz", 9) == DATA[:9]
        with pytest.raises(Unreachable, match="403") as caught:
            read_start("s3://one/crawl/secret.warc.gz", 9)
    assert caught.value.tries == 1
    assert not caught.value.missing
    assert "https://data.commoncrawl.org/" in caught.value.next_step


def test_without_credentials_the_way_to_read_unsigned_is_named(
    bucket: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    with pytest.raises(Unreachable, match="redentials") as caught:
        read_start("s3://one/crawl/open.warc.gz", 9)
    assert "--anonymous" in caught.value.next_step
    assert caught.value.tries == 1
    assert read_start("s3://commoncrawl/crawl/open.warc.gz", 9) == DATA[:9]


def test_a_file_that_is_overwritten_while_it_is_read_is_never_mixed(
    bucket: Any, tmp_path: Path
) -> None:
    bucket.put_object(Bucket="one", Key="f", Body=DATA)
    told: list[int] = []

    def overwrite(count: int) -> None:
        told.append(count)
        if sum(told) > 1_000_000 and len(told) < 50:
            bucket.put_object(Bucket="one", Key="f", Body=OTHER)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        download("s3://one/f", tmp_path / "f", report=overwrite)
    assert 1_000_000 < (tmp_path / "f.part").stat().st_size < 3_000_000
    download("s3://one/f", tmp_path / "f")
    assert (tmp_path / "f").read_bytes() == OTHER
    bucket.put_object(Bucket="one", Key="f", Body=DATA)
    reading = read_ranges("s3://one/f", [(0, 10), (2_000_000, 10)], gap=0)
    assert next(reading) == DATA[:10]
    bucket.put_object(Bucket="one", Key="f", Body=OTHER)
    with pytest.raises(Unreachable, match="it changed while it was read"):
        list(reading)


def test_what_came_before_is_gone_on_from(bucket: Any, tmp_path: Path) -> None:
    bucket.put_object(Bucket="one", Key="f", Body=DATA)

    def stop(count: int) -> None:
        if count:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        download("s3://one/f", tmp_path / "f", report=stop)
    came = (tmp_path / "f.part").stat().st_size
    told: list[int] = []
    download("s3://one/f", tmp_path / "f", report=told.append)
    assert 0 < came == told[0]
    assert (tmp_path / "f").read_bytes() == DATA


def test_what_there_is_is_listed(bucket: Any) -> None:
    assert (
        matching("s3://one/crawl/*.gz")
        == matching("s3://one/crawl/")
        == [
            "s3://one/crawl/open.warc.gz",
            "s3://one/crawl/secret.warc.gz",
        ]
    )
    assert names_in("s3://one/crawl") == {"open.warc.gz", "secret.warc.gz"}
    assert files_below("s3://commoncrawl/") == dict.fromkeys(
        ("crawl/open.warc.gz", "crawl/secret.warc.gz"), len(DATA)
    )
    with pytest.raises(Unreachable) as caught:
        names_in("s3://one/nothing")
    assert caught.value.missing


def test_a_server_of_it_that_misbehaves_is_waited_for_by_nobody_but_us(
    bucket: Any, site: Web, clock: Still, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", site.url)
    busy = says(503, {"Retry-After": "40", "Content-Type": "application/xml"}, SLOW_DOWN)
    site.put("one/f", DATA, cut(1_000_000), busy, cut(1_500_000), shifted(3))
    with politely(Politeness(clock=clock, bytes_per_second=None)):
        download("s3://one/f", tmp_path / "f")
    assert (tmp_path / "f").read_bytes() == DATA
    assert clock.slept[1] == 40.0
    starts = [int(each.headers["Range"][6:-1]) for each in site.asked]
    assert (starts[0], len(set(starts)), len(starts)) == (0, 3, 5)
    assert starts == sorted(starts)
    assert [each.headers.get("If-Match") for each in site.asked] == [None, *['"1"'] * 4]
    site.put("one/g", DATA, *[busy] * 9)
    site.asked.clear()
    with pytest.raises(Unreachable, match=r"503.*tried 4 times"):
        read_start("s3://one/g", 9)
    assert len(site.asked) == 4


def test_where_nobody_listens_it_is_tried_and_then_told(
    bucket: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    with pytest.raises(Unreachable, match="tried 4 times"):
        read_start("s3://one/f", 9)
