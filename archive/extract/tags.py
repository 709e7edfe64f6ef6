"""The tags of a page, one after the other, as the HTML tokenizer (13.2.5) tells them apart."""

from __future__ import annotations

import re
from typing import Final

from archive.extract.stack import IGNORED, RAW, Stack
from archive.recipe import Limits

VALUE: Final = rb"""(?:"[^"]*+"|'[^']*+'|[^\s>"'][^\s>]*+|(?=>))"""
NAME_REST: Final = rb"[^\s/>=]*+\s*+(?:=\s*+" + VALUE + rb"|(?!=))"
ATTRIBUTES: Final = rb"(?:[\s/]++|(?:=|[^\s/>=])" + NAME_REST + rb")*+"
"""What stands between a tag's name and its ">" (13.2.5.32 to 13.2.5.40)."""

_TOKEN: Final = re.compile(
    rb"<(?:!--(?:-?>|.*?(?:--!?>|\Z))|[!?][^>]*+>?|/([a-zA-Z][^\s/>]*+)[^>]*+>?"
    rb"|([a-zA-Z][^\s/>]*+)(" + ATTRIBUTES + rb")>?)",
    re.DOTALL,
)
_ATTRIBUTE: Final = re.compile(rb"(?:=|[^\s/>=])" + NAME_REST)
_RAW_END: Final = {
    name: re.compile(rb"</" + name + rb"[\s/>]", re.IGNORECASE) for name in sorted(RAW)
}


def walk(html: bytes, limits: Limits) -> str | None:
    """The name of the first limit that the page's tags exceed, None if none."""
    stack = Stack()
    root_attributes = position = 0
    while position < len(html):
        for token in _TOKEN.finditer(html, position):
            if stack.active and token.start() > position:
                between = html[position : token.start()]
                if not stack.in_foreign and not (stack.in_table and between.isspace()):
                    stack.text()
            position = token.end()
            end, start, attributes = token.groups()
            if end:
                stack.end(end.lower())
                continue
            if not start:
                continue
            name = start.lower()
            if len(attributes) > 2 * limits.attributes or name in IGNORED:
                count = len(_ATTRIBUTE.findall(attributes))
                # The attributes of every further <html> or <body> are added to the first.
                root_attributes += count if name in IGNORED else 0
                if max(count, root_attributes) > limits.attributes:
                    return "attributes"
                if len(attributes) > limits.attribute_bytes:
                    return "attribute_bytes"
            if name in RAW and stack.has_raw_text():
                closing = _RAW_END[name].search(html, position)
                position = closing.start() if closing else len(html)
                break
            stack.start(name, attributes)
            if over := _over(stack, limits):
                return over
        else:
            return None
    return None


def _over(stack: Stack, limits: Limits) -> str | None:
    if len(stack.elements) > limits.nesting:
        return "nesting"
    if stack.made_again > limits.rebuilt:
        return "rebuilt"
    return "options" if stack.options > limits.options else None
