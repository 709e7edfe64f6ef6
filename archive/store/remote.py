"""A store at any fsspec URL, opened to be read: refs asked anew, objects kept in a local cache.

Nothing that the other side says is believed. Its bytes become a file of the cache once they have
the SHA-256 that is the object's name, and a cached file is hashed before a process first uses it.
"""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Final, NoReturn, TypeVar

from archive.digest import sha256_hex
from archive.errors import CheckFailed, Corrupt, EnvironmentFailed, Unreachable, UsageError
from archive.manifest import Manifest, valid_name
from archive.remote import cache_folder, download, polite, read_start
from archive.remote.listing import files_below, names_in
from archive.remote.locks import lock
from archive.sources.inputs import is_url
from archive.store.disk import Disk
from archive.store.local import FORMAT, Store, stated_spec
from archive.store.objects import other_digest, status_of
from archive.strict_json import MAX_BYTES

ATTEMPTS: Final = 3
"""Somebody waits for an answer: less patience than a build has."""

T = TypeVar("T")

_NOT_LISTED: Final = frozenset({"http", "https"})


def open_store(location: str | Path) -> Store:
    """The store in a folder, or the one at a URL, to be read."""
    where = str(location)
    return RemoteStore(where) if is_url(where) else Store(local_folder(where))


def local_folder(location: str | Path) -> Path:
    """The folder of a store that can be written to; UsageError for a URL."""
    where = str(location)
    if is_url(where):
        _refuse_writing(where)
    return Path(where.removeprefix("file://"))


class RemoteStore(Store):
    """A store that others keep. Its `root` is the cache: objects only, each as it was recorded.

    It holds no connection, so that it can be sent to another process, or be there after a fork.
    """

    def __init__(self, url: str, disk: Disk | None = None) -> None:
        self.url = url.rstrip("/")
        self._sizes: dict[str, int | None] = {}  # what the manifests read so far say of objects
        # No rate: a store is its users' own, and a feed that waits for it starves a machine.
        self._politeness = replace(polite(), attempts=ATTEMPTS, bytes_per_second=None)
        super().__init__(cache_folder(sha256_hex(self.url.encode())[:32]), disk)

    def object_path(self, sha256: str) -> Path:
        """The cached object of this SHA-256, fetched if need be; Corrupt if it is not that."""
        path = super().object_path(sha256)
        if not _sound(path, sha256):
            with _caching(self.root), _turn(self.root, sha256):
                if not _sound(path, sha256):  # nobody has fetched it in the meantime
                    self._fetch(path, sha256)
        return path

    def read_manifest(self, sha256: str) -> Manifest:
        manifest = super().read_manifest(sha256)
        self._sizes.update(manifest.objects())
        return manifest

    def shown(self, path: Path) -> str:
        return f"{self.url}/{path.relative_to(self.root).as_posix()}"

    def require_writable(self) -> None:
        _refuse_writing(self.url)

    def put_file(self, path: Path, sha256: str) -> NoReturn:
        _refuse_writing(self.url)

    def put_bytes(self, data: bytes) -> NoReturn:
        _refuse_writing(self.url)

    def commit(self, *_: object) -> NoReturn:
        _refuse_writing(self.url)

    def download(self, folder: Path) -> Store:
        """A copy of everything that is there, made in a new folder, none of it from the cache."""
        if self._lists_nothing():
            raise UsageError(
                f"all of {self.url} is needed, but http does not say what there is",
                next_step="copy the store's folder to this machine, then verify the copy",
            )
        files = _content(files_below(self.url, politeness=self._politeness))
        needed = sum(size or 0 for size in files.values())
        folder.mkdir()
        if needed > (free := shutil.disk_usage(folder).free):
            raise EnvironmentFailed(
                f"{self.url} has {needed:,} bytes, and {free:,} are free at {self.root.parent}",
                next_step="set LOWBG_CACHE to a folder with more room",
            )
        for below in files:
            url, target = f"{self.url}/{below}", folder / below
            _if_there(partial(download, url, target, politeness=self._politeness))
        (folder / "work").mkdir(exist_ok=True)
        return Store(folder)

    def _require_format(self) -> None:
        data = self._start("FORMAT", 4096)
        if data is not None:
            stated_spec(data, self.url)
        elif not self._lists_nothing() and self._listed("refs"):
            raise Corrupt(f"{self.url}/FORMAT", FORMAT, "no such file")
        else:
            raise UsageError(
                f"no store at {self.url}", next_step="name the URL of the folder with FORMAT in it"
            )

    def _listed(self, folder: str) -> set[str]:
        if not self._lists_nothing():
            url = f"{self.url}/{folder}"
            return _if_there(partial(names_in, url, politeness=self._politeness)) or set()
        name = folder.removeprefix("refs/")
        if not valid_name(name) or name == folder:
            raise UsageError(
                f"http does not say which snapshots there are at {self.url}",
                next_step="check the name, and write it out, such as web or web@3",
            )
        found: set[str] = set()
        while self._ref_line(name, len(found) + 1) is not None:
            found.add(f"{len(found) + 1:08d}")
        return found

    def _ref_line(self, name: str, version: int) -> bytes | None:
        below = self.ref_path(name, version).relative_to(self.root).as_posix()
        return self._start(below, 66)

    def _fetch(self, target: Path, sha256: str) -> None:
        """Brings an object into the cache: written aside, hashed, then moved into place."""
        url = f"{self.url}/{target.relative_to(self.root).as_posix()}"
        part = self.work / "coming" / sha256
        # A manifest is the only object that is read before another one tells its size.
        size = self._sizes.get(sha256)
        most = MAX_BYTES if size is None else size
        expected = f"sha256 {sha256}" + (f", {size} bytes" if size is not None else "")
        step = "restore it there from a copy of the store"
        try:
            download(url, part, politeness=self._politeness, sha256=sha256, most=most)
        except Corrupt as error:
            raise Corrupt(url, expected, error.found, next_step=step) from error
        except Unreachable as error:
            if not error.missing:
                raise
            raise Corrupt(url, expected, "nothing", next_step=step) from error
        # No fsync: what a cut of power leaves behind is hashed before it is used.
        self._disk.protect(part)
        target.parent.mkdir(parents=True, exist_ok=True)
        self._disk.replace(part, target)

    def _lists_nothing(self) -> bool:
        return self.url.partition("://")[0].lower() in _NOT_LISTED

    def _start(self, below: str, most: int) -> bytes | None:
        """The beginning of a file on the other side, asked for anew; None: it is not there."""
        url = f"{self.url}/{below}"
        return _if_there(partial(read_start, url, most, politeness=self._politeness))


