"""Main text by trafilatura: better on articles, an order of magnitude slower."""

from __future__ import annotations

from configparser import ConfigParser
from copy import deepcopy
from importlib.metadata import version

import trafilatura
from trafilatura.settings import DEFAULT_CONFIG

from archive.extract.html import Html


class Trafilatura:
    """`trafilatura.extract` in its standard mode: no metadata, no network, no memory.

    Its duplicate test keeps paragraphs of earlier pages in one process-wide cache, so it stays off.
    Its time limit holds only in its own command line; it is set to none for good measure. Where it
    finds nothing, `html2txt` gives the text of the whole page: `fallback=all` in the identity.
    """

    def __init__(self) -> None:
        options = "fast=false;comments=true;tables=true;deduplicate=false;fallback=all"
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
        if text and not text.isspace():
            return text
        return str(trafilatura.html2txt(html.source) or "")


def make() -> Trafilatura:
    return Trafilatura()
