"""Where Common Crawl's files are: on its servers, on a mirror, or in a local folder.

A base is a URL (https://data.commoncrawl.org/, s3://commoncrawl/) or a folder, and every path of
a list or an index lies below it. URLs are read by archive.remote, with its patience and its limits.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from archive import remote
from archive.errors import Corrupt, EnvironmentFailed, UsageError
from archive.remote import Facts
from archive.sources.inputs import is_url

PUBLIC: Final = "https://data.commoncrawl.org/"
VARIABLE: Final = "LOWBG_CC_BASE"


@dataclass(frozen=True, slots=True)
class Base:
    """What the paths of path lists and indexes are relative to: `location` ends in a slash."""

    location: str

    def locate(self, path: str) -> str:
        """The URL, or the path on this machine, of a path below the base."""
        return self.location + path

    def read_bytes(self, path: str, limit: int) -> bytes:
        """A small file, whole."""
        return read_bytes(self.locate(path), limit)

    def facts_of(self, path: str) -> Facts:
        """The size of a file, and what changes when it does, as far as they are told."""
        return facts_of(self.locate(path))

    def read_ranges(self, path: str, ranges: Sequence[tuple[int, int]]) -> Iterator[bytes]:
        """The bytes of ranges, each an (offset, length); an error where the file ends before."""
        return read_ranges(self.locate(path), ranges)


def base_of(named: str | None = None) -> Base:
    """The base that is named, else $LOWBG_CC_BASE, else the publisher's server."""
    location = named or os.environ.get(VARIABLE) or PUBLIC
    if is_url(location):
        return Base(location.rstrip("/") + "/")
    folder = Path(location.removeprefix("file://")).expanduser().resolve()
    if not folder.is_dir():
        raise UsageError(
            f"no folder {folder} to find Common Crawl's files in",
            next_step=f"check --cc-base and ${VARIABLE}, or leave them out for {PUBLIC}",
        )
    return Base(f"{folder}/")


def read_bytes(location: str, limit: int) -> bytes:
    """A small file, whole; an error if it has more than `limit` bytes."""
    if is_url(location):
        return remote.read_bytes(location, limit)
    with opened(location) as file:
        data = file.read(limit + 1)
    if len(data) > limit:
        raise EnvironmentFailed(
            f"{location} has more than {limit:,} bytes",
            next_step="check that it is the file you mean",
        )
    return data


def facts_of(location: str) -> Facts:
    """The size of a file, and what changes when it does, as far as they are told."""
    if is_url(location):
        return remote.size_and_mark(location)
    with opened(location) as file:
        status = os.fstat(file.fileno())
    return Facts(status.st_size, modified=str(status.st_mtime_ns))


def read_ranges(location: str, ranges: Sequence[tuple[int, int]]) -> Iterator[bytes]:
    """The bytes of ranges, each an (offset, length), in their order, as archive.remote has it."""
    if is_url(location):
        yield from remote.read_ranges(location, ranges)
        return
    with opened(location) as file:
        for offset, length in ranges:
            file.seek(offset)
            data = file.read(length)
            if len(data) != length:
                raise EnvironmentFailed(
                    f"{location} ends before byte {offset + length:,}",
                    next_step="wait until nothing writes to it, then run the same command again",
                )
            yield data


def opened(location: str) -> BinaryIO:
    """A local file, open."""
    try:
        return open(location, "rb")
    except OSError as error:
        raise EnvironmentFailed(
            f"cannot read {location}: {error.strerror}",
            next_step="check that it is there, and the folder that --cc-base or --index names",
        ) from error


def otherwise(where: str, expected: str, found: str) -> Corrupt:
    """The error for a list or an index that is not what it should be."""
    step = "get it again, or from elsewhere: see --cc-base and --index"
    return Corrupt(where, expected, found, next_step=step)
