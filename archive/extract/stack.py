"""A model of the HTML tree builder's stack of open elements, without the tree.

It follows the HTML standard (13.2.4 and 13.2.6) in what opens and closes elements: end tags implied
by others, scopes, misnested formatting elements, tables, foreign content. Where it is coarser it
errs towards more open elements, never far below the parser's.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final


def _names(words: str) -> frozenset[bytes]:
    return frozenset(words.encode().split())


IGNORED: Final = _names("html head body")
VOID: Final = _names(
    "area base basefont bgsound br col embed frame hr img image input keygen link meta param source"
    " track wbr"
)
RAW: Final = _names("script style textarea title xmp iframe noembed noframes")
FORMATTING: Final = _names("a b big code em font i nobr s small strike strong tt u")
HEADINGS: Final = _names("h1 h2 h3 h4 h5 h6")
RUBY: Final = _names("rb rp rt rtc")
IMPLIED_ENDS: Final = RUBY | _names("dd dt li optgroup option p")
MARKERS: Final = _names("td th caption applet marquee object template")

HTML_IN: Final = {
    b"svg": _names("foreignobject desc title"),
    b"math": _names("mi mo mn ms mtext annotation-xml"),
}
"""SVG and MathML elements whose content is HTML again."""
_FOREIGN_SCOPE: Final = HTML_IN[b"svg"] | HTML_IN[b"math"]

TABLE: Final = _names("table template")
_GROUPS: Final = _names("tbody thead tfoot")
IN_TABLE: Final = _GROUPS | _names("table tr")
PART_OF: Final = {
    **dict.fromkeys(_names("td th"), TABLE | _GROUPS | {b"tr"}),
    b"tr": TABLE | _GROUPS,
    **dict.fromkeys(_GROUPS | _names("caption colgroup"), TABLE),
}
"""Table part to the open elements it may stand in: what is open above them is closed."""

SCOPE: Final = MARKERS | _FOREIGN_SCOPE | _names("table frameset select")
CLOSES_P: Final = HEADINGS | _names(
    "address article aside blockquote center details dialog dir div dl fieldset figcaption figure"
    " footer header hgroup main menu nav ol p search section summary ul pre listing form table hr"
    " plaintext xmp li dd dt"
)
SPECIAL: Final = (
    SCOPE | CLOSES_P | RAW | VOID | _GROUPS | _names("button colgroup noscript optgroup tr")
)
SCOPED_ENDS: Final = CLOSES_P | _names("button applet marquee object template select")
ITEM_BARRIER: Final = SPECIAL - _names("address div p")
ENDS_FOREIGN: Final = HEADINGS | _names(
    "b big blockquote body br center code dd div dl dt em embed head hr i img li listing menu meta"
    " nobr ol p pre ruby s small span strong strike sub sup table tt u ul var font"
)

# Elements of HTML that only share a name with those of SVG and MathML bound no scope.
_HTML_NAMESAKES: Final = {name: b"x-" + name for name in sorted(_FOREIGN_SCOPE - {b"title"})}

IMPLIED: Final = {
    b"li": (_names("li"), ITEM_BARRIER),
    b"dd": (_names("dd dt"), ITEM_BARRIER),
    b"dt": (_names("dd dt"), ITEM_BARRIER),
    b"button": (_names("button"), SCOPE),
}
"""Start tag to the open elements it closes, and the elements beyond which it does not look."""

BARRIERS: Final = {
    b"p": SCOPE | {b"button"},
    b"li": SCOPE | _names("ol ul"),
    b"table": frozenset({b"template"}),
    **dict.fromkeys(PART_OF, TABLE),
}
"""End tag to the elements beyond which it does not look, where that is not its kind's rule."""


def _styled(attributes: bytes) -> bool:
    """Whether a `<font>` has an attribute that makes it HTML inside of SVG (13.2.6.5)."""
    lower = attributes.lower()
    return b"color" in lower or b"face" in lower or b"size" in lower


