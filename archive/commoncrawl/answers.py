"""Where the lines of a CDXJ index come from: a file, a URL, or the pages of an index server."""

from __future__ import annotations

import gzip
import io
import json
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO, Final
from urllib.parse import parse_qs, urlsplit

from archive.commoncrawl.places import opened, otherwise, read_bytes
from archive.errors import Unreachable, UsageError
from archive.sources.inputs import is_url

MAX_BYTES: Final = 256 << 20
"""Of one answer or file at a URL, which is held in memory; a file on disk may have any size."""
MAX_LINE: Final = 1 << 20
MAX_PAGES: Final = 100_000
COUNT_BYTES: Final = 1 << 16


def lines(location: str) -> Iterator[tuple[str, str]]:
    """Every line that holds something, after the words for where it stands."""
    for page in pages(location):
        with _opened(page) as file:
            for number, line in enumerate(_lines(file, page), 1):
                yield f"{page}, line {number}", line


def pages(location: str) -> list[str]:
    """The location itself, or the pages of what an index server is asked.

    A question is a URL of `...-index?url=...`, as the publisher's server has it (pywb's CDX API):
    its answer comes in pages, whose number has to be asked for first.
    """
    try:
        parts = urlsplit(location) if is_url(location) else None
    except ValueError as error:
        raise UsageError(f"cannot open {location}: {error}", next_step="check --index") from None
    asked = parse_qs(parts.query, keep_blank_values=True) if parts else {}
    if not (parts and parts.path.endswith("-index") and "url" in asked) or "page" in asked:
        return [location]
    question = location if "output" in asked else f"{location}&output=json"
    try:
        told = read_bytes(f"{question}&showNumPages=true", COUNT_BYTES)
    except Unreachable as error:
        if error.missing:
            raise UsageError(
                f"the index server has no captures for {location}",
                next_step="check the url of the question, and the crawl in its path",
            ) from error
        raise
    return [f"{question}&page={number}" for number in range(_count(told, location))]


def _count(told: bytes, where: str) -> int:
    """The number in {"pages": 3, ...}, or the bare number of older servers."""
    try:
        value = json.loads(told)
    except (ValueError, RecursionError):
        value = None
    number = value.get("pages") if isinstance(value, dict) else value
    if not isinstance(number, int) or isinstance(number, bool) or not 0 <= number <= MAX_PAGES:
        raise otherwise(where, f"a number of pages up to {MAX_PAGES}", repr(told[:80]))
    return number


def _lines(file: BinaryIO, where: str) -> Iterator[str]:
    try:
        while line := file.readline(MAX_LINE + 1):
            if len(line) > MAX_LINE:
                raise otherwise(where, f"lines of at most {MAX_LINE} bytes", "a longer one")
            text = line.decode("utf-8", "replace").strip()
            if text and not text.startswith("!"):  # !meta: what pywb says of the file
                yield text
    except (OSError, EOFError, zlib.error) as error:
        raise otherwise(where, "a readable index", str(error)) from error


@contextmanager
def _opened(location: str) -> Iterator[BinaryIO]:
    """The index, inflated as it is read."""
    if is_url(location):
        file: BinaryIO = io.BytesIO(read_bytes(location, MAX_BYTES))
    else:
        file = opened(location)
    with file:
        packed = file.read(2) == b"\x1f\x8b"
        file.seek(0)
        if packed:
            with gzip.GzipFile(fileobj=file) as inflated:
                yield inflated  # type: ignore[misc]  # it is one, but for its type
        else:
            yield file
