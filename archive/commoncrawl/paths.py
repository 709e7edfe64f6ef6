"""Path lists: which files a crawl is made of, and a sample of them.

A path out of a list or an index is somebody else's word: it must be a plain relative path before
anything is opened by it.
"""

from __future__ import annotations

import hashlib
import io
import re
import zlib
from collections.abc import Sequence
from typing import Final

from archive.commoncrawl.crawl import Crawl
from archive.commoncrawl.places import Base, otherwise
from archive.errors import UsageError

LIST_BYTES: Final = 32 << 20  # of a list as it comes; the largest crawls' have about a megabyte
INFLATED_BYTES: Final = 64 << 20
MEMBERS: Final = 1000  # gzip members of one list; each costs a copy of what follows it
MAX_PATH: Final = 1024
MAX_FILES: Final = 1_000_000
"""Of one list; the largest crawls have a hundred thousand."""
_PART: Final = r"[A-Za-z0-9_][A-Za-z0-9._=+-]*"
_PATH: Final = re.compile(rf"{_PART}(?:/{_PART})*")
_SHOWN: Final = 80


def is_path(text: str) -> bool:
    """Whether a text is a plain relative path: no `..`, no root, nothing a shell or URL reads."""
    return len(text) <= MAX_PATH and _PATH.fullmatch(text) is not None


def path_list(base: Base, crawl: Crawl, kind: str) -> list[str]:
    """The paths of a crawl's files of a format, `warc` or `wet`, in the list's order, each once.

    UsageError if the crawl has no such list, Corrupt if the list is none.
    """
    listing = crawl.formats.get(kind)
    if listing is None or listing.paths is None:
        raise UsageError(
            f"no list of {kind.upper()} files of {crawl.id} is known",
            next_step=f"name files below {base.locate(crawl.location or '')} yourself",
        )
    return read_list(base, listing.paths)


def read_list(base: Base, path: str) -> list[str]:
    """The lines of a gzipped list of paths. Corrupt for what is none, EnvironmentFailed too."""
    where = base.locate(path)
    lines = io.BytesIO(_inflate(base.read_bytes(path, LIST_BYTES), where))
    found: dict[str, None] = {}
    for number, line in enumerate(lines, 1):
        text = line.rstrip(b"\r\n").decode("utf-8", "replace")
        if not text:
            continue
        if not is_path(text):
            raise otherwise(where, "a path in each line", f"line {number}: {text[:_SHOWN]!r}")
        found[text] = None
        if len(found) > MAX_FILES:
            raise otherwise(where, f"a list of at most {MAX_FILES:,} paths", "more")
    if not found:
        raise otherwise(where, "a list of paths", "none")
    return list(found)


def sample(paths: Sequence[str], files: int, seed: int) -> list[str]:
    """`files` of the paths, those with the smallest SHA-256 of "SEED:PATH", in the order given.

    A pure function of the names and the seed: neither the order of the list nor what else is in
    it decides how two paths compare, so a larger sample holds each smaller one of the same seed.
    """
    drawn = sorted(paths, key=lambda path: hashlib.sha256(f"{seed}:{path}".encode()).digest())
    kept = set(drawn[:files])
    return [path for path in paths if path in kept]


def _inflate(data: bytes, where: str) -> bytes:
    """What one or more gzip members hold, up to INFLATED_BYTES."""
    pieces: list[bytes] = []
    left = INFLATED_BYTES
    while data:
        if len(pieces) == MEMBERS:
            raise otherwise(where, f"a list of at most {MEMBERS} gzip members", "more")
        decoder = zlib.decompressobj(wbits=31)
        try:
            piece = decoder.decompress(data, left)
        except zlib.error as error:
            raise otherwise(where, "a gzipped list", str(error)) from None
        left -= len(piece)
        if left <= 0:
            raise otherwise(where, f"a list of at most {INFLATED_BYTES} bytes", "more")
        if not decoder.eof:
            raise otherwise(where, "a gzipped list", "one that is cut off")
        pieces.append(piece)
        data = decoder.unused_data
    return b"".join(pieces)