class Element:
    """An open element, or a formatting element that later blocks make again."""

    __slots__ = ("attributes", "foreign", "name", "open")

    def __init__(self, name: bytes, attributes: bytes = b"", foreign: bytes = b"") -> None:
        self.name, self.attributes = name, attributes
        self.foreign = foreign  # svg or math, if it is an element of theirs
        self.open = True


class Stack:
    """Open elements, outermost first (`html`, `head` and `body` aside)."""

    def __init__(self) -> None:
        self.elements: list[Element] = []
        self.active: list[Element | None] = []  # formatting elements; None is a marker
        self.many: dict[bytes, int] = {}  # open elements by name
        self.options = 0  # of the select at hand
        self.made_again = 0

    @property
    def in_foreign(self) -> bool:
        """Whether a start tag here opens an SVG or MathML element."""
        if not self.elements or not (foreign := self.elements[-1].foreign):
            return False
        return self.elements[-1].name not in HTML_IN[foreign]

    @property
    def in_table(self) -> bool:
        """Whether white space here is no text."""
        return bool(self.elements) and self.elements[-1].name in IN_TABLE

    def has_raw_text(self) -> bool:
        """Whether a `<script>` or `<title>` here swallows tags up to its end tag."""
        return not self.in_foreign and not self.many.get(b"frameset")

    def start(self, name: bytes, attributes: bytes) -> None:
        if self.in_foreign:
            if name not in ENDS_FOREIGN or (name == b"font" and not _styled(attributes)):
                foreign = self.elements[-1].foreign
                self._push(Element(name, foreign=foreign), void=attributes.endswith(b"/"))
                return
            self._leave_foreign()
        if self._is_ignored(name):
            return
        name = _HTML_NAMESAKES.get(name, name)
        self._imply(name)
        if name not in CLOSES_P and name not in PART_OF:
            self.text()
        element = Element(name, attributes, name if name in HTML_IN else b"")
        if name in FORMATTING:
            self._remember(element)
        self._push(element, void=name in VOID or (name in HTML_IN and attributes.endswith(b"/")))
        if name in MARKERS:
            self.active.append(None)

    def end(self, name: bytes) -> None:
        if name in (b"p", b"br"):
            self._leave_foreign()
        for index in range(len(self.elements) - 1, -1, -1):
            if not self.elements[index].foreign:
                break
            if self.elements[index].name == name:
                self._cut(index)
                return
        name = _HTML_NAMESAKES.get(name, name)
        if name in FORMATTING:
            self._end_formatting(name)
        elif name in HEADINGS:
            self._close(HEADINGS, SCOPE)
        elif not self.many.get(name):
            return
        elif name == b"form":
            self._remove_form()
        else:
            barrier = BARRIERS.get(name) or (SCOPE if name in SCOPED_ENDS else SPECIAL)
            self._close(frozenset((name,)), barrier - {name})

    def text(self) -> None:
        """Makes closed formatting elements again, as text and inline tags do (13.2.4.3)."""
        first = len(self.active)
        while first and (entry := self.active[first - 1]) is not None and not entry.open:
            first -= 1
        for index in range(first, len(self.active)):
            entry = self.active[index]
            if entry is not None:
                self.active[index] = again = Element(entry.name, entry.attributes)
                self._push(again)
                self.made_again += 1

    def _is_ignored(self, name: bytes) -> bool:
        """Tags without effect where they stand; a second select closes the first."""
        if name == b"select" and self.many.get(name):
            return self._close(frozenset((name,)), SCOPE - {name})
        return (
            name in IGNORED
            or (name == b"form" and self.many.get(name, 0) > self.many.get(b"template", 0))
            or (name in PART_OF and not self.many.get(b"table"))
        )

    def _imply(self, name: bytes) -> None:
        """Closes what a start tag closes without an end tag."""
        top = self.elements[-1].name if self.elements else b""
        if name in PART_OF:
            self._cut_above(PART_OF[name])
        elif name == b"table" and top in IN_TABLE:
            self._close(frozenset((b"table",)), BARRIERS[b"table"])
        elif name in (b"a", b"nobr"):
            self._end_formatting(name)
        elif name == b"select":
            self.options = 0
        elif name in (b"option", b"optgroup"):
            self._imply_option(name)
        elif name in RUBY and self.many.get(b"ruby"):
            self._imply_ends()
        elif name == b"input" and self.many.get(b"select"):
            self._close(frozenset((b"select",)), SCOPE - {b"select"})
        if name in IMPLIED:
            self._close(*IMPLIED[name])
        if name in CLOSES_P and self.many.get(b"p"):
            self._close(frozenset((b"p",)), BARRIERS[b"p"])
        if name in HEADINGS and self.elements and self.elements[-1].name in HEADINGS:
            self._cut(len(self.elements) - 1)

    def _imply_option(self, name: bytes) -> None:
        selecting = self.many.get(b"select", 0) > 0
        self.options += selecting and name == b"option"
        if self.elements and self.elements[-1].name == b"option":
            self._cut(len(self.elements) - 1)
        if name == b"optgroup" and selecting and self.elements[-1].name == name:
            self._cut(len(self.elements) - 1)

    def _remember(self, element: Element) -> None:
        """Adds a formatting element, of three like it at most (the "Noah's Ark clause")."""
        alike = []
        for index in range(len(self.active) - 1, -1, -1):
            entry = self.active[index]
            if entry is None:
                break
            if entry.name == element.name and entry.attributes == element.attributes:
                alike.append(index)
        if len(alike) >= 3:
            del self.active[alike[-1]]
        self.active.append(element)

    def _end_formatting(self, name: bytes) -> None:
        """The adoption agency (13.2.6.4.7), in what it leaves open: blocks stay, inlines close."""
        index = len(self.active) - 1
        while index >= 0 and (entry := self.active[index]) is not None and entry.name != name:
            index -= 1
        entry = self.active[index] if index >= 0 else None
        if entry is None:
            self._close(frozenset((name,)), SPECIAL)
            return
        if not entry.open:
            del self.active[index]
            return
        place = next(i for i in range(len(self.elements) - 1, -1, -1) if self.elements[i] is entry)
        above = [element.name for element in self.elements[place + 1 :]]
        if not SCOPE.isdisjoint(above):
            return
        del self.active[index]
        if SPECIAL.isdisjoint(above):
            self._cut(place)
        else:
            self._drop(place)

    def _leave_foreign(self) -> None:
        while self.in_foreign:
            self._cut(len(self.elements) - 1)

    def _imply_ends(self) -> None:
        """ "Generate implied end tags" (13.2.6.3)."""
        while self.elements and self.elements[-1].name in IMPLIED_ENDS:
            self._cut(len(self.elements) - 1)

    def _remove_form(self) -> None:
        """Ends a form; what was opened in it and not closed stays open (13.2.6.4.7)."""
        places = [i for i, element in enumerate(self.elements) if element.name == b"form"]
        if places:
            self._imply_ends()
            self._drop(places[-1])

    def _close(self, wanted: frozenset[bytes], barrier: Iterable[bytes]) -> bool:
        """Closes the innermost of these elements and all in it, if this side of a barrier."""
        for index in range(len(self.elements) - 1, -1, -1):
            name = self.elements[index].name
            if name in wanted:
                self._cut(index)
                return True
            if name in barrier:
                return False
        return False

    def _cut_above(self, context: frozenset[bytes]) -> None:
        for index in range(len(self.elements) - 1, -1, -1):
            if self.elements[index].name in context:
                self._cut(index + 1)
                return

    def _push(self, element: Element, void: bool = False) -> None:
        if not void:
            self.elements.append(element)
            self.many[element.name] = self.many.get(element.name, 0) + 1

    def _drop(self, index: int) -> None:
        element = self.elements.pop(index)
        element.open = False
        self.many[element.name] -= 1

    def _cut(self, index: int) -> None:
        """Closes the elements from `index` up."""
        while len(self.elements) > index:
            element = self.elements.pop()
            element.open = False
            self.many[element.name] -= 1
            if element.name in MARKERS and not element.foreign:
                while self.active and self.active.pop() is not None:
                    pass
