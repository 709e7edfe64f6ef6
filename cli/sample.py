"""`lowbg sample`: the bundled sample as a WARC file."""

from __future__ import annotations

import shlex
from pathlib import Path

import click

from .output import default_store, json_option, print_json, store_option


@click.command(epilog="Example: lowbg sample sample.warc.gz")
@click.argument("out", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--force", is_flag=True, help="Overwrite OUT.")
@store_option
@json_option
def command(out: Path, force: bool, store: str, as_json: bool) -> None:
    """Write the bundled sample, a small invented site, to the file OUT.

    It is a fixture for trying things out, not an archive: written in 2026, its dates invented.
    --store is only passed on to the command that is named as the next step.
    """
    from archive.digest import sha256_file
    from archive.sample import sample_facts, write_sample

    write_sample(out, force=force)
    size, digest = out.stat().st_size, sha256_file(out)
    records = len(sample_facts())
    next_step = f"lowbg build {shlex.quote(str(out))} --name sample"
    if store != default_store():
        next_step += f" --store {shlex.quote(store)}"
    if as_json:
        facts = {"file": str(out), "bytes": size, "sha256": digest, "records": records}
        print_json({**facts, "fixture": True, "next_step": next_step})
        return
    click.echo(f"wrote {out}: {records} records, {size:,} bytes, sha256 {digest}")
    click.echo("a fixture, not an archive: an invented site, written in 2026, one record damaged")
    click.echo(f"next: {next_step}")
