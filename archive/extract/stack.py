"""A walk over a page's tags with a model of the HTML tree builder's stack of open elements.

It follows the HTML standard (13.2.6) where that keeps the stack low: end tags implied by others,
scopes, misnested formatting elements, foreign content. It builds no tree and takes time linear in
the page, times the nesting limit at worst.
"""

from __future__ import annotations

import re
from typing import Final

from archive.recipe import Limits

VALUE: Final = rb"""(?:"[^"]*+"|'[^']*+'|[^\s>"'][^\s>]*+|(?=>))"""
NAME_REST: Final = rb"[^\s/>=]*+\s*+(?:=\s*+" + VALUE + rb"|(?!=))"
ATTRIBUTES: Final = rb"(?:[\s/]++|(?:=|[^\s/>=])" + NAME_REST + rb")*+"
"""What stands between a tag's name and its ">" (HTML standard 13.2.5.32 to 13.2.5.40)."""


def _names(words: str) -> frozenset[bytes]:
    return frozenset(words.encode().split())


VOID: Final = _names(
    "area base basefont bgsound br col embed frame hr img input keygen link meta param source track"
    " wbr image"
)
FORMATTING: Final = _names("a b big code em font i nobr s small strike strong tt u")
RAW: Final = _names("script style textarea title xmp iframe noembed noframes")
FOREIGN: Final = _names("svg math")
HEADINGS: Final = _names("h1 h2 h3 h4 h5 h6")
CELLS: Final = _names("td th")
MARKERS: Final = _names("td th caption applet marquee object template")
SCOPE: Final = MARKERS | _names("html table svg math foreignobject desc annotation-xml")
TABLE: Final = _names("table template html")
CLOSES_P: Final = HEADINGS | _names(
    "address article aside blockquote center details dialog dir div dl fieldset figcaption figure"
    " footer header hgroup main menu nav ol p search section summary ul pre listing form table hr"
    " plaintext xmp li dd dt"
)
SPECIAL: Final = (SCOPE | CLOSES_P | RAW | VOID | _names(
    "body button colgroup head noscript optgroup tbody tfoot thead tr frameset"
)) - _names("svg math")  # fmt: skip
ENDS_FOREIGN: Final = (CLOSES_P | FORMATTING | _names(
    "body br code embed head img meta ruby span sub sup var table"
)) - _names("a form fieldset article aside")  # fmt: skip
ITEM_BARRIER: Final = SPECIAL - _names("address div p")
BUTTON_SCOPE: Final = SCOPE | {b"button"}
IGNORED: Final = _names("html head body")
IMPLIED: Final = {
    b"li": (_names("li"), ITEM_BARRIER),
    b"dd": (_names("dd dt"), ITEM_BARRIER),
    b"dt": (_names("dd dt"), ITEM_BARRIER),
    b"button": (_names("button"), SCOPE),
    b"select": (_names("select"), SCOPE - {b"select"}),
    b"nobr": (_names("nobr"), SCOPE),
}
"""Start tag to the open elements it closes, and the elements beyond which it does not look."""

_GROUPS: Final = _names("tbody thead tfoot")
PART_OF: Final = {
    **dict.fromkeys(CELLS, TABLE | _GROUPS | {b"tr"}),
    b"tr": TABLE | _GROUPS,
    **dict.fromkeys(_GROUPS | _names("caption colgroup"), TABLE),
}
"""Table part to the open elements it may stand in: what is open above them is closed."""
IN_TABLE: Final = _GROUPS | _names("table tr")

ON_TOP: Final = dict.fromkeys(HEADINGS, HEADINGS) | {
    b"option": _names("option"),
    b"optgroup": _names("option optgroup"),
    b"rt": _names("rt rp"),
    b"rp": _names("rt rp"),
    b"rb": _names("rb rt rtc rp"),
    b"rtc": _names("rb rt rtc rp"),
}
"""Start tag to the open elements it closes if they are the innermost."""

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
    """The name of the first limit that the page exceeds, None if none."""
    stack = _Stack()
    root_attributes = position = 0
    while position < len(html):
        for token in _TOKEN.finditer(html, position):
            if stack.active and token.start() > position:
                between = html[position : token.start()]
                if not (stack.in_table and between.isspace()):
                    stack.text()
            position = token.end()
            end, start, attributes = token.groups()
            if end:
                stack.close(end.lower())
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
            if name in RAW and not stack.foreign:
                closing = _RAW_END[name].search(html, position)
                position = closing.start() if closing else len(html)
                break
            stack.open(name, attributes)
            if over := stack.over(limits):
                return over
        else:
            return None
    return None