@contextlib.contextmanager
def at_hand(store: Store) -> Iterator[Store]:
    """A store all of whose files are on this machine: itself, or a copy while the block lasts."""
    if not isinstance(store, RemoteStore):
        yield store
        return
    with _caching(store.root):
        store.root.mkdir(parents=True, exist_ok=True)
        folder = tempfile.TemporaryDirectory(dir=store.root, prefix="copy-")
    with folder as name:
        with _caching(store.root):
            copy = store.download(Path(name) / "store")
        yield copy


def _refuse_writing(url: str) -> NoReturn:
    raise UsageError(
        f"{url} can be read, not written to",
        next_step="build in a folder of this machine, then copy it there, the folder refs last",
    )


def _sound(path: Path, sha256: str) -> bool:
    status = status_of(path)
    return status is not None and other_digest(path, sha256, status) is None


@contextlib.contextmanager
def _caching(root: Path) -> Iterator[None]:
    """Tells what the system refuses of the cache as what it is."""
    try:
        yield
    except OSError as error:
        raise EnvironmentFailed(
            f"cannot keep objects in {root}: {error}",
            next_step="free some room there, or set LOWBG_CACHE to another folder",
        ) from error


@contextlib.contextmanager
def _turn(root: Path, sha256: str) -> Iterator[None]:
    """One process at a time: the workers of a job all want the same object at once."""
    folder = root / "work" / "locks"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / sha256[:2]).open("wb") as file:
        with contextlib.suppress(OSError):  # no locks: some bytes are fetched twice, that is all
            lock(file)
        yield


def _if_there(action: Callable[[], T]) -> T | None:
    """What an action gives; None where the other side says that what it wants is not there."""
    try:
        return action()
    except Unreachable as error:
        if error.missing:
            return None
        raise


def _content(files: dict[str, int | None]) -> dict[str, int | None]:
    """The files but those of the work folder."""
    for below in files:
        if {"", ".", ".."} & set(below.split("/")):  # a key of S3 may be anything
            raise CheckFailed(f"{below!r} is no path in a store", next_step="remove it there")
    return {below: size for below, size in files.items() if not below.startswith("work/")}
