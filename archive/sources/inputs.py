"""What a user names as input, and how its bytes come to hand."""

from __future__ import annotations

import glob
import hashlib
import os
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Final, TextIO

from archive.errors import EnvironmentFailed, UsageError

COPY_BYTES: Final = 1 << 20
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")
_GLOB = re.compile(r"[*?\[]")


@dataclass(frozen=True, slots=True, order=True)
class Input:
    """One input file. `name` is what people call it: its name, or its path below a named folder."""

    name: str
    location: str  # a path, or a URL that fsspec opens


def expand(patterns: Sequence[str], listing: TextIO | None = None) -> list[Input]:
    """The input files that the patterns mean, sorted, each once.

    A pattern is a file, a folder (all files in and below it but hidden ones), a glob, an fsspec
    URL, or `-`, which stands for the lines of `listing`. UsageError names a pattern that matches
    nothing.
    """
    found: dict[str, Input] = {}
    for pattern in _patterns(patterns, listing):
        if _URL.match(pattern) and not pattern.startswith("file://"):
            matched = _remote(pattern)
        else:
            matched = _local(pattern.removeprefix("file://"))
        if not matched:
            raise UsageError(
                f"no input matches {pattern!r}",
                next_step="name a file, a folder, a glob, a URL, or - for a list on standard input",
            )
        for each in matched:
            found.setdefault(each.location, each)
    return sorted(_distinct(list(found.values())))


def _distinct(inputs: list[Input]) -> list[Input]:
    """The inputs, those whose names clash named by as much of their location as sets them apart."""
    depth, clashing = 1, inputs
    while clashing:
        depth += 1
        times = Counter(each.name for each in inputs)
        clashing = [each for each in inputs if times[each.name] > 1]
        inputs = [each if times[each.name] == 1 else _longer(each, depth) for each in inputs]
    return inputs


def _longer(source: Input, depth: int) -> Input:
    """The input named by the last `depth` parts of its location, more than its name has now."""
    parts = PurePosixPath(source.location).parts
    below = len(PurePosixPath(source.name).parts) + 1
    return Input(str(PurePosixPath(*parts[-max(depth, below) :])), source.location)


def _patterns(patterns: Sequence[str], listing: TextIO | None) -> Iterator[str]:
    for pattern in patterns:
        if pattern != "-":
            yield os.path.expanduser(pattern)
        elif listing is None:
            raise UsageError("'-' was given, but no list to read", next_step="name the inputs")
        else:
            yield from (line.strip() for line in listing if line.strip())


def _local(pattern: str) -> list[Input]:
    path = Path(pattern)
    if path.exists():
        return _files(path)
    matches = glob.glob(pattern, recursive=True) if _GLOB.search(pattern) else []
    return [each for match in matches for each in _files(Path(match))]


def _files(path: Path) -> list[Input]:
    if path.is_dir():
        below = (Path(folder, name) for folder, _, names in os.walk(path) for name in names)
        visible = (file for file in below if file.is_file())
        relative = [(file.relative_to(path), file) for file in visible]
        return [
            Input(short.as_posix(), str(file.resolve()))
            for short, file in relative
            if not any(part.startswith(".") for part in short.parts)
        ]
    return [Input(path.name, str(path.resolve()))] if path.is_file() else []


def _remote(pattern: str) -> list[Input]:
    # "?" and "[" mean something else in a web address.
    web = pattern.startswith(("http://", "https://"))
    if "*" not in pattern and (web or not (_GLOB.search(pattern) or pattern.endswith("/"))):
        return [Input(_basename(pattern), pattern)]
    filesystem, path = _filesystem(pattern)
    try:
        matches = filesystem.find(path) if pattern.endswith("/") else filesystem.glob(path)
    except Exception as error:  # every filesystem raises its own kinds
        raise _unreachable(pattern, error) from error
    locations = [str(filesystem.unstrip_protocol(match)) for match in matches]
    return [Input(_basename(location), location) for location in locations]


def _basename(url: str) -> str:
    return PurePosixPath(url.partition("?")[0].rstrip("/")).name


def _filesystem(url: str) -> tuple[Any, str]:
    import fsspec

    try:
        filesystem, path = fsspec.core.url_to_fs(url)
    except (ValueError, ImportError) as error:
        raise UsageError(
            f"cannot open {url}: {error}",
            next_step="s3:// needs the extra: pip install 'lowbackground[s3]'",
        ) from error
    return filesystem, str(path)


def _unreachable(url: str, error: Exception) -> EnvironmentFailed:
    return EnvironmentFailed(
        f"cannot read {url}: {type(error).__name__}: {error}",
        next_step="check the address and the network, then run the same command again",
    )


def fetch(source: Input, folder: Path) -> Path:
    """A local file that holds the input: itself, or a copy of a remote one in `folder`.

    A copy is written aside, its size checked against the one announced, then moved into place; one
    that is already there with that size is used again. EnvironmentFailed if it cannot be had.
    """
    if not _URL.match(source.location):
        return Path(source.location)
    filesystem, path = _filesystem(source.location)
    mark = hashlib.sha256(source.location.encode()).hexdigest()[:16]
    copy = folder / f"{mark}-{_basename(source.location)[-100:]}"
    folder.mkdir(parents=True, exist_ok=True)
    try:
        size = filesystem.info(path).get("size")
        if size is not None and copy.is_file() and copy.stat().st_size == size:
            return copy
        _spool(filesystem, path, copy.with_name(f"{copy.name}.{os.getpid()}.part"), copy, size)
    except EnvironmentFailed:
        raise
    except Exception as error:  # every filesystem raises its own kinds
        raise _unreachable(source.location, error) from error
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


@contextmanager
def local_copy(source: Input, folder: Path) -> Iterator[Path]:
    """`fetch` for as long as the block lasts; a copy is removed afterwards."""
    path = fetch(source, folder)
    try:
        yield path
    finally:
        if _URL.match(source.location):
            path.unlink(missing_ok=True)
