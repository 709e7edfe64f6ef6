"""The sections of a report, in their order, as HTML."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from archive.page.html import html, table
from archive.report import charts
from archive.report.collect import Answer, Collected
from archive.report.survival import survivors

STYLE: Final = """
svg { max-width: 100%; height: auto; }
h1 { margin-bottom: .2rem; } h3 { margin: 1.6rem 0 .2rem; }
nav a { margin-right: 1rem; white-space: nowrap; }
code, pre { font: 12px/1.45 ui-monospace, Menlo, Consolas, monospace; overflow-wrap: anywhere; }
pre { background: #f5f5f5; padding: .6rem .8rem; white-space: pre-wrap; }
td { overflow-wrap: anywhere; min-width: 5.5rem; } td.n { white-space: nowrap; min-width: 0; }
th { white-space: nowrap; }
details { margin: .2rem 0 1rem; font-size: 13px; } summary { cursor: pointer; color: #0057a0; }
.facts { display: flex; flex-wrap: wrap; gap: .4rem 2.2rem; margin: 1.2rem 0; }
.facts div { font-size: 13px; color: #444; }
.facts b { display: block; font-size: 22px; color: #111; font-variant-numeric: tabular-nums; }
.lacks { border-left: 4px solid #E69F00; padding: .3rem .8rem; background: #fff8e6; }
ul.warnings li { margin: .2rem 0; } ul.warnings { padding-left: 1.2rem; font-size: 14px; }
@media print { body { max-width: none; margin: 0; font-size: 11pt; } nav { display: none; }
  figure, tr { break-inside: avoid; } h2, h3 { break-after: avoid; } summary { color: #444; } }
"""

TITLES: Final = {
    "contents": "What is in it",
    "outcomes": "Outcomes",
    "dates": "Dates and grades",
    "languages": "Languages",
    "scripts": "Scripts",
    "hosts": "Hosts",
    "lengths": "Lengths",
    "duplicates": "Duplicates",
    "survival": "Who survives a cut",
}

TILES: Final = ("documents", "characters", "hosts", "domains", "first_capture", "last_capture")
MOST: Final = 25
"""Bars of a chart; its table has every row."""

# Light to dark, but for the hatched one: prints in grey as it shows in colour.
GRADES: Final = {
    "attested": "#000000",
    "consistent": "#0072B2",
    "claimed": "#8CCBF0",
    "contradicted": charts.HATCH,
}


def body(found: Collected) -> str:
    """All of the page's body."""
    parts = [_head(found), "<nav>", *(f'<a href="#{k}">{t}</a>' for k, t in TITLES.items())]
    parts.append("</nav>")
    drawn = {
        "contents": _contents(found),
        "outcomes": _outcomes(found),
        "dates": _dates(found),
        "languages": _languages(found),
        "scripts": _scripts(found),
        "hosts": _hosts(found),
        "lengths": _lengths(found),
        "duplicates": _duplicates(found),
        "survival": survivors(found),
    }
    for key, title in TITLES.items():
        parts += [f'<section id="{key}"><h2>{title}</h2>', *drawn[key], "</section>"]
    return "\n".join(parts)


def _head(found: Collected) -> str:
    held = found.manifest
    return (
        f"<h1>Snapshot {html(found.reference)}</h1>\n"
        f'<p class="small">content root <code>{held.content_root}</code><br>'
        f"made {html(held.created)}. Every count is an answer of the SQL beside it, which"
        f" <code>lowbg sql {html(found.reference)} …</code> gives again; shares and intervals of"
        " the last section are computed from such counts, as its notes say.</p>"
    )


def _contents(found: Collected) -> Iterator[str]:
    contents, inputs = found.answers["contents"], found.answers["inputs_all"]
    said = {**contents.records()[0], **inputs.records()[0]}
    yield '<div class="facts">'
    for name in (*TILES, "records", "inputs", "bytes"):
        yield f"<div><b>{_cell(said[name])}</b>{name.replace('_', ' ')}</div>"
    yield "</div>"
    yield _numbers("contents", contents, summary="SQL of these numbers")
    yield "<h3>Inputs</h3>"
    if said["bytes"] == said["accounted"]:
        yield "<p>Every byte of every input is accounted for in the ledger.</p>"
    yield _table("inputs", found.answers["inputs"])
    yield _more(len(found.answers["inputs"].rows), said["inputs"], "inputs, by size")
    yield _sql(found.answers["inputs"])
    yield _numbers("inputs_all", inputs, summary="All inputs: numbers and SQL")
    yield "<h3>Recipe</h3>"
    yield "<p>What decided the content, as recorded in the manifest.</p>"
    facts = {k: v for k, v in found.manifest.recipe.items() if k != "limits"}
    yield table(["recipe", "value"], _recipe(facts))
    limits = _recipe(found.manifest.recipe.get("limits", {}))
    yield f"<details><summary>Limits</summary>{table(['limit', 'value'], limits)}</details>"


def _recipe(facts: dict[str, Any]) -> list[list[str]]:
    rows = []
    for key, value in sorted(facts.items()):
        if isinstance(value, dict):
            rows += [[f"{key}: {name}", _cell(held)] for name, held in sorted(value.items())]
        else:
            rows.append([key, _cell(value)])
    return rows


def _outcomes(found: Collected) -> Iterator[str]:
    answer = found.answers["outcomes"]
    yield (
        "<p>What became of each record; none is left out. Bytes that hold no record, such as"
        " those between records, are in the ledger too and not counted here.</p>"
    )
    yield _bars("Records by outcome", answer, "outcome", "records")
    yield _numbers("outcomes", answer)
    yield "<h3>Reasons</h3>"
    yield _table("reasons", found.answers["reasons"])
    yield _sql(found.answers["reasons"])


def _dates(found: Collected) -> Iterator[str]:
    years = found.answers["years"]
    before = html(_text(found.manifest.recipe.get("before", "")))
    yield (
        "<p>Year of capture, by how well the date is supported: attested by a publisher's digest"
        " list; consistent with a verified digest and other dates; claimed by the capture alone;"
        f" contradicted by another clock. Taken: captures before {before}.</p>"
    )
    series = [(grade, fill, years.column(grade)) for grade, fill in GRADES.items()]
    drawn = charts.stacked("Documents by year and grade", years.column("year"), series, "documents")
    yield _figure(drawn, years)
    yield _numbers("years", years)
    yield _table("grades", found.answers["grades"])
    yield _sql(found.answers["grades"])
    yield "<h3>Evidence</h3>"
    yield _table("grade_reasons", found.answers["grade_reasons"])
    yield _sql(found.answers["grade_reasons"])


def _languages(found: Collected) -> Iterator[str]:
    if "signals" in found.lacking:
        yield lacks("signals", found.lacking["signals"])
        return
    answer = found.answers["languages"]
    yield (
        f"<p>{len(answer.rows):,} told apart by a model, from the beginning of each text;"
        " und: no model knows it.</p>"
    )
    yield _bars("Documents by language", answer, "language", "documents")
    yield _numbers("languages", answer)
    yield _table("language_by", found.answers["language_by"])
    yield _sql(found.answers["language_by"])


def _scripts(found: Collected) -> Iterator[str]:
    if "signals" in found.lacking:
        yield lacks("signals", found.lacking["signals"])
        return
    answer = found.answers["scripts"]
    yield "<p>Of most characters of each text, by ISO 15924 code.</p>"
    yield _bars("Documents by script", answer, "script", "documents")
    yield _numbers("scripts", answer)


def _hosts(found: Collected) -> Iterator[str]:
    answer = found.answers["hosts"]
    yield _bars("Documents of the largest hosts", answer, "host", "documents")
    hosts = found.answers["contents"].records()[0]["hosts"]
    yield _more(len(answer.rows), hosts, "hosts, by documents")
    yield _numbers("hosts", answer)
    yield "<h3>How many documents a host has</h3>"
    yield _table("host_sizes", found.answers["host_sizes"])
    yield _sql(found.answers["host_sizes"])


def _lengths(found: Collected) -> Iterator[str]:
    answer = found.answers["lengths"]
    rows = [(int(low), high, int(n)) for low, high, n in answer.rows]
    yield _figure(
        charts.spread("Documents by length", rows, "characters of the text (log scale)"), answer
    )
    yield _numbers("lengths", answer)
    yield _table("length_quantiles", found.answers["length_quantiles"])
    yield _sql(found.answers["length_quantiles"])


def _duplicates(found: Collected) -> Iterator[str]:
    if "duplicates" in found.lacking:
        yield lacks("duplicates", found.lacking["duplicates"])
        return
    yield (
        "<p>A cluster is of captures with one text, or nearly one (Jaccard of word 5-grams); the"
        " earliest is first, the others are its copies.</p>"
    )
    yield _table("duplicates", found.answers["duplicates"])
    yield _sql(found.answers["duplicates"])
    if not found.answers["clusters"].rows:
        return
    yield "<h3>Documents in a cluster</h3>"
    yield _bars("Clusters by size", found.answers["cluster_sizes"], "documents_each", "clusters")
    yield _numbers("cluster_sizes", found.answers["cluster_sizes"])
    if found.answers["similarity"].rows:
        yield "<h3>Similarity of near copies with the first, at least</h3>"
        yield _bars("Near copies by similarity", found.answers["similarity"], "at_least",
                    "near_copies")  # fmt: skip
        yield _numbers("similarity", found.answers["similarity"])
    yield "<h3>The largest clusters</h3>"
    yield _table("clusters", found.answers["clusters"])
    yield _sql(found.answers["clusters"])


def lacks(what: str, step: str) -> str:
    """What stands where a section cannot: what it needs."""
    return (
        f'<p class="lacks">This snapshot has no {html(what)}, which this section needs:'
        f" <code>{html(step)}</code> computes them.</p>"
    )


def _figure(drawn: str, answer: Answer) -> str:
    return f"<figure>{drawn}</figure>" if answer.rows else "<p>None.</p>"


def _bars(title: str, answer: Answer, label: str, count: str) -> str:
    labels = [_text(value) for value in answer.column(label)]
    rows = list(zip(labels, map(int, answer.column(count)), strict=True))
    unit = count.replace("_", " ")
    drawn = charts.bars(title, rows[:MOST], unit)
    more = _more(MOST, len(rows), "drawn; all are in the numbers")
    return _figure(drawn, answer) + more


def _table(name: str, answer: Answer) -> str:
    header = [column.replace("_", " ") for column in answer.columns]
    rows = [[_cell(value) for value in row] for row in answer.rows]
    return f'<div id="t-{name}">{table(header, rows)}</div>' if rows else "<p>None.</p>"


def _numbers(name: str, answer: Answer, summary: str = "Numbers and SQL") -> str:
    return (
        f"<details><summary>{summary}</summary>{_table(name, answer)}{_pre(answer.sql)}</details>"
    )


def _sql(answer: Answer) -> str:
    return f"<details><summary>SQL</summary>{_pre(answer.sql)}</details>"


def _pre(sql: str) -> str:
    return f"<pre>{html(sql)}</pre>"


def _more(shown: int, whole: int, what: str) -> str:
    return f'<p class="small">{shown:,} of {whole:,} {what}.</p>' if shown < whole else ""


def _cell(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, bool) or not isinstance(value, int | float):
        return _text(value)
    return f"{value:,}" if isinstance(value, int) else f"{value:,.2f}"


def _text(value: Any, most: int = 120) -> str:
    said = str(value)
    return said if len(said) <= most else said[:most] + "…"
