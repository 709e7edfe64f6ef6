"""`lowbg sql`: SQL over a snapshot."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .formats import WRITERS, Batches
from .output import store_option

if TYPE_CHECKING:
    from archive.manifest import Manifest
    from archive.store.local import Store

DEFAULT_MEMORY = "2GB"


@click.command(
    epilog="""\b
Examples:
  lowbg sql web "select host, count(*) from documents group by 1 order by 2 desc"
  lowbg sql web --parquet texts.parquet "select id, text from documents where year < 2010"
  lowbg sql web --untrusted --json - < query.sql
"""
)
@click.argument("snapshot")
@click.argument("query")
@click.option("--table", "form", flag_value="table", help="Padded columns (the default).")
@click.option("--json", "form", flag_value="json", help="One JSON array of objects.")
@click.option("--ndjson", "form", flag_value="ndjson", help="One JSON object a line.")
@click.option("--csv", "form", flag_value="csv", help="CSV with a header.")
@click.option("--cut", help="Defines the view clean: a cut's name, or a .sql file.")
@click.option("--parquet", type=click.Path(dir_okay=False, path_type=Path), help="To this file.")
@click.option("--untrusted", is_flag=True, help="Hold the query in: see the text above.")
@click.option("--time-limit", type=click.FloatRange(0.001), help="Seconds.  [untrusted: 1]")
@click.option("--memory-limit", help="Such as 500MB.  [default: 2GB; untrusted: 512MiB]")
@click.option("--limit-rows", type=click.IntRange(0), help="Rows to print.  [untrusted: 1000]")
@store_option
def command(
    snapshot: str,
    query: str,
    form: str | None,
    cut: str | None,
    parquet: Path | None,
    untrusted: bool,
    time_limit: float | None,
    memory_limit: str | None,
    limit_rows: int | None,
    store: str,
) -> None:
    """Answer QUERY over SNAPSHOT's tables (see 'lowbg schema'); - reads it from standard input.

    Every file is checked against its recorded hash before a row of it is read.

    With --untrusted one SELECT runs in a process of its own that can read this snapshot and do
    nothing else, under limits of time, memory, rows and length of a value (2048). What was cut off
    is said on standard error. Where it cannot be held in, it is refused.
    """
    from archive.errors import UsageError

    if query == "-":
        query = sys.stdin.read()
    if parquet and form:
        raise UsageError(f"--parquet and --{form} do not go together", next_step="choose one")
    opened, manifest = open_snapshot(store, snapshot)
    clean = _clean(manifest, cut)
    limits = (time_limit, memory_limit, limit_rows)
    if untrusted:
        if parquet:
            raise UsageError(
                "--parquet and --untrusted do not go together", next_step="use --ndjson"
            )
        _untrusted(opened, manifest, query, clean, form or "table", *limits)
    else:
        _trusted(opened, manifest, query, clean, form or "table", parquet, *limits)


def _clean(manifest: Manifest, cut: str | None) -> str | None:
    if cut is None:
        return None
    from archive.cuts import define_clean, load

    return define_clean(manifest, load(cut))


def open_snapshot(store: str, reference: str) -> tuple[Store, Manifest]:
    """The store, and the manifest that a reference such as `web@3` means in it."""
    from archive.store.remote import open_store

    opened = open_store(store)
    return opened, opened.manifest(*opened.resolve(reference))


def write(form: str, columns: Sequence[str], types: Sequence[str], batches: Batches) -> None:
    """Rows to standard output in one of the forms, as they come."""
    write_lines = WRITERS[form]
    for line in write_lines(columns, types, batches):
        sys.stdout.write(line + "\n")
    sys.stdout.flush()


def _trusted(
    store: Store,
    manifest: Manifest,
    query: str,
    clean: str | None,
    form: str,
    parquet: Path | None,
    seconds: float | None,
    memory: str | None,
    rows: int | None,
) -> None:
    from archive.query.connection import (
        TimeLimit,
        connect,
        memory_bytes,
        stoppable,
        stream,
        write_parquet,
    )

    memory_bytes(memory or DEFAULT_MEMORY)  # refuses what is no size in words of its own
    con = connect(store, manifest, clean=clean, memory_limit=memory or DEFAULT_MEMORY)
    with stoppable(con), TimeLimit(con, seconds):
        if parquet:
            written = write_parquet(con, query, parquet, limit=rows)
            click.echo(f"{written:,} rows in {parquet}", err=True)
            return
        answer = stream(con, query)
        batches = answer.batches if rows is None else _first(answer.batches, rows)
        write(form, answer.columns, answer.types, batches)


def _first(batches: Batches, limit: int) -> Iterator[list[tuple[Any, ...]]]:
    left = limit
    for batch in batches:
        if batch[:left]:
            yield batch[:left]
        if len(batch) > left:
            click.echo(f"lowbg: only the first {limit:,} rows; there are more", err=True)
            return
        left -= len(batch)


def _untrusted(
    store: Store,
    manifest: Manifest,
    query: str,
    clean: str | None,
    form: str,
    seconds: float | None,
    memory: str | None,
    rows: int | None,
) -> None:
    from dataclasses import replace

    from archive.query.connection import memory_bytes
    from archive.query.sandbox import SandboxLimits, run

    limits = SandboxLimits()
    if seconds is not None:
        limits = replace(limits, seconds=seconds)
    if memory is not None:
        limits = replace(limits, memory=memory_bytes(memory))
    if rows is not None:
        limits = replace(limits, rows=rows)
    result = run(store, manifest, query, limits, clean=clean)
    write(form, result.columns, result.types, [result.rows] if result.rows else [])
    click.echo(f"lowbg: untrusted, held in by {result.protection}", err=True)
    if result.cut_rows:
        click.echo(f"lowbg: only the first {limits.rows:,} rows; there are more", err=True)
    if result.cut_cells:
        told = f"{result.cut_cells:,} values are longer than the {limits.cell:,} shown"
        click.echo(f"lowbg: {told}", err=True)
