"""A page as a reader of HTML takes it in: tags, attributes, text, tables and the SQL after them."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser


@dataclass
class Table:
    """A table by the id around it, and the SQL blocks up to the next table."""

    name: str
    rows: list[list[str]] = field(default_factory=list)
    sql: list[str] = field(default_factory=list)


class Reader(HTMLParser):
    """Reads one page whole."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str]] = []
        self.ids: list[str] = []
        self.text = ""
        self.tables: list[Table] = []
        self._inside: list[str] = []
        self._name = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        held = {name: value or "" for name, value in attrs}
        self.attributes += held.items()
        if "id" in held:
            self.ids.append(held["id"])
        self._name = held.get("id", "") if tag == "div" else self._name
        if tag == "table":
            self.tables.append(Table(self._name))
            self._name = ""
        elif tag == "tr":
            self.tables[-1].rows.append([])
        elif tag in ("td", "th"):
            self.tables[-1].rows[-1].append("")
        elif tag == "pre" and self.tables:
            self.tables[-1].sql.append("")
        self._inside.append(tag)

    def handle_endtag(self, tag: str) -> None:
        while self._inside and self._inside.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        self.text += data
        if "pre" in self._inside and self.tables:
            self.tables[-1].sql[-1] += data
        elif self._inside and self._inside[-1] in ("td", "th"):
            self.tables[-1].rows[-1][-1] += data

    def table(self, name: str) -> Table:
        (found,) = [table for table in self.tables if table.name == f"t-{name}"]
        return found
