"""`lowbg build`: web archives in, a snapshot out."""

from __future__ import annotations

import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from archive.records import NOT_RECORDS

from .choice import choice_options, taken
from .output import CHECK_FAILED, json_option, print_json, print_table, store_option, workers_option
from .progress import Bar
from .remote import remote_options

if TYPE_CHECKING:
    from archive import Snapshot
    from archive.shards import Made


@click.command(epilog="Example: lowbg build crawl/*.warc.gz --name web --store ./store --era gpt3")
@click.argument("inputs", nargs=-1, required=True)
@click.option("--name", required=True, help="Name of the snapshot; it gets the next version.")
@click.option("--era", help="Named cut-off: gpt2, gpt3 or chatgpt (the default).")
@click.option("--before", metavar="DAY", help="Cut-off as a day: captures on it or later are out.")
@click.option("--extractor", default="resiliparse", show_default=True, help="Or: trafilatura.")
@click.option(
    "--attest",
    metavar="FILE",
    type=click.Path(exists=True, dir_okay=False),
    help="Digest list as a publisher issues it.",
)
@click.option("--keep-originals", is_flag=True, help="Keep the input files in the store too.")
@click.option("--annotate/--no-annotate", default=True, help="With signals and duplicates.")
@workers_option
@click.option("--engine", default="local", show_default=True, help="Where stages run: local, ray.")
@click.option(
    "--address",
    metavar="WHERE",
    help="For --engine ray: local (the default), auto (this node's cluster) or HOST:PORT.",
)
@click.option(
    "--shard",
    metavar="I/N",
    help="Make only the I-th of N shares and commit nothing; a build without it takes them up.",
)
@choice_options
@remote_options
@click.option(
    "--strict",
    is_flag=True,
    help="Exit 1 if any input is damaged, no archive, or not as an index says.",
)
@store_option
@json_option
def command(
    inputs: tuple[str, ...],
    strict: bool,
    as_json: bool,
    keep_originals: bool,
    shard: str | None,
    **options: Any,
) -> int:
    """Build the next version of a snapshot from WARC, ARC and WET files.

    INPUTS are files, folders, globs, s3:// and https:// URLs, - for a list on standard input, or
    crawls of Common Crawl by name: cc:CC-MAIN-2013-20 for its WARC files, wet:CC-MAIN-2013-20 for
    its WET files. Of those --files, --where and --index choose ('lowbg crawls' lists them, 'lowbg
    plan' says what one costs).
    Every record becomes a document or a reason; damaged bytes are salvaged and reported. Exits 1
    if an input failed: its workers kept dying. The same command tries such inputs again. --json
    lists damaged ranges, unrecognised and failed inputs, and what is disagreeing with an index.
    """
    import archive

    started = time.monotonic()
    options["choice"] = taken(options)
    with Bar(quiet=as_json) as bar:
        if shard:
            share = archive.build_share(inputs, shard=shard, progress=bar.update, **options)
            return _report_share(share, shard, as_json, time.monotonic() - started)
        snapshot = archive.build(
            inputs, keep_originals=keep_originals, progress=bar.update, **options
        )
    return report(snapshot, strict, as_json, time.monotonic() - started)


def report(snapshot: Snapshot, strict: bool, as_json: bool, seconds: float) -> int:
    """Prints what a build made; the exit code is 1 if inputs failed, or damage met a strict one."""
    manifest, damaged, strange = snapshot.manifest, snapshot.damaged(), snapshot.unrecognised()
    failed, disagreeing = snapshot.failed(), snapshot.disagreeing()
    summary = {
        "snapshot": snapshot.reference,
        "content_root": manifest.content_root,
        "documents": manifest.documents,
        "records": manifest.records,
        "outcomes": {k: n for k, n in manifest.outcomes.items() if k not in NOT_RECORDS},
        "bytes_in": manifest.bytes_in,
        "bytes_accounted": sum(entry.accounted for entry in manifest.inputs),
        "inputs": len(manifest.inputs),
        "damaged": damaged,
        "unrecognised": strange,
        "failed": failed,
        "disagreeing": disagreeing,
        "seconds": round(seconds, 3),
    }
    if as_json:
        print_json(summary)
    else:
        _print_summary(summary)
    return CHECK_FAILED if failed or (strict and (damaged or strange or disagreeing)) else 0


def _report_share(share: Made, shard: str, as_json: bool, seconds: float) -> int:
    """Prints what one share made; the exit code is 1 if inputs of it failed."""
    summary = {"shard": shard, **asdict(share), "seconds": round(seconds, 3)}
    if as_json:
        print_json(summary)
    else:
        click.echo(
            f"share {shard}: {share.inputs:,} inputs, {share.bytes_in:,} bytes in,"
            f" {share.documents:,} documents of {share.records:,} records, {summary['seconds']} s"
        )
        click.echo("nothing is committed: the same command without --shard does that")
        _print_failed([each["file"] for each in share.failed])
    return CHECK_FAILED if share.failed else 0


def _print_summary(summary: dict[str, Any]) -> None:
    outcomes, damaged = summary["outcomes"], summary["damaged"]
    click.echo(f"{summary['snapshot']}  {summary['documents']:,} documents")
    click.echo(f"content root  {summary['content_root']}")
    click.echo(
        f"{summary['inputs']:,} inputs, {summary['bytes_in']:,} bytes in,"
        f" {summary['bytes_accounted']:,} accounted for, {summary['seconds']} s"
    )
    click.echo()
    ordered = sorted(outcomes.items(), key=lambda item: -item[1])
    print_table(("outcome", "records"), [*ordered, ("all", summary["records"])])
    if damaged:
        click.echo(f"\n{len(damaged):,} damaged ranges (salvaged around, nothing hidden):")
        rows = [(d["file"], _place(d), d["length"], d["reason"]) for d in damaged[:20]]
        print_table(("file", "offset", "bytes", "reason"), rows)
        if len(damaged) > 20:
            click.echo("... all of them: lowbg sql NAME \"from ledger where outcome = 'damaged'\"")
    if strange := summary["unrecognised"]:
        click.echo(f"\n{len(strange):,} inputs hold no record: no web archives, or empty ones:")
        for name in strange:
            click.echo(f"  {name}")
    if disagreeing := summary["disagreeing"]:
        click.echo(f"\n{len(disagreeing):,} selected records are not as the index says, left out:")
        columns = ("file", "offset", "length", "problem")
        print_table(columns, [[each[name] for name in columns] for each in disagreeing[:20]])
        if len(disagreeing) > 20:
            click.echo("... all of them: --json")
    _print_failed([f"{each['file']}: {each['reason']}" for each in summary["failed"]])


def _print_failed(failed: list[str]) -> None:
    if failed:
        click.echo(f"\n{len(failed):,} inputs failed; the same command tries them again:")
        for line in failed:
            click.echo(f"  {line}")


def _place(damage: dict[str, object]) -> str:
    inside = f" in the member at {damage['member']}" if damage["member"] is not None else ""
    return f"{damage['offset']}{inside}"
