"""`lowbg diff`: what two versions do not share."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from .formats import table_lines
from .output import json_option, print_json, store_option

if TYPE_CHECKING:
    from archive.query.diff import Diff


@click.command(epilog="Example: lowbg diff web@1 web@2")
@click.argument("first")
@click.argument("second")
@click.option("--limit", default=10, show_default=True, type=click.IntRange(0), help="Examples.")
@store_option
@json_option
def command(first: str, second: str, limit: int, store: str, as_json: bool) -> None:
    """Compare snapshot FIRST with SECOND: URLs, texts and documents added, removed, changed.

    A URL is changed if it is in both with another set of texts; a text is the same if every
    character is.
    """
    from archive.query.diff import diff
    from archive.store.remote import open_store

    opened = open_store(store)
    a, b = (opened.manifest(*opened.resolve(reference)) for reference in (first, second))
    found = diff(opened, a, b, limit=limit)
    if as_json:
        print_json({"same": found.same, **asdict(found)})
    else:
        _print(found)


def _print(found: Diff) -> None:
    rows: list[tuple[str | None, ...]] = [
        (kind, *(None if n is None else f"{n:,}" for n in counts))
        for kind, share, changed in (
            ("urls", found.urls, found.urls.changed),
            ("texts", found.texts, None),
            ("documents", found.documents, None),
        )
        for counts in [(share.added, share.removed, changed, share.unchanged)]
    ]
    click.echo(f"from {found.a} to {found.b}")
    header = ("", "added", "removed", "changed", "unchanged")
    for line in table_lines(header, ("VARCHAR", *("BIGINT",) * 4), [rows]):
        click.echo(line)
    for what, examples in found.examples.items():
        if not examples:
            continue
        # Web text goes through the table's cells, which hold back what a terminal would obey.
        cells = [
            (e.key,) if what.startswith("urls") else (e.key[:16], e.url, e.text) for e in examples
        ]
        blank = ("",) * len(cells[0])
        click.echo(f"\n{what}")
        for line in list(table_lines(blank, blank, [cells]))[1:]:
            click.echo(f"  {line}")
