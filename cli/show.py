"""`lowbg show`: what a version is made of."""

from __future__ import annotations

import json

import click

from .output import json_option, print_json, print_table, store_option


@click.command(epilog="Example: lowbg show web@1")
@click.argument("snapshot")
@store_option
@json_option
def command(snapshot: str, store: str, as_json: bool) -> None:
    """Show a version: root, counts, recipe, inputs. With --json: its manifest as it is stored."""
    import archive

    opened = archive.open(snapshot, store)
    manifest = opened.manifest
    if as_json:
        print_json(json.loads(manifest.to_bytes()))
        return
    facts = {
        "snapshot": opened.reference,
        "content root": manifest.content_root,
        "manifest": opened.store.manifest_sha256(manifest.name, manifest.version),
        "parent": manifest.parent or "none",
        "created": manifest.created,
        "documents": f"{manifest.documents:,}",
        "records": f"{manifest.records:,}",
        "bytes in": f"{manifest.bytes_in:,}",
        "extractor": manifest.recipe["extractor"],
        "captured before": manifest.recipe["before"],
        "versions": ", ".join(f"{k} {v}" for k, v in manifest.recipe["versions"].items()),
    }
    for name, value in facts.items():
        click.echo(f"{name:<16}{value}")
    click.echo()
    print_table(("outcome", "rows"), sorted(manifest.outcomes.items(), key=lambda i: -i[1]))
    click.echo()
    rows = [(i.name, i.bytes, i.records, i.documents, i.source[:16]) for i in manifest.inputs]
    print_table(("input", "bytes", "records", "documents", "sha256"), rows)
