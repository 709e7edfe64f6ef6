"""The four charts of a report, each from plain rows to one SVG picture.

Nothing is told by colour alone: bars stand beside their numbers, stacked parts differ in lightness
and one is hatched, and what a cut hurts has a mark and a sign of its own.
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from archive.page.html import plain
from archive.page.svg import GREY, PALE, Scale, box, document, mark, spelt, stroke, text

BLUE: Final = "#0072B2"
RED: Final = "#D55E00"
WIDTH: Final = 940.0
LABEL: Final = 280.0
ROW: Final = 18.0
ACROSS: Final = 4
"""Panels side by side."""

HATCH: Final = "url(#hatch)"
_HATCH: Final = (
    '<defs><pattern id="hatch" width="6" height="6" patternUnits="userSpaceOnUse"'
    ' patternTransform="rotate(45)"><rect width="6" height="6" fill="#ffffff"/>'
    f'<rect width="3" height="6" fill="{RED}"/></pattern></defs>'
)


@dataclass(frozen=True, slots=True)
class Dot:
    """A share with its interval; `far` where it is warned of."""

    share: float
    low: float
    high: float
    far: bool


@dataclass(frozen=True, slots=True)
class Column:
    """One panel of `survival`: a cut, its share of everything, its dot in each row, if any."""

    name: str
    overall: float
    dots: tuple[Dot | None, ...]


def bars(title: str, rows: Sequence[tuple[str, int]], unit: str) -> str:
    """A bar for each row, its number at its end."""
    most = max((value for _, value in rows), default=0)
    start = _room([label for label, _ in rows])
    scale = Scale(0, most or 1, start, WIDTH - 110)
    parts = []
    for i, (label, value) in enumerate(rows):
        top = 8 + i * ROW
        parts.append(_label(label, start, top + 12))
        parts.append(box(start, top, scale(value) - start, ROW - 4, BLUE))
        parts.append(text(scale(value) + 6, top + 12, f"{value:,}", colour="#333"))
    bottom = 8 + len(rows) * ROW
    parts.append(stroke(start, 4, start, bottom, GREY, 1))
    parts.append(text(start, bottom + 14, unit, colour="#444"))
    return document(WIDTH, bottom + 22, title, parts)


def stacked(
    title: str, years: Sequence[int], series: Sequence[tuple[str, str, Sequence[int]]], unit: str
) -> str:
    """Columns by year, every year between the first and the last; series: name, fill, counts."""
    at = {year: i for i, year in enumerate(years)}
    every = range(min(years), max(years) + 1) if years else range(0)
    totals = [sum(counts[i] for _, _, counts in series) for i in range(len(years))]
    x0, x1, bottom, top = 60.0, WIDTH - 20, 250.0, 44.0
    y = Scale(0, max(totals, default=0) or 1, bottom, top)
    step = min((x1 - x0) / max(len(every), 1), 64.0)
    parts = [_HATCH, *_grid(y, x0, x1)]
    for i, year in enumerate(every):
        left, height = x0 + i * step + step * 0.12, 0
        for _, fill, counts in series:
            count = counts[at[year]] if year in at else 0
            if count:
                high, low = y(height + count), y(height)
                parts.append(box(left, high, step * 0.76, low - high, fill, "#ffffff"))
                height += count
        if i % math.ceil(36 / step) == 0:
            middle = left + step * 0.38
            parts.append(text(middle, bottom + 16, str(year), anchor="middle", colour="#444"))
    parts.append(stroke(x0, bottom, x1, bottom, GREY, 1))
    parts += _legend([(name, fill) for name, fill, _ in series], x0)
    parts.append(text(x1, 20, unit, anchor="end", colour="#444"))
    return document(WIDTH, bottom + 26, title, parts)


def spread(title: str, rows: Sequence[tuple[int, int | None, int]], x_label: str) -> str:
    """A histogram over a logarithmic axis: (at least, below, count); 0 stands at the left of it."""
    held = [(max(low, 0.5), high or low * 2 or 1, n) for low, high, n in rows]
    bottom, top, x0, x1 = 230.0, 24.0, 60.0, WIDTH - 20
    first = min((low for low, _, _ in held), default=1)
    x = Scale(first, max((high for _, high, _ in held), default=10), x0, x1, log=True)
    y = Scale(0, max((n for _, _, n in held), default=0) or 1, bottom, top)
    parts = _grid(y, x0, x1)
    for low, high, n in held:
        left, right = x(low), x(high)
        parts.append(box(left, y(n), right - left, bottom - y(n), BLUE, "#ffffff"))
    for tick in (tick for tick in x.ticks if tick >= 1):
        at = x(tick)
        parts.append(stroke(at, bottom, at, bottom + 4, GREY, 1))
        parts.append(text(at, bottom + 16, spelt(tick), anchor="middle", colour="#444"))
    if first < 1:
        parts.append(text(x0, bottom + 16, "0", anchor="middle", colour="#444"))
    parts.append(stroke(x0, bottom, x1, bottom, GREY, 1))
    parts.append(text((x0 + x1) / 2, bottom + 34, x_label, anchor="middle"))
    parts.append(text(x0, 14, "documents", colour="#444"))
    return document(WIDTH, bottom + 42, title, parts)


def survival(title: str, labels: Sequence[str], columns: Sequence[Column]) -> str:
    """A panel for each cut over the same rows: what it keeps of each, and its interval."""
    parts: list[str] = []
    height = len(labels) * ROW + 62
    start = _room(labels)
    tiers = [columns[i : i + ACROSS] for i in range(0, len(columns), ACROSS)]
    for t, tier in enumerate(tiers):
        top = t * height + 30
        parts += [_label(label, start, top + i * ROW + 13) for i, label in enumerate(labels)]
        width = (WIDTH - start - 16) / max(len(tiers[0]), 2)
        for i, column in enumerate(tier):
            left = start + 12 + i * width
            parts += _panel(column, Scale(0, 1, left, left + width - 34), top, len(labels))
    return document(WIDTH, len(tiers) * height, title, parts)


def _panel(column: Column, x: Scale, top: float, rows: int) -> list[str]:
    bottom = top + rows * ROW
    parts = [text(x.start, top - 12, fitting(column.name, 22), size=12, weight="bold")]
    for tick, said, anchor in ((0, "0", "start"), (0.5, "50", "middle"), (1, "100 %", "end")):
        parts.append(stroke(x(tick), top, x(tick), bottom, PALE, 0.8))
        parts.append(text(x(tick), bottom + 14, said, anchor=anchor, colour="#444"))
    whole = x(column.overall)
    parts.append(
        f'<line x1="{whole:.1f}" y1="{top - 4:.1f}" x2="{whole:.1f}" y2="{bottom:.1f}"'
        f' stroke="#111" stroke-width="1.2" stroke-dasharray="4 3"/>'
    )
    for i, dot in enumerate(column.dots):
        at = top + i * ROW + 9
        if dot is None:
            continue
        colour = RED if dot.far else BLUE
        parts.append(stroke(x(dot.low), at, x(dot.high), at, colour, 1.6))
        parts.append(mark(x(dot.share), at, colour, 3 if dot.far else 0))
        if dot.far:
            parts.append(
                text(
                    max(x(dot.high), x(dot.share) + 4) + 4,
                    at + 5,
                    "!",
                    colour=RED,
                    size=14,
                    weight="bold",
                )
            )
    return parts


def _grid(y: Scale, x0: float, x1: float) -> list[str]:
    """Lines at round numbers; counts are whole, so no line stands between two of them."""
    parts = []
    for tick in (tick for tick in y.ticks if tick == int(tick)):
        parts.append(stroke(x0, y(tick), x1, y(tick), PALE, 0.6))
        parts.append(text(x0 - 6, y(tick) + 4, spelt(tick), anchor="end", colour="#444"))
    return parts


def _legend(entries: Sequence[tuple[str, str]], x: float) -> list[str]:
    parts = []
    for name, fill in entries:
        parts.append(box(x, 10, 14, 12, fill, GREY))
        parts.append(text(x + 20, 20, name))
        x += 40 + 7 * len(name)
    return parts


def _room(labels: Sequence[str]) -> float:
    """Pixels that the longest label takes at the left, and no more than LABEL."""
    return min(14 + 6.6 * max((_wide(plain(label)) for label in labels), default=0), LABEL)


def _label(label: str, end: float, y: float) -> str:
    return text(end - 8, y, fitting(label, 40), anchor="end")


def _wide(label: str) -> int:
    """The width of a label in Latin letters: those of East Asian width are twice as wide."""
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in label)


def fitting(label: str, room: int) -> str:
    """As much of a label as fits."""
    label = plain(label)
    if _wide(label) <= room:
        return label
    while _wide(label) >= room:
        label = label[: min(len(label) - 1, room)]
    return label + "…"
