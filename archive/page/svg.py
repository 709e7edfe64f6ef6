"""Small functions that write SVG: scales, panels, lines, marks, labels that keep apart.

Colours are those of Okabe & Ito (2008), told apart with any colour vision; every line also has a
mark of its own and its name at its end, so that print in grey loses nothing.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Final

COLOURS: Final = ("#000000", "#D55E00", "#0072B2", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
GREY: Final = "#767676"
PALE: Final = "#d9d9d9"

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Scale:
    """From values to pixels, linear or logarithmic."""

    low: float
    high: float
    start: float
    end: float
    log: bool = False

    def __call__(self, value: float) -> float:
        at = (self._turn(value) - self._turn(self.low)) / (
            self._turn(self.high) - self._turn(self.low) or 1.0
        )
        return self.start + at * (self.end - self.start)

    def _turn(self, value: float) -> float:
        return math.log10(value) if self.log else value

    @property
    def ticks(self) -> list[float]:
        return _decades(self.low, self.high) if self.log else _round_steps(self.low, self.high)


@dataclass(slots=True)
class Panel:
    """One pair of axes; what is drawn is kept as SVG."""

    x: Scale
    y: Scale
    title: str = ""
    x_label: str = ""
    y_label: str = ""
    drawn: list[str] = field(default_factory=list)
    _labels: list[tuple[float, str, str]] = field(default_factory=list)

    def line(
        self, points: Sequence[Point], colour: str, *, dash: str = "", width: float = 1.8
    ) -> None:
        path = " ".join(f"{self.x(a):.1f},{self.y(b):.1f}" for a, b in points)
        dashed = f' stroke-dasharray="{dash}"' if dash else ""
        self.drawn.append(
            f'<polyline points="{path}" fill="none" stroke="{colour}"'
            f' stroke-width="{width}"{dashed}/>'
        )

    def marks(self, points: Sequence[Point], colour: str, shape: int, size: float = 4) -> None:
        self.drawn += [mark(self.x(a), self.y(b), colour, shape, size) for a, b in points]

    def whiskers(self, points: Sequence[tuple[float, float, float]], colour: str) -> None:
        """A vertical line from low to high at each (x, low, high)."""
        for at, low, high in points:
            x = self.x(at)
            self.drawn.append(stroke(x, self.y(low), x, self.y(high), colour, 1))

    def fill(self, points: Sequence[Point], colour: str, opacity: float) -> None:
        path = " ".join(f"{self.x(a):.1f},{self.y(b):.1f}" for a, b in points)
        self.drawn.append(f'<polygon points="{path}" fill="{colour}" fill-opacity="{opacity}"/>')

    def name_line(self, at: float, name: str, colour: str) -> None:
        """A label at the right end of a line; labels are moved apart when drawn."""
        self._labels.append((self.y(at), name, colour))

    def render(self) -> str:
        x, y = self.x, self.y
        left, right, bottom, top = x.start, x.end, y.start, y.end
        parts = [text(left, top - 8, self.title, size=12, weight="bold")]
        for tick in y.ticks:
            at = y(tick)
            parts.append(stroke(left, at, right, at, PALE, 0.6))
            parts.append(text(left - 6, at + 4, spelt(tick), anchor="end", colour="#444"))
        for tick in x.ticks:
            at = x(tick)
            parts.append(stroke(at, bottom, at, bottom + 4, GREY, 1))
            parts.append(text(at, bottom + 16, spelt(tick), anchor="middle", colour="#444"))
        parts.append(stroke(left, bottom, right, bottom, GREY, 1))
        parts.append(text((left + right) / 2, bottom + 32, self.x_label, anchor="middle"))
        middle = (top + bottom) / 2
        if self.y_label:
            turned = f'<g transform="translate({left - 44:.1f},{middle:.1f}) rotate(-90)">'
            parts.append(turned + text(0, 0, self.y_label, anchor="middle") + "</g>")
        for at, name, colour in _apart(self._labels, 14):
            parts.append(text(right + 8, at + 4, name, colour=colour))
        return "\n".join([*parts, *self.drawn])


def document(width: float, height: float, title: str, parts: Sequence[str]) -> str:
    """A whole SVG picture with a white ground and a title for readers who cannot see it."""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}"'
        f' width="{width:g}" height="{height:g}" role="img"'
        f' font-family="system-ui, Helvetica, Arial, sans-serif" font-size="11">\n'
        f"<title>{escape(title)}</title>\n"
        f'<rect width="{width:g}" height="{height:g}" fill="#ffffff"/>\n'
        + "\n".join(parts)
        + "\n</svg>\n"
    )


def text(
    x: float,
    y: float,
    value: str,
    *,
    anchor: str = "start",
    colour: str = "#111",
    size: float = 11,
    weight: str = "normal",
) -> str:
    if not value:
        return ""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}"'
        f' font-size="{size:g}" font-weight="{weight}">{escape(value)}</text>'
    )


def stroke(x1: float, y1: float, x2: float, y2: float, colour: str, width: float) -> str:
    return (
        f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"'
        f' stroke="{colour}" stroke-width="{width:g}"/>'
    )


def box(x: float, y: float, width: float, height: float, colour: str, edge: str = "none") -> str:
    return (
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}"'
        f' fill="{colour}" stroke="{edge}"/>'
    )


def mark(x: float, y: float, colour: str, shape: int, size: float = 4) -> str:
    """One of seven shapes: disc, square, triangle, diamond, ring, cross, open square."""
    s = size
    if shape % 7 in (0, 4):
        fill = colour if shape % 7 == 0 else "#ffffff"
        return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{s}" fill="{fill}" stroke="{colour}"/>'
    if shape % 7 == 5:
        return stroke(x - s, y - s, x + s, y + s, colour, 1.8) + stroke(
            x - s, y + s, x + s, y - s, colour, 1.8
        )
    corners = {
        1: [(-s, -s), (s, -s), (s, s), (-s, s)],
        2: [(0, -s * 1.2), (s * 1.1, s * 0.9), (-s * 1.1, s * 0.9)],
        3: [(0, -s * 1.3), (s * 1.3, 0), (0, s * 1.3), (-s * 1.3, 0)],
        6: [(-s, -s), (s, -s), (s, s), (-s, s)],
    }[shape % 7]
    path = " ".join(f"{x + a:.1f},{y + b:.1f}" for a, b in corners)
    fill = "#ffffff" if shape % 7 == 6 else colour
    return f'<polygon points="{path}" fill="{fill}" stroke="{colour}"/>'


def spelt(value: float) -> str:
    """A tick's number: no more digits than it needs."""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.6g}"


