"""`lowbg rebuild`: the same originals, extracted again."""

from __future__ import annotations

import time
from typing import Any

import click

from .build import report
from .output import json_option, store_option, workers_option
from .progress import Bar


@click.command(epilog="Example: lowbg rebuild web@1 --extractor trafilatura")
@click.argument("snapshot")
@click.option("--extractor", help="Extract with this one; default: the version's own.")
@click.option("--name", help="Commit under this name; default: the version's own.")
@workers_option
@store_option
@json_option
def command(snapshot: str, as_json: bool, **options: Any) -> int:
    """Extract again from the originals that SNAPSHOT keeps, as the next version."""
    import archive

    started = time.monotonic()
    with Bar(quiet=as_json) as bar:
        rebuilt = archive.rebuild(snapshot, progress=bar.update, **options)
    return report(rebuilt, False, as_json, time.monotonic() - started)
