"""`lowbg verify`: is every byte still what it was?"""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from .output import CHECK_FAILED, json_option, print_json, store_option, workers_option
from .progress import Bar

if TYPE_CHECKING:
    from collections.abc import Iterable

    from archive.verify import Finding


SHOWN: Final = 5
"""Names of inputs printed of one finding; --json has all."""


@click.command(epilog="Example: lowbg verify web@1 --independent")
@click.argument("snapshot", required=False)
@click.option("--independent", is_flag=True, help="Compute the content root a second way, by SQL.")
@click.option("--deep", is_flag=True, help="Derive every document again from the kept originals.")
@click.option("--sample", type=click.FloatRange(0, 1), help="Check only this share of the parts.")
@workers_option
@store_option
@json_option
def command(
    snapshot: str | None,
    independent: bool,
    deep: bool,
    sample: float | None,
    workers: int,
    store: str,
    as_json: bool,
) -> int:
    """Check SNAPSHOT, or every version in the store: bytes, leaves, root, sums, nothing extra.

    SNAPSHOT may be the folder of an export: then its files are compared with its export.json.

    Full by default. Exit code 1 if anything is found; each finding says what to do.
    """
    from archive.store.remote import at_hand, open_store
    from archive.verify import verify

    if snapshot and (Path(snapshot) / "export.json").is_file():
        return _verify_export(Path(snapshot), as_json)
    with Bar(quiet=as_json) as bar, at_hand(open_store(store)) as opened:
        report = verify(
            opened,
            snapshot,
            independent=independent,
            sample=sample,
            workers=workers,
            progress=lambda done, total: bar.update("verifying", done, total),
        )
        if deep:
            from archive.verify.deep import verify_deep

            report = report.merged(verify_deep(opened, snapshot, progress=bar.update))
    if as_json:
        print_json({"ok": report.ok, **asdict(report)})
    else:
        _print_findings(report.findings)
        click.echo(
            f"{'sound' if report.ok else f'{len(report.findings)} findings'}:"
            f" {report.checked_objects:,} objects, {report.checked_bytes:,} bytes,"
            f" {report.documents:,} documents"
        )
        for reference, root in report.content_roots.items():
            click.echo(f"content root  {root}  {reference}")
    return 0 if report.ok else CHECK_FAILED


def _verify_export(folder: Path, as_json: bool) -> int:
    from archive.exporters.export import verify_export

    findings = verify_export(folder)
    if as_json:
        print_json({"ok": not findings, "findings": [asdict(each) for each in findings]})
    else:
        _print_findings(findings)
        click.echo(f"{'sound' if not findings else f'{len(findings)} findings'}: {folder}")
    return CHECK_FAILED if findings else 0


def _print_findings(findings: Iterable[Finding]) -> None:
    for each in findings:
        click.echo(f"{each.kind}: {each.path}")
        click.echo(f"    expected {each.expected}, found {each.found}")
        if each.inputs:
            more = len(each.inputs) - SHOWN
            shown = ", ".join(each.inputs[:SHOWN]) + (f" and {more:,} more" if more > 0 else "")
            click.echo(f"    holds rows of {len(each.inputs):,} inputs: {shown}")
        click.echo(f"    {each.fix}")
