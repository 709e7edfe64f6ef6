"""`lowbg log`: the versions of a snapshot, newest first."""

from __future__ import annotations

import click

from .output import json_option, print_json, print_table, store_option


@click.command(epilog="Example: lowbg log web")
@click.argument("name", required=False)
@store_option
@json_option
def command(name: str | None, store: str, as_json: bool) -> None:
    """List the versions of snapshot NAME, or of all snapshots."""
    from archive.errors import UnknownName
    from archive.manifest import valid_name
    from archive.store.remote import open_store

    opened = open_store(store)
    if name is not None and not (valid_name(name) and opened.versions(name)):
        raise UnknownName("snapshot", name, opened.names())
    versions = [
        opened.manifest(each, version)
        for each in ([name] if name else opened.names())
        for version in reversed(opened.versions(each))
    ]
    header = ("snapshot", "created", "inputs", "documents", "content_root", "extractor", "before")
    rows = [
        (
            f"{m.name}@{m.version}",
            m.created,
            len(m.inputs),
            m.documents,
            m.content_root,
            m.recipe["extractor"],
            m.recipe["before"],
        )
        for m in versions
    ]
    if as_json:
        print_json([dict(zip(header, row, strict=True)) for row in rows])
    else:
        print_table(header, [(*row[:4], row[4][:16], *row[5:]) for row in rows])
