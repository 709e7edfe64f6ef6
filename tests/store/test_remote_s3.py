"""A store in S3, on a real server of it, gives what the local one gives, or an error."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import archive
from archive.errors import Corrupt, EnvironmentFailed, UnknownName, UsageError
from archive.remote import Politeness, politely
from archive.store.local import Store
from archive.store.remote import RemoteStore, open_store
from archive.verify import verify
from tests.cli.test_commands import lowbg
from tests.servers import Still, s3
from tests.store.test_remote import QUERY, assert_same, flip
from tests.stores import make_store

URL = "s3://shelf/stores/one"


@pytest.fixture(scope="module")
def endpoint() -> Iterator[dict[str, str]]:
    with s3() as environment:
        yield environment


@pytest.fixture
def local(tmp_path: Path) -> Store:
    return make_store(tmp_path, versions=2)


@pytest.fixture
def client(
    endpoint: dict[str, str], local: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Any]:
    """A client of the server, on which the local store has been copied to URL."""
    import boto3
    import fsspec

    for name, value in (endpoint | {"LOWBG_CACHE": str(tmp_path / "cache")}).items():
        monkeypatch.setenv(name, value)
    fsspec.get_filesystem_class("s3").clear_instance_cache()  # they remember an environment
    made: Any = boto3.client("s3")
    made.create_bucket(Bucket="shelf")
    for each in made.list_objects_v2(Bucket="shelf").get("Contents", []):
        made.delete_object(Bucket="shelf", Key=each["Key"])
    for path in local.root.rglob("*"):
        if path.is_file():
            made.put_object(Bucket="shelf", Key=key(local, path), Body=path.read_bytes())
    with politely(Politeness(clock=Still())):
        yield made


def key(local: Store, path: Path) -> str:
    return f"stores/one/{path.relative_to(local.root).as_posix()}"


def test_it_gives_the_rows_of_the_local_one(client: Any, local: Store) -> None:
    assert_same(URL, local.root)


def test_every_reference_means_what_it_means_in_the_local_one(client: Any, local: Store) -> None:
    there, root = open_store(URL), local.manifest("web", 1).content_root
    assert isinstance(there, RemoteStore)
    assert there.names() == local.names() == ["web"]
    for reference in ("web", "web@1", root[:12], root):
        assert there.resolve(reference) == local.resolve(reference)
    with pytest.raises(UnknownName, match="webb"):
        there.resolve("webb")


def test_an_object_that_was_changed_is_corrupt_before_a_row(client: Any, local: Store) -> None:
    part = local.manifest("web", 2).parts[1].documents
    place = key(local, local.object_path(part.sha256))
    good = local.object_path(part.sha256).read_bytes()
    web = archive.open("web", URL)
    for wrong in (flip(good), good[:-1], good + b"x", b""):
        client.put_object(Bucket="shelf", Key=place, Body=wrong)
        for read in (lambda: web.sql(QUERY), lambda: list(web.feed())):
            with pytest.raises(Corrupt, match=f"{URL}/objects/.*{part.sha256}"):
                read()
    client.delete_object(Bucket="shelf", Key=place)
    with pytest.raises(Corrupt, match="found nothing"):
        web.sql(QUERY)
    assert not [path for path in web.store.root.rglob(f"{part.sha256}*") if path.stat().st_size]
    client.put_object(Bucket="shelf", Key=place, Body=good)
    assert_same(URL, local.root)


def test_verify_reads_what_is_there_and_finds_what_is_wrong(client: Any, local: Store) -> None:
    assert verify(open_store(URL)) == verify(local)
    first, second = local.manifest("web", 2).parts[:2]
    place = key(local, local.object_path(first.documents.sha256))
    client.put_object(
        Bucket="shelf",
        Key=place,
        Body=flip(local.object_path(first.documents.sha256).read_bytes()),
    )
    client.delete_object(Bucket="shelf", Key=key(local, local.object_path(second.ledger.sha256)))
    client.put_object(Bucket="shelf", Key="stores/one/stray", Body=b"x")
    kinds = {finding.kind for finding in verify(open_store(URL)).findings}
    assert kinds == {"corrupt", "missing", "extra"}


def test_where_nothing_may_be_read_that_is_an_error_and_not_an_empty_store(
    client: Any,
) -> None:
    unsigned = Politeness(anonymous=True, clock=Still())
    with politely(unsigned), pytest.raises(EnvironmentFailed, match="403"):
        open_store(URL)
    with pytest.raises(UsageError, match="no store at s3://shelf/elsewhere"):
        open_store("s3://shelf/elsewhere")


def test_a_command_prints_of_it_what_it_prints_of_the_local_one(client: Any, local: Store) -> None:
    there, here = (lowbg("sql", "web", QUERY, "--store", s) for s in (URL, str(local.root)))
    assert (there.returncode, there.stdout) == (0, here.stdout), there.stderr
    assert there.stdout


def _texts(store: RemoteStore, answers: Any) -> None:
    answers.put(sorted(d["text"] for d in archive.Snapshot(store, store.manifest("web", 2)).feed()))


def test_a_fork_reads_from_the_store_it_was_given(client: Any, local: Store) -> None:
    there = open_store(URL)
    there.manifest("web", 1)  # this process has connections of its own by now
    context: Any = multiprocessing.get_context("fork")
    answers = context.Queue()
    worker = context.Process(target=_texts, args=(there, answers))
    worker.start()
    got = answers.get(timeout=60)
    worker.join()
    assert got == sorted(d["text"] for d in archive.open("web@2", local.root).feed())
