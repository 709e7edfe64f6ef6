"""The objects of a store: files named by the SHA-256 of their bytes, never changed."""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import stat
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from archive.digest import sha256_file, sha256_hex
from archive.errors import Corrupt
from archive.manifest import ObjectRef
from archive.store.disk import Disk

HEX: Final = re.compile(r"[0-9a-f]{64}")

# (path, sha256, inode, size, mtime, ctime) of objects whose bytes this process has checked.
_CHECKED: set[tuple[str | int, ...]] = set()


class Objects:
    """The content-addressed half of a store, with the work folder its files come from."""

    def __init__(self, root: Path, disk: Disk) -> None:
        self.root = root
        self.work = root / "work"
        self._disk = disk

    def object_path(self, sha256: str) -> Path:
        """Where the object of this SHA-256 is, or would be."""
        if not HEX.fullmatch(sha256):
            raise ValueError(f"not a SHA-256 in lower-case hex: {sha256!r}")
        return self.root / "objects" / "sha256" / sha256[:2] / sha256

    def put_file(self, path: Path, sha256: str) -> None:
        """Moves a finished file of the work folder into the objects."""
        self._adopt(path, sha256)
        self._disk.unlink(path)

    def put_bytes(self, data: bytes) -> str:
        """Makes `data` an object and returns its SHA-256."""
        sha256 = sha256_hex(data)
        temporary = write_aside(self.work, data, self._disk)
        try:
            self._adopt(temporary, sha256)
        finally:
            self._tidy([temporary])
        return sha256

    def check(self, ref: ObjectRef) -> Path:
        """The path of an object whose size and SHA-256 are right; else raises Corrupt.

        Bytes are read once per process and file, not again while inode, size and times stand.
        """
        path = self.object_path(ref.sha256)
        status = status_of(path)
        if status is None or not stat.S_ISREG(status.st_mode):
            raise Corrupt(path, f"a file of {ref.bytes} bytes", "nothing" if not status else "none")
        if status.st_size != ref.bytes:
            raise Corrupt(path, f"{ref.bytes} bytes", f"{status.st_size} bytes")
        if found := other_digest(path, ref.sha256, status):
            raise Corrupt(path, f"sha256 {ref.sha256}", f"sha256 {found}")
        return path

    def damaged(self, refs: Iterable[ObjectRef]) -> set[str]:
        """The SHA-256 of those objects that are not there byte for byte. Each is read once."""
        return {
            sha256 for sha256, ref in {ref.sha256: ref for ref in refs}.items() if self._rotted(ref)
        }

    def _rotted(self, ref: ObjectRef) -> bool:
        try:
            self.check(ref)
        except Corrupt:
            return True
        return False

    def _adopt(self, path: Path, sha256: str) -> None:
        """Gives a file of the work folder its name among the objects; it keeps the other too."""
        target = self.object_path(sha256)
        if _holds(target, sha256):  # also where another build has just moved this very file
            return
        if (found := sha256_file(path)) != sha256:
            raise Corrupt(path, f"sha256 {sha256}", f"sha256 {found}")
        self._disk.sync(path)
        self._disk.protect(path)
        self._disk.mkdir(target.parent)
        try:
            self._disk.link(path, target)
        except FileExistsError:  # it is there with other bytes: this is the repair
            if not _holds(target, sha256):
                again = aside(self.work)
                self._disk.link(path, again)
                self._disk.replace(again, target)
        self._disk.sync_folder(target.parent)

    def present(self, ref: ObjectRef) -> bool:
        """Whether an object is there at its size; its bytes are not read."""
        status = status_of(self.object_path(ref.sha256))
        return status is not None and status.st_size == ref.bytes

    def _tidy(self, paths: Iterable[Path]) -> None:
        # What stays behind in the work folder is never read as content: no reason to fail.
        for path in paths:
            with contextlib.suppress(OSError):
                self._disk.unlink(path)


def aside(work: Path) -> Path:
    """A name under the work folder's tmp/ that nothing else has."""
    return work / "tmp" / f"{os.getpid()}-{secrets.token_hex(8)}"


def write_aside(work: Path, data: bytes, disk: Disk) -> Path:
    """A new file under the work folder's tmp/ with these bytes, on the medium."""
    path = aside(work)
    make_folders(path.parent, work.parent, disk)
    try:
        disk.write(path, data)
        disk.sync(path)
    except OSError:
        with contextlib.suppress(OSError):
            disk.unlink(path)
        raise
    return path


def make_folders(path: Path, below: Path, disk: Disk) -> None:
    """Makes a folder and what it needs, down from `below`, which is there."""
    if path != below and not path.is_dir():
        make_folders(path.parent, below, disk)
        disk.mkdir(path)


def status_of(path: Path) -> os.stat_result | None:
    """What the system says of a name itself, links not followed; None if it is not there."""
    try:
        return path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return None


def other_digest(path: Path, sha256: str, status: os.stat_result) -> str | None:
    """The SHA-256 of a file where it is another one; remembers in this process where it is not."""
    times = (status.st_mtime_ns, status.st_ctime_ns)
    seen = (str(path.absolute()), sha256, status.st_ino, status.st_size, *times)
    if seen in _CHECKED:
        return None
    if (found := sha256_file(path)) != sha256:
        return found
    _CHECKED.add(seen)
    return None


def _holds(path: Path, sha256: str) -> bool:
    status = status_of(path)
    return status is not None and stat.S_ISREG(status.st_mode) and sha256_file(path) == sha256
