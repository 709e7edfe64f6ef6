"""Files from elsewhere, kept under the SHA-256 of their bytes, up to a size.

`objects/ab/<sha256>` is a file; `urls/<sha256 of URL and mark>` names the one that a URL had when
the other side gave that mark. A file without a mark is not kept: nothing would tell that it is old.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from archive.digest import sha256_file, sha256_hex
from archive.errors import EnvironmentFailed
from archive.remote.locks import lock

FOLDER: Final = "LOWBG_CACHE"


def cache_folder(name: str) -> Path:
    """A folder of this name in $LOWBG_CACHE, else in ~/.cache/lowbackground."""
    base = os.environ.get(FOLDER) or Path.home() / ".cache" / "lowbackground"
    return Path(base).absolute() / name


class Cache:
    """A cache that several processes may use at once, and anybody may delete when none does.

    What it hands out is a second name of a file, or a copy, so that pruning takes nothing away
    from anybody. A file is hashed before it is handed out; a damaged one is forgotten.
    """

    def __init__(self, folder: Path, most_bytes: int) -> None:
        self._folder, self._most = folder, most_bytes

    def place(self, url: str, mark: str | None, target: Path, size: int | None = None) -> bool:
        """Puts the file that a URL has at this mark at `target`; False where it is not at hand.

        Nor is one of another `size`, where that is told: a date may stand for two versions.
        """
        if not mark or self._most <= 0:
            return False
        name = self._name(url, mark)
        aside = target.with_name(f"{target.name}.{os.getpid()}.new")
        with self._locked():
            try:
                sha256 = name.read_text("ascii")
                kept = self._object(sha256)
                if size not in (None, kept.stat().st_size):
                    return False
                _double(kept, aside)
                for each in (kept, name):
                    os.utime(each)  # it was used just now: the others go first
            except (FileNotFoundError, ValueError):
                return False
        if sha256_file(aside) != sha256:
            with self._locked():
                for each in (aside, kept, name):
                    each.unlink(missing_ok=True)
            return False
        aside.replace(target)
        return True

    def keep(self, url: str, mark: str | None, sha256: str, path: Path) -> None:
        """Keeps a file of this SHA-256, and for it removes those that were used longest ago."""
        size = path.stat().st_size
        if not mark or size > self._most:
            return
        with self._locked():
            kept = self._object(sha256)
            if not kept.exists():
                self._prune(self._most - size)
                kept.parent.mkdir(parents=True, exist_ok=True)
                aside = kept.with_name(f"{kept.name}.{os.getpid()}.new")
                _double(path, aside)
                aside.replace(kept)
            os.utime(kept)
            name = self._name(url, mark)
            name.parent.mkdir(parents=True, exist_ok=True)
            aside = name.with_name(f"{name.name}.{os.getpid()}.new")
            aside.write_text(sha256, "ascii")
            aside.replace(name)

    def bytes(self) -> int:
        """What it holds."""
        return sum(size for _, size, _ in self._files())

    def _prune(self, room: int) -> None:
        files = sorted(self._files())
        held = sum(size for _, size, _ in files)
        if held <= room:
            return
        while files and held > max(room, 0):
            _, size, path = files.pop(0)
            path.unlink(missing_ok=True)
            held -= size
        oldest = files[0][0] if files else None
        for name in (self._folder / "urls").glob("*"):
            # What it names may still be there by another URL: then that is one hit less.
            if oldest is None or name.stat().st_mtime_ns < oldest:
                name.unlink(missing_ok=True)

    def _files(self) -> list[tuple[int, int, Path]]:
        """Time of last use, size and path of each file."""
        found = []
        for path in (self._folder / "objects").glob("*/*"):
            with contextlib.suppress(FileNotFoundError):
                status = path.stat()
                found.append((status.st_mtime_ns, status.st_size, path))
        return found

    def _object(self, sha256: str) -> Path:
        if len(sha256) != 64 or not sha256.isalnum():
            raise ValueError(f"not a SHA-256 in hex: {sha256!r}")
        return self._folder / "objects" / sha256[:2] / sha256

    def _name(self, url: str, mark: str) -> Path:
        return self._folder / "urls" / sha256_hex(f"{url}\n{mark}".encode())

    @contextmanager
    def _locked(self) -> Iterator[None]:
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            with (self._folder / "lock").open("ab") as file:
                with contextlib.suppress(OSError):  # a file system without locks
                    lock(file)
                yield
        except OSError as error:
            raise EnvironmentFailed(
                f"cannot keep files in {self._folder}: {error}",
                next_step=f"free some room there, or set {FOLDER} to another folder",
            ) from error


def _double(path: Path, new: Path) -> None:
    """A second name of a file's bytes, or a copy where the file system gives none."""
    new.unlink(missing_ok=True)
    try:
        os.link(path, new)
    except FileNotFoundError:
        raise
    except OSError:
        shutil.copyfile(path, new)
