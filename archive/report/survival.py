"""The last section of a report: who survives which cut."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from archive.cuts.dimensions import DIMENSIONS
from archive.cuts.tails import NOTES, Group, Tails
from archive.page.html import html, table
from archive.report import charts
from archive.report.collect import Collected

MOST: Final = 25
"""Rows of a chart, and as many with a warning; its table has every row."""

READ: Final = (
    "Dot: share kept; line: its 95 % interval; dashed: the whole cut; diamond and !: warned of;"
    " in brackets: documents counted."
)


def survivors(found: Collected) -> Iterator[str]:
    """What each cut keeps, its rules, its warnings, then one chart for each dimension."""
    if "signals" in found.lacking:
        yield (
            '<p class="lacks">This snapshot has no signals, which this section needs:'
            f" <code>{html(found.lacking['signals'])}</code> computes them.</p>"
        )
        return
    cut_off = {name: step for name, step in found.lacking.items() if name != "duplicates"}
    for name, step in cut_off.items():
        yield (
            f'<p class="lacks">What the cut {html(name)} reads is not there:'
            f" <code>{html(step)}</code> computes it.</p>"
        )
    if not found.tails:
        return
    yield _overall(found.tails)
    for each in found.tails:
        yield from _rules(each)
    notes = "".join(f"<br>{html(note[0].upper() + note[1:])}." for note in NOTES)
    yield f'<p class="small">{READ}{notes}</p>'
    for name, dimension in DIMENSIONS.items():
        yield f"<h3>By {html(name)}</h3>"
        yield f"<p>{html(dimension.meaning.capitalize())}.</p>"
        yield from _dimension(name, found.tails)


def _overall(cuts: Sequence[Tails]) -> str:
    rows = []
    for each in cuts:
        whole = each.overall
        rows.append(
            [
                each.cut,
                f"{whole.documents:,}",
                f"{whole.kept:,}",
                f"{100 * whole.share:.1f} %",
                f"{whole.unknown:,}",
                f"{len(each.warnings):,}",
                each.hash[:16],
            ]
        )
    header = ["cut", "counted", "kept", "share", "cannot be told", "warnings", "sha256 of the cut"]
    return (
        f'<div id="t-cuts">{table(header, rows)}</div>'
        '<p class="small">Counted: first captures where the cut takes only these, else all.</p>'
    )


def _rules(found: Tails) -> Iterator[str]:
    yield f"<h3>{html(found.cut)}</h3>"
    if found.warnings:
        yield _list(found.warnings[:MOST])
    if more := found.warnings[MOST:]:
        yield f"<details><summary>{len(more):,} more warnings</summary>{_list(more)}</details>"
    dropped = sorted(found.overall.cut_by.items(), key=lambda item: -item[1])
    if dropped:
        yield f"<figure>{charts.bars(f'What rules of {found.cut} drop', dropped, 'documents')}"
        yield "<figcaption>What each rule drops, whatever the others do.</figcaption></figure>"
    else:
        yield "<p>No rule of it drops anything.</p>"
    yield f"<details><summary>SQL</summary><pre>{html(found.queries['all'])}</pre></details>"


def _list(warnings: Sequence[str]) -> str:
    # A direction of writing that one host or path has does not reach beyond its line.
    lines = "".join(f"<li><bdi>{html(line)}</bdi></li>" for line in warnings)
    return f'<ul class="warnings">{lines}</ul>'


def _dimension(by: str, cuts: Sequence[Tails]) -> Iterator[str]:
    held = [{group.value: group for group in found.of(by)} for found in cuts]
    every = _together(held)
    if not every:
        yield "<p>None.</p>"
        return
    documents = {v: max(groups[v].documents for groups in held if v in groups) for v in every}
    by_size = sorted(every, key=lambda value: -documents[value])
    warned = {v for groups in held for v, group in groups.items() if group.warning}
    drawn = {*by_size[:MOST], *[v for v in by_size if v in warned][:MOST]}
    shown = [value for value in every if value in drawn]
    columns = [
        charts.Column(
            found.cut,
            found.overall.share,
            tuple(_dot(groups.get(value)) for value in shown),
        )
        for found, groups in zip(cuts, held, strict=True)
    ]
    labels = [f"{charts.fitting(value, 31)} ({documents[value]:,})" for value in shown]
    yield f"<figure>{charts.survival(f'Share kept by {by}', labels, columns)}</figure>"
    if len(shown) < len(every):
        said = f"{len(shown):,} of {len(every):,} drawn; all are in the numbers."
        yield f'<p class="small">{said}</p>'
    rows = [[v, *(_said(groups.get(v)) for groups in held)] for v in every]
    yield "<details><summary>Numbers and SQL</summary>"
    yield f'<div id="t-by-{html(by)}">{table([by, *(found.cut for found in cuts)], rows)}</div>'
    for found in cuts:
        yield f"<p>{html(found.cut)}</p><pre>{html(found.queries[by])}</pre>"
    yield "</details>"


def _together(held: Sequence[dict[str, Group]]) -> list[str]:
    """Every value once: in the order of the cut that counts most of them, then what others add."""
    ordered = sorted(held, key=len, reverse=True)
    return list(dict.fromkeys(value for groups in ordered for value in groups))


def _dot(group: Group | None) -> charts.Dot | None:
    if group is None:
        return None
    return charts.Dot(group.share, group.low, group.high, bool(group.warning))


def _said(group: Group | None) -> str:
    if group is None:
        return "–"
    sign = " !" if group.warning else ""
    return (
        f"{group.kept:,} of {group.documents:,}: {100 * group.share:.1f} %"
        f" ({100 * group.low:.1f} to {100 * group.high:.1f}){sign}"
    )
