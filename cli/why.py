"""`lowbg why`: what every rule of a cut says of one document."""

from __future__ import annotations

from dataclasses import asdict

import click

from .output import json_option, print_json, print_table, store_option


@click.command(epilog="Example: lowbg why web 3f9a --cut gopher")
@click.argument("snapshot")
@click.argument("document")
@click.option("--cut", "name", default="preserve", show_default=True, help="Name or .sql file.")
@store_option
@json_option
def command(snapshot: str, document: str, name: str, store: str, as_json: bool) -> None:
    """Show each rule of a cut, the values it read of DOCUMENT, its threshold, and what it said.

    DOCUMENT is the beginning of an id (four digits or more) or a whole URL.
    """
    from archive.cuts import define_clean, load
    from archive.cuts.why import why
    from archive.query.connection import connect

    from .sql import open_snapshot

    cut = load(name)
    opened, manifest = open_snapshot(store, snapshot)
    con = connect(opened, manifest, clean=define_clean(manifest, cut))
    found = why(con, cut, document)
    if as_json:
        print_json(asdict(found))
        return
    click.echo(f"document  {found.id}")
    click.echo(f"url       {found.url}")
    click.echo(f"captured  {found.captured_at}")
    click.echo(f"cut       {found.cut} {found.hash[:12]}: {'kept' if found.kept else 'dropped'}\n")
    rows = [
        (
            verdict.outcome,
            verdict.rule,
            ", ".join(f"{key} = {_short(value)}" for key, value in verdict.values.items()),
            " ".join(verdict.predicate.split()),
        )
        for verdict in found.verdicts
    ]
    print_table(("", "rule", "values", "kept where"), rows)


def _short(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
