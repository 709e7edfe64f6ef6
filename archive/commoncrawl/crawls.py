"""The list of crawls: bundled as manifests/commoncrawl.json, made newer by the publisher's own.

The bundled list names its source for every fact and has null for what no source states.
"""

from __future__ import annotations

import datetime as dt
import difflib
import json
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from archive.commoncrawl import collinfo
from archive.commoncrawl.crawl import WEEKLY, Crawl, crawl_of
from archive.errors import UsageError
from archive.recipe import ERAS


def crawls() -> tuple[Crawl, ...]:
    """Every crawl that is known here, the oldest first, those of the last refresh among them."""
    known = {each.id: each for each in bundled()}
    for each in collinfo.refreshed():
        old = known.get(each.id)
        known[each.id] = replace(old, first=each.first, last=each.last) if old else each
    return tuple(sorted(known.values(), key=lambda c: (c.first, c.id)))


def find(name: str) -> Crawl:
    """The crawl with this id or older name; UsageError with names that are like it."""
    known = crawls()
    for each in known:
        if name in (each.id, each.alias):
            return each
    if WEEKLY.fullmatch(name) and name > known[-1].id:
        raise UsageError(
            f"{name} is not in the list of crawls, which ends with {known[-1].id}",
            next_step="'lowbg crawls --refresh' reads the publisher's list anew",
        )
    close = difflib.get_close_matches(name, [each.id for each in known], n=3)
    raise UsageError(
        f"unknown crawl {name!r}",
        next_step=(f"did you mean {' or '.join(close)}? " if close else "")
        + "'lowbg crawls' lists those that are known",
    )


def before(day: dt.date, among: Sequence[Crawl]) -> list[Crawl]:
    """The crawls that began before the day. One whose last day is not before it straddles it."""
    return [each for each in among if each.first < day.isoformat()]


def day_of(text: str) -> dt.date:
    """The day that an era's name or an ISO date means."""
    if text in ERAS:
        return ERAS[text]
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise UsageError(
            f"neither an era nor a day: {text!r}",
            next_step=f"write one of {', '.join(ERAS)}, or a day as 2019-11-05",
        ) from None


@cache
def bundled() -> tuple[Crawl, ...]:
    """The list that comes with this software."""
    return tuple(crawl_of(each, f"crawls[{n}]") for n, each in enumerate(_listed()["crawls"]))


def sources() -> dict[str, str]:
    """What the bundled list calls its sources, and what they are."""
    known: dict[str, str] = _listed()["sources"]
    return known


def _listed() -> dict[str, Any]:
    """The bundled file: beside the package in a wheel, in manifests/ in a checkout."""
    package = Path(__file__).parents[1]
    packaged = package / "commoncrawl.json"
    path = packaged if packaged.exists() else package.parent / "manifests/commoncrawl.json"
    listed: dict[str, Any] = json.loads(path.read_bytes())
    return listed
