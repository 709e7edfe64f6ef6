"""One HTML page, complete in itself: no script, no request, nothing in it but what it says."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape
from typing import Final

STYLE: Final = """
:root { color-scheme: light; }
body { font: 15px/1.5 system-ui, Helvetica, Arial, sans-serif; color: #111; background: #fff;
       max-width: 62rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; font-size: 13px; margin: .5rem 0 1.5rem; }
td, th { border-bottom: 1px solid #ddd; padding: .25rem .7rem .25rem 0; text-align: left;
         vertical-align: top; }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; }
figure { margin: 1.5rem 0; overflow-x: auto; } figcaption { color: #444; font-size: 13px; }
tr.human td { font-style: italic; } h2 { margin-top: 2.2rem; } .small { font-size: 13px; }
"""

# A browser that meets a script or an address in the page, whoever wrote it, leaves it alone.
_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'"

# What moves, hides or breaks the text around it: controls, directions, line separators, halves.
_UNSEEN: Final = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060\u2066-\u2069\ufeff\ud800-\udfff"
    "\ufffe\uffff]"
)


def page(title: str, body: str, style: str = "") -> str:
    """The whole page; `body` is HTML, `title` is not."""
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>{html(title)}</title><style>{STYLE}{style}</style></head>\n"
        f"<body>\n{body}\n</body></html>\n"
    )


def plain(text: str) -> str:
    """The text, with what no reader would see spelt out: ⟨U+202E⟩."""
    return _UNSEEN.sub(lambda found: f"⟨U+{ord(found[0]):04X}⟩", text)


def html(text: str) -> str:
    """Anybody's text as HTML that shows it and does nothing."""
    return escape(plain(text))


def table(header: Sequence[str], rows: Sequence[Sequence[str]], last: str = "") -> str:
    """An HTML table; columns of numbers to the right, `last` the class of the last row."""
    numeric = [all(_is_number(row[i]) for row in rows) for i in range(len(header))]
    classes = [' class="n"' if right else "" for right in numeric]
    head = "".join(f"<th{c}>{html(h)}</th>" for h, c in zip(header, classes, strict=True))
    lines = []
    for row in rows:
        cells = "".join(f"<td{c}>{html(v)}</td>" for v, c in zip(row, classes, strict=True))
        kind = f' class="{last}"' if last and row is rows[-1] else ""
        lines.append(f"<tr{kind}>{cells}</tr>")
    return f"<table><tr>{head}</tr>\n" + "\n".join(lines) + "</table>"


def _is_number(value: str) -> bool:
    digits = value.removesuffix(" %").replace(",", "").replace(".", "").lstrip("+-")
    return not value or digits.isdecimal()
