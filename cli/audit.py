"""`lowbg audit`: how much of a corpus is human?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .output import json_option, print_json, print_table, store_option, workers_option
from .progress import Bar

if TYPE_CHECKING:
    from collections.abc import Callable

DEFAULT = "run"
SHOWN = 20
"""Slices of a column that are printed: the largest. --json has all of them."""


class DefaultGroup(click.Group):
    """A group whose command `run` may go without its name: `lowbg audit CORPUS`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if args and args[0] not in self.commands and args[0] not in ("--help", "-h"):
            args = [DEFAULT, *args]
        return super().parse_args(ctx, args)


@click.group(
    cls=DefaultGroup,
    epilog="Example: lowbg audit corpus/*.jsonl.zst --against web --synthetic generated.parquet",
)
def command() -> None:
    """Say how much of a corpus is human: proven, estimated, undetermined.

    'lowbg audit CORPUS...' is 'lowbg audit run CORPUS...'. The answer is of populations: nothing is
    said of any single document's author.
    """


def _shared(function: Callable[..., Any]) -> Callable[..., Any]:
    """The options of both commands."""
    for option in (
        click.option(
            "--cut", default="everything", show_default=True, help="Cut of the archive."
        ),
        click.option(
            "--grade", default="claimed", show_default=True,
            help="Least grade of evidence a capture needs to count.",
        ),
        click.option("--text-column", default="text", show_default=True, help="Such as meta.body."),
        click.option("--seed", default=0, show_default=True, type=click.IntRange(0)),
        workers_option,
        store_option,
        json_option,
    )[::-1]:  # fmt: skip
        function = option(function)
    return function


@command.command(
    epilog="""\b
Examples:
  lowbg audit corpus/*.jsonl.zst --against web --synthetic generated.parquet --by year,host
  lowbg audit DATASET --against web --witnesses found.parquet
"""
)
@click.argument("corpus", nargs=-1, required=True)
@click.option(
    "--against", multiple=True, required=True, metavar="WHAT",
    help="Snapshot, files or a replay run that is human; may be repeated for files.",
)  # fmt: skip
@click.option(
    "--synthetic", multiple=True, metavar="WHAT",
    help="Text of models to compare with: files, a snapshot, or a replay run; may be repeated.",
)  # fmt: skip
@click.option("--by", multiple=True, metavar="COLUMNS", help="Slices: year,host,language,...")
@click.option(
    "--witnesses", type=click.Path(dir_okay=False, path_type=Path),
    help="Write what proves each document: .parquet or .jsonl.",
)  # fmt: skip
@click.option(
    "--out", multiple=True, type=click.Path(dir_okay=False, path_type=Path),
    help="Write the result: a page (.html) or all of it (.json); may be repeated.",
)  # fmt: skip
@_shared
def run(
    corpus: tuple[str, ...],
    against: tuple[str, ...],
    synthetic: tuple[str, ...],
    by: tuple[str, ...],
    witnesses: Path | None,
    out: tuple[Path, ...],
    cut: str,
    grade: str,
    text_column: str,
    seed: int,
    workers: int,
    store: str,
    as_json: bool,
) -> None:
    """Audit CORPUS: files, folders, SNAPSHOT@VERSION, or hf:DATASET.

    Proven human is what captures of the archive have: the whole text, nearly all of it, or passages
    of 50 letters, whatever the case, white space and markup. Of the rest the share of sentences
    that resemble the synthetic reference is estimated, by language. What neither says is
    undetermined, with the reason.
    """
    from archive.audit.estimate import Settings
    from archive.audit.order import Order
    from archive.audit.result import to_json
    from archive.audit.run import audit

    _check_outputs(out)
    order = Order(
        corpora=corpus,
        against=against,
        store=store,
        cut=cut,
        least_grade=grade,
        synthetic=synthetic,
        by=tuple(dict.fromkeys(name.strip() for part in by for name in part.split(",") if name)),
        text_column=text_column,
        seed=seed,
        workers=workers,
        settings=Settings(seed=seed),
    )
    with Bar(quiet=as_json) as bar:
        result = to_json(audit(order, witnesses, bar.update))
    _write(out, result)
    if as_json:
        print_json(result)
        return
    _print(result)
    for path in (*out, *([witnesses] if witnesses else [])):
        click.echo(f"wrote {path}")


def _check_outputs(paths: tuple[Path, ...]) -> None:
    from archive.errors import UsageError

    for path in paths:
        if path.suffix not in (".html", ".json"):
            raise UsageError(
                f"what is {path}?", next_step="name a page (.html) or a result file (.json)"
            )


def _write(paths: tuple[Path, ...], result: dict[str, Any]) -> None:
    from archive.audit.page import write_page
    from archive.audit.result import write_json

    for path in paths:
        (write_page if path.suffix == ".html" else write_json)(result, path)


def _print(result: dict[str, Any]) -> None:
    whole = {"by": "", "value": "all", **result}
    print_table(HEADER, [_row(whole)])
    for by in dict.fromkeys(each["by"] for each in result["slices"]):
        held = [each for each in result["slices"] if each["by"] == by]
        largest = sorted(held, key=lambda each: -each["documents"])[:SHOWN]
        click.echo()
        print_table((by, *HEADER[1:]), [_row(each) for each in held if each in largest])
        if len(held) > len(largest):
            click.echo(f"and {len(held) - len(largest):,} smaller: --json")
    click.echo()
    for reason, share in result["undetermined"]["reasons"].items():
        click.echo(f"undetermined, {100 * share:.1f} %: {reason}")
    for reason, held in result["left_out"].items():
        click.echo(f"left out, {held['rows']:,} rows: {reason}, such as {held['first'][0]}")
    click.echo(
        "proven, estimated and undetermined are shares of documents and sum to 100 %; the AI share"
        "\nis of the sentences of those that are estimated. " + result["note"]
    )


HEADER = ("", "documents", "proven", "proven bytes", "estimated", "AI share", "undetermined")


def _row(each: dict[str, Any]) -> tuple[Any, ...]:
    ai, proven = each["ai_share"], each["proven_human"]
    shares = [
        f"{100 * value:.1f} %"
        for value in (
            proven["documents"],
            proven["bytes"],
            each["judged"],
            each["undetermined"]["share"],
        )
    ]
    said = "none"
    if ai["estimate"] is not None:
        bounds = f"[{100 * ai['low']:.1f}, {100 * ai['high']:.1f}]"
        said = f"{100 * ai['estimate']:.1f} % {bounds}"
    return (each["value"], each["documents"], *shares[:3], said, shares[3])
