"""A check in linear time before a parser that is not: how large, how many tags, how deep.

lexbor (resiliparse) and libxml2 (trafilatura) take quadratic time on some pages and hold the
interpreter meanwhile, and a clock must not decide content. Measured for resiliparse 2.0.1 on one
core, for a page of n tags: 17 ns x n^2 for nested `<div>`; 70 ns for every element times its open
ancestors; 8 ns x n^2 for the `<option>`s of one `<select>`; 2 ns x n^2 for the attributes of one
tag; and for formatting elements that were never closed, all of them rebuilt in every following
block, 1.7 us and 380 bytes for each.

So most pages need no look at their tags: too few to do harm, whatever they nest. The others are
walked tag by tag with a model of the tree builder's stack (`archive.extract.stack`).
"""

from __future__ import annotations

import re
from typing import Final

from archive.extract.stack import ATTRIBUTES, NAME_REST, VALUE, walk
from archive.recipe import Limits

HARMLESS: Final = 200
"""n^2 / bytes up to which n tags may nest as they like: under 4 s per MB; real pages have 1-50."""

STEP: Final = 16_384
REACH: Final = 2 * STEP
"""From every STEP bytes, a tag that may be open there must end within REACH."""

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

# b, big, code, em, font, i, nobr, s, small, strike, strong, tt, u; "a" closes the one before it.
# Initial and rest in any combination: an upper bound is enough, and half the cost.
_FORMATTING: Final = re.compile(
    rb"<[bcefinstuBCEFINSTU](?:[mM](?:[aA][lL]{2})?|[tT](?:[rR][iIoO][kKnN][eEgG])?"
    rb"|[oO](?:[nN][tT]|[dD][eE]|[bB][rR])|[iI][gG])?[\s/>]"
)


def over_limit(html: bytes, limits: Limits) -> str | None:
    """The name of the limit that a page (UTF-8) exceeds, None if it may be parsed."""
    if len(html) > limits.html_bytes:
        return "html_bytes"
    tags = html.count(b"<")
    if tags > limits.tags:
        return "tags"
    if (
        tags * tags <= HARMLESS * len(html)
        and _few_rebuilt(html, tags, limits.rebuilt)
        and _short_tags(html)
    ):
        return None
    return walk(html, limits)


def _few_rebuilt(html: bytes, tags: int, limit: int) -> bool:
    """Whether formatting elements times the tags that could make them be rebuilt stays small."""
    if tags * tags <= 4 * limit:
        return True
    formatting = len(_FORMATTING.findall(html))
    return formatting * (tags - formatting) <= limit


def _short_tags(html: bytes) -> bool:
    """Whether a tag ends soon wherever one looks, so that none has very many attributes."""
    return all(
        _ENDS.match(html, start, start + REACH) for start in range(0, len(html) - STEP, STEP)
    )
