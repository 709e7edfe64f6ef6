"""One crawl and its files, as published; what no source states is None."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from archive import strict_json

CRAWL_ID: Final = re.compile(r"CC-MAIN-(?:\d{4}-\d{2}|\d{4}(?:-\d{4})?)")
"""Weekly names since 2013, years before."""
WEEKLY: Final = re.compile(r"CC-MAIN-\d{4}-\d{2}")
_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}")
_SIZE: Final = re.compile(r"(\d{1,4}(?:\.\d{1,2})?) TiB")
TIB: Final = 1 << 40

day: Final = strict_json.matching(_DAY, "a day")
crawl_id: Final = strict_json.matching(CRAWL_ID, "the name of a crawl")


@dataclass(frozen=True, slots=True)
class Listing:
    """The files of one format of a crawl."""

    paths: str | None  # where the list of their paths is, below the base
    files: int | None
    size: str | None  # compressed, such as "28.94 TiB"

    @property
    def bytes(self) -> int | None:
        """The published size; its last digit stands for some 10 GB."""
        match = _SIZE.fullmatch(self.size or "")
        return round(float(match[1]) * TIB) if match else None


@dataclass(frozen=True, slots=True)
class Crawl:
    """One crawl. Its days are UTC, of its captures, as collinfo.json has them."""

    id: str
    name: str
    first: str
    last: str
    pages: int | None = None  # page captures
    alias: str | None = None  # an older name
    location: str | None = None  # below the base
    formats: Mapping[str, Listing] = field(default_factory=dict)  # arc, warc, wet
    columnar: str | None = None  # where the list of the columnar index's files is
    sources: Mapping[str, str | None] = field(default_factory=dict)  # kind of fact -> source

    def to_json(self) -> dict[str, Any]:
        """As the bundled list has it."""
        plain = ("id", "name", "first", "last", "pages", "alias", "location")
        return {
            **{key: getattr(self, key) for key in plain},
            "formats": {
                name: {"paths": each.paths, "files": each.files, "size": each.size}
                for name, each in self.formats.items()
            },
            "columnar": self.columnar,
            "sources": dict(self.sources),
        }


def crawl_of(value: Any, where: str) -> Crawl:
    """The crawl that JSON as to_json() gives it stands for; Corrupt says what is wrong with it."""
    text = strict_json.or_null(strict_json.text)
    count = strict_json.or_null(strict_json.count)
    size = strict_json.or_null(strict_json.matching(_SIZE, "a size in TiB"))
    listing = {"paths": text, "files": count, "size": size}
    readers = {
        "id": crawl_id,
        "name": strict_json.text,
        "first": day,
        "last": day,
        "pages": count,
        "alias": text,
        "location": text,
        "columnar": text,
        "formats": strict_json.dict_of(
            lambda item, at: Listing(**strict_json.fields_of(item, at, listing))
        ),
        "sources": strict_json.dict_of(text),
    }
    return Crawl(**strict_json.fields_of(value, where, readers))
