"""The figures of a run, each a function from results to one SVG picture."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np

from archive.page.svg import (
    COLOURS,
    GREY,
    Panel,
    Scale,
    document,
    mark,
    spelt,
    stroke,
    text,
)
from archive.replay.diagrams import Results, forest, lineage, share_by_generation
from archive.replay.measures import BINS, HISTOGRAM, bin_name
from archive.replay.mixes import ALL_HUMAN, REPLACE
from archive.replay.theory import regression
from archive.replay.theory.discrete import alive, alive_at_least


def figures(results: Results) -> dict[str, tuple[str, str]]:
    """Name -> (SVG, caption), in the order of the report."""
    return {name: (draw(results), caption) for name, (draw, caption) in FIGURES.items()}


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
