"""The report of a snapshot: one HTML page, complete in itself, whose numbers are SQL's.

`collect` asks, `sections` lays out, `write` puts the page in its place whole or not at all.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from archive.aside import writing
from archive.page.html import page
from archive.report.collect import Answer, Collected, collect
from archive.report.sections import STYLE, body

__all__ = ["CUTS", "Answer", "Collected", "collect", "render", "write"]

CUTS: Final = ("preserve", "c4", "fineweb-2024-04", "dclm-refinedweb")
"""The cuts that a report compares where none are named."""


def render(collected: Collected) -> str:
    """The HTML of the page: the same for the same snapshot and cuts."""
    return page(f"Snapshot {collected.reference}", body(collected), STYLE)


def write(collected: Collected, path: Path) -> None:
    """Writes the page beside its place first, so that there is never half of one."""
    with writing(path) as out:
        out.write(render(collected).encode())
