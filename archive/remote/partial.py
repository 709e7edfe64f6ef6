"""A file that is still coming: its bytes beside the place it will have, with a note of what it is.

The note says how many bytes there are, of which version, and their SHA-256; so that what a killed
process left is taken up again only if it is what had come, also after a cut of power.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

from archive.errors import LimitReached
from archive.remote.locks import lock
from archive.remote.reply import Facts

NOTE_EVERY: Final = 64 << 20
"""Bytes after which the note is brought up to date: what a kill can cost at most."""

UNTOLD: Final = 1 << 36
"""Bytes that a file may have whose size nobody tells: the body may be endless."""

_PIECE: Final = 1 << 20


class Partial:
    """The sink of a download."""

    start, fixed = 0, False

    def __init__(self, url: str, path: Path, file: IO[bytes]) -> None:
        self._url, self._path, self._file = url, path, file
        self._note = path.with_name(path.name + ".json")
        self._digest = hashlib.sha256()
        self._noted = self.length = 0
        self.facts: Facts | None = None
        self._take_up()

    def write(self, piece: bytes) -> None:
        self._file.write(piece)
        self._digest.update(piece)
        self.length += len(piece)
        if self.length - self._noted >= NOTE_EVERY:
            self.note()
        if self.length > UNTOLD and self.facts and self.facts.size is None:
            raise LimitReached(
                f"{self._url} does not end: {self.length:,} bytes, and no size is told",
                next_step="fetch the file with another tool, then name the copy",
            )

    def clear(self) -> None:
        self._file.seek(0)
        self._file.truncate()
        self._digest = hashlib.sha256()
        self._noted = self.length = 0

    def sha256(self) -> str:
        """Of what is there."""
        return self._digest.hexdigest()

    def note(self) -> None:
        """Writes down what is there, for a later process."""
        self._file.flush()
        facts = self.facts
        if facts is None or not facts.validator:
            return
        said = {
            "url": self._url,
            "size": facts.size,
            "etag": facts.etag,
            "modified": facts.modified,
            "dated": facts.dated,
            "length": self.length,
            "sha256": self.sha256(),
        }
        aside = self._note.with_name(self._note.name + ".new")
        aside.write_text(json.dumps(said))
        aside.replace(self._note)
        self._noted = self.length

    def finish(self, target: Path) -> None:
        """Gives the file its place, for good: its size alone is looked at when it is used again."""
        self._file.flush()
        os.fsync(self._file.fileno())
        os.replace(self._path, target)
        self._note.unlink(missing_ok=True)

    def leave(self) -> None:
        """Keeps what a later try can go on with, and nothing else."""
        if self.length and self.facts and self.facts.validator:
            self.note()
        else:
            self.drop()

    def drop(self) -> None:
        """Removes all of it."""
        self._path.unlink(missing_ok=True)
        self._note.unlink(missing_ok=True)

    def _take_up(self) -> None:
        """Goes on from what is there, if the note is about this URL and its bytes are those."""
        with contextlib.suppress(OSError, ValueError, TypeError, KeyError):
            said = json.loads(self._note.read_text())
            facts = Facts(said["size"], said["etag"], said["modified"], said["dated"])
            if said["url"] == self._url and self._read(said["length"]) == said["sha256"]:
                self._file.truncate(said["length"])
                self._noted = self.length = said["length"]
                self.facts = facts
                return
        self.clear()

    def _read(self, length: int) -> str:
        self._file.seek(0)
        while length and (piece := self._file.read(min(length, _PIECE))):
            self._digest.update(piece)
            length -= len(piece)
        return self.sha256() if not length else ""


@contextmanager
def partial(url: str, target: Path) -> Iterator[Partial | None]:
    """What comes to be `target`, for this process alone; None if another has just finished it."""
    path = target.with_name(target.name + ".part")
    with contextlib.ExitStack() as opened:
        while True:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
            file = opened.enter_context(os.fdopen(descriptor, "r+b"))
            try:
                lock(file)
            except OSError:  # no locks here: nothing is shared
                path.unlink(missing_ok=True)
                path = path.with_name(f"{target.name}.{os.getpid()}.part")
                file = opened.enter_context(path.open("w+b"))
            if _is(path, file):
                break
            if _is(target, file):
                yield None
                return
            file.close()
        part = Partial(url, path, file)
        try:
            yield part
        except OSError:
            part.drop()  # the disk is full, or worse: give back what room there was
            raise
        finally:
            if _is(path, file):
                part.leave()


def _is(path: Path, file: IO[bytes]) -> bool:
    """Whether a name is still that of an open file."""
    try:
        return os.path.samestat(path.stat(), os.fstat(file.fileno()))
    except FileNotFoundError:
        return False
