"""`lowbg tails`: who survives a cut."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from .output import json_option, print_json, print_table, store_option

if TYPE_CHECKING:
    from archive.cuts.tails import Group, Tails

SHOWN = 12
"""Groups of a dimension that are printed without --by: the largest, and all with a warning."""


@click.command(
    epilog="""\b
Examples:
  lowbg tails web --cut fineweb-2024-04
  lowbg tails web --cut fineweb-2024-04 --rule stop-words --by language
"""
)
@click.argument("snapshot")
@click.option("--cut", "name", default="preserve", show_default=True, help="Name or .sql file.")
@click.option("--rule", help="Of one rule of the cut alone; 'first' for later captures.")
@click.option("--by", multiple=True, help="language, script, year, host, length, rarity or once.")
@click.option("--sql", "show_sql", is_flag=True, help="Print the queries that count.")
@store_option
@json_option
def command(
    snapshot: str,
    name: str,
    rule: str | None,
    by: tuple[str, ...],
    show_sql: bool,
    store: str,
    as_json: bool,
) -> None:
    """Count what a cut keeps of SNAPSHOT, by language, script, year, host, length and rarity.

    A line of warning stands for each group that loses far more than the whole. Where a cut takes
    first captures only, shares are of these.
    """
    from archive.cuts import define_clean, load
    from archive.cuts.tails import NOTES, tails
    from archive.query.connection import connect, stoppable

    from .sql import open_snapshot

    cut = load(name)
    opened, manifest = open_snapshot(store, snapshot)
    con = connect(opened, manifest, clean=define_clean(manifest, cut))
    with stoppable(con):
        found = tails(con, cut, rule, by or None)
    if as_json:
        print_json(facts(found, NOTES))
        return
    if show_sql:
        for dimension, query in found.queries.items():
            click.echo(f"-- {dimension}\n{query};\n")
        return
    _print(found, every=bool(by))
    for note in NOTES:
        click.echo(f"\n{note}")


def facts(found: Tails, notes: tuple[str, ...]) -> dict[str, Any]:
    return {
        **{key: getattr(found, key) for key in ("cut", "hash", "rule", "warnings", "queries")},
        "notes": notes,
        "overall": {**asdict(found.overall), "share": found.overall.share},
        "groups": [{**asdict(group), "share": group.share} for group in found.groups],
    }


def _print(found: Tails, *, every: bool) -> None:
    whole = found.overall
    what = f"{found.cut}, rule {found.rule}" if found.rule else found.cut
    click.echo(
        f"{what} keeps {whole.kept:,} of {whole.documents:,} documents"
        f" ({100 * whole.share:.1f} %) of {whole.hosts:,} hosts"
    )
    if whole.unknown:
        click.echo(f"{whole.unknown:,} have a rule that cannot be told (a NULL), which drops them")
    for warning in found.warnings:
        click.echo(f"warning: {warning}")
    if whole.cut_by and not found.rule:
        click.echo()
        dropped = sorted(whole.cut_by.items(), key=lambda item: -item[1])
        print_table(("rule", "drops"), dropped)
    for by in dict.fromkeys(group.by for group in found.groups):
        click.echo()
        _print_dimension(found.of(by), every=every)


def _print_dimension(groups: tuple[Group, ...], *, every: bool) -> None:
    largest = sorted(groups, key=lambda group: -group.documents)[:SHOWN]
    shown = [g for g in groups if every or g.warning or g in largest]
    rows = [
        (
            group.value,
            group.documents,
            group.hosts,
            group.kept,
            f"{100 * group.share:.1f} %",
            f"{100 * group.low:.1f} to {100 * group.high:.1f} %",
            group.basis,
            "!" if group.warning else "",
        )
        for group in shown
    ]
    header = (groups[0].by, "documents", "hosts", "kept", "share", "interval", "basis", "")
    print_table(header, rows)
    if len(shown) < len(groups):
        click.echo(f"and {len(groups) - len(shown):,} smaller groups: --by {groups[0].by}")
