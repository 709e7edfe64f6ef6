"""The diagrams of a run: its lineage, its losses as a map, its endpoints as a forest."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from archive.page.svg import COLOURS, PALE, Scale, box, document, mark, stroke, text
from archive.replay.mixes import ALL_HUMAN

Results = dict[str, Any]


def lineage(results: Results) -> str:
    """Who learns from whom: each policy's models in a row, human text above them."""
    names, shown = list(results["measures"]), min(results["generations"], 6)
    step, left, row = 90, 190, 64
    parts: list[str] = []
    for line, name in enumerate(names):
        y = 44 + line * row
        parts.append(text(10, y + 4, name, size=12, weight="bold"))
        for generation in range(shown + 1):
            x = left + generation * step
            human = _trained_on(results, name, generation)
            if generation and human < 0.9995:
                parts.append(_arrow(x - step + 15, y, x - 15, y, COLOURS[1], 1 - human))
                said = f"{100 * (1 - human):.0f} %"
                parts.append(text(x - step / 2, y + 16, said, anchor="middle"))
            if human > 0.0005:
                parts.append(_arrow(x, y - 36, x, y - 15, COLOURS[2], human))
                said = f"{100 * human:.0f} %"
                parts.append(text(x + 6, y - 22, said, colour=COLOURS[2]))
            parts.append(mark(x, y, "#111", 4, 13))
            parts.append(text(x, y + 4, str(generation), anchor="middle"))
    y = 44 + len(names) * row
    parts.append(text(left, y, "human text", colour=COLOURS[2]))
    parts.append(text(left + 90, y, "text of the models before", colour=COLOURS[1]))
    parts.append(text(left + 270, y, "a circle is a model; the number is its generation"))
    width = left + max(shown * step + 40, 560)  # the line of words is the wider one in short runs
    return document(width, y + 14, "Lineage of the models", parts)


def share_by_generation(results: Results) -> str:
    """Loss above all_human by policy and generation, the policies in order of human share."""
    control = _losses(results, ALL_HUMAN)
    rows = sorted(results["measures"], key=lambda n: (_trained_on(results, n, -1), n))
    excess = {name: _losses(results, name) - control for name in rows}
    top = max(0.01, *(float(e.max()) for e in excess.values()))
    cell, left = 46, 250
    parts = [text(left - 62, 24, "human share", anchor="end", colour="#444")]
    for row, name in enumerate(rows):
        y = 34 + row * 26
        share = _trained_on(results, name, -1)
        parts.append(text(10, y + 17, name, size=12))
        parts.append(text(left - 62, y + 17, f"{100 * share:.0f} %", anchor="end", colour="#444"))
        for generation, value in enumerate(excess[name].tolist()):
            x = float(left - 50 + generation * cell)
            depth = min(1.0, max(0.0, value / top))
            parts.append(box(x, y, cell - 2, 24, _blue(depth)))
            colour = "#fff" if depth > 0.45 else "#111"
            parts.append(text(x + cell / 2 - 1, y + 16, f"{value:.2f}", anchor="middle",
                              colour=colour))  # fmt: skip
    bottom = 34 + len(rows) * 26
    for generation in range(results["generations"] + 1):
        centre = left - 50 + (generation + 0.5) * cell
        parts.append(text(centre, bottom + 16, str(generation), anchor="middle", colour="#444"))
    parts.append(
        text(left - 50, bottom + 34, "generation; each cell: loss above all_human, nats a token")
    )
    wide = left + max((results["generations"] + 1) * cell, 260)  # for the line of words
    return document(wide, bottom + 46, "Loss by human share and generation", parts)


def forest(results: Results) -> str:
    """Every endpoint of the verdict with its bounds, in units of its margin."""
    x = Scale(-1, 3, 230, 560)
    parts: list[str] = []
    y = 40.0
    for name, judged in results["endpoints"].items():
        parts.append(text(10, y, f"{name}: {judged['verdict']}", size=12, weight="bold"))
        y += 18
        for endpoint, held in _worst_group(judged["endpoints"]).items():
            parts.append(text(x.start - 12, y + 4, endpoint, anchor="end"))
            parts += _interval(x, y, held)
            said = f"{held['mean']:+.3f}  (margin {held['margin']:g})"
            parts.append(text(x.end + 12, y + 4, said))
            y += 16
        y += 12
    for tick in range(-1, 4):
        colour = "#111" if tick == 1 else PALE
        parts.insert(0, stroke(x(tick), 24, x(tick), y - 8, colour, 1))
        parts.append(text(x(tick), y + 8, str(tick), anchor="middle", colour="#444"))
    parts.append(text(x(1), 18, "margin", anchor="middle"))
    legend = "difference / margin, one-sided 95 % bounds; disc: within, square: beyond, ring: open"
    parts.append(text(x.start, y + 26, legend))
    return document(x.end + 170, y + 40, "Endpoints of the verdict", parts)


def _interval(x: Scale, y: float, held: dict[str, Any]) -> list[str]:
    """An endpoint's bounds and mean; an arrow where the mean lies off the scale."""
    low, mean, high = (
        (held[key] if held[key] is not None else sign * math.inf) / held["margin"]
        for key, sign in (("low", -1), ("mean", 1), ("high", 1))
    )
    shape, colour = (0, COLOURS[2]) if high < 1 else (1, COLOURS[1]) if low > 1 else (4, "#111")
    shown = [x(min(max(value, x.low), x.high)) for value in (low, mean, high)]
    line = stroke(shown[0], y, shown[2], y, colour, 2)
    if x.low <= mean <= x.high:
        return [line, mark(shown[1], y, colour, shape)]
    inward = 14 if mean < x.low else -14
    return [line, _arrow(shown[1] + inward, y, shown[1], y, colour, 0.4)]


def _trained_on(results: Results, name: str, generation: int) -> float:
    chain = results["measures"][name][0]
    return float(chain[generation]["trained_on"]["human_share"])


def _losses(results: Results, name: str) -> Any:
    chains = results["measures"][name]
    return np.array([[g["loss"] for g in chain] for chain in chains]).mean(axis=0)


def _worst_group(endpoints: dict[str, Any]) -> dict[str, Any]:
    """The endpoints with only the worst of the groups."""
    groups = {name: held for name, held in endpoints.items() if name.startswith("loss in ")}
    worst = max(groups, key=lambda name: groups[name]["mean"], default=None)
    return {name: held for name, held in endpoints.items() if name not in groups or name == worst}


def _arrow(x1: float, y1: float, x2: float, y2: float, colour: str, share: float) -> str:
    """An arrow as wide as the share it stands for."""
    length = math.hypot(x2 - x1, y2 - y1) or 1.0
    dx, dy = (x2 - x1) / length, (y2 - y1) / length
    tip = f"{x2:.1f},{y2:.1f} {x2 - 8 * dx - 4 * dy:.1f},{y2 - 8 * dy + 4 * dx:.1f}"
    tip += f" {x2 - 8 * dx + 4 * dy:.1f},{y2 - 8 * dy - 4 * dx:.1f}"
    shaft = stroke(x1, y1, x2 - 7 * dx, y2 - 7 * dy, colour, 0.8 + 4 * share)
    return f'{shaft}<polygon points="{tip}" fill="{colour}"/>'


def _blue(depth: float) -> str:
    """White to dark blue: one hue, so that depth alone tells and grey print keeps the order."""
    low, high = (0xF4, 0xF8, 0xFC), (0x08, 0x30, 0x6B)
    return "#" + "".join(
        f"{round(a + (b - a) * depth):02x}" for a, b in zip(low, high, strict=True)
    )
