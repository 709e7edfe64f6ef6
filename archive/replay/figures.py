"""The figures of a run, each a function from results to one SVG picture."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np

from archive.replay.measures import BINS, HISTOGRAM, bin_name
from archive.replay.mixes import ALL_HUMAN, REPLACE
from archive.replay.svg import (
    COLOURS,
    GREY,
    PALE,
    Panel,
    Scale,
    box,
    document,
    mark,
    spelt,
    stroke,
    text,
)
from archive.replay.theory import regression
from archive.replay.theory.discrete import alive, alive_at_least

Results = dict[str, Any]


def figures(results: Results) -> dict[str, tuple[str, str]]:
    """Name -> (SVG, caption), in the order of the report."""
    return {name: (draw(results), caption) for name, (draw, caption) in FIGURES.items()}


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
    return document(left + shown * step + 40, y + 14, "Lineage of the models", parts)


def perplexity_curves(results: Results) -> str:
    """The paper's Fig. 1b and 1c, right: perplexity on held-out human text by generation."""
    curves = {
        name: np.exp([[g["loss"] for g in chain] for chain in chains])
        for name, chains in results["measures"].items()
    }
    values = np.concatenate([c.ravel() for c in curves.values()])
    last = results["generations"]
    panel = Panel(
        Scale(0, last, 60, 560),
        Scale(values.min() * 0.97, values.max() * 1.03, 350, 30, log=True),
        x_label="generation",
        y_label="perplexity on held-out human text",
    )
    for i, (name, curve) in enumerate(curves.items()):
        mean, sd = curve.mean(axis=0), curve.std(axis=0)
        colour = COLOURS[i % len(COLOURS)]
        points = list(enumerate(mean.tolist()))
        panel.line(points, colour, dash="6 3" if i >= len(COLOURS) else "")
        panel.whiskers(
            [(g, m - s, m + s) for (g, m), s in zip(points, sd.tolist(), strict=True)], colour
        )
        panel.marks(points, colour, i + i // len(COLOURS))
        panel.name_line(float(mean[-1]), name, colour)
    return document(740, 400, "Perplexity by generation", [panel.render()])


def histograms(results: Results) -> str:
    """The paper's Fig. 1b and 1c, left: how probable generation 0 finds each generation's text."""
    names = _few(results)
    generations = [g for g in (0, 1, 2, 3, 5, 9) if g < results["generations"]]
    generations.append(results["generations"])
    human = _histogram([h["text"] for h in results["human"]])
    shares = {
        (name, g): _histogram([chain[g]["text"] for chain in results["measures"][name]])
        for name in names
        for g in generations
    }
    most = max(max(held) for held in [human, *shares.values()])
    width, height, top = 190.0, 52.0, 46
    parts = []
    for column, name in enumerate(names):
        x = Scale(1, 4.5, 60 + column * (width + 16), 60 + column * (width + 16) + width)
        parts.append(text(x.start, 24, name, size=12, weight="bold"))
        for row, generation in enumerate(generations):
            bottom = top + (row + 1) * height - 8
            y = Scale(0, most, bottom, bottom - height + 10)
            panel = Panel(x, y)
            panel.fill(_steps(shares[name, generation], x), COLOURS[2], 0.55)
            panel.line(_steps(human, x), "#111", width=1)
            parts += panel.drawn
            parts.append(stroke(x.start, bottom, x.end, bottom, GREY, 0.8))
            if column == 0:
                parts.append(text(52, bottom - 8, f"gen {generation}", anchor="end"))
        bottom = top + len(generations) * height - 8
        for power in (1, 2, 3, 4):
            parts.append(stroke(x(power), bottom, x(power), bottom + 4, GREY, 1))
            said = spelt(10.0**power)
            parts.append(text(x(power), bottom + 16, said, anchor="middle", colour="#444"))
    end = top + len(generations) * height + 30
    caption = "perplexity of blocks under the model of generation 0 (log scale); line: human text"
    parts.append(text(60, end, caption))
    wide = 60 + len(names) * (width + 16)
    return document(max(wide, 560), end + 14, "Perplexity of generated text", parts)


def bounded_error(results: Results) -> str:
    """Replacing adds one error a generation, accumulating at most pi^2/6 of one in all."""
    rng = np.random.default_rng(4)
    panel = Panel(
        Scale(1, 20, 60, 520),
        Scale(0.9, 25, 300, 30, log=True),
        x_label="generation",
        y_label="excess risk / risk of one fit",
    )
    bound = math.pi**2 / 6
    panel.line([(1, bound), (20, bound)], GREY, dash="2 3", width=1.2)
    laws: dict[str, Callable[[int], float]] = {
        "replace": float,
        "accumulate": regression.accumulated,
    }
    for i, (name, law) in enumerate(laws.items(), start=1):
        accumulate = name == "accumulate"
        points = [(g, float(risk.mean())) for g, risk in regression.curve(rng, accumulate, 20)]
        panel.marks(points, COLOURS[i], i)
        panel.line([(g, law(g)) for g in range(1, 21)], COLOURS[i])
        panel.name_line(points[-1][1] * (0.95 if accumulate else 1), name, COLOURS[i])
    panel.name_line(bound * 1.08, "π²/6", "#444")
    return document(640, 350, "Linear regression on its own predictions", [panel.render()])


def survival_curves(results: Results) -> str:
    """Words of generation 0 that a generation still writes, by how often it had them."""
    names, bins = _few(results), BINS[:4]
    last, parts = results["generations"], []
    for column, name in enumerate(names):
        left = 60 + column * 212
        panel = Panel(
            Scale(0, last, left, left + 165),
            Scale(0, 1, 290, 40),
            title=name,
            x_label="generation",
            y_label="share of words still written" if column == 0 else "",
        )
        for i, (least, most) in enumerate(bins):
            key, colour = bin_name(least, most), COLOURS[i]
            chains = results["measures"][name]
            means = [
                _mean([c[g]["text"]["survival"][key] for c in chains]) for g in range(last + 1)
            ]
            if name == REPLACE and least == most:
                panel.line([(g, alive(least, g + 1)) for g in range(last + 1)], colour, dash="5 3",
                           width=1.1)  # fmt: skip
                panel.line([(g, alive_at_least(least, g + 1)) for g in range(last + 1)], colour,
                           dash="1 3", width=1.1)  # fmt: skip
            panel.marks(list(enumerate(means)), colour, i, 3)
            panel.line(list(enumerate(means)), colour, width=1)
            human = _mean([h["text"]["survival"][key] for h in results["human"]])
            y = panel.y(human)
            panel.drawn.append(stroke(panel.x.end - 2, y, panel.x.end + 7, y, colour, 3))
            if column == len(names) - 1:
                panel.name_line(means[-1], f"seen {key.replace('-', '–')}×", colour)
        parts.append(panel.render())
    said = "bar at the right: human text of the same length"
    if REPLACE in names:
        said += "; dashed: Poisson branching; dotted: lower bound of Suresh et al."
    parts.append(text(60, 345, said))
    return document(60 + 212 * len(names) + 50, 360, "Survival of words", parts)


def rank_frequency(results: Results) -> str:
    """How often the n-th most frequent word is written in the last generation."""
    curves = {"human": results["human"][0]["text"]["rank_frequency"]}
    for name in _few(results):
        curves[name] = results["measures"][name][0][-1]["text"]["rank_frequency"]
    top = max(points[0][1] for points in curves.values())
    panel = Panel(
        Scale(1, 2 ** math.ceil(math.log2(max(p[-1][0] for p in curves.values()))), 70, 540, True),
        Scale(0.8, top * 1.3, 330, 30, log=True),
        x_label="rank of the word",
        y_label="times written",
    )
    ends = []
    for i, (name, points) in enumerate(curves.items()):
        colour = COLOURS[i]
        held = [(float(a), float(b)) for a, b in points]
        panel.line(held, colour, dash="5 3" if i == 0 else "")
        panel.marks(held[i::3], colour, i, 3)
        ends.append((name, colour, i))
    for i, (name, colour, shape) in enumerate(ends):
        y = 50 + 16 * i
        panel.drawn.append(mark(430, y - 4, colour, shape))
        panel.drawn.append(text(442, y, name, colour=colour))
    return document(600, 380, "Rank and frequency of words", [panel.render()])


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
    wide = left + (results["generations"] + 1) * cell
    return document(wide, bottom + 46, "Loss by human share and generation", parts)


def forest(results: Results) -> str:
    """Every endpoint of the verdict with its bounds, in units of its margin."""
    reach, left, y = 3.0, 230.0, 40.0
    parts: list[str] = []
    x = Scale(-1, reach, left, left + 330)
    for name, judged in results["endpoints"].items():
        parts.append(text(10, y, f"{name}: {judged['verdict']}", size=12, weight="bold"))
        y += 18
        for endpoint, held in _worst_group(judged["endpoints"]).items():
            margin = held["margin"]
            low, mean, high = (
                (held[key] if held[key] is not None else math.copysign(math.inf, sign)) / margin
                for key, sign in (("low", -1), ("mean", 1), ("high", 1))
            )
            shape, colour = (
                (0, COLOURS[2]) if high < 1 else (1, COLOURS[1]) if low > 1 else (4, "#111")
            )
            clipped = [min(max(v, -1), reach) for v in (low, mean, high)]
            parts.append(text(left - 12, y + 4, endpoint, anchor="end"))
            parts.append(stroke(x(clipped[0]), y, x(clipped[2]), y, colour, 2))
            if mean > reach or mean < -1:
                end, inward = (x(reach), -14) if mean > reach else (x(-1), 14)
                parts.append(_arrow(end + inward, y, end, y, colour, 0.4))
            else:
                parts.append(mark(x(clipped[1]), y, colour, shape))
            said = f"{held['mean']:+.3f}  (margin {margin:g})"
            parts.append(text(x.end + 12, y + 4, said))
            y += 16
        y += 12
    for tick in (-1, 0, 1, 2, 3):
        colour = "#111" if tick == 1 else PALE
        parts.insert(0, stroke(x(tick), 24, x(tick), y - 8, colour, 1))
        parts.append(text(x(tick), y + 8, str(tick), anchor="middle", colour="#444"))
    parts.append(text(x(1), 18, "margin", anchor="middle"))
    parts.append(text(left, y + 26, "difference / margin, one-sided 95 % bounds;"
                      " disc: within, square: beyond, ring: open"))  # fmt: skip
    return document(left + 330 + 170, y + 40, "Endpoints of the verdict", parts)


_Draw = Callable[[Results], str]
FIGURES: Final[dict[str, tuple[_Draw, str]]] = {
    "lineage": (lineage, "What each generation learnt from, as this run recorded it."),
    "forest": (forest, "The verdict's endpoints. All must lie left of the margin to resist."),
    "perplexity": (perplexity_curves, "Mean and standard deviation over seeds."),
    "histograms": (
        histograms,
        "Mass that moves left: text that repeats what is probable. Mass beyond the line at the"
        " right: text that people would not write.",
    ),
    "survival": (survival_curves, "The tail goes first: words by their count in generation 0."),
    "rank-frequency": (rank_frequency, "The end of the curve is the number of different words."),
    "share-by-generation": (share_by_generation, "The human share is that of the last training."),
    "bounded-error": (
        bounded_error,
        "Marks: simulated; lines: formulas (Gerstgrasser et al. 2024). Not from this run's text.",
    ),
}


def _few(results: Results, most: int = 4) -> list[str]:
    """The policies of the crowded figures: replace, what was tested, and all_human if it fits."""
    names = [name for name in results["measures"] if name not in (REPLACE, ALL_HUMAN)]
    return [REPLACE, *names[: most - 1], *([ALL_HUMAN] if len(names) < most - 1 else [])]


def _trained_on(results: Results, name: str, generation: int) -> float:
    chain = results["measures"][name][0]
    return float(chain[generation]["trained_on"]["human_share"])


def _losses(results: Results, name: str) -> Any:
    chains = results["measures"][name]
    return np.array([[g["loss"] for g in chain] for chain in chains]).mean(axis=0)


def _mean(values: Sequence[float | None]) -> float:
    return float(np.mean([value or 0.0 for value in values]))


def _histogram(texts: Sequence[dict[str, Any]]) -> list[float]:
    counts = np.array([held["gen0_histogram"] for held in texts]).sum(axis=0)
    shares: list[float] = (counts / max(1, counts.sum())).tolist()
    return shares


def _steps(shares: Sequence[float], x: Scale) -> list[tuple[float, float]]:
    """The outline of a histogram between the ends of a scale, closed at the bottom."""
    points = [(x.low, 0.0)]
    for low, high, share in zip(HISTOGRAM[:-1], HISTOGRAM[1:], shares, strict=True):
        if low >= x.low - 1e-9 and high <= x.high + 1e-9:
            points += [(float(low), share), (float(high), share)]
    return [*points, (x.high, 0.0)]


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
