"""A page's tree, parsed once, and what the page says of itself in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from resiliparse.extract.html2text import extract_plain_text
from resiliparse.parse.html import HTMLTree

FALLBACK: Final = "fallback=noscript,all"
"""What `fallback` does, as an extractor's identity states it."""

LONGEST: Final = 4096
"""Characters kept of a title or a declaration: what is longer is no title."""


@dataclass(frozen=True, slots=True)
class Html:
    """A page: its source as bytes (UTF-8) and as text, and its tree (lexbor's, by resiliparse)."""

    utf8: bytes
    source: str
    tree: Any


@dataclass(frozen=True, slots=True)
class Declarations:
    """What the markup declares, as captured; None where it is silent."""

    title: str | None
    language: str | None  # <html lang>
    robots: str | None  # <meta name=robots>, several joined by ", "
    tdm_reservation: str | None  # <meta name=tdm-reservation> (W3C TDMRep)
    license: str | None  # target of rel=license


def parse(utf8: bytes, source: str) -> Html:
    return Html(utf8, source, HTMLTree.parse_from_bytes(utf8, "utf-8"))


def fallback(html: Html) -> str:
    """The text of a page in which an extractor found none; a function of the page alone.

    First the main text with `<noscript>`: forums that draw themselves by script (Discourse) keep
    their posts there. Then the visible text of the whole body, so that a short page that people
    wrote, a list or a table of links, is not lost.
    """
    text: str = extract_plain_text(html.tree, main_content=True, alt_texts=False, noscript=True)
    if not text or text.isspace():
        text = extract_plain_text(html.tree, alt_texts=False, noscript=True)
    return text


# One query picks them all: walking resiliparse's live collections costs quadratic time.
_DECLARING: Final = 'meta[name="robots" i],meta[name="tdm-reservation" i],[rel~="license" i][href]'


def declarations(html: Html) -> Declarations:
    """Reads the head, and from the body the elements that declare something."""
    tree = html.tree
    root = tree.head.parent if tree.head is not None else None
    robots: list[str] = []
    others: dict[str, str | None] = {}
    for element in tree.document.query_selector_all(_DECLARING):
        name = (element.getattr("name") or "").lower()
        if element.tag == "meta" and name == "robots":
            robots.append(_clean(element.getattr("content")) or "")
        elif element.tag == "meta":
            others.setdefault(name, _clean(element.getattr("content")))
        else:
            others.setdefault("license", _clean(element.getattr("href")))
    return Declarations(
        title=_clean(tree.title),
        language=_clean(root.getattr("lang") or root.getattr("xml:lang")) if root else None,
        robots=", ".join(filter(None, robots)) or None,
        tdm_reservation=others.get("tdm-reservation"),
        license=others.get("license"),
    )


def _clean(value: str | None) -> str | None:
    """One line without leading and trailing white space; None if nothing is left."""
    return " ".join((value or "").replace("\0", "").split())[:LONGEST] or None
