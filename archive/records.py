"""What flows from an input to its ledger: one record, or one range of bytes that holds none.

Laws, held by tests over every reader:
- The rows whose `member` is None tile the input: sorted by offset they neither overlap nor leave
  a gap, and their lengths add up to its size.
- Where several records share one compressed member (a gzip of the whole file, bzip2), the records
  carry `member`, the input offset of that member, and their offset and length count its inflated
  bytes; one `container` row (or `damaged`, if it broke) stands for the member's own bytes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final


class Outcome(StrEnum):
    """What became of a record. Every ledger row has exactly one."""

    KEPT = "kept"
    SUPPORTING = "supporting"  # request, metadata, warcinfo, dns: read for what it says
    REDIRECT = "redirect"  # HTTP 3xx
    NOT_OK = "not-ok"  # any other HTTP status than 200 and 203
    NOT_TEXT = "not-text"  # media type, or bytes, that hold no text
    UNDECODABLE = "undecodable"  # no content-coding or charset turns the bytes into text
    EMPTY = "empty"  # no payload, or no main text in it
    AFTER_CUTOFF = "after-cutoff"  # captured on or after the recipe's cut-off
    NO_URL = "no-url"  # a capture that does not say of what
    UNDATED = "undated"  # no capture date that can be believed
    REVISIT = "revisit"  # points to an earlier capture; the snapshot resolves it
    OVER_LIMIT = "over-limit"  # reason: the limit's name
    DAMAGED = "damaged"  # bytes that cannot be read as a record
    UNRECOGNISED = "unrecognised"  # an input that is no web archive
    FAILED = "failed"  # a whole input whose workers died; the next build tries it again
    CONTAINER = "container"  # the compressed member that several records share
    PADDING = "padding"  # bytes between records: empty members, blank lines, dictionaries


NOT_RECORDS: Final = frozenset({Outcome.CONTAINER, Outcome.PADDING})
"""Rows that account for bytes but are no records: left out of record counts."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where bytes are: in the input, or inside the compressed member that starts at `member`."""

    offset: int
    length: int
    member: int | None = None


@dataclass(frozen=True, slots=True)
class Record:
    """One record as the reader found it, block and all, or one range that holds no record.

    `outcome` is None for a record that is still to be judged; a reader sets it only for what it
    alone can know: DAMAGED, UNRECOGNISED, CONTAINER, PADDING, OVER_LIMIT. Then `reason` says why
    and `block` may be empty or partial.
    """

    type: str  # response, resource, ...; "" for ranges that hold no record
    place: Place
    headers: tuple[tuple[str, str], ...] = ()  # of the record, names lower-cased, in file order
    block: bytes = b""
    url: str | None = None
    record_id: str | None = None
    date: str | None = None  # as written: 2008-04-30T20:48:25Z, or 14 ARC digits
    outcome: Outcome | None = None
    reason: str = ""
    notes: tuple[str, ...] = field(default=())  # oddities met and overcome, in words

    def header(self, name: str) -> str | None:
        """The first value of a header, its name in lower case."""
        for key, value in self.headers:
            if key == name:
                return value
        return None
