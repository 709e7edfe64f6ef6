"""A check in linear time before a parser that is not: how large, how many tags, how deep.

lexbor (resiliparse) and libxml2 (trafilatura) take quadratic time on some pages and hold the
interpreter meanwhile, and a clock must not decide content. Measured for resiliparse 2.0.1 on one
core: 70 ns for every element times the `<div>` and `<article>` open around it, so 17 ns x n^2 at
worst for n tags; 8 ns x n^2 for the `<option>`s of one `<select>`; 7 ns x n^2 for formatting
elements left open; 2.5 ns x n^2 for the attributes of one tag, or of all `<html>` tags together;
and 1.7 us and 380 bytes for every formatting element that is made again in a later block.

So most pages need no look at their tags: they have too few to do harm, however they nest. Others
are counted by name, and what may still do harm is walked tag by tag with a model of the tree
builder's stack (`archive.extract.stack`). What this lets pass is parsed in under 10 s per MB.
"""

from __future__ import annotations

import re
from typing import Final

from archive.extract.tags import ATTRIBUTES, NAME_REST, VALUE, walk
from archive.recipe import Limits

HARMLESS: Final = 200
"""n^2 / bytes up to which n tags may nest as they like: under 4 s per MB; real pages have 1-50."""

SMALL: Final = 1 << 16
"""Bytes of a page too small for the attributes of repeated `<html>` tags to cost."""

STEP: Final = 1 << 15
"""From every STEP bytes, a tag that may be open there must end within STEP."""

# The states that the tokenizer can be in inside a tag: in a double-quoted value, a single-quoted
# one (a value that fills the reach holds no attributes), an unquoted one, before one, in a name.
_ENDS: Final = re.compile(
    b"".join(
        b"(?=" + start + b")"
        for start in (
            rb'[^"]*+(?:\Z|"' + ATTRIBUTES + b">)",
            rb"[^']*+(?:\Z|'" + ATTRIBUTES + b">)",
            rb"[^\s>]*+" + ATTRIBUTES + b">",
            rb"\s*+" + VALUE + ATTRIBUTES + b">",
            NAME_REST + ATTRIBUTES + b">",
        )
    )
)

# html and body, and b, big, code, em, font, i, nobr, s, small, strike, strong, tt, u ("a" closes
# the one before it). Initials and rests in any combination: an upper bound at half the cost.
_NAMES: Final = (
    rb"<[bcefhinstuBCEFHINSTU](?:[mM](?:[aA][lL]{2})?|[tT](?:[rR][iIoO][kKnN][eEgG]|[mM][lL])?"
    rb"|[oO](?:[nN][tT]|[dD](?:[eE]|[yY])|[bB][rR])|[iI][gG])?"
)
_MADE_AGAIN: Final = re.compile(_NAMES + rb"[\s/>]")
_MADE_AGAIN_WHOLE: Final = re.compile(_NAMES + rb"(?=[\s/>])" + ATTRIBUTES)
_BLOCKS: Final = re.compile(rb"<(?:[dD][iI][vV]|[aA][rR][tT][iI][cC][lL][eE])[\s/>]")
_OPTIONS: Final = re.compile(rb"<[oO][pP][tT][iI][oO][nN][\s/>]")


def over_limit(html: bytes, limits: Limits) -> str | None:
    """The name of the limit that a page (UTF-8) exceeds, None if it may be parsed."""
    if len(html) > limits.html_bytes:
        return "html_bytes"
    tags = html.count(b"<")
    if tags > limits.tags:
        return "tags"
    if _harmless(html, tags, limits) and _short_tags(html):
        return None
    return walk(html, limits)


def _harmless(html: bytes, tags: int, limits: Limits) -> bool:
    """Whether the page has too few tags, or of the costly ones, to do harm by any nesting."""
    few = tags * tags <= HARMLESS * len(html)
    if few and tags * tags <= 4 * limits.rebuilt and len(html) <= SMALL:
        return True
    again = _MADE_AGAIN.findall(html)
    root = [tag[1:5].lower() for tag in again if tag[-2] in b"lLyY" and len(tag) == 6]
    if len(root) != len(set(root)):
        return False
    formatting = len(again) - len(root)
    if formatting * (tags - formatting) > limits.rebuilt:
        # Of elements with the same attributes the parser keeps three ("Noah's Ark clause").
        formatting = min(formatting, 3 * len(set(_MADE_AGAIN_WHOLE.findall(html))))
        if formatting * tags > limits.rebuilt:
            return False
    if few:
        return True
    blocks = len(_BLOCKS.findall(html))
    return (
        4 * blocks * tags <= HARMLESS * len(html)
        and 2 * formatting**2 <= 5 * HARMLESS * len(html)
        and len(_OPTIONS.findall(html)) <= limits.options
    )


def _short_tags(html: bytes) -> bool:
    """Whether a tag ends soon wherever one looks, so that none has very many attributes."""
    return all(_ENDS.match(html, start, start + STEP) for start in range(0, len(html) - STEP, STEP))
