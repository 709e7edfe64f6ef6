"""The work folder of a store: builds share it while they run; the last one left may clean it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from archive.store.noted import FOLDER

try:
    import fcntl
except ImportError:  # no flock on this system: builds of one store must not run at once
    fcntl = None  # type: ignore[assignment]

if TYPE_CHECKING:
    from archive.store.local import Store


@contextmanager
def sharing(work: Path) -> Iterator[Callable[[], bool]]:
    """Holds a share of the work folder; what it yields says whether nobody else has one.

    Once that was true no other build can begin until the block ends.
    """
    work.mkdir(parents=True, exist_ok=True)
    with (work / "lock").open("a+b") as file:
        if fcntl:
            fcntl.flock(file, fcntl.LOCK_SH)

        def alone() -> bool:
            try:
                if fcntl:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return False
            return True

        yield alone


@contextmanager
def taking_turns(work: Path, what: str) -> Iterator[None]:
    """Waits while another build does the same thing with what they share."""
    with (work / f"{what}.lock").open("a+b") as file:
        if fcntl:
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def clean(store: Store) -> None:
    """Removes what no build will want again: staged parts that are committed, and scratch.

    Finished parts of builds that were killed stay, so that these can go on. For a build that is
    alone with the store.
    """
    work = store.work
    for scratch in ("builds", "tmp", "selections", FOLDER):
        shutil.rmtree(work / scratch, ignore_errors=True)
    known = store.known_parts()
    done = {(p.documents.sha256, p.signals_key) for p in known.values()}
    for folder in _folders(work / "parts"):
        keys, documents = _finished(folder)
        if keys <= known.keys():  # also of a task that was killed: there is nothing to go on with
            done |= {(documents, known[key].signals_key) for key in keys}
            shutil.rmtree(folder, ignore_errors=True)
    for documents, signals_key in done:
        if signals_key:
            shutil.rmtree(signals_folder(work, documents, signals_key), ignore_errors=True)


def _folders(folder: Path) -> list[Path]:
    return list(folder.iterdir()) if folder.is_dir() else []


def _finished(folder: Path) -> tuple[set[str], str]:
    """The keys of the parts that a task has made in its folder, and its file of documents."""
    try:
        receipt = json.loads((folder / "receipt.json").read_bytes())
        made = receipt.get("parts", [receipt])
        return {str(each["key"]) for each in made}, str(receipt["documents"][0])
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return set(), ""


def signals_folder(work: Path, documents: str, key: str) -> Path:
    """Where the signals of a documents file are staged."""
    return work / "signals" / f"{documents[:32]}-{key[:32]}"
