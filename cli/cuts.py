"""`lowbg cuts`: the frozen cuts, their source, version and known deviations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from .output import json_option, no_store_option, print_json, print_table

if TYPE_CHECKING:
    from archive.cuts import Cut


@click.command(epilog="Example: lowbg cuts fineweb-2024-04")
@click.argument("name", required=False)
@no_store_option
@json_option
def command(name: str | None, as_json: bool) -> None:
    """List the cuts, or all that the cut NAME says: each rule and every known deviation.

    NAME is one of the list, or the path of a .sql file, which is checked.
    """
    from archive.cuts import load, names

    if name is not None:
        cut = load(name)
        print_json(_facts(cut)) if as_json else _print(cut)
        return
    found = [load(each) for each in names()]
    if as_json:
        print_json([_facts(cut) for cut in found])
        return
    rows = [
        (cut.name, cut.version, _captures(cut), len(cut.rules), cut.hash[:12], _short(cut.source))
        for cut in found
    ]
    print_table(("cut", "version", "captures", "rules", "hash", "source"), rows)


def _facts(cut: Cut) -> dict[str, Any]:
    return {
        "cut": cut.name,
        "source": cut.source,
        "version": cut.version,
        "deviations": cut.deviations,
        "captures": _captures(cut),
        "hash": cut.hash,
        "rules": [
            {"rule": rule.name, "meaning": rule.meaning, "predicate": rule.predicate}
            for rule in cut.rules
        ],
    }


def _print(cut: Cut) -> None:
    click.echo(f"cut       {cut.name}, version {cut.version}")
    click.echo(f"source    {cut.source}")
    click.echo(f"captures  {_captures(cut)}")
    click.echo(f"hash      {cut.hash}")
    for deviation in cut.deviations:
        click.echo(f"deviation {deviation}")
    for rule in cut.rules:
        click.echo(f"\n{rule.name}: {rule.meaning}")
        click.echo(f"    {' '.join(rule.predicate.split())}")


def _captures(cut: Cut) -> str:
    return "first" if cut.first_only else "all"


def _short(source: str) -> str:
    return source if len(source) <= 60 else f"{source[:59]}…"
