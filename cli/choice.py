"""The options that choose from a crawl, the same for every command that reads one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])

OPTIONS = ("where", "index", "files", "seed", "base")


def choice_options(command: F) -> F:
    """`--where`, `--index`, `--files`, `--seed` and `--cc-base`."""
    options = (
        click.option("--where", metavar="SQL", help="Only what the crawl's index says this of."),
        click.option(
            "--index", metavar="FILE|URL", help="Select from this CDXJ, not the columnar index."
        ),
        click.option("--files", type=click.IntRange(1), help="Only so many files of each crawl."),
        click.option("--seed", default=0, show_default=True, help="Decides which --files."),
        click.option(
            "--cc-base",
            "base",
            metavar="WHERE",
            help="Folder or URL of Common Crawl's files.  [default: $LOWBG_CC_BASE, else the"
            " publisher's]",
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command
