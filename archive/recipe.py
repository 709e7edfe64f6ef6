"""What decides a snapshot's content, whole and frozen: the recipe, its limits, the eras."""

from __future__ import annotations

import datetime as dt
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from archive.errors import UnknownName, UsageError

ERAS: Final = {
    "gpt2": dt.date(2019, 11, 5),  # release of the 1.5B model
    "gpt3": dt.date(2020, 6, 11),  # opening of the API
    "chatgpt": dt.date(2022, 11, 30),
}
"""Named cut-offs: a capture on or after the day is out."""

RULES: Final = 1
"""Raised by one whenever the code would judge or extract any record differently."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds on bytes, tags and nesting, never on time, so that every machine decides alike.

    A record over one of them is ledgered as `over-limit` with the limit's name.
    """

    header_bytes: int = 1 << 16  # WARC, ARC or HTTP header block
    record_bytes: int = 64 << 20  # a record's block, inflated from its gzip member
    payload_bytes: int = 32 << 20  # a body after content-decoding
    html_bytes: int = 8 << 20  # an HTML page given to the extractor
    tags: int = 200_000  # "<" in a page
    nesting: int = 512  # open elements at once, where tags are many enough for it to cost
    rebuilt: int = 600_000  # formatting elements that the parser makes again in later blocks
    options: int = 5_000  # of one <select>, where tags are many enough for it to cost
    attributes: int = 2_000  # of one tag
    attribute_bytes: int = 4 << 20  # of one tag, all together


@dataclass(frozen=True, slots=True)
class Recipe:
    """What decides the content. Two builds with equal inputs and recipes have one content root."""

    extractor: str = "resiliparse"  # a name of archive.extract.EXTRACTORS
    before: dt.date = ERAS["chatgpt"]  # captured on this day (UTC) or later is out
    era: str | None = "chatgpt"  # the name of `before`, where it has one
    attest: str | None = None  # SHA-256 of the digest list given with --attest
    limits: Limits = field(default_factory=Limits)

    def to_json(self) -> dict[str, Any]:
        """As recorded, but for the versions of the packages that decide content."""
        fields = asdict(self)
        fields["before"] = self.before.isoformat()
        return {**fields, "rules": RULES, "row": "row-v1"}


def recipe_from_json(recorded: dict[str, Any]) -> Recipe:
    """The recipe that a manifest records; what only describes the code is left aside."""
    return Recipe(
        extractor=recorded["extractor"],
        before=dt.date.fromisoformat(recorded["before"]),
        era=recorded["era"],
        attest=recorded["attest"],
        limits=Limits(**recorded["limits"]),
    )


def cutoff(era: str | None = None, before: str | None = None) -> tuple[dt.date, str | None]:
    """The cut-off that an era's name or an ISO date means: (day, era's name or None)."""
    if era and before:
        raise UsageError("give --era or --before, not both")
    if before:
        try:
            return dt.date.fromisoformat(before), None
        except ValueError:
            raise UsageError(
                f"not a date: {before!r}", next_step="write it as 2019-11-05"
            ) from None
    name = era or "chatgpt"
    if name not in ERAS:
        raise UnknownName("era", name, ERAS)
    return ERAS[name], name
