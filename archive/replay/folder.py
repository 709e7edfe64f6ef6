"""A run's folder: stages under content keys, written aside and renamed, so that a kill costs one.

run/
  run.json      what was asked for        results.json   verdicts, endpoints, measures
  stages/KEY/   one finished stage: measures.json and arrays; KEY hashes all that decides it
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from archive.digest import canonical_json, sha256_hex
from archive.errors import EnvironmentFailed, UsageError

STAGES_VERSION: Final = 2
"""Part of every key; to be raised with any change of what a stage computes."""


@dataclass(frozen=True, slots=True)
class Folder:
    """The folder of one run."""

    path: Path

    def stage(self, key: str) -> Path:
        return self.path / "stages" / key

    def make(self, key: str, fill: Callable[[Path], None]) -> Path:
        """The folder of a stage; `fill` writes it first where it is not there yet."""
        done = self.stage(key)
        if done.is_dir():
            return done
        done.parent.mkdir(parents=True, exist_ok=True)
        aside = Path(tempfile.mkdtemp(prefix=f".{os.getpid()}-", dir=done.parent))
        fill(aside)
        for file in (f for f in aside.rglob("*") if f.is_file()):
            _sync(file)
        _sync(aside)
        try:
            aside.rename(done)
        except OSError:
            # Another worker finished the same stage: its bytes are the same.
            if not done.is_dir():
                raise
            shutil.rmtree(aside)
        _sync(done.parent)
        return done

    def write(self, name: str, value: Any) -> None:
        """One JSON file beside the stages, replaced whole."""
        self.path.mkdir(parents=True, exist_ok=True)
        aside = self.path / f".{name}"
        aside.write_bytes(to_json(value))
        _sync(aside)
        aside.rename(self.path / name)

    def read(self, name: str) -> Any:
        try:
            return json.loads((self.path / name).read_bytes())
        except FileNotFoundError:
            raise UsageError(
                f"no {name} in {self.path}",
                next_step="give the folder of a finished run: 'lowbg replay run' prints it",
            ) from None

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keeps a second run out, and clears what a killed one left half written."""
        self.path.mkdir(parents=True, exist_ok=True)
        with (self.path / "lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise EnvironmentFailed(
                    f"another run is at work in {self.path}",
                    next_step="wait for it, or give another --out",
                ) from None
            for left in (self.path / "stages").glob(".*"):
                # A worker outlives its killed parent by up to one stage; it may finish that.
                if not _alive(left.name[1:].partition("-")[0]):
                    shutil.rmtree(left)
            yield


def stage_key(**facts: Any) -> str:
    """The name of a stage: a hash of everything that decides its result."""
    return sha256_hex(canonical_json(_exact({"version": STAGES_VERSION, **facts})))[:32]


def seed_of(*facts: Any) -> int:
    """A seed for one use of chance, independent of every other use."""
    digest = hashlib.sha256(canonical_json(_exact(list(facts)))).digest()
    return int.from_bytes(digest[:8], "big")


def to_json(value: Any) -> bytes:
    """JSON in the order given; numbers that are not finite are refused."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False).encode()


def _exact(value: Any) -> Any:
    """Floats as their shortest exact spelling, which canonical JSON takes."""
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, dict):
        return {key: _exact(held) for key, held in value.items()}
    if isinstance(value, list | tuple):
        return [_exact(held) for held in value]
    return value


def _alive(process: str) -> bool:
    """Whether a process of this machine has that number; what is no number has none."""
    if not process.isdigit():
        return False
    try:
        os.kill(int(process), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
