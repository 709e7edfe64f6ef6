"""`lowbg plan`: what a build of a crawl would read and cost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from .choice import choice_options, taken
from .output import json_option, no_store_option, print_json, workers_option
from .remote import remote_options

if TYPE_CHECKING:
    from archive.commoncrawl.plan import Costs, Plan


@click.command(epilog="Example: lowbg plan cc:CC-MAIN-2013-20 --files 4 --workers 16")
@click.argument("crawl")
@choice_options
@remote_options
@workers_option
@click.option("--annotate/--no-annotate", default=True, help="With signals and duplicates.")
@click.option(
    "--pages-per-second",
    type=click.FloatRange(0, min_open=True),
    help="A rate of your own, for one core.",
)
@click.option(
    "--memory-per-worker", type=click.FloatRange(0, min_open=True), metavar="MB", help="In MB."
)
@no_store_option
@json_option
def command(
    crawl: str,
    workers: int,
    annotate: bool,
    pages_per_second: float | None,
    memory_per_worker: float | None,
    as_json: bool,
    **options: Any,
) -> None:
    """Say what a build of CRAWL would read and cost: files, bytes, CPU hours, disk, memory.

    CRAWL is cc:NAME (WARC) or wet:NAME, as for 'lowbg build'. A whole crawl is planned from what
    is published; --files asks for its path list, --where and --index for its index. Rates are
    measured ones, with their source, or those that you give; nothing is guessed.
    """
    from archive.commoncrawl import rates
    from archive.commoncrawl.plan import Costs, plan

    made = plan(crawl, taken(options))
    pages = rates.PAGES_ANNOTATED if annotate else rates.PAGES
    memory = rates.MEMORY_ANNOTATED if annotate else rates.MEMORY
    if pages_per_second:
        pages = rates.given(pages_per_second, "HTML pages a second and core")
    if memory_per_worker:
        memory = rates.given(memory_per_worker * 1e6, "bytes a worker at its peak")
    store = rates.STORE_ANNOTATED if annotate else rates.STORE
    costs = Costs(pages, memory, store, workers)
    (_print_json if as_json else _print)(made, costs)


def _print_json(made: Plan, costs: Costs) -> None:
    read = {"files": made.files, "bytes": made.bytes, "pages": made.pages, "records": made.records}
    used = {"pages": costs.pages, "memory": costs.memory, "store": costs.store}
    print_json(
        {
            "crawl": made.crawl,
            "format": made.format,
            **read,
            **made.costs(costs),
            "workers": costs.workers,
            "rates": {name: rate.to_json() for name, rate in used.items()},
            "notes": made.notes,
        }
    )


def _print(made: Plan, costs: Costs) -> None:
    cost = made.costs(costs)
    workers = f"{costs.workers} worker{'s' if costs.workers > 1 else ''}"
    lines = [
        ("reads", f"{_count(made.files)} {made.format.upper()} files, {_size(made.bytes)}"),
        ("pages", _count(made.pages)),
        ("CPU", _hours(cost["cpu_hours"])),
        ("time", f"{_hours(cost['hours'])} of work for {workers}, without the network"),
        ("disk", f"{_size(cost['work_bytes'])} while it runs, {_size(cost['store_bytes'])} kept"),
        ("memory", f"{_size(cost['memory_bytes'])} for {workers}"),
    ]
    if made.records is not None:
        lines.insert(1, ("records", _count(made.records)))
    click.echo(f"{made.crawl}")
    for name, value in lines:
        click.echo(f"  {name:<8} {value}")
    click.echo("\nWhere the numbers are from:")
    for note in made.notes:
        click.echo(f"  {note}")
    for rate in (costs.pages, costs.memory, costs.store):
        told = f"{rate.command}, {rate.day}, {rate.machine}" if rate.command else "given"
        click.echo(f"  {rate.value:,g} {rate.unit}: {told}")


def _count(value: int | None) -> str:
    return "unknown" if value is None else f"{value:,}"


def _size(value: float | None) -> str:
    if value is None:
        return "unknown"
    for unit, size in (("TB", 1e12), ("GB", 1e9), ("MB", 1e6)):
        if value >= size:
            return f"{value / size:,.1f} {unit}"
    return f"{value:,.0f} bytes"


def _hours(value: float | None) -> str:
    if value is None:
        return "unknown"
    return f"{value:,.1f} hours" if value >= 1 else f"{value * 60:,.1f} minutes"
