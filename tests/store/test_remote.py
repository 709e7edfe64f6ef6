"""A store at a URL gives what the local one gives, or an error, and never another row."""

from __future__ import annotations

import multiprocessing
import os
import pickle
import socket
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import fsspec
import pytest

import archive
from archive.errors import CheckFailed, Corrupt, EnvironmentFailed, UnknownName, UsageError
from archive.remote import Politeness, politely
from archive.store.local import Store
from archive.store.remote import RemoteStore, at_hand, open_store
from archive.verify import verify
from tests.archives import write_crawl
from tests.cli.test_commands import lowbg
from tests.servers import Still, cut, says, web
from tests.stores import make_store

MEMORY = "memory://stores/one"
QUERY = "select id, text from documents order by id"


@dataclass
class Server:
    """What an http server does to the files of a folder, by the end of their path."""

    folder: Path
    url: str = ""
    asked: Counter[str] = field(default_factory=Counter)  # GET requests, by path
    busy: dict[str, int] = field(default_factory=dict)  # how often it answers 503 first
    cut: set[str] = field(default_factory=set)  # these it sends by half
    refused: set[str] = field(default_factory=set)  # these it does not let anybody see

    def objects(self) -> int:
        return sum(n for path, n in self.asked.items() if path.startswith("/objects/"))


