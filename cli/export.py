"""`lowbg export`: a cut written in a format that training stacks read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from .output import json_option, print_json, store_option
from .progress import Bar


@click.command(epilog="Example: lowbg export web --format hf --out web-dataset")
@click.argument("snapshot")
@click.option(
    "--format",
    "exporter",
    default="hf",
    show_default=True,
    help="hf (Parquet with cards), parquet, jsonl, mds, webdataset or megatron.",
)
@click.option("--out", required=True, type=click.Path(path_type=Path), help="New folder to write.")
@click.option("--cut", default="everything", show_default=True, help="Which documents, by name.")
@click.option("--where", metavar="SQL", help="Only documents for which this is true.")
@click.option("--columns", metavar="A,B", help="Columns to write.  [default: as the format has]")
@click.option("--license", "license_id", metavar="SPDX", help="Licence stated in the cards (hf).")
@click.option("--tokenizer", type=click.Path(exists=True), help="A tokenizer.json (megatron).")
@click.option("--eod", metavar="TOKEN", help="Token at the end of every document (megatron).")
@store_option
@json_option
def command(
    snapshot: str,
    out: Path,
    columns: str | None,
    license_id: str | None,
    tokenizer: str | None,
    eod: str | None,
    store: str,
    as_json: bool,
    **options: Any,
) -> None:
    """Write SNAPSHOT, or a cut of it, to a new folder, with an export.json that says what it is.

    A stopped export goes on when the same command is run again. Check one with 'lowbg verify DIR'.
    """
    import archive
    from archive.exporters.export import export

    opened = archive.open(snapshot, store)
    given = {"license": license_id, "tokenizer": tokenizer, "eod": eod}
    with Bar(quiet=as_json) as bar:
        facts = export(
            opened.store,
            opened.manifest,
            out,
            columns=columns.split(",") if columns else None,
            options={name: value for name, value in given.items() if value is not None},
            progress=lambda done, total: bar.update(f"{done:,} of {total:,} documents", 0, 1),
            **options,
        )
    if as_json:
        print_json(facts)
        return
    size = sum(each["bytes"] for each in facts["files"])
    click.echo(
        f"{out}: {facts['documents']:,} documents in {len(facts['files'])} files, {size:,} B"
    )
    click.echo(f"content root  {facts['content_root']}  {facts['snapshot']}, cut {facts['cut']}")
