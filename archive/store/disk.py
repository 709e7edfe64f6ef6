"""The few operations that change a store, in one place, each durable when it returns.

A store takes a `Disk` when it is opened, so that a caller can count, slow or fail each operation.
"""

from __future__ import annotations

import os
from pathlib import Path


class Disk:
    """Changes files and folders; whatever the system refuses comes out as its OSError."""

    def mkdir(self, path: Path) -> None:
        """Makes a folder where there is none; its parent must be there."""
        try:
            path.mkdir()
        except FileExistsError:
            return
        self.sync_folder(path.parent)

    def write(self, path: Path, data: bytes) -> None:
        """Writes a new file; refuses to touch one that is there."""
        with path.open("xb") as file:
            file.write(data)

    def sync(self, path: Path) -> None:
        """Waits until the bytes of a file are on the medium."""
        _fsync(path, os.O_RDONLY)

    def sync_folder(self, path: Path) -> None:
        """Waits until the names in a folder are on the medium."""
        _fsync(path, os.O_RDONLY | getattr(os, "O_DIRECTORY", 0))

    def protect(self, path: Path) -> None:
        """Takes away the permission to write."""
        path.chmod(0o444)

    def link(self, path: Path, new: Path) -> None:
        """Gives a file a second name, at once or not at all; FileExistsError if it is taken."""
        os.link(path, new)

    def replace(self, path: Path, new: Path) -> None:
        """Moves a file to a name, in place of what had it, at once or not at all."""
        os.replace(path, new)

    def unlink(self, path: Path) -> None:
        """Takes a name away; one that is gone already is no error."""
        path.unlink(missing_ok=True)


def _fsync(path: Path, flags: int) -> None:
    descriptor = os.open(path, flags)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
