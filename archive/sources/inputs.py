"""What a user names as input, and how its bytes come to hand."""

from __future__ import annotations

import glob
import hashlib
import os
import re
import stat
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path, PurePosixPath
from typing import Final, NoReturn, TextIO

from archive.errors import EnvironmentFailed, Unreachable, UsageError
from archive.remote import Cache, cache_folder, download, polite, size_and_mark
from archive.remote.listing import matching

_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")
_GLOB = re.compile(r"[*?\[]")
_NAME_SOME: Final = (
    "name a file, a folder, a glob, a URL, a crawl as cc:CC-MAIN-2013-20, or - for a list on"
    " standard input"
)
MAKERS: Final = {"lowbg-extract": "archive.commoncrawl.extract:fetch"}
"""Inputs that are made, not copied: the scheme of a location -> what makes its file in a folder."""
_VERSIONS: Final = 3  # of a remote file that come while it is read, before it is an error


@dataclass(frozen=True, slots=True, order=True)
class Input:
    """One input file. `name` is what people call it: its name, or its path below a named folder."""

    name: str
    location: str  # a path, or a URL that fsspec opens


def expand(
    patterns: Sequence[str], listing: TextIO | None = None, *, without: Path | None = None
) -> list[Input]:
    """The input files that the patterns mean, sorted, each once.

    A pattern is a file, a folder (all files in and below it but hidden ones), a glob, an fsspec
    URL, or `-`, which stands for the lines of `listing`. Folders and globs leave out what lies in
    `without`, the store. UsageError names a pattern that matches nothing, or that lies in there.
    """
    store = without.resolve() if without else None
    found: dict[str, Input] = {}
    for pattern in listed(patterns, listing):
        if is_url(pattern):
            matched = _remote(pattern)
        else:
            matched = _local(pattern.removeprefix("file://"), store)
        if not matched:
            raise UsageError(f"no input matches {pattern!r}", next_step=_NAME_SOME)
        for each in matched:
            found.setdefault(each.location, each)
    if not found:
        raise UsageError("no inputs", next_step=_NAME_SOME)
    return sorted(_distinct(list(found.values())))


def _distinct(inputs: list[Input]) -> list[Input]:
    """The inputs, those whose names clash named by as much of their location as sets them apart."""
    depth = 1
    while True:
        depth += 1
        times = Counter(each.name for each in inputs)
        longer = [each if times[each.name] == 1 else _longer(each, depth) for each in inputs]
        if longer == inputs:  # no name clashes, or those that do are whole locations
            return inputs
        inputs = longer


def _longer(source: Input, depth: int) -> Input:
    """The input named by the last `depth` parts of its location, more than its name has now."""
    parts = source.location.split("/")
    count = min(max(depth, source.name.count("/") + 2), len(parts))
    while count < len(parts) and not parts[-count]:  # a name with a "/" before it seems absolute
        count += 1
    return Input(_printable("/".join(parts[-count:])), source.location)


