"""Main text by resiliparse: block structure kept, list bullets as written, no alternative texts."""

from __future__ import annotations

from importlib.metadata import version

from resiliparse.extract.html2text import extract_plain_text

from archive.extract.html import Html


class Resiliparse:
    """`extract_plain_text(main_content=True, alt_texts=False)`, else the whole body's text.

    Where the main-content heuristics leave nothing but white space (a page that is one list, a
    table of links), the visible text of the whole body is taken, so that short pages that people
    wrote are not lost: `fallback=all` in the identity. That too is a function of the page alone.
    """

    def __init__(self) -> None:
        options = "main_content=true;alt_texts=false;fallback=all"
        self.identity = f"resiliparse/{version('resiliparse')};{options}"

    def main_text(self, html: Html) -> str:
        text: str = extract_plain_text(html.tree, main_content=True, alt_texts=False)
        if not text or text.isspace():
            text = extract_plain_text(html.tree, alt_texts=False)
        return text


def make() -> Resiliparse:
    return Resiliparse()
