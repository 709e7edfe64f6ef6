"""`lowbg audit`: how much of a corpus is human?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .audit_tables import print_audit, print_calibration
from .output import CHECK_FAILED, json_option, print_json, store_option, workers_option
from .progress import Bar

if TYPE_CHECKING:
    from collections.abc import Callable

    from archive.audit.order import Order

DEFAULT = "run"


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
@click.option(
    "--scores", type=click.Path(dir_okay=False, path_type=Path),
    help="A detector's scores: rows with 'of' (corpus, human or synthetic) and 'score'.",
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
    by: tuple[str, ...],
    witnesses: Path | None,
    out: tuple[Path, ...],
    as_json: bool,
    **options: Any,
) -> None:
    """Audit CORPUS: files, folders, SNAPSHOT@VERSION, or hf:DATASET.

    Proven human is what captures of the archive have: the whole text, nearly all of it, or passages
    of 50 letters, whatever the case, white space and markup. Of the rest the share of sentences
    that resemble the synthetic reference is estimated, by language. What neither says is
    undetermined, with the reason.
    """
    from archive.audit.page import write_page
    from archive.audit.result import to_json
    from archive.audit.run import audit

    _check_outputs(out, *([witnesses] if witnesses else []))
    columns = dict.fromkeys(name.strip() for part in by for name in part.split(",") if name.strip())
    order = _order(corpora=corpus, by=tuple(columns), **options)
    with Bar(quiet=as_json) as bar:
        result = to_json(audit(order, witnesses, bar.update))
    _write(out, result, write_page)
    if as_json:
        print_json(result)
        return
    print_audit(result)
    for path in (*out, *([witnesses] if witnesses else [])):
        click.echo(f"wrote {path}")


@command.command(
    epilog="Example: lowbg audit calibrate web --synthetic generated.parquet --out trust.html"
)
@click.argument("against", nargs=-1, required=True)
@click.option(
    "--synthetic", multiple=True, required=True, metavar="WHAT",
    help="Text of models: files, a snapshot, or a replay run; may be repeated.",
)  # fmt: skip
@click.option(
    "--out", multiple=True, type=click.Path(dir_okay=False, path_type=Path),
    help="Write the result: a page with plots (.html) or all of it (.json); may be repeated.",
)  # fmt: skip
@_shared
def calibrate(out: tuple[Path, ...], as_json: bool, **options: Any) -> int:
    """Say how far the references of AGAINST and --synthetic can be trusted.

    By language: whether they can be told apart, what held-out mixtures of known shares are read as,
    and human text of each source that the references lack. Exit code 1 if no language's references
    can be told apart: an audit with them would estimate nothing.
    """
    from archive.audit.calibrate import calibrate as measure
    from archive.audit.calibration_page import write_page

    _check_outputs(out)
    order = _order(corpora=(), **options)
    with Bar(quiet=as_json) as bar:
        result = measure(order, bar.update)
    _write(out, result, write_page)
    if as_json:
        print_json(result)
    else:
        print_calibration(result)
        for path in out:
            click.echo(f"wrote {path}")
    return 0 if result["estimable"] else CHECK_FAILED


def _order(*, grade: str, seed: int, **options: Any) -> Order:
    """The order that the options mean; all but two have its words."""
    from archive.audit.estimate import Settings
    from archive.audit.order import Order

    return Order(least_grade=grade, seed=seed, settings=Settings(seed=seed), **options)


def _check_outputs(paths: tuple[Path, ...], *others: Path) -> None:
    """Refuses what cannot be written before the work is done that it is to hold."""
    from archive.errors import UsageError

    for path in paths:
        if path.suffix not in (".html", ".json"):
            raise UsageError(
                f"what is {path}?", next_step="name a page (.html) or a result file (.json)"
            )
    for path in (*paths, *others):
        if not path.parent.is_dir():
            raise UsageError(
                f"no folder {path.parent} to write {path.name} to",
                next_step="make the folder first, or name another",
            )


def _write(
    paths: tuple[Path, ...], result: dict[str, Any], page: Callable[[dict[str, Any], Path], None]
) -> None:
    from archive.audit.result import write_json

    for path in paths:
        (page if path.suffix == ".html" else write_json)(result, path)
