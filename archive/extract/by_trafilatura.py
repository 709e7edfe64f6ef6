"""Main text by trafilatura: better on articles, an order of magnitude slower."""

from __future__ import annotations

from configparser import ConfigParser
from copy import deepcopy
from importlib.metadata import version

import trafilatura
from trafilatura.settings import DEFAULT_CONFIG

from archive.extract.html import FALLBACK, Html, fallback


class Trafilatura:
    """`trafilatura.extract` in its standard mode: no metadata, no network, no memory.

    Its duplicate test keeps paragraphs of earlier pages in one process-wide cache, so it stays off.
    Its time limit holds only in its own command line; it is set to none for good measure. Where it
    finds nothing, the fallbacks of `html.fallback` give the text, as the identity says.
    """

    def __init__(self) -> None:
        options = f"fast=false;comments=true;tables=true;deduplicate=false;{FALLBACK}"
        self.identity = f"trafilatura/{version('trafilatura')};{options}"
        self._config: ConfigParser = deepcopy(DEFAULT_CONFIG)
        self._config["DEFAULT"]["EXTRACTION_TIMEOUT"] = "0"

    def main_text(self, html: Html) -> str:
        text: str | None = trafilatura.extract(
            html.source,
            fast=False,
            include_comments=True,
            include_tables=True,
            deduplicate=False,
            with_metadata=False,
            config=self._config,
        )
        return text if text and not text.isspace() else fallback(html)


def make() -> Trafilatura:
    return Trafilatura()
