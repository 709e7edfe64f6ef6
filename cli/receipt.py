"""`lowbg receipt`: which documents a job has been fed."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from archive.errors import UsageError

from .output import CHECK_FAILED, json_option, print_json, store_option

if TYPE_CHECKING:
    from archive.feed.receipt import Fed


@click.command(epilog="Example: lowbg receipt --snapshot web@3 --seed 7 --range 0-1000 --ids")
@click.argument("checkpoint", required=False, type=click.Path(exists=True, path_type=Path))
@click.option("--snapshot", help="Without a checkpoint: of which snapshot,")
@click.option("--range", "span", metavar="FIRST-LAST", help="which positions (LAST is not in it),")
@click.option("--cut", default="everything", show_default=True, help="of which cut,")
@click.option("--where", metavar="SQL", help="with which predicate,")
@click.option("--seed", default=0, show_default=True, help="in the order of which seed,")
@click.option("--epoch", default=0, show_default=True, help="from which epoch on,")
@click.option("--window", type=int, help="in windows of how many blocks.")
@click.option("--ids", is_flag=True, help="List position and document id, one a line.")
@click.option("--document", metavar="ID", help="Was it fed? Exit 1 if not.")
@store_option
@json_option
def command(
    checkpoint: Path | None,
    ids: bool,
    document: str | None,
    store: str,
    as_json: bool,
    **order: Any,
) -> int:
    """Say which documents a job has been fed: root, cut, seed, epoch, range, hash of their ids.

    CHECKPOINT is a file with a feed's or a mix's state in it, JSON or written by torch.save.
    """
    from archive.feed.receipt import from_state, read_state, require_id
    from archive.store.remote import open_store

    opened = open_store(store)
    ranges = from_state(opened, read_state(checkpoint)) if checkpoint else [_asked(store, **order)]
    if document:
        return _find(ranges, require_id(document), as_json)
    if ids:
        for each in ranges:
            for position, found in each.ids():
                click.echo(f"{position}\t{found}")
        return 0
    receipts = [each.receipt() for each in ranges]
    if as_json:
        print_json(receipts)
    else:
        for receipt in receipts:
            for name, value in receipt.items():
                click.echo(f"{name:<16}{'' if value is None else value}".rstrip())
    return 0


def _asked(
    store: str,
    snapshot: str | None,
    span: str | None,
    cut: str,
    where: str | None,
    seed: int,
    epoch: int,
    window: int | None,
) -> Fed:
    import archive
    from archive.feed.receipt import fed

    found = re.fullmatch(r"([0-9]+)-([0-9]+)", span or "")
    if not snapshot or not found:
        raise UsageError(
            "no checkpoint, and not both --snapshot and --range",
            next_step="write: lowbg receipt --snapshot NAME --range 0-1000",
        )
    opened = archive.open(snapshot, store)
    feed = opened.feed(cut, ["id"], where=where, seed=seed, epoch=epoch, window=window)
    return fed(opened.store, feed.facts(), int(found[1]), int(found[2]))


def _find(ranges: list[Fed], document: str, as_json: bool) -> int:
    found = {each.feed.facts()["snapshot"]: each.positions(document) for each in ranges}
    if as_json:
        print_json({"document": document, "positions": found})
    else:
        for snapshot, positions in found.items():
            where = ", ".join(f"{p:,}" for p in positions)
            click.echo(f"{snapshot}: {f'fed at position {where}' if where else 'not fed'}")
    return 0 if any(found.values()) else CHECK_FAILED
