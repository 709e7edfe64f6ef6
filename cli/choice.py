"""The options that choose from a crawl, the same for every command that reads one."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from archive.commoncrawl.named import Choice

F = TypeVar("F", bound=Callable[..., Any])

_NAMES = ("where", "index", "files", "seed", "base")


def choice_options(command: F) -> F:
    """`--where`, `--index`, `--files`, `--seed` and `--cc-base`."""
    options = (
        click.option(
            "--where",
            metavar="SQL",
            help="Only captures that the crawl's index says this of: \"url_host_tld = 'scot'\".",
        ),
        click.option(
            "--index",
            metavar="FILE|URL",
            help="Select from this CDXJ, or question to an index server, not the columnar index.",
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


def taken(options: dict[str, Any]) -> Choice:
    """What these options say, which are taken out of the others."""
    from archive.commoncrawl.named import Choice

    return Choice(**{name: options.pop(name) for name in _NAMES})