@contextmanager
def serving(folder: Path) -> Iterator[Server]:
    """A plain http server of a folder: no listings, no ranges."""
    server = Server(folder)

    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self._answer(body=False)

        def do_GET(self) -> None:
            server.asked[self.path] += 1
            self._answer(body=True)

        def _answer(self, *, body: bool) -> None:
            file, name = folder / self.path.lstrip("/"), self.path.rpartition("/")[2]
            if server.busy.get(name, 0) > 0:
                server.busy[name] -= 1
                self.send_error(503)
            elif name in server.refused:
                self.send_error(403)
            elif not file.is_file():
                self.send_error(404)
            else:
                self._send(file.read_bytes(), name if body else None)

        def _send(self, data: bytes, name: str | None) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            if name:
                self.wfile.write(data[: len(data) // 2] if name in server.cut else data)

        def log_message(self, *_: Any) -> None:
            pass

    listening = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.url = f"http://127.0.0.1:{listening.server_port}"
    threading.Thread(target=listening.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield server
    finally:
        listening.shutdown()
        listening.server_close()


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("LOWBG_CACHE", str(tmp_path / "cache"))
    with politely(Politeness(clock=Still())):
        yield


@pytest.fixture
def local(tmp_path: Path) -> Store:
    return make_store(tmp_path, versions=2)


@pytest.fixture(scope="module")
def crawled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store that the builder made, with two versions."""
    folder = tmp_path_factory.mktemp("crawled")
    first, second = write_crawl(folder / "crawl")
    for inputs in ([first], [first, second]):
        archive.build(inputs, "web", folder / "store")
    return folder / "store"


@pytest.fixture
def memory(local: Store) -> Iterator[str]:
    """The local store, copied to fsspec's memory."""
    filesystem = fsspec.filesystem("memory")
    filesystem.put(f"{local.root}/", MEMORY, recursive=True)
    yield MEMORY
    filesystem.rm("/stores", recursive=True)


@pytest.fixture
def server(local: Store) -> Iterator[Server]:
    with serving(local.root) as found:
        yield found


def in_memory(sha256: str) -> str:
    return f"{MEMORY}/objects/sha256/{sha256[:2]}/{sha256}"


def flip(data: bytes) -> bytes:
    return data[:-9] + bytes([data[-9] ^ 1]) + data[-8:]


def assert_same(url: str, root: Path) -> None:
    here, there = archive.open("web@2", root), archive.open("web@2", url)
    assert there.manifest == here.manifest
    assert there.sql(QUERY).rows == here.sql(QUERY).rows != []
    assert list(there.documents()) == list(here.documents())
    assert list(there.feed(seed=3)) == list(here.feed(seed=3))


def test_a_store_in_memory_gives_the_rows_of_the_local_one(memory: str, local: Store) -> None:
    assert_same(memory, local.root)


def test_a_store_over_http_gives_the_rows_of_the_local_one(server: Server, local: Store) -> None:
    assert_same(server.url, local.root)


def test_every_reference_means_what_it_means_in_the_local_store(memory: str, local: Store) -> None:
    there, root = open_store(memory), local.manifest("web", 1).content_root
    assert isinstance(there, RemoteStore)
    assert there.names() == local.names() == ["web"]
    for reference in ("web", "web@1", "web@latest", root[:12], root):
        assert there.resolve(reference) == local.resolve(reference)
    with pytest.raises(UnknownName, match="webb"):
        there.resolve("webb")


def test_a_version_that_came_after_opening_is_seen(memory: str, tmp_path: Path) -> None:
    there = open_store(memory)
    assert there.versions("web") == [1, 2]
    fsspec.filesystem("memory").cp_file(
        f"{MEMORY}/refs/web/00000002", f"{MEMORY}/refs/web/00000003"
    )
    assert there.versions("web") == [1, 2, 3]
    with pytest.raises(Corrupt, match="memory://stores/one/refs/web/00000003"):
        there.manifest("web", 3)  # which names the manifest of 2


def test_http_probes_versions_and_says_that_it_lists_no_names(server: Server) -> None:
    there = open_store(server.url)
    assert there.versions("web") == [1, 2]
    assert there.versions("other") == []
    for ask in (there.names, lambda: there.resolve("webb"), lambda: there.resolve("abcdef")):
        with pytest.raises(UsageError, match="http does not say"):
            ask()


def test_a_server_that_is_busy_while_versions_are_probed_hides_none(server: Server) -> None:
    there = open_store(server.url)
    server.busy["00000002"] = 2
    assert there.versions("web") == [1, 2]
    server.busy["00000002"] = 100
    with pytest.raises(EnvironmentFailed, match="503"):
        there.versions("web")


def test_a_version_that_may_not_be_seen_is_an_error_and_no_end(server: Server) -> None:
    server.refused.add("00000002")
    with pytest.raises(EnvironmentFailed, match="403"):
        open_store(server.url).versions("web")


def test_opening_again_fetches_no_object_again(server: Server) -> None:
    rows = archive.open("web", server.url).sql(QUERY).rows
    before = server.objects()
    assert before == len({path for path in server.asked if path.startswith("/objects/")})
    assert archive.open("web", server.url).sql(QUERY).rows == rows
    assert server.objects() == before
    assert server.asked["/refs/web/00000002"] > 1  # but what the refs say was asked again


def test_only_what_is_asked_for_is_fetched(server: Server) -> None:
    archive.open("web@1", server.url)
    assert server.objects() == 1  # the manifest


def test_a_flipped_byte_at_the_remote_is_corrupt_before_a_row(memory: str, local: Store) -> None:
    part = local.manifest("web", 2).parts[1].documents
    filesystem = fsspec.filesystem("memory")
    filesystem.pipe(in_memory(part.sha256), flip(filesystem.cat(in_memory(part.sha256))))
    web = archive.open("web", memory)
    for read in (lambda: web.sql(QUERY), lambda: web.store.check(part), lambda: list(web.feed())):
        with pytest.raises(Corrupt, match=part.sha256) as caught:
            read()
        assert "memory://" in str(caught.value)
    assert not [p for p in web.store.root.rglob("*") if part.sha256 in p.name]


def test_objects_that_are_gone_short_or_too_long_are_corrupt(memory: str, local: Store) -> None:
    part = local.manifest("web", 2).parts[0]
    filesystem = fsspec.filesystem("memory")
    whole = filesystem.cat(in_memory(part.ledger.sha256))
    web = archive.open("web", memory)
    for wrong in (None, b"", whole[:-1], whole + b"x", whole + bytes(9_000_000)):
        if wrong is None:
            filesystem.rm(in_memory(part.ledger.sha256))
        else:
            filesystem.pipe(in_memory(part.ledger.sha256), wrong)
        with pytest.raises(Corrupt):
            web.store.check(part.ledger)
    filesystem.pipe(in_memory(part.ledger.sha256), whole)
    assert web.store.check(part.ledger).read_bytes() == whole


def test_a_flipped_manifest_is_corrupt(memory: str, local: Store) -> None:
    path = in_memory(local.manifest_sha256("web", 2))
    filesystem = fsspec.filesystem("memory")
    filesystem.pipe(path, flip(filesystem.cat(path)))
    with pytest.raises(Corrupt):
        archive.open("web", memory)
    archive.open("web@1", memory)


def test_a_transfer_that_is_cut_off_leaves_nothing(server: Server, local: Store) -> None:
    part = local.manifest("web", 2).parts[0].documents
    web = archive.open("web", server.url)
    server.cut.add(part.sha256)
    with pytest.raises(EnvironmentFailed):
        web.sql(QUERY)
    assert server.asked[f"/objects/sha256/{part.sha256[:2]}/{part.sha256}"] == 3
    assert not [p for p in web.store.root.rglob(part.sha256) if p.is_file()]
    server.cut.clear()
    assert web.sql(QUERY).rows == archive.open("web", local.root).sql(QUERY).rows


def test_an_object_that_was_cut_off_is_gone_on_with(local: Store) -> None:
    part = local.manifest("web", 2).parts[0].documents
    path = f"objects/sha256/{part.sha256[:2]}/{part.sha256}"
    with web() as site:
        for file in local.root.rglob("*"):
            if file.is_file():
                site.put(file.relative_to(local.root).as_posix(), file.read_bytes())
        site.behave(path, cut(part.bytes // 2), *[says(503)] * 2)
        store = open_store(site.url)
        store.manifest("web", 2)
        with pytest.raises(EnvironmentFailed, match="503"):
            store.check(part)
        assert store.check(part).read_bytes() == local.check(part).read_bytes()
        asked = [each.range for each in site.asked if each.path == path]
    later = f"bytes={part.bytes // 2}-{part.bytes}"
    assert asked == [f"bytes=0-{part.bytes}", later, later, later]


def test_what_passes_is_tried_again_and_what_does_not_is_not(server: Server, local: Store) -> None:
    part = local.manifest("web", 2).parts[0].documents
    web = archive.open("web", server.url)
    server.refused.add(part.sha256)
    with pytest.raises(EnvironmentFailed, match="403"):
        web.store.check(part)
    assert server.asked[f"/objects/sha256/{part.sha256[:2]}/{part.sha256}"] == 1
    server.refused.clear()
    server.busy[part.sha256] = 2
    assert web.store.check(part).is_file()


def test_a_cached_object_that_rotted_is_fetched_again(server: Server, local: Store) -> None:
    part = local.manifest("web", 2).parts[0].documents
    web = archive.open("web", server.url)
    path = web.store.check(part)
    good = path.read_bytes()
    path.chmod(0o644)
    path.write_bytes(flip(good))
    assert web.store.check(part).read_bytes() == good


def test_no_network_is_an_error_of_the_environment_with_exit_code_3() -> None:
    with socket.socket() as taken:  # a port on which nobody listens
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/store"
        with pytest.raises(EnvironmentFailed, match="127"):
            open_store(url)
        done = lowbg("sql", "web", "select 1", "--store", url)
    assert done.returncode == 3
    assert "Traceback" not in done.stderr


def test_a_cache_that_cannot_be_written_is_named(server: Server, tmp_path: Path) -> None:
    (tmp_path / "cache").write_bytes(b"a file where the folder should be")
    with pytest.raises(EnvironmentFailed, match="cannot keep objects"):
        archive.open("web", server.url)


def test_where_no_store_is_that_is_said() -> None:
    with pytest.raises(UsageError, match="no store at memory://nothing"):
        open_store("memory://nothing")
    with pytest.raises(UsageError, match="nosuch"):
        open_store("nosuch://store")


def test_a_format_that_is_gone_or_not_known_is_refused(memory: str) -> None:
    filesystem = fsspec.filesystem("memory")
    filesystem.pipe(f"{MEMORY}/FORMAT", b"lowbackground-store 2\nspec ?\n")
    with pytest.raises(CheckFailed, match="lowbackground-store 2"):
        open_store(memory)
    filesystem.rm(f"{MEMORY}/FORMAT")
    with pytest.raises(Corrupt, match="FORMAT"):
        open_store(memory)


def test_nothing_writes_to_a_remote_store(memory: str, local: Store, tmp_path: Path) -> None:
    filesystem = fsspec.filesystem("memory")
    before = {path: filesystem.cat(path) for path in filesystem.find(MEMORY)}
    there = open_store(memory)
    for write in (
        lambda: archive.build([str(tmp_path)], "web", memory),
        lambda: archive.annotate("web", memory),
        lambda: archive.rebuild("web", memory),
        lambda: there.commit(local.manifest("web", 1), {}, "key"),
        lambda: there.put_bytes(b""),
        lambda: there.put_file(tmp_path, ""),
    ):
        with pytest.raises(UsageError, match="not written to") as caught:
            write()
        assert "copy it there" in caught.value.next_step
    assert {path: filesystem.cat(path) for path in filesystem.find(MEMORY)} == before


def test_verifying_reads_the_remote_and_not_the_cache(memory: str, local: Store) -> None:
    web = archive.open("web", memory)
    web.sql(QUERY)
    sound = verify(local)
    assert verify(open_store(memory)) == sound
    assert web.verify().ok
    filesystem = fsspec.filesystem("memory")
    part = web.manifest.parts[1].documents
    filesystem.pipe(in_memory(part.sha256), flip(filesystem.cat(in_memory(part.sha256))))
    filesystem.rm(in_memory(web.manifest.parts[0].ledger.sha256))
    filesystem.pipe(f"{MEMORY}/stray", b"x")
    found = {(finding.kind, finding.path) for finding in verify(web.store).findings}
    assert {kind for kind, _ in found} == {"corrupt", "missing", "extra"}
    assert ("extra", "stray") in found
    assert not list(web.store.root.glob("copy-*"))


def test_verifying_over_http_says_what_to_do(server: Server) -> None:
    with pytest.raises(UsageError, match="http") as caught, at_hand(open_store(server.url)):
        pass
    assert "copy" in caught.value.next_step


def test_a_key_that_climbs_out_of_the_copy_is_refused(memory: str, tmp_path: Path) -> None:
    fsspec.filesystem("memory").store[f"{MEMORY.partition(':/')[2]}/objects/../../../x"] = (
        fsspec.filesystem("memory").open(f"{MEMORY}/FORMAT", "rb")
    )
    with pytest.raises(CheckFailed, match=r"\.\./"), at_hand(open_store(memory)):
        pass


def _texts(store: RemoteStore, answers: Any) -> None:
    answers.put(sorted(d["text"] for d in archive.Snapshot(store, store.manifest("web", 2)).feed()))


@pytest.mark.parametrize("way", ["fork", "spawn"])
def test_a_worker_process_reads_from_the_store_it_was_given(
    way: str, server: Server, local: Store
) -> None:
    there = open_store(server.url)
    there.manifest("web", 1)  # this process has connections of its own by now
    context: Any = multiprocessing.get_context(way)
    answers = context.Queue()
    worker = context.Process(target=_texts, args=(there, answers))
    worker.start()
    got = answers.get(timeout=60)
    worker.join()
    assert got == sorted(d["text"] for d in archive.open("web@2", local.root).feed())


def test_processes_that_want_one_object_fetch_it_once(server: Server, local: Store) -> None:
    part = local.manifest("web", 2).parts[0].documents
    there = open_store(server.url)
    threads = [threading.Thread(target=there.check, args=(part,)) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert server.asked[f"/objects/sha256/{part.sha256[:2]}/{part.sha256}"] == 1


def test_a_store_travels_without_what_is_in_the_environment(memory: str) -> None:
    there = open_store(memory)
    os.environ["LOWBG_CACHE"] = "/elsewhere"  # put back by the fixture
    assert pickle.loads(pickle.dumps(there)).root == there.root


@pytest.mark.parametrize(
    "arguments",
    [
        ("sql", "web", QUERY),
        ("show", "web"),
        ("log", "web"),
        ("diff", "web@1", "web@2"),
        ("receipt", "--snapshot", "web", "--range", "0-5"),
        ("tails", "web", "--by", "language"),
        ("why", "web", "http://example.org/tide"),
    ],
)
def test_a_command_prints_of_a_remote_store_what_it_prints_of_the_local_one(
    arguments: tuple[str, ...], crawled: Path
) -> None:
    with serving(crawled) as server:
        there, here = (lowbg(*arguments, "--store", s) for s in (server.url, str(crawled)))
    assert there.returncode == 0, there.stderr
    assert there.stdout == here.stdout
    assert there.stdout


def test_commands_that_write_or_need_everything_exit_2_over_http(server: Server) -> None:
    for arguments in (("annotate", "web"), ("verify",), ("build", "x.warc", "--name", "web")):
        done = lowbg(*arguments, "--store", server.url)
        assert (done.returncode, "Traceback" in done.stderr) == (2, False), done.stderr


def test_a_file_url_is_a_folder(local: Store) -> None:
    assert open_store(f"file://{local.root}").root == local.root
