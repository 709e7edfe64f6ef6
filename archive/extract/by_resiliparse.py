"""Main text by resiliparse: block structure kept, list bullets as written, no alternative texts."""

from __future__ import annotations

from importlib.metadata import version

from resiliparse.extract.html2text import extract_plain_text

from archive.extract.html import FALLBACK, Html, fallback


class Resiliparse:
    """`extract_plain_text(main_content=True, alt_texts=False)`, else what `html.fallback` finds."""

    def __init__(self) -> None:
        options = f"main_content=true;alt_texts=false;{FALLBACK}"
        self.identity = f"resiliparse/{version('resiliparse')};{options}"

    def main_text(self, html: Html) -> str:
        text: str = extract_plain_text(html.tree, main_content=True, alt_texts=False)
        return text if text and not text.isspace() else fallback(html)


def make() -> Resiliparse:
    return Resiliparse()
