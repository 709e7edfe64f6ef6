"""lowbackground: pre-LLM human text in versioned, content-hashed snapshots.

>>> import archive
>>> archive.build(["crawl.warc.gz"], name="web", store="./store")
>>> web = archive.open("web", store="./store")
>>> web.sql("select host, count(*) from documents group by 1").rows
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from archive.errors import LowbgError

if TYPE_CHECKING:
    from archive.commoncrawl.named import Choice
    from archive.feed.mix import mix, originals
    from archive.recipe import Limits, Recipe
    from archive.snapshot import Snapshot, annotate, build, build_share, compact, open, rebuild

__all__ = [
    "Choice",
    "Limits",
    "LowbgError",
    "Recipe",
    "Snapshot",
    "annotate",
    "build",
    "build_share",
    "compact",
    "mix",
    "open",
    "originals",
    "rebuild",
]

_HOMES = {
    "Choice": "archive.commoncrawl.named",
    "Limits": "archive.recipe",
    "Recipe": "archive.recipe",
    "Snapshot": "archive.snapshot",
    "annotate": "archive.snapshot",
    "build": "archive.snapshot",
    "build_share": "archive.snapshot",
    "compact": "archive.snapshot",
    "mix": "archive.feed.mix",
    "open": "archive.snapshot",
    "originals": "archive.feed.mix",
    "rebuild": "archive.snapshot",
}


def __getattr__(name: str) -> Any:
    """Loads a public name at its first use, so that `import archive` loads no engine."""
    if name not in _HOMES:
        raise AttributeError(f"module 'archive' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)
