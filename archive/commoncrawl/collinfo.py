"""The publisher's own list of crawls, collinfo.json: read on demand, kept in the user's cache.

It knows names and days and nothing of files. What is kept is read as strictly as it was written.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Collection
from pathlib import Path
from typing import Any, Final

from archive import strict_json
from archive.aside import writing
from archive.commoncrawl.crawl import WEEKLY, Crawl, Listing, crawl_id, day
from archive.commoncrawl.places import read_bytes
from archive.digest import canonical_json
from archive.errors import Corrupt
from archive.remote import cache_folder

COLLINFO: Final = "https://index.commoncrawl.org/collinfo.json"
MAX_BYTES: Final = 4 << 20  # it has some 30 kB


def refresh(known: Collection[str], url: str = COLLINFO) -> Path:
    """Reads the list at `url` and keeps what it says, written aside and moved into place.

    Raises Corrupt, and leaves what was there, if it is no such list or has none of the `known`
    crawls.
    """
    try:
        found = parse(read_bytes(url, MAX_BYTES), url)
        if not found.keys() & set(known):
            raise Corrupt(url, "a list with crawls that are known", f"{len(found)} others")
    except Corrupt as error:
        step = f"name the publisher's list, {COLLINFO}, or a copy of it; the last one stays"
        raise Corrupt(error.path, error.expected, error.found, next_step=step) from error
    crawls = [found[name] for name in sorted(found)]
    kept = {"url": url, "read": dt.datetime.now(dt.UTC).date().isoformat(), "crawls": crawls}
    path = cache_path()
    path.parent.mkdir(parents=True, exist_ok=True)
    with writing(path) as out:
        out.write(canonical_json(kept))
    return path


def refreshed() -> tuple[Crawl, ...]:
    """The crawls that the last refresh found; none if there was none."""
    path = cache_path()
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return ()
    readers = {"url": strict_json.text, "read": day, "crawls": strict_json.list_of(_told)}
    try:
        value = strict_json.parse(data, str(path), MAX_BYTES)
        found: tuple[Crawl, ...] = strict_json.fields_of(value, str(path), readers)["crawls"]
    except Corrupt as error:
        step = "run 'lowbg crawls --refresh' again, or delete the file"
        raise Corrupt(error.path, error.expected, error.found, next_step=step) from error
    return found


def parse(data: bytes, what: str) -> dict[str, dict[str, str]]:
    """Id -> id, name, first and last day of each crawl of a collinfo.json."""
    try:
        listed = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise Corrupt(what, "a list of crawls in JSON", str(error)[:80]) from None
    entries = strict_json.list_of(lambda each, where: _told(_days(each), where))(listed, what)
    return {
        each.id: {"id": each.id, "name": each.name, "first": each.first, "last": each.last}
        for each in entries
    }


def cache_path() -> Path:
    """Where a refresh is kept: in $LOWBG_CACHE, else in ~/.cache/lowbackground."""
    return cache_folder("commoncrawl") / "crawls.json"


def _days(entry: Any) -> Any:
    """What is wanted of an entry of collinfo.json: days instead of times, a plain name."""
    if not isinstance(entry, dict):
        return entry
    name, first, last = (entry.get(key) for key in ("name", "from", "to"))
    return {
        "id": entry.get("id"),
        "name": name.removesuffix(" Index") if isinstance(name, str) else name,
        "first": first[:10] if isinstance(first, str) else first,
        "last": last[:10] if isinstance(last, str) else last,
    }


def _told(value: Any, where: str) -> Crawl:
    """A crawl of which only the name and the days are known; its lists lie where all do."""
    readers = {"id": crawl_id, "name": strict_json.text, "first": day, "last": day}
    fields = strict_json.fields_of(value, where, readers)
    if not WEEKLY.fullmatch(fields["id"]):
        return Crawl(**fields, sources={"dates": "collinfo"})
    home = f"crawl-data/{fields['id']}/"
    return Crawl(
        **fields,
        location=home,
        formats={f: Listing(f"{home}{f}.paths.gz", None, None) for f in ("warc", "wet")},
        columnar=f"{home}cc-index-table.paths.gz",
        sources={"dates": "collinfo", "location": "layout"},
    )