def _printable(name: str) -> str:
    """A name with the bytes that are not UTF-8 written as escapes."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")


def listed(patterns: Sequence[str], listing: TextIO | None) -> Iterator[str]:
    """The patterns with `-` replaced by the lines of `listing`. UsageError if it has none."""
    for pattern in patterns:
        if pattern != "-":
            yield os.path.expanduser(pattern)
        elif listing is None:
            raise UsageError("'-' was given, but no list to read", next_step="name the inputs")
        else:
            lines = [line.strip() for line in listing if line.strip()]
            if not lines:
                raise UsageError("no inputs: the list is empty", next_step=_NAME_SOME)
            yield from lines


def _local(pattern: str, store: Path | None) -> list[Input]:
    path = Path(pattern)
    if _exists(path):
        if _lies_in(path, store):
            raise UsageError(
                f"{path} lies in the store {store}",
                next_step="name inputs that lie outside of the store",
            )
        return _files(path, store)
    matches = glob.glob(pattern, recursive=True) if _GLOB.search(pattern) else []
    return [each for match in matches for each in _files(Path(match), store)]


def _files(path: Path, store: Path | None) -> list[Input]:
    """The file as an input, or the visible files in and below the folder, none in the store."""
    mode = _stat(path).st_mode
    if stat.S_ISDIR(mode):
        files = (file for file in _walk(path, store) if stat.S_ISREG(_stat(file).st_mode))
        named = [(file.relative_to(path).as_posix(), file) for file in files]
    else:
        named = [(path.name, path)] if stat.S_ISREG(mode) else []
    return [
        Input(_printable(name), str(file.resolve()))
        for name, file in named
        if not _lies_in(file, store)
    ]


def _walk(top: Path, store: Path | None) -> Iterator[Path]:
    """What is visible in and below a folder and is no folder, behind links to folders too.

    Each folder is seen once, however many links lead to it: by its own path if that is below `top`.
    """
    seen: set[tuple[int, int]] = set()
    waiting = deque([top])
    while waiting:
        for name, below, names in os.walk(waiting.popleft(), onerror=_refuse):
            folder, facts = Path(name), _stat(Path(name))
            if (facts.st_dev, facts.st_ino) in seen or _lies_in(folder, store):
                below.clear()
                continue
            seen.add((facts.st_dev, facts.st_ino))
            below[:] = sorted(each for each in below if not each.startswith("."))
            waiting.extend(folder / each for each in below if (folder / each).is_symlink())
            yield from (folder / each for each in sorted(names) if not each.startswith("."))


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except OSError as error:
        _refuse(error)


def _stat(path: Path) -> os.stat_result:
    try:
        return path.stat()
    except FileNotFoundError as error:
        if path.is_symlink():
            raise UsageError(
                f"{path} links to {os.readlink(path)}, which is not there",
                next_step="mend the link or remove it",
            ) from error
        _refuse(error)
    except OSError as error:
        _refuse(error)


def _refuse(error: OSError) -> NoReturn:
    raise EnvironmentFailed(
        f"cannot read {error.filename}: {error.strerror}",
        next_step="make it readable, or name the inputs without it",
    ) from error


def _lies_in(path: Path, store: Path | None) -> bool:
    return store is not None and path.resolve().is_relative_to(store)


def _remote(pattern: str) -> list[Input]:
    if pattern.partition("://")[0] in MAKERS:
        raise UsageError(f"no input of yours: {pattern}", next_step=_NAME_SOME)
    # "?" and "[" mean something else in a web address.
    web = pattern.startswith(("http://", "https://"))
    if "*" not in pattern and (web or not (_GLOB.search(pattern) or pattern.endswith("/"))):
        return [Input(_basename(pattern), pattern)]
    try:
        locations = matching(pattern)
    except Unreachable as error:
        if error.missing:
            return []
        raise
    return [Input(_basename(location), location) for location in locations]


def _basename(url: str) -> str:
    return PurePosixPath(url.partition("?")[0].rstrip("/")).name


def is_url(location: str) -> bool:
    """Whether a location is one for fsspec, and no path."""
    return bool(_URL.match(location)) and not location.startswith("file://")


def fetch(source: Input, folder: Path, report: Callable[[int], None] = lambda _: None) -> Path:
    """A local file that holds the input: itself, or a copy of a remote one in `folder`.

    A copy appears when all of it is there; what came of one before is gone on from. One that is
    there, or in the cache, is used again if its size is right and the other side tells, by an
    ETag or a time, that the content is still the same. How servers are asked, and how much is kept
    in the cache, is what `archive.remote.polite` says. EnvironmentFailed if it cannot be had.
    """
    url = source.location
    if not _URL.match(url):
        return Path(url)
    scheme, _, rest = url.partition("://")
    if scheme in MAKERS:
        module, _, name = MAKERS[scheme].partition(":")
        made: Path = getattr(import_module(module), name)(rest, folder)
        return made
    folder.mkdir(parents=True, exist_ok=True)
    cache = Cache(cache_folder("files"), polite().cache_bytes)
    for _ in range(_VERSIONS):
        facts = size_and_mark(url)
        told = hashlib.sha256(f"{url}\n{facts.mark}\n{facts.size}".encode()).hexdigest()
        copy = folder / f"{told[:16]}-{_basename(url)[-50:]}"  # 255 bytes at most, however written
        if facts.mark and facts.size is not None and _size(copy) == facts.size:
            return copy
        if cache.place(url, facts.mark, copy, facts.size):
            return copy
        got = download(url, copy, report=report)
        report(-got.size)  # it is there now, and counts when it is read
        if got.mark in (None, facts.mark) and facts.size in (None, got.size):
            cache.keep(url, got.mark, got.sha256, copy)
            return copy
        copy.unlink()  # it has a newer version than its name says
    raise EnvironmentFailed(
        f"{url} changes while it is read", next_step="run the same command again when it is still"
    )


def _size(path: Path) -> int | None:
    return path.stat().st_size if path.is_file() else None
