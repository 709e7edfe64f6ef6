"""A disk whose nth operation fails, is killed, or is only counted."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

from archive.store.disk import Disk


class CountingDisk(Disk):
    """Counts operations; before number `at`, and only then, does `strike`.

    It does not wait for the medium: what is tested here is the order of things, not the power.
    """

    def __init__(self, at: int | None = None, strike: Callable[[], None] | None = None) -> None:
        self.count = 0
        self.at, self.strike = at, strike
        self.done: list[str] = []

    def _meet(self, operation: str, *arguments: Any) -> None:
        self.count += 1
        self.done.append(operation)
        if self.count == self.at and self.strike:
            if operation == "write":  # the worst moment of a write: half of it is there
                path, data = arguments
                path.write_bytes(data[: len(data) // 2])
            self.strike()

    def mkdir(self, path: Path) -> None:
        self._meet("mkdir")
        super().mkdir(path)

    def write(self, path: Path, data: bytes) -> None:
        self._meet("write", path, data)
        super().write(path, data)

    def sync(self, path: Path) -> None:
        self._meet("sync")

    def sync_folder(self, path: Path) -> None:
        self._meet("sync_folder")

    def protect(self, path: Path) -> None:
        self._meet("protect")
        super().protect(path)

    def link(self, path: Path, new: Path) -> None:
        self._meet("link")
        super().link(path, new)

    def replace(self, path: Path, new: Path) -> None:
        self._meet("replace")
        super().replace(path, new)

    def unlink(self, path: Path) -> None:
        self._meet("unlink")
        super().unlink(path)


def kill() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def failing(number: int, at: int) -> CountingDisk:
    """A disk whose operation `at` fails with this errno."""

    def strike() -> None:
        raise OSError(number, os.strerror(number))

    return CountingDisk(at, strike)
