"""What files there are, where the other side lists them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import PurePosixPath
from typing import Any, TypeVar

from archive.remote.by_fsspec import open_filesystem, within
from archive.remote.faults import trying
from archive.remote.limits import limits_of
from archive.remote.politeness import Politeness, polite

T = TypeVar("T")


def matching(pattern: str, *, politeness: Politeness | None = None) -> list[str]:
    """The URLs of the files below a folder (its URL ends with /), or of those that a glob means."""

    def found(filesystem: Any, path: str) -> list[str]:
        matches = filesystem.find(path) if pattern.endswith("/") else filesystem.glob(path)
        return [str(filesystem.unstrip_protocol(match)) for match in matches]

    return _listed(pattern, politeness, found)


def names_in(url: str, *, politeness: Politeness | None = None) -> set[str]:
    """The names of the files and folders in a folder. Unreachable, missing, if it is not there."""

    def found(filesystem: Any, path: str) -> set[str]:
        return {PurePosixPath(each).name for each in filesystem.ls(path, detail=False)}

    return _listed(url, politeness, found)


def files_below(url: str, *, politeness: Politeness | None = None) -> dict[str, int | None]:
    """Every file below a folder: its path from there, as the other side has it, to its size."""

    def found(filesystem: Any, path: str) -> dict[str, int | None]:
        root = path.rstrip("/")
        files = filesystem.find(root, detail=True).items()
        return {str(each).removeprefix(root).lstrip("/"): of.get("size") for each, of in files}

    return _listed(url, politeness, found)


def _listed(url: str, politeness: Politeness | None, found: Callable[[Any, str], T]) -> T:
    politeness = politeness or polite()
    filesystem, path = open_filesystem(url, politeness)

    def asked() -> T:
        filesystem.invalidate_cache()  # another version may have come
        with limits_of(politeness).connection(politeness.clock):
            return found(filesystem, path)

    return trying(url, politeness, lambda: within(asked))
