"""What a build of a crawl, or of a part of it, would read and cost, before anything of it is read.

Numbers are published (the list of crawls), asked of the server (path lists, sizes, the index),
measured (archive.commoncrawl.rates) or given by the user, and each says which. What none of
these knows is None; nothing is guessed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from archive.commoncrawl import named, rates
from archive.commoncrawl.checked import unreadable
from archive.commoncrawl.crawl import Crawl, Listing
from archive.commoncrawl.named import Choice
from archive.commoncrawl.paths import path_list, sample
from archive.commoncrawl.places import Base, base_of
from archive.commoncrawl.rates import Rate
from archive.errors import UsageError

SOUND_WET: Final = "2016-12"
"""Before, WET files were made as if every page were UTF-8 (commoncrawl/ia-web-commons, issue 4)."""
ASKED: Final = 100
"""So many files' sizes are asked of the server; of more, their share of the published size is."""


@dataclass(frozen=True, slots=True)
class Costs:
    """The rates that a plan counts with."""

    pages: Rate = rates.PAGES_ANNOTATED
    memory: Rate = rates.MEMORY_ANNOTATED
    store: Rate = rates.STORE_ANNOTATED
    workers: int = 1


@dataclass(slots=True)
class Plan:
    """What would be read of one crawl. Bytes are compressed, as they come."""

    crawl: str
    format: str
    files: int | None = None
    bytes: int | None = None
    pages: int | None = None  # page captures, whatever becomes of them
    records: int | None = None  # of a selection
    notes: list[str] = field(default_factory=list)  # where the numbers come from

    def costs(self, costs: Costs) -> dict[str, float | None]:
        """What the build of it takes, at these rates."""
        hours = self.pages / costs.pages.value / 3600 if self.pages is not None else None
        size = self.bytes
        return {
            "cpu_hours": hours,
            "hours": hours / costs.workers if hours is not None else None,
            "work_bytes": size,
            "store_bytes": size * costs.store.value if size is not None else None,
            "memory_bytes": costs.memory.value * costs.workers,
        }


def plan(pattern: str, choice: Choice) -> Plan:
    """The plan for one named crawl, such as `cc:CC-MAIN-2013-20`."""
    if not named.is_named(pattern):
        raise UsageError(
            f"not the name of a crawl: {pattern!r}",
            next_step="write cc:CC-MAIN-2013-20 for WARC, wet:CC-MAIN-2013-20 for WET",
        )
    kind, crawl = named.parse(pattern)
    base = base_of(choice.base)
    if choice.selects:
        return _of_records(kind, crawl, choice, base)
    listing = crawl.formats.get(kind)
    if choice.files is None and listing is not None:
        made = _of_all(kind, crawl, listing, base)
    else:
        made = _of_files(kind, crawl, listing, choice, base)
    if kind == "wet":
        made.notes.append("CPU: at the rate of HTML pages in WARC; that of WET is not measured")
    if kind == "wet" and crawl.first < SOUND_WET:
        made.notes.append(
            "texts: these WET files took every page for UTF-8, which spoiled the others"
        )
    return made


def _of_all(kind: str, crawl: Crawl, listing: Listing, base: Base) -> Plan:
    """A whole crawl, from what is published of it: nothing is asked of any server."""
    made = Plan(crawl.id, kind, listing.files, listing.bytes, crawl.pages)
    made.notes.append(f"bytes: {listing.size} as published" if listing.size else _unknown("size"))
    made.notes.append("pages: captures as published" if crawl.pages else _unknown("pages"))
    if listing.files is None:
        made.notes.append(
            f"files: no source states how many; they are listed in {base.locate(listing.paths)}"
            if listing.paths
            else _unknown("number of files")
        )
    return made


def _of_files(kind: str, crawl: Crawl, listing: Listing | None, choice: Choice, base: Base) -> Plan:
    """Some files of a crawl, counted in its path list."""
    listed = path_list(base, crawl, kind)
    chosen = listed if choice.files is None else sample(listed, choice.files, choice.seed)
    made = Plan(crawl.id, kind, len(chosen))
    made.notes.append(f"files: drawn by seed {choice.seed} from the {len(listed):,} listed")
    whole = listing.bytes if listing else None
    if len(chosen) <= ASKED:
        sizes = [base.facts_of(path).size for path in chosen]
        known = [size for size in sizes if size is not None]
        made.bytes = sum(known) if len(known) == len(sizes) else None
        made.notes.append("bytes: as the server tells of each file")
    elif whole is not None:
        made.bytes = whole * len(chosen) // len(listed)
        made.notes.append(f"bytes: the files' share of {listing.size if listing else ''} published")
    if crawl.pages is not None:
        share = len(chosen) / len(listed)
        if made.bytes is not None and whole:
            share = made.bytes / whole
        made.pages = round(crawl.pages * share)
        made.notes.append("pages: these files' share of the captures published of the crawl")
    return made


def _of_records(kind: str, crawl: Crawl, choice: Choice, base: Base) -> Plan:
    """A selection, which the index tells all about."""
    extracts = named.selection(kind, crawl, choice, base)
    rows = [row for each in extracts for row in each.rows]
    sound = [row for row in rows if unreadable(row) is None]
    made = Plan(crawl.id, kind, len(extracts), sum(row.length for row in sound), len(sound))
    made.records = len(rows)
    made.notes.append("files, bytes, pages, records: as the index has them")
    if len(sound) < len(rows):
        made.notes.append(f"{len(rows) - len(sound):,} records have no place that can be read")
    return made


def _unknown(what: str) -> str:
    return f"{what}: no source states it"
