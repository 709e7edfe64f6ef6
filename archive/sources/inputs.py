"""What a user names as input, and how its bytes come to hand."""

from __future__ import annotations

import glob
import hashlib
import os
import re
import stat
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path, PurePosixPath
from typing import Any, Final, NoReturn, TextIO

from archive.errors import EnvironmentFailed, UsageError

COPY_BYTES: Final = 1 << 20
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")
_GLOB = re.compile(r"[*?\[]")
_NAME_SOME: Final = "name a file, a folder, a glob, a URL, or - for a list on standard input"
MAKERS: Final = {"lowbg-extract": "archive.commoncrawl.extract:fetch"}
"""Inputs that are made, not copied: the scheme of a location -> what makes its file in a folder."""
# What the filesystems of fsspec call that which changes with a file's content.
_MARKS: Final = ("ETag", "etag", "Last-Modified", "LastModified", "last_modified", "mtime")


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
    for pattern in _patterns(patterns, listing):
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


def _patterns(patterns: Sequence[str], listing: TextIO | None) -> Iterator[str]:
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
    # "?" and "[" mean something else in a web address.
    web = pattern.startswith(("http://", "https://"))
    if "*" not in pattern and (web or not (_GLOB.search(pattern) or pattern.endswith("/"))):
        return [Input(_basename(pattern), pattern)]
    filesystem, path = open_filesystem(pattern)
    try:
        matches = filesystem.find(path) if pattern.endswith("/") else filesystem.glob(path)
    except Exception as error:  # every filesystem raises its own kinds
        raise unreachable(pattern, error) from error
    locations = [str(filesystem.unstrip_protocol(match)) for match in matches]
    return [Input(_basename(location), location) for location in locations]


def _basename(url: str) -> str:
    return PurePosixPath(url.partition("?")[0].rstrip("/")).name


def is_url(location: str) -> bool:
    """Whether a location is one for fsspec, and no path."""
    return bool(_URL.match(location)) and not location.startswith("file://")


def open_filesystem(url: str) -> tuple[Any, str]:
    """The fsspec filesystem of a URL, and what the URL is called in it."""
    import fsspec

    protocol = url.partition("://")[0]
    try:
        fsspec.get_filesystem_class(protocol)
    except ValueError as error:
        raise UsageError(
            f"cannot open {url}: the protocol {protocol!r} is not known",
            next_step="name a path, or a URL that begins with http://, https:// or s3://",
        ) from error
    except ImportError as error:
        extra = protocol in ("s3", "s3a")
        raise UsageError(
            f"cannot open {url}: {error}",
            next_step=f"{protocol}:// needs "
            + ("the extra: pip install 'lowbackground[s3]'" if extra else "another package"),
        ) from error
    try:
        filesystem, path = fsspec.core.url_to_fs(url)
    except (ValueError, ImportError) as error:
        raise UsageError(f"cannot open {url}: {error}", next_step="check the address") from error
    return filesystem, str(path)


def unreachable(url: str, error: Exception) -> EnvironmentFailed:
    """The error for what a filesystem raised, which is a kind of its own in each."""
    return EnvironmentFailed(
        f"cannot read {url}: {type(error).__name__}: {error}",
        next_step="check the address, the credentials and the network, "
        "then run the same command again",
    )


def fetch(source: Input, folder: Path) -> Path:
    """A local file that holds the input: itself, or a copy of a remote one in `folder`.

    A copy is written aside, its size checked against the one announced, then moved into place. One
    that is already there is used again if it has that size and the other side tells, by an ETag or
    a time, that the content is still the same. EnvironmentFailed if it cannot be had.
    """
    if not _URL.match(source.location):
        return Path(source.location)
    scheme, _, rest = source.location.partition("://")
    if scheme in MAKERS:
        module, _, name = MAKERS[scheme].partition(":")
        made: Path = getattr(import_module(module), name)(rest, folder)
        return made
    filesystem, path = open_filesystem(source.location)
    folder.mkdir(parents=True, exist_ok=True)
    try:
        filesystem.invalidate_cache()  # of listings: the file may have changed since
        info = filesystem.info(path)
        size = info.get("size")
        told = [f"{key}: {info[key]}" for key in _MARKS if info.get(key)]
        mark = hashlib.sha256("\n".join([source.location, *told]).encode()).hexdigest()[:16]
        copy = folder / f"{mark}-{_basename(source.location)[-100:]}"
        if told and size is not None and copy.is_file() and copy.stat().st_size == size:
            return copy
        _spool(filesystem, path, copy.with_name(f"{copy.name}.{os.getpid()}.part"), copy, size)
    except EnvironmentFailed:
        raise
    except Exception as error:  # every filesystem raises its own kinds
        raise unreachable(source.location, error) from error
    return copy


def _spool(filesystem: Any, path: str, aside: Path, copy: Path, size: int | None) -> None:
    try:
        with (
            filesystem.open(path, "rb", block_size=4 * COPY_BYTES) as remote,
            aside.open("wb") as out,
        ):
            while piece := remote.read(COPY_BYTES):
                out.write(piece)
            written = out.tell()
        if size is not None and written != size:
            raise EnvironmentFailed(
                f"{path}: {size} bytes announced, {written} received",
                next_step="run the same command again",
            )
        aside.replace(copy)
    finally:
        aside.unlink(missing_ok=True)
