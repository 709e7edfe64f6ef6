"""One HTML page of a run, complete in itself, and its figures as SVG files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from pathlib import Path
from typing import Any

import numpy as np

from archive.page.html import page, table
from archive.replay.chain import read_text
from archive.replay.corpus import Corpus
from archive.replay.figures import figures
from archive.replay.folder import Folder
from archive.replay.mixes import ALL_HUMAN, REPLACE, Mix
from archive.replay.plan import Plan, base_key, chain_keys

_MEASURES = {
    "types": ("types", "{:,.0f}"),
    "entropy": ("entropy, nats", "{:.3f}"),
    "distinct_2": ("distinct-2", "{:.3f}"),
    "distinct_3": ("distinct-3", "{:.3f}"),
    "jensen_shannon": ("JS distance", "{:.3f}"),
    "compression": ("compression", "{:.3f}"),
    "gen0_distance": ("W1 of log perplexity", "{:.3f}"),
    "gen0_beyond_human": ("beyond human 99 %", "{:.3f}"),
    "gen0_below_human": ("below human 1 %", "{:.3f}"),
}

_LIMITS = """Verdicts hold for this pipeline: this text, budget, archive, tier and decoding, and for
no more generations than were run. Validation on human text is itself a human signal. That the
originals are kept is no proof by itself (Barzilai &amp; Shamir 2025), and a bounded loss is not an
improving one. Text is taken for human because its archive says so."""


def write_report(folder: Folder) -> Path:
    """Writes report.html and figures/*.svg into a finished run; gives the page's path."""
    results, asked = folder.read("results.json"), folder.read("run.json")
    pictures = figures(results)
    (folder.path / "figures").mkdir(exist_ok=True)
    for name, (picture, _) in pictures.items():
        (folder.path / "figures" / f"{name}.svg").write_text(picture, encoding="utf-8")
    path = folder.path / "report.html"
    body = "\n".join(_sections(results, asked, pictures, _examples(folder, asked)))
    path.write_text(page("Replay: does the mix resist collapse?", body), encoding="utf-8")
    return path


def _sections(
    results: dict[str, Any],
    asked: dict[str, Any],
    pictures: dict[str, tuple[str, str]],
    examples: list[list[str]],
) -> Iterator[str]:
    yield "<h1>Does the data mix resist model collapse?</h1>"
    yield (
        f"<p>{results['generations']} generations, {results['seeds']} seeds,"
        f" {results['words']:,} words a generation, an archive of"
        f" {results['archive_words']:,} words; tier {escape(asked['plan']['tier'])};"
        f" {'step-matched' if asked['plan']['step_matched'] else 'not step-matched'};"
        f" text: {escape(asked['origin'] or 'not named')}.</p>"
    )
    yield table(
        ["policy", "verdict", "why", "loss above control", "bootstrap over documents"],
        [
            [name, held["verdict"], held["reason"], _interval(held), _bootstrap(held)]
            for name, held in results["endpoints"].items()
        ],
    )
    yield f'<p class="small">{_LIMITS}</p>'
    for name, (picture, caption) in pictures.items():
        yield f"<h2>{escape(name.replace('-', ' ').capitalize())}</h2>"
        yield f"<figure>{picture}<figcaption>{escape(caption)}</figcaption></figure>"
    yield "<h2>Measures of the last generation</h2>"
    yield _measures(results)
    yield "<h2>Which notion of collapse moved</h2>"
    yield "<p>The eight definitions of Schaeffer et al. (arXiv 2503.03150), at 95 %.</p>"
    yield _definitions(results)
    yield "<h2>The same prompt, by generation</h2>"
    yield table(["policy", "generation", "text"], examples)
    yield "<h2>The run</h2>"
    facts = {**asked["corpus"], "vocabulary": asked["vocabulary"]}
    yield table(["fact", "value"], [[key, f"{value:,}"] for key, value in facts.items()])
    yield f'<p class="small">vocabulary {escape(asked["vocabulary_digest"])}</p>'


def _measures(results: dict[str, Any]) -> str:
    """One row a policy, human text of the same length last."""
    rows = [
        [name, f"{_mean(chains, 'loss'):.3f}", f"{_mean(chains, 'bits_per_byte'):.3f}"]
        + [
            form.format(_text_mean([c[-1] for c in chains], key))
            for key, (_, form) in _MEASURES.items()
        ]
        for name, chains in results["measures"].items()
    ]
    human = [form.format(_text_mean(results["human"], key)) for key, (_, form) in _MEASURES.items()]
    rows.append(["human text", "", "", *human])
    labels = [label for label, _ in _MEASURES.values()]
    return table(["policy", "loss", "bits a byte", *labels], rows, last="human")


def _definitions(results: dict[str, Any]) -> str:
    names = list(results["endpoints"])
    said = {True: "moved", False: "–", None: "not measured"}
    definitions = results["endpoints"][names[0]]["definitions"]
    rows = [
        [key, *(said[results["endpoints"][name]["definitions"][key]] for name in names)]
        for key in definitions
    ]
    return table(["definition", *names], rows)


def _examples(folder: Folder, asked: dict[str, Any], tokens: int = 32) -> list[list[str]]:
    """What follows the first prompt of the first seed, as in the paper's Example 1."""
    plan = Plan(**asked["plan"])
    scribe = Corpus.load(folder.stage(plan.corpus)).scribe
    last = asked["config"]["generations"]
    mixes = [Mix(**held) for held in asked["mixes"]]
    shown = [mix for mix in mixes if mix.name == REPLACE]
    shown += [mix for mix in mixes if mix.name not in (REPLACE, ALL_HUMAN)][:1]
    rows = []
    for mix in shown:
        keys = [base_key(plan, 0), *chain_keys(plan, 0, mix, last)]
        for generation in sorted({0, 1, 5, last}):
            if generation <= last:
                block = read_text(folder, keys[generation])[:1, :tokens]
                rows.append([mix.name, str(generation), scribe.read(block)[0]])
    return rows


def _interval(held: dict[str, Any]) -> str:
    loss = held["endpoints"]["loss"]
    if loss["low"] is None:
        return f"{loss['mean']:+.3f}"
    return f"{loss['mean']:+.3f} [{loss['low']:+.3f}, {loss['high']:+.3f}]"


def _bootstrap(held: dict[str, Any]) -> str:
    bounds = held["loss_bootstrap"]
    return f"[{bounds[0]:+.3f}, {bounds[1]:+.3f}]" if bounds else "too few"


def _mean(chains: Sequence[Any], key: str) -> float:
    return float(np.mean([chain[-1][key] for chain in chains]))


def _text_mean(measured: Sequence[Any], key: str) -> float:
    return float(np.mean([held["text"][key] for held in measured]))
