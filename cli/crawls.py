"""`lowbg crawls`: the crawls of Common Crawl that can be named as inputs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from .output import json_option, no_store_option, print_json, print_table

if TYPE_CHECKING:
    from archive.commoncrawl.crawl import Crawl


@click.command(epilog="Example: lowbg crawls --before chatgpt")
@click.option("--before", metavar="ERA|DAY", help="Only crawls begun before: gpt2, gpt3, chatgpt.")
@click.option(
    "--refresh",
    is_flag=False,
    flag_value="",
    metavar="[URL]",
    help="Read the publisher's collinfo.json anew first.",
)
@no_store_option
@json_option
def command(before: str | None, refresh: str | None, as_json: bool) -> None:
    """List the crawls of Common Crawl: days, formats, sizes, page captures.

    The list comes with this software and names a source for each fact (--json); what no source
    states is empty. --refresh adds what the publisher's list has now, which is names and days.
    A crawl that goes on after the day of --before is marked: its captures are judged by their own
    dates.
    """
    from archive.commoncrawl import collinfo, crawls

    day = crawls.day_of(before) if before else None
    if refresh is not None:
        kept = collinfo.refresh(
            [each.id for each in crawls.bundled()], refresh or collinfo.COLLINFO
        )
        click.echo(f"read anew, kept in {kept}", err=True)
    found = list(crawls.crawls())
    if day is not None:
        found = crawls.before(day, found)
    straddling = [each.id for each in found if day is not None and each.last >= day.isoformat()]
    if as_json:
        listed = [{**each.to_json(), "straddles": each.id in straddling} for each in found]
        print_json({"crawls": listed, "sources": crawls.sources()})
        return
    print_table(
        ("crawl", "first", "last", "formats", "WARC or ARC", "WET", "files", "pages"),
        [_row(each) for each in found],
    )
    click.echo(f"\n{len(found)} crawls; sizes compressed, as published; sources: --json")
    for name in straddling:
        click.echo(f"{name} goes on after {day}: what it captured then is left out by a build")


def _row(crawl: Crawl) -> list[Any]:
    main = crawl.formats.get("warc") or crawl.formats.get("arc")
    wet = crawl.formats.get("wet")
    formats = " ".join(crawl.formats)
    sizes = (main.size if main else None, wet.size if wet else None)
    return [
        crawl.id,
        crawl.first,
        crawl.last,
        formats,
        *sizes,
        main.files if main else None,
        crawl.pages,
    ]
