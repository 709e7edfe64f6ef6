"""A store at any fsspec URL, opened to be read: refs asked anew, objects kept in a local cache.

Nothing that the other side says is believed. Its bytes become a file of the cache once they have
the SHA-256 that is the object's name, and a cached file is hashed before a process first uses it.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO, Final, NoReturn, TypeVar

from archive.digest import sha256_hex
from archive.errors import CheckFailed, Corrupt, EnvironmentFailed, LowbgError, UsageError
from archive.manifest import Manifest, valid_name
from archive.sources.inputs import COPY_BYTES, is_url, open_filesystem, unreachable
from archive.store.disk import Disk
from archive.store.local import FORMAT, Store, stated_spec
from archive.store.objects import aside, other_digest, status_of
from archive.strict_json import MAX_BYTES

PAUSES: Final = (0.5, 2.0)
"""Seconds before the second and the third attempt."""

_NOT_LISTED: Final = frozenset({"http", "https"})
_PASSING: Final = frozenset({408, 425, 429})
"""HTTP: the request is fine, but came at the wrong moment."""

T = TypeVar("T")


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


def cache_folder(url: str) -> Path:
    """Where objects from a URL are kept: in $LOWBG_CACHE, else in ~/.cache/lowbackground."""
    base = os.environ.get("LOWBG_CACHE") or Path.home() / ".cache" / "lowbackground"
    return Path(base).absolute() / sha256_hex(url.encode())[:32]


class RemoteStore(Store):
    """A store that others keep. Its `root` is the cache: objects only, each as it was recorded.

    It holds no connection, so that it can be sent to another process, or be there after a fork.
    """

    def __init__(self, url: str, disk: Disk | None = None) -> None:
        self.url = url.rstrip("/")
        self._sizes: dict[str, int | None] = {}  # what the manifests read so far say of objects
        super().__init__(cache_folder(self.url), disk)

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
        files = self._asked("", lambda fs, root: _files(fs, root)) or {}
        needed = sum(size or 0 for size in files.values())
        folder.mkdir()
        if needed > (free := shutil.disk_usage(folder).free):
            raise EnvironmentFailed(
                f"{self.url} has {needed:,} bytes, and {free:,} are free at {self.root.parent}",
                next_step="set LOWBG_CACHE to a folder with more room",
            )
        for below in files:
            (folder / below).parent.mkdir(parents=True, exist_ok=True)
            with (folder / below).open("xb") as out:
                found = self._asked(below, partial(_copy, out=out))
            if found is None:  # it was listed, and is gone
                (folder / below).unlink()
        (folder / "work").mkdir(exist_ok=True)
        return Store(folder)

    def _require_format(self) -> None:
        data = self._asked("FORMAT", partial(_beginning, size=4096))
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
            return self._asked(folder, _names) or set()
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
        return self._asked(below, partial(_beginning, size=66))

    def _fetch(self, target: Path, sha256: str) -> None:
        """Brings an object into the cache: written aside, hashed, then moved into place."""
        below = target.relative_to(self.root).as_posix()
        part = aside(self.work)
        part.parent.mkdir(parents=True, exist_ok=True)
        # A manifest is the only object that is read before another one tells its size.
        size = self._sizes.get(sha256)
        try:
            with part.open("xb") as out:
                limit = MAX_BYTES if size is None else size
                found = self._asked(below, partial(_copy, out=out, limit=limit))
            expected = f"sha256 {sha256}" + (f", {size} bytes" if size is not None else "")
            if found != sha256:
                raise Corrupt(
                    f"{self.url}/{below}",
                    expected,
                    f"sha256 {found}" if found else "nothing",
                    next_step="restore it there from a copy of the store",
                )
            # No fsync: what a cut of power leaves behind is hashed before it is used.
            self._disk.protect(part)
            target.parent.mkdir(parents=True, exist_ok=True)
            self._disk.replace(part, target)
        finally:
            self._tidy([part])

    def _lists_nothing(self) -> bool:
        return self.url.partition("://")[0].lower() in _NOT_LISTED

    def _asked(self, below: str, action: Callable[[Any, str], T]) -> T | None:
        """What an action gives of a path on the other side, tried three times; None: not there."""
        url = f"{self.url}/{below}".rstrip("/")
        for pause in (*PAUSES, None):
            try:
                filesystem, root = open_filesystem(self.url)
                filesystem.invalidate_cache()  # of listings: another version may have come
                return action(filesystem, f"{root}/{below}".rstrip("/"))
            except FileNotFoundError:
                return None
            except LowbgError:
                raise
            except Exception as error:  # every filesystem raises its own kinds
                if pause is None or not _may_pass(error):
                    raise unreachable(url, error) from error
                time.sleep(pause)
        raise AssertionError("the last attempt returns or raises")


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
    try:
        import fcntl
    except ImportError:  # where there are no such locks some bytes are fetched twice, that is all
        yield
        return
    folder = root / "work" / "locks"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / sha256[:2]).open("wb") as lock:
        with contextlib.suppress(OSError):  # a file system without locks
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


class _CutShort(Exception):
    """Fewer bytes came than were announced."""


def _may_pass(error: Exception) -> bool:
    """Whether another attempt may go better: not where the server calls the request wrong."""
    status = getattr(error, "status", None)
    refused = isinstance(status, int) and 400 <= status < 500 and status not in _PASSING
    return not refused and not isinstance(error, PermissionError)


def _open(filesystem: Any, path: str) -> Any:
    if "http" not in filesystem.protocol:
        return filesystem.open(path, "rb", block_size=4 * COPY_BYTES)
    import aiohttp

    # One GET, by stating a size. Otherwise fsspec asks for the size first, and then says of a busy
    # server what it says of one that has no such file. The wait is for the next bytes, not for all.
    timeout = aiohttp.ClientTimeout(total=None, sock_connect=60, sock_read=60)
    return filesystem.open(path, "rb", block_size=0, size=1, timeout=timeout)


def _beginning(filesystem: Any, path: str, size: int) -> bytes:
    with _open(filesystem, path) as file:
        data = b""
        while len(data) < size and (piece := file.read(size - len(data))):
            data += piece
        return data


def _names(filesystem: Any, path: str) -> set[str]:
    return {PurePosixPath(each).name for each in filesystem.ls(path, detail=False)}


def _files(filesystem: Any, root: str) -> dict[str, int | None]:
    """Every file below a folder but those of the work folder: path in it to size."""
    found = {}
    for path, facts in filesystem.find(root, detail=True).items():
        below = str(path).removeprefix(root).lstrip("/")
        if {"", ".", ".."} & set(below.split("/")):  # a key of S3 may be anything
            raise CheckFailed(f"{path!r} is no path below {root}", next_step="remove it there")
        if not below.startswith("work/"):
            found[below] = facts.get("size")
    return found


def _copy(filesystem: Any, path: str, out: BinaryIO, limit: int | None = None) -> str:
    """Writes a remote file anew to `out`, at most a byte more than the limit; its SHA-256."""
    digest, written = hashlib.sha256(), 0
    with _caching(Path(out.name)):
        out.seek(0)
        out.truncate()
    with _open(filesystem, path) as file:
        announced = getattr(file, "size", None)
        while piece := file.read(COPY_BYTES):
            digest.update(piece)
            written += len(piece)
            with _caching(Path(out.name)):
                out.write(piece)
            if limit is not None and written > limit:
                return f"{digest.hexdigest()} of the first {written} bytes"
    if announced is not None and written < announced:
        raise _CutShort(f"{announced} bytes announced, {written} received")
    return digest.hexdigest()