def _round_steps(low: float, high: float, about: int = 5) -> list[float]:
    rough = (high - low or 1.0) / about
    power = 10 ** math.floor(math.log10(rough))
    step = next(m * power for m in (1, 2, 2.5, 5, 10) if m * power >= rough * 0.999)
    first = math.ceil(low / step - 1e-9)
    return [round(i * step, 12) for i in range(first, math.floor(high / step + 1e-9) + 1)]


def _decades(low: float, high: float) -> list[float]:
    """Powers of ten; where fewer than three fit, also their doubles and fives."""
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    for multiples in ((1,), (1, 2, 5), (1, 1.5, 2, 3, 5, 7)):
        found = [m * 10.0**e for e in range(first, last + 1) for m in multiples]
        found = [tick for tick in found if low * 0.999 <= tick <= high * 1.001]
        if len(found) >= 3:
            break
    return found


def _apart(labels: list[tuple[float, str, str]], distance: float) -> list[tuple[float, str, str]]:
    """Labels in their order from top to bottom, none nearer to another than `distance`."""
    ordered = sorted(labels)
    places = [at for at, _, _ in ordered]
    for _ in range(200):
        moved = False
        for i in range(len(places) - 1):
            lacking = distance - (places[i + 1] - places[i])
            if lacking > 0.01:
                places[i] -= lacking / 2
                places[i + 1] += lacking / 2
                moved = True
        if not moved:
            break
    return [(at, name, colour) for at, (_, name, colour) in zip(places, ordered, strict=True)]
