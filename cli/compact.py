"""`lowbg compact`: the same documents in fewer files."""

from __future__ import annotations

from typing import Any

import click

from .output import json_option, print_json, store_option
from .progress import Bar


@click.command(epilog="Example: lowbg compact web")
@click.argument("snapshot")
@store_option
@json_option
def command(snapshot: str, store: str, as_json: bool) -> None:
    """Put the small parts of SNAPSHOT into fewer files, as the next version.

    Nothing is extracted again: the content root, the answers and the order of every feed stay.
    Builds do this by themselves for very small parts; this does it for all that are less than half
    a pack. Where there is nothing to gain, no version is made.
    """
    import archive

    with Bar(quiet=as_json) as bar:
        before = archive.open(snapshot, store)
        made = archive.compact(before.reference, store, progress=bar.update)
    summary: dict[str, Any] = {
        "snapshot": made.reference,
        "content_root": made.content_root,
        "documents": made.manifest.documents,
        "files_before": len(before.manifest.objects()),
        "files": len(made.manifest.objects()),
        "compacted": made.reference != before.reference,
    }
    if as_json:
        print_json(summary)
        return
    if not summary["compacted"]:
        click.echo(f"{made.reference} has nothing to pack: no version was made")
    for name, value in summary.items():
        click.echo(f"{name.replace('_', ' '):<16}{value}")