class _Stack:
    """Open elements, outermost first, and the formatting elements that later blocks rebuild."""

    def __init__(self) -> None:
        self.names: list[bytes] = []
        self.active: list[tuple[bytes, bytes] | None] = []  # None is a marker
        self.foreign = 0  # open svg and math elements
        self.tables = 0
        self.paragraphs = 0
        self.selects = 0
        self.options = 0  # in the select at hand
        self.rebuilt = 0  # formatting elements made again, all together

    def over(self, limits: Limits) -> str | None:
        if len(self.names) > limits.nesting:
            return "nesting"
        if self.rebuilt > limits.rebuilt:
            return "rebuilt"
        return "options" if self.options > limits.options else None

    @property
    def in_table(self) -> bool:
        """Whether the innermost element is a table or its part, where white space is no text."""
        return bool(self.names) and self.names[-1] in IN_TABLE

    def open(self, name: bytes, attributes: bytes) -> None:
        if name in IGNORED or (name in PART_OF and not self.tables and not self.foreign):
            return
        if self.foreign:
            if name not in ENDS_FOREIGN:
                if not attributes.endswith(b"/"):
                    self._push(name)
                return
            self._leave_foreign()
        if name == b"form" and b"form" in self.names:
            return
        self._imply(name)
        if name not in CLOSES_P and name not in PART_OF:
            self.text()
        if name in VOID:
            return
        if name in FORMATTING:
            self._format(name, attributes)
        self._push(name)
        if name in MARKERS:
            self.active.append(None)

    def close(self, name: bytes) -> None:
        if name == b"p" and not self.paragraphs:
            return
        if name in FORMATTING:
            self._close_formatting(name)
        elif name in PART_OF or name == b"table":
            self._pop_to(frozenset((name,)), TABLE - {b"table"} if name == b"table" else TABLE)
        elif name in HEADINGS:
            self._pop_to(HEADINGS, SCOPE)
        elif name == b"p":
            self._pop_to(frozenset((name,)), BUTTON_SCOPE)
        elif name == b"li":
            self._pop_to(frozenset((name,)), SCOPE | {b"ol", b"ul"})
        elif name == b"form":
            self._remove_form()
        elif name in SPECIAL or name in FOREIGN:
            self._pop_to(frozenset((name,)), SCOPE - {name})
        else:
            self._pop_to(frozenset((name,)), SPECIAL)

    def _imply(self, name: bytes) -> None:
        """Closes what a start tag closes without an end tag."""
        if name in PART_OF and self.tables:
            self._cut_above(PART_OF[name])
        elif name == b"table" and self.names and self.names[-1] in IN_TABLE:
            self._pop_to(frozenset((b"table",)), TABLE - {b"table"})
        if name in ON_TOP and self.names and self.names[-1] in ON_TOP[name]:
            self._pop()
        if name in IMPLIED:
            self._pop_to(*IMPLIED[name])
        if name in CLOSES_P and self.paragraphs:
            self._pop_to(frozenset((b"p",)), BUTTON_SCOPE)
        if name == b"select":
            self.options = 0
        elif name == b"option" and self.selects:
            self.options += 1
        elif name == b"a":
            self._close_formatting(name)

    def text(self) -> None:
        """Opens the active formatting elements again, as text and inline tags do (13.2.4.3).

        Those behind the last marker that are no longer open.
        """
        if self.foreign:
            return
        wanted: dict[bytes, int] = {}
        for entry in reversed(self.active):
            if entry is None:
                break
            wanted[entry[0]] = wanted.get(entry[0], 0) + 1
        if not wanted:
            return
        for name in reversed(self.names):
            if name in MARKERS:
                break
            if wanted.get(name):
                wanted[name] -= 1
        for name, count in wanted.items():
            self.rebuilt += count
            self.names.extend([name] * count)

    def _format(self, name: bytes, attributes: bytes) -> None:
        """Adds a formatting element, of three like it at most (the "Noah's Ark clause")."""
        entry, alike = (name, attributes), []
        for index in range(len(self.active) - 1, -1, -1):
            if self.active[index] is None:
                break
            if self.active[index] == entry:
                alike.append(index)
        if len(alike) >= 3:
            del self.active[alike[-1]]
        self.active.append(entry)

    def _close_formatting(self, name: bytes) -> None:
        for index in range(len(self.active) - 1, -1, -1):
            entry = self.active[index]
            if entry is None:
                break
            if entry[0] == name:
                del self.active[index]
                break
        for index in range(len(self.names) - 1, -1, -1):
            if self.names[index] == name:
                # What stands above stays open: the adoption agency keeps the blocks.
                if any(inner in SPECIAL for inner in self.names[index + 1 :]):
                    del self.names[index]
                else:
                    self._cut(index)
                return
            if self.names[index] in SCOPE:
                return

    def _remove_form(self) -> None:
        """Ends a form; elements opened in it and not closed stay open (13.2.6.4.7)."""
        if b"form" in self.names:
            self.names.remove(b"form")

    def _cut_above(self, context: frozenset[bytes]) -> None:
        for index in range(len(self.names) - 1, -1, -1):
            if self.names[index] in context:
                self._cut(index + 1)
                return

    def _leave_foreign(self) -> None:
        for index, name in enumerate(self.names):
            if name in FOREIGN:
                self._cut(index)
                return

    def _pop_to(self, wanted: frozenset[bytes], barrier: frozenset[bytes]) -> None:
        for index in range(len(self.names) - 1, -1, -1):
            if self.names[index] in wanted:
                self._cut(index)
                return
            if self.names[index] in barrier:
                return

    def _push(self, name: bytes) -> None:
        self.names.append(name)
        self.foreign += name in FOREIGN
        self.tables += name == b"table"
        self.paragraphs += name == b"p"
        self.selects += name == b"select"

    def _pop(self) -> None:
        self._cut(len(self.names) - 1)

    def _cut(self, index: int) -> None:
        for name in self.names[index:]:
            self.foreign -= name in FOREIGN
            self.tables -= name == b"table"
            self.paragraphs -= name == b"p"
            self.selects -= name == b"select"
            if name in MARKERS:
                while self.active and self.active.pop() is not None:
                    pass
        del self.names[index:]
