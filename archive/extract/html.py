"""A page's tree, parsed once, and what the page says of itself in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from resiliparse.parse.html import HTMLTree

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


def declarations(html: Html) -> Declarations:
    """Reads the head, and the body only where it may name a licence."""
    tree = html.tree
    head = tree.head
    root = head.parent if head is not None else None
    return Declarations(
        title=_clean(tree.title),
        language=_clean(root.getattr("lang") or root.getattr("xml:lang")) if root else None,
        robots=_meta(head, "robots"),
        tdm_reservation=_meta(head, "tdm-reservation"),
        license=_license(html),
    )


def _meta(head: Any, name: str) -> str | None:
    """The contents of the metas of that name, joined by ", "."""
    if head is None:
        return None
    # The selector picks them: walking resiliparse's collections costs quadratic time.
    found = head.query_selector_all(f'meta[name="{name}" i]')
    return _clean(", ".join(filter(None, (_clean(meta.getattr("content")) for meta in found))))


def _license(html: Html) -> str | None:
    # Looking for a word in the bytes costs a tenth of asking the tree.
    if b"icense" not in html.utf8 and b"ICENSE" not in html.utf8:
        return None
    element = html.tree.document.query_selector('[rel~="license" i][href]')
    return _clean(element.getattr("href")) if element is not None else None


def _clean(value: str | None) -> str | None:
    """One line without leading and trailing white space; None if nothing is left."""
    return " ".join((value or "").replace("\0", "").split())[:LONGEST] or None
