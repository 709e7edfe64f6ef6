"""What `lowbg audit` prints: tables of a result and of a calibration."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import click

from .output import print_table

SHOWN = 20
"""Slices of a column that are printed: the largest. --json has all of them."""

HEADER = ("", "documents", "proven", "proven bytes", "estimated", "AI share", "undetermined")


def print_audit(result: dict[str, Any]) -> None:
    """The whole and its slices, why what is undetermined is, and what could not be read."""
    whole = {"by": "", "value": "all", **result}
    print_table(HEADER, [_row(whole)])
    for by in dict.fromkeys(each["by"] for each in result["slices"]):
        held = [each for each in result["slices"] if each["by"] == by]
        largest = sorted(held, key=lambda each: -each["documents"])[:SHOWN]
        click.echo()
        print_table((by, *HEADER[1:]), [_row(each) for each in held if each in largest])
        if len(held) > len(largest):
            click.echo(f"and {len(held) - len(largest):,} smaller: --json")
    click.echo()
    for reason, share in result["undetermined"]["reasons"].items():
        click.echo(f"undetermined, {100 * share:.1f} %: {reason}")
    for year, share in result["excess_vocabulary"]["years"].items():
        said = share["reason"] or f"at least {_share(share['low'])} of the documents"
        click.echo(f"excess vocabulary, {year}: {said}")
    if found := result["detector"]:
        said = found["reason"] or f"{_share(found['estimate'])}, {_bounds(found)}"
        click.echo(f"detector, corrected: {said}")
    for reason, held in result["left_out"].items():
        click.echo(f"left out, {held['rows']:,} rows: {reason}, such as {held['first'][0]}")
    for side, count in _left_beside(result):
        click.echo(f"left out, {count:,} rows of the {side} side: see --json")
    click.echo(
        "proven, estimated and undetermined are shares of documents and sum to 100 %; the AI share"
        "\nis of the sentences of those that are estimated. " + result["note"]
    )


def _left_beside(result: dict[str, Any]) -> Iterator[tuple[str, int]]:
    """Rows that could not be read of what the corpus is compared with."""
    sides = {
        "human": result["against"].get("rows_left_out", 0),
        "synthetic": sum((result["references"] or {}).get("rows_left_out", {}).values()),
    }
    return (each for each in sides.items() if each[1])


def _row(each: dict[str, Any]) -> tuple[Any, ...]:
    ai, proven = each["ai_share"], each["proven_human"]
    shares = [
        f"{100 * value:.1f} %"
        for value in (
            proven["documents"],
            proven["bytes"],
            each["judged"],
            each["undetermined"]["share"],
        )
    ]
    said = f"none: {_short(each['undetermined']['reasons'])}"
    if ai["estimate"] is not None:
        bounds = f"[{100 * ai['low']:.1f}, {100 * ai['high']:.1f}]"
        said = f"{100 * ai['estimate']:.1f} % {bounds}"
    return (each["value"], each["documents"], *shares[:3], said, shares[3])


def _short(reasons: Iterable[str]) -> str:
    """The language and gate of each reason; the JSON and the page have all of it."""
    named = dict.fromkeys(": ".join(reason.split(": ")[:2]) for reason in reasons)
    return ", ".join(named)[:60] or "nothing is left"


def print_calibration(result: dict[str, Any]) -> None:
    """Gates, held-out mixtures and null tests of each language."""
    for language, held in result["languages"].items():
        for name, gate in held["gates"].items():
            click.echo(f"{language} {name}: {'passed' if gate['passed'] else 'FAILED'}:", nl=False)
            click.echo(f" {gate['meaning']}")
        click.echo()
        print_table(
            ("true share", "found", "interval", "before calibration"),
            [
                (_share(p["true"]), _share(p["share"]), _bounds(p), _share(p["raw"]))
                for p in held["spike_in"]
            ],
        )
        click.echo()
        print_table(
            ("source, human", "documents", "sentences", "read as", "interval"),
            [
                (n["source"], n["documents"], n["sentences"], _share(n["share"]), _bounds(n))
                for n in held["nulls"]
            ],
        )
        click.echo()
    for reason in result["refused"].values():
        click.echo(f"no reference: {reason}")
    click.echo(
        f"corpora like the references can be estimated in: {_listed(result['estimable'])};"
        f" text of sources that they lack in: {_listed(result['unseen_sources'])}"
    )


def _listed(names: list[str]) -> str:
    return ", ".join(names) or "none"


def _share(value: float) -> str:
    return f"{100 * value:.1f} %"


def _bounds(held: dict[str, Any]) -> str:
    if held["low"] is None:
        return "unbounded"
    return f"{100 * held['low']:.1f} to {100 * held['high']:.1f} %"
