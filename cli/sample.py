"""`lowbg sample`: the bundled sample as a WARC file."""

from __future__ import annotations

import shlex
from pathlib import Path

import click

from .output import json_option, print_json


@click.command(epilog="Example: lowbg sample sample.warc.gz")
@click.argument("out", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--force", is_flag=True, help="Overwrite OUT.")
@json_option
def command(out: Path, force: bool, as_json: bool) -> None:
    """Write the bundled sample, a small invented site, to the file OUT.

    It is a fixture for trying things out, not an archive: written in 2026, its dates invented.
    """
    from archive.digest import sha256_file
    from archive.sample import sample_facts, write_sample

    write_sample(out, force=force)
    size, digest = out.stat().st_size, sha256_file(out)
    records = len(sample_facts())
    next_step = f"lowbg build {shlex.quote(str(out))} --name sample"
    if as_json:
        facts = {"file": str(out), "bytes": size, "sha256": digest, "records": records}
        print_json({**facts, "fixture": True, "next_step": next_step})
        return
    click.echo(f"wrote {out}: {records} records, {size:,} bytes, sha256 {digest}")
    click.echo("a fixture, not an archive: an invented site, written in 2026, one record damaged")
    click.echo(f"next: {next_step}")
