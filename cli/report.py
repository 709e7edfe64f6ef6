"""`lowbg report`: a snapshot as one HTML page."""

from __future__ import annotations

from pathlib import Path

import click

from .output import json_option, print_json, store_option


@click.command(
    epilog="""\b
Examples:
  lowbg report web
  lowbg report web@3 --out web.html --cut preserve --cut mine.sql
"""
)
@click.argument("snapshot")
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    help="File to write, or to replace.  [default: SNAPSHOT@VERSION.html]",
)
@click.option(
    "--cut",
    "names",
    multiple=True,
    help="Name or .sql file; may be repeated.  [default: four of 'lowbg cuts']",
)
@store_option
@json_option
def command(
    snapshot: str, out: Path | None, names: tuple[str, ...], store: str, as_json: bool
) -> None:
    """Write one HTML page about SNAPSHOT that needs no network and no script.

    What is in it, what became of every record, dates and grades, languages, scripts, hosts,
    lengths, duplicates, and whom each cut costs what; beside every number, the SQL that gave it.
    """
    from archive.cuts import load
    from archive.cuts.tails import NOTES
    from archive.query.connection import connect, stoppable
    from archive.report import CUTS, collect, write

    from .sql import open_snapshot
    from .tails import facts

    cuts = [load(name) for name in names or CUTS]
    opened, manifest = open_snapshot(store, snapshot)
    con = connect(opened, manifest)
    with stoppable(con):
        collected = collect(con, manifest, cuts)
    path = out or Path(f"{collected.reference}.html")
    write(collected, path)
    if as_json:
        print_json(
            {
                "page": str(path),
                "snapshot": collected.reference,
                "content_root": manifest.content_root,
                "lacking": collected.lacking,
                "answers": {
                    name: {"sql": answer.sql, "rows": answer.records()}
                    for name, answer in collected.answers.items()
                },
                "cuts": [facts(found, NOTES) for found in collected.tails],
            }
        )
        return
    click.echo(f"{path}  {path.stat().st_size:,} bytes")
    for what, step in collected.lacking.items():
        click.echo(f"no {what}: {step}")
    for found in collected.tails:
        for warning in found.warnings:
            click.echo(f"warning: {warning}")
