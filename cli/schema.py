"""`lowbg schema`: what the tables of every snapshot hold."""

from __future__ import annotations

from dataclasses import asdict

import click

from archive.errors import UnknownName
from archive.schema import TABLES, Column

from .output import json_option, no_store_option, print_json, print_table


@click.command(epilog="Example: lowbg schema documents")
@click.argument("table", required=False)
@no_store_option
@json_option
def command(table: str | None, as_json: bool) -> None:
    """Print the columns of TABLE, or of every table: type, unit, meaning. Needs no store."""
    shown = columns_of(table)
    if as_json:
        print_json({name: [asdict(column) for column in shown[name]] for name in shown})
    else:
        print_schema(table)


def print_schema(table: str | None) -> None:
    """The columns of one table, or of all."""
    shown = columns_of(table)
    for number, (name, columns) in enumerate(shown.items()):
        click.echo(("\n" if number else "") + name)
        rows = [(f"  {c.name}", c.type, c.unit, _meaning(c)) for c in columns]
        print_table(("  column", "type", "unit", "meaning"), rows)


def columns_of(table: str | None) -> dict[str, tuple[Column, ...]]:
    """The tables asked for, by name. Raises UnknownName."""
    if table is not None and table not in TABLES:
        raise UnknownName("table", table, TABLES)
    return {name: columns for name, columns in TABLES.items() if table in (None, name)}


def _meaning(column: Column) -> str:
    may_be_null = column.nullable and "null" not in column.meaning
    return column.meaning + (" (or null)" if may_be_null else "")
