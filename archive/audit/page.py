"""An audit's result as one HTML page, complete in itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from archive.audit import charts
from archive.audit.result import write_whole
from archive.page.html import html, page, table

STYLE: Final = """
svg { max-width: 100%; height: auto; }
code { font: 12px/1.45 ui-monospace, Menlo, Consolas, monospace; overflow-wrap: anywhere; }
.facts { display: flex; flex-wrap: wrap; gap: .6rem 2.4rem; margin: 1.2rem 0; }
.facts div { font-size: 13px; color: #444; max-width: 12.5rem; }
.facts b { display: block; font-size: 24px; color: #111; font-variant-numeric: tabular-nums; }
.says { border-left: 4px solid #E69F00; padding: .3rem .8rem; background: #fff8e6; }
td { overflow-wrap: anywhere; min-width: 6.5rem; } td.n { white-space: nowrap; }
@media print { body { max-width: none; margin: 0; font-size: 11pt; }
  figure, tr { break-inside: avoid; } h2 { break-after: avoid; } }
"""

MOST_ROWS: Final = 40
"""Slices of a column that the page shows: the largest. The result file has all of them."""

Result = Mapping[str, Any]


def write_page(result: Result, path: Path) -> None:
    """Writes the page of a result, whole or not at all."""
    write_whole(path, page("Audit", body(result), STYLE))


def body(result: Result) -> str:
    """All of the page's body: the same for the same result."""
    parts = [*_head(result), *_numbers(result)]
    columns = list(dict.fromkeys(each["by"] for each in result["slices"]))
    whole = {"by": "", "value": "whole corpus", **result}
    for by in ["", *columns]:
        named = [whole, *(each for each in result["slices"] if by and each["by"] == by)]
        if by or not columns:
            parts += _slices(f"By {by}" if by else "The whole", named)
    for section in (_witnesses, _others, _gates, _left, _facts):
        parts += section(result)
    return "\n".join(parts)


def _head(result: Result) -> Iterator[str]:
    against = result["against"]
    name = against.get("snapshot") or ", ".join(against["files"])
    yield f"<h1>Audit of {html(', '.join(result['corpora'][:3]))}</h1>"
    yield f'<p class="small">against {html(name)}'
    if "content_root" in against:
        yield f"<br>content root <code>{html(against['content_root'])}</code>, cut"
        yield f" {html(against['cut'])}, captures graded {html(against['least_grade'])} or better"
    yield f"<br>seed {result['seed']}</p>"
    yield f'<p class="says">{html(result["note"])}</p>'


def _numbers(result: Result) -> Iterator[str]:
    proven, ai, unknown = (result[k] for k in ("proven_human", "ai_share", "undetermined"))
    yield '<div class="facts">'
    yield f"<div><b>{result['documents']:,}</b>documents, {result['bytes']:,} bytes of text</div>"
    yield (
        f"<div><b>{_share(proven['documents'])}</b>proven human: of the documents;"
        f" {_share(proven['bytes'])} of the bytes lie in the archive</div>"
    )
    yield f"<div><b>{_estimate(ai)}</b>{_said(result)}</div>"
    yield f"<div><b>{_share(unknown['share'])}</b>undetermined: of the documents</div></div>"
    yield (
        f"<p>Of the documents {_share(proven['documents'])} are proven human,"
        f" {_share(result['judged'])} are estimated as one population and"
        f" {_share(unknown['share'])} are undetermined: together all of them.</p>"
    )


def _said(result: Result) -> str:
    ai = result["ai_share"]
    if ai["estimate"] is None:
        return f"no estimate: {html(ai['reason'])}"
    return (
        f"of the sentences of {_share(result['judged'])} of the documents resemble the synthetic"
        " reference; 95 % interval"
    )


def _slices(title: str, held: list[Result]) -> Iterator[str]:
    shown = [held[0], *sorted(held[1:], key=lambda each: -each["documents"])[:MOST_ROWS]]
    shown[1:] = sorted(shown[1:], key=lambda each: str(each["value"]))
    yield f"<h2>{html(title)}</h2>"
    thirds = [
        (
            each["value"],
            each["proven_human"]["documents"],
            each["judged"],
            each["undetermined"]["share"],
        )
        for each in shown
    ]
    yield f"<figure>{charts.thirds(title, thirds)}<figcaption>Shares of documents.</figcaption>"
    yield "</figure>"
    known = [each for each in shown if each["ai_share"]["estimate"] is not None]
    if known:
        rows = [
            (each["value"], *(each["ai_share"][k] for k in ("estimate", "low", "high")))
            for each in known
        ]
        yield f"<figure>{charts.intervals(f'AI share, {title}', rows)}<figcaption>Estimated share"
        yield " of the sentences that are not proven human and resemble the synthetic reference,"
        yield " with its 95 % interval.</figcaption></figure>"
    yield table(
        ["slice", "documents", "proven", "proven bytes", "AI share of the rest", "undetermined"],
        [_row(each) for each in shown],
    )
    if len(shown) < len(held):
        yield f"<p class='small'>and {len(held) - len(shown):,} smaller ones in the result.</p>"


def _row(each: Result) -> list[str]:
    reasons = each["undetermined"]["reasons"]
    why = "; ".join(reasons)
    share = _share(each["undetermined"]["share"])
    return [
        str(each["value"]),
        f"{each['documents']:,}",
        _share(each["proven_human"]["documents"]),
        _share(each["proven_human"]["bytes"]),
        _estimate(each["ai_share"]),
        f"{share}: {why}" if reasons else share,
    ]


def _witnesses(result: Result) -> Iterator[str]:
    proven = result["proven_human"]
    if not proven["witnesses"]:
        return
    yield "<h2>What proves it</h2>"
    yield table(
        ["match", "documents"],
        [[kind, f"{count:,}"] for kind, count in proven["documents_by_match"].items()],
    )
    yield table(
        ["grade of the witness", "year of capture", "documents"],
        [
            [each["grade"], str(each["year"] or "none"), f"{each['documents']:,}"]
            for each in proven["witnesses"]
        ],
    )


def _others(result: Result) -> Iterator[str]:
    """The two other ways to a share, where there is what they need."""
    years, detector = result["excess_vocabulary"]["years"], result["detector"]
    if years:
        language = html(result["excess_vocabulary"]["language"])
        yield "<h2>Excess vocabulary</h2><p>A lower bound from dated text alone (after Kobak et al."
        yield f" 2025), of the {language} documents of a year, proven ones included.</p>"
        yield table(
            ["year", "documents", "gap", "at least", "why not"],
            [
                [
                    year,
                    f"{s['documents']:,}",
                    *map(_optional, (s["estimate"], s["low"])),
                    s["reason"],
                ]
                for year, s in years.items()
            ],
        )
    if detector:
        yield "<h2>The detector's scores</h2><p>Corrected for the errors counted on both known"
        yield " sides (Rogan and Gladen 1978), of the documents that the file of scores has.</p>"
        yield table(
            ["documents", "share", "why not"],
            [[f"{detector['documents']:,}", _estimate(detector), detector["reason"]]],
        )
        yield gates_table({"detector": detector["gates"]})


def _gates(result: Result) -> Iterator[str]:
    if not result["gates"]:
        return
    yield "<h2>Gates</h2><p>Each has to pass, or there is no estimate; <code>nulls</code>"
    yield " only for a corpus with a source that an archive of several lacks.</p>"
    yield gates_table(result["gates"])


def gates_table(gates: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> str:
    """Language to gate's name to what it found."""
    return table(
        ["language", "gate", "passed", "measured", "needed", "meaning"],
        [
            [
                language,
                name,
                "yes" if gate["passed"] else "no",
                _number(gate["value"]),
                _number(gate["threshold"]),
                gate["meaning"],
            ]
            for language, held in gates.items()
            for name, gate in held.items()
        ],
    )


def _left(result: Result) -> Iterator[str]:
    if not result["left_out"]:
        return
    yield "<h2>Rows that could not be read</h2>"
    yield table(
        ["reason", "rows", "first of them"],
        [
            [reason, f"{held['rows']:,}", "\n".join(held["first"])]
            for reason, held in result["left_out"].items()
        ],
    )


def _facts(result: Result) -> Iterator[str]:
    yield "<h2>What decided it</h2>"
    rows = [[f"matching: {key}", str(value)] for key, value in result["matching"].items()]
    rows += [[f"against: {key}", str(value)] for key, value in result["against"].items()]
    for language, held in ((result["references"] or {}).get("languages") or {}).items():
        rows += [[f"reference {language}: {key}", str(value)] for key, value in held.items()]
    rows += [[f"estimate: {key}", str(value)] for key, value in (result["settings"] or {}).items()]
    yield table(["fact", "value"], rows)


def _share(value: float) -> str:
    return f"{100 * value:.1f} %"


def _estimate(ai: Result) -> str:
    if ai["estimate"] is None:
        return "none"
    low, high = 100 * ai["low"], 100 * ai["high"]
    return f"{100 * ai['estimate']:.1f} % [{low:.1f}, {high:.1f}]"


def _optional(value: float | None) -> str:
    return "" if value is None else _share(value)


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.4g}"
