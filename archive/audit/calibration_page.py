"""A calibration as one HTML page: gates, spike-in curve and null tests of each language."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from archive.audit import charts
from archive.audit.page import STYLE, gates_table
from archive.audit.result import write_whole
from archive.page.html import html, page, table

LIMITS: Final = (
    "A spike-in mixes held-out documents of the same two references: it says how exact the method"
    " is where the corpus is like them. The null tests say what human text of a source that the"
    " references lack is read as: the truth is 0 in each."
)


def write_page(result: Mapping[str, Any], path: Path) -> None:
    """Writes the page of a calibration, whole or not at all."""
    write_whole(path, page("Calibration", "\n".join(_body(result)), STYLE))


def _body(result: Mapping[str, Any]) -> Iterator[str]:
    against = result["against"]
    name = against.get("snapshot") or ", ".join(against["files"])
    yield f"<h1>How far references can be trusted</h1><p class='small'>human: {html(name)}"
    if "content_root" in against:
        yield f", content root <code>{html(against['content_root'])}</code>"
    yield f"<br>synthetic: {html(', '.join(result['references']['synthetic']))}</p>"
    estimable, unseen = (
        ", ".join(result[name]) or "none" for name in ("estimable", "unseen_sources")
    )
    yield f'<p class="says">Corpora like the references can be estimated in: {html(estimable)};'
    yield f" text of sources that they lack in: {html(unseen)}.</p>"
    yield f"<p>{LIMITS}</p>"
    for language, held in result["languages"].items():
        yield from _language(language, held)
    if result["refused"]:
        yield "<h2>Languages without a reference</h2>"
        yield table(["language", "why"], [list(pair) for pair in result["refused"].items()])


def _language(language: str, held: Mapping[str, Any]) -> Iterator[str]:
    yield f"<h2>{html(language)}</h2>"
    yield table(
        ["side", "documents", "sentences", "sources"],
        [
            [
                side,
                f"{held[side]['documents']:,}",
                f"{held[side]['sentences']:,}",
                f"{len(held[side]['sources']):,}",
            ]
            for side in ("human", "synthetic")
        ],
    )
    yield f"<p class='small'>reference {html(held['digest'])}</p>"
    yield gates_table({language: held["gates"]})
    points = [
        (point["true"], point["share"], *_ends(point), point["raw"]) for point in held["spike_in"]
    ]
    yield "<h3>Spike-in curve</h3><figure>"
    yield charts.curve(f"Spike-in, {language}", points)
    yield "</figure>"
    yield table(
        ["true share", "found", "interval", "before calibration"],
        [
            [_share(p["true"]), _share(p["share"]), _bounds(p), _share(p["raw"])]
            for p in held["spike_in"]
        ],
    )
    yield "<h3>Null tests</h3>"
    yield from _nulls(language, held["nulls"])


def _nulls(language: str, nulls: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    if not nulls:
        yield "<p>None: no source is large enough and leaves enough behind.</p>"
        return
    rows = [(null["source"] or "(none)", null["share"], *_ends(null)) for null in nulls]
    yield f"<figure>{charts.intervals(f'Null tests, {language}', rows)}<figcaption>Human text of"
    yield " one source, estimated by references without it; cut to 0 to 100 %.</figcaption>"
    yield "</figure>"
    yield table(
        ["source", "documents", "sentences", "read as synthetic", "interval"],
        [
            [
                null["source"] or "(none)",
                f"{null['documents']:,}",
                f"{null['sentences']:,}",
                _share(null["share"]),
                _bounds(null),
            ]
            for null in nulls
        ],
    )


def _ends(held: Mapping[str, Any]) -> tuple[float, float]:
    """The interval, that of everything where nothing is ruled out."""
    return (-math.inf, math.inf) if held["low"] is None else (held["low"], held["high"])


def _bounds(held: Mapping[str, Any]) -> str:
    if held["low"] is None:
        return "unbounded"
    return f"{_share(held['low'])} to {_share(held['high'])}"


def _share(value: float) -> str:
    return f"{100 * value:.1f} %"
