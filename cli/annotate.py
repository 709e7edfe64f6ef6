"""`lowbg annotate`: signals and duplicates again, by today's rules."""

from __future__ import annotations

from typing import Any

import click

from .output import json_option, print_json, store_option, workers_option
from .progress import Bar


@click.command(epilog="Example: lowbg annotate web")
@click.argument("snapshot")
@workers_option
@store_option
@json_option
def command(snapshot: str, as_json: bool, **options: Any) -> None:
    """Compute signals and duplicates of SNAPSHOT again, as the next version.

    No input is read and the content root stays: the documents are the same.
    """
    import archive

    with Bar(quiet=as_json) as bar:
        made = archive.annotate(snapshot, progress=bar.update, **options)
    duplicates = made.manifest.duplicates
    summary = {
        "snapshot": made.reference,
        "content_root": made.content_root,
        "documents": made.manifest.documents,
        "in_duplicate_clusters": duplicates.rows if duplicates else 0,
    }
    if as_json:
        print_json(summary)
    else:
        for name, value in summary.items():
            click.echo(f"{name.replace('_', ' '):<22}{value}")
