"""What an index says of a capture: where its record is, how long, and what its digest is."""

from __future__ import annotations

import datetime as dt
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from archive.commoncrawl.paths import is_path
from archive.commoncrawl.places import otherwise
from archive.errors import UsageError

MAX_LENGTH: Final = 64 << 20
"""Bytes of one compressed record; a crawl's pages are cut at one megabyte, or at five."""
MAX_RECORDS: Final = 10_000_000
"""Records of one selection: their places are held in memory, some 500 bytes each."""
_DIGEST: Final = 256


@dataclass(frozen=True, slots=True, order=True)
class Selected:
    """One row of an index. `digest` is None where the index has none, as for some revisits."""

    path: str  # of the WARC file, below the base
    offset: int
    length: int
    url: str
    fetched: str  # as WARC-Date is written
    digest: str | None = None  # with its algorithm: sha1:BASE32

    @property
    def end(self) -> int:
        return self.offset + self.length


def selected(row: Sequence[Any], where: str) -> Selected:
    """A row of columns.WANTED, each value what it should be; else Corrupt."""
    url, fetched, digest, path, offset, length = row
    if not isinstance(path, str) or not is_path(path):
        raise otherwise(where, "a path of a WARC file", repr(path)[:120])
    for name, value in (("offset", offset), ("length", length)):
        if not isinstance(value, int) or isinstance(value, bool):
            raise otherwise(where, f"a whole number as {name}", repr(value)[:40])
    if not isinstance(url, str):
        raise otherwise(where, "a URL", repr(url)[:40])
    if not isinstance(fetched, dt.datetime):
        raise otherwise(where, "the time of a capture", repr(fetched)[:40])
    if digest is not None and not (isinstance(digest, str) and len(digest) <= _DIGEST):
        raise otherwise(where, "a digest", repr(digest)[:40])
    if digest is not None and ":" not in digest:
        digest = f"sha1:{digest}"
    when = fetched.astimezone(dt.UTC) if fetched.tzinfo else fetched
    stamp = f"{when.replace(microsecond=0, tzinfo=None).isoformat()}Z"
    # One file has thousands of rows: they share its name.
    return Selected(sys.intern(path), offset, length, url, stamp, digest or None)


def by_file(rows: Iterable[Selected]) -> dict[str, list[Selected]]:
    """The rows by their WARC file, both sorted, equal rows once. UsageError if there are too many.

    Rows that claim one place and disagree are all kept: at most one of them will be right.
    """
    found: dict[str, set[Selected]] = {}
    for number, row in enumerate(rows):
        if number >= MAX_RECORDS:
            raise UsageError(
                f"the selection has more than {MAX_RECORDS:,} records",
                next_step="narrow the predicate, or build whole files: --files N",
            )
        found.setdefault(row.path, set()).add(row)
    return {path: sorted(found[path], key=_order) for path in sorted(found)}


def _order(row: Selected) -> tuple[int, int, str, str, str]:
    return row.offset, row.length, row.url, row.fetched, row.digest or ""
