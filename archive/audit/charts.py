"""The charts of an audit, each from plain rows to one SVG picture.

Nothing is told by colour alone: the parts of a bar differ in lightness, one is hatched, and every
number stands in the table below.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from typing import Final

from archive.page.html import plain
from archive.page.svg import GREY, PALE, Panel, Scale, box, document, mark, stroke, text

WIDTH: Final = 940.0
ROW: Final = 22.0
MOST_LABEL: Final = 34
PROVEN, JUDGED, HATCH = "#0072B2", "#CFE6F5", "url(#unknown)"
_HATCH: Final = (
    '<defs><pattern id="unknown" width="6" height="6" patternUnits="userSpaceOnUse"'
    ' patternTransform="rotate(45)"><rect width="6" height="6" fill="#ffffff"/>'
    '<rect width="2" height="6" fill="#767676"/></pattern></defs>'
)

Third = tuple[str, float, float, float]
"""A slice's name, and its shares of documents: proven, judged, undetermined."""

Interval = tuple[str, float, float, float]
"""A slice's name, its estimate, low and high."""


def thirds(title: str, rows: Sequence[Third]) -> str:
    """A bar of three parts for each slice."""
    start = _room([label for label, *_ in rows])
    x = Scale(0, 1, start, WIDTH - 20)
    parts = [_HATCH, *_legend(start)]
    top = 40.0
    for i, (label, *shares) in enumerate(rows):
        y = top + i * ROW
        parts.append(text(start - 8, y + 13, fitting(label), anchor="end"))
        left = 0.0
        for share, fill in zip(shares, (PROVEN, JUDGED, HATCH), strict=True):
            parts.append(box(x(left), y, x(left + share) - x(left), ROW - 5, fill, GREY))
            left += share
    bottom = top + len(rows) * ROW
    parts += _per_cent(x, top - 4, bottom)
    return document(WIDTH, bottom + 30, title, parts)


def intervals(title: str, rows: Sequence[Interval]) -> str:
    """A mark and a line from low to high for each slice."""
    start = _room([label for label, *_ in rows])
    most = max([high for *_, high in rows], default=0.0)
    rows = [(label, *(min(max(v, 0.0), 1.0) for v in values)) for label, *values in rows]  # type: ignore[misc]
    x = Scale(0, next(top for top in (0.1, 0.25, 0.5, 1.0) if most <= top or top == 1), start, 880)
    top, bottom = 14.0, 14.0 + len(rows) * ROW
    parts = _per_cent(x, top, bottom)
    for i, (label, share, low, high) in enumerate(rows):
        y = top + i * ROW + ROW / 2
        parts.append(text(start - 8, y + 4, fitting(label), anchor="end"))
        parts.append(stroke(x(low), y, x(high), y, "#D55E00", 1.8))
        parts.append(mark(x(share), y, "#D55E00", 0))
    return document(WIDTH, bottom + 30, title, parts)


def curve(title: str, points: Sequence[tuple[float, float, float, float, float]]) -> str:
    """Spike-ins: (true share, share found, low, high, share before calibration)."""
    size, left, top = 380.0, 70.0, 30.0
    panel = Panel(
        Scale(0, 1, left, left + size),
        Scale(0, 1, top + size, top),
        title,
        "true share of synthetic sentences",
        "share found",
    )
    panel.line([(0, 0), (1, 1)], GREY, dash="4 3", width=1)
    clipped = [tuple(min(max(value, 0.0), 1.0) for value in point) for point in points]
    panel.whiskers([(true, low, high) for true, _, low, high, _ in clipped], "#0072B2")
    panel.marks([(true, raw) for true, *_, raw in clipped], "#D55E00", 5)
    panel.marks([(true, found) for true, found, *_ in clipped], "#0072B2", 0)
    at = left + size + 24
    parts = [panel.render()]
    for line, (colour, shape, said) in enumerate(
        (
            ("#0072B2", 0, "calibrated, with its interval"),
            ("#D55E00", 5, "before calibration (the published estimator)"),
        )
    ):
        parts.append(mark(at, top + 10 + 20 * line, colour, shape))
        parts.append(text(at + 12, top + 14 + 20 * line, said))
    parts.append(text(at + 12, top + 54, "dashed: what is true"))
    return document(WIDTH, top + size + 44, title, parts)


def _legend(start: float) -> list[str]:
    parts, at = [], start
    said = (("proven human", PROVEN), ("estimated", JUDGED), ("undetermined", HATCH))
    for name, fill in said:
        parts += [box(at, 8, 16, 12, fill, GREY), text(at + 22, 18, name)]
        at += 50 + 7 * len(name)
    return parts


def _per_cent(x: Scale, top: float, bottom: float) -> list[str]:
    parts = []
    for tick in x.ticks:
        parts.append(stroke(x(tick), top, x(tick), bottom, PALE, 0.8))
        said = f"{100 * tick:g}" + (" %" if tick == x.ticks[-1] else "")
        parts.append(text(x(tick), bottom + 16, said, anchor="middle", colour="#444"))
    return parts


def _room(labels: Sequence[str]) -> float:
    return 20 + 6.6 * min(max((_wide(plain(label)) for label in labels), default=0), MOST_LABEL)


def _wide(label: str) -> int:
    """The width in Latin letters: those of East Asian width are twice as wide."""
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in label)


def fitting(label: str, room: int = MOST_LABEL) -> str:
    """As much of a label as fits."""
    label = plain(label)
    if _wide(label) <= room:
        return label
    while _wide(label) >= room:
        label = label[:-1]
    return label + "…"
