"""Pages that make parsers slow, each made by code: name to bytes for a number of tags."""

from __future__ import annotations

from collections.abc import Callable

Shape = Callable[[int], str]


def _each(form: str) -> Shape:
    return lambda n: "".join(form.format(i=i) for i in range(n))


REFUSED: dict[str, tuple[str, Shape]] = {
    "nested div": ("nesting", lambda n: "<div>" * n),
    "nested div with false end tags": ("nesting", lambda n: "<div></x>" * (n // 2)),
    "nested div behind tables": (
        "nesting",
        lambda n: "<div><table><tr><td></div></td></tr></table>" * (n // 8),
    ),
    "nested article": ("nesting", lambda n: "<article>x" * n),
    "nested div in forms": ("nesting", lambda n: "<form><div></form>" * (n // 3)),
    "nested font of many kinds": ("nesting", _each("<font c={i}>")),
    "misnested formatting and blocks": (
        "nesting",
        lambda n: _each("<b a{i}><div>")(n // 3) + "</b>" * (n // 3),
    ),
    "formatting rebuilt in every paragraph": (
        "rebuilt",
        lambda n: "<p>" + _each("<i a{i}>")(200) + "<p>x" * (n - 200),
    ),
    "unclosed fonts in paragraphs": ("nesting", _each("<p><font c={i}>x")),
    "options of one select": ("options", lambda n: "<select>" + "<option>x" * n),
    "closed options of one select": (
        "options",
        lambda n: "<select>" + "<option>x</option>" * (n // 2),
    ),
    "attributes of one tag": (
        "attributes",
        lambda n: "<div " + _each("a{i} ")(2 * n) + ">x</div>",
    ),
    "attributes that hold tag ends": (
        "attributes",
        lambda n: "<div " + _each('a{i}="></div>" ')(n) + ">x</div>",
    ),
    "attributes behind a name": ("attributes", lambda n: "<p>x<div q r='>'" + "z " * (2 * n)),
    "attributes of repeated html tags": ("attributes", _each("<HTML a{i}=b>")),
    "tags": ("tags", lambda n: "<br>" * (n + 150_000)),
}
"""Name to the limit that refuses it and its maker; 100,000 tags and more."""

HARMLESS: dict[str, Shape] = {
    "paragraphs": lambda n: "<p>x" * n,
    "list items": lambda n: "<ul>" + "<li>x" * n,
    "table cells": lambda n: "<table>" + "<tr><td>x" * (n // 2),
    "links": lambda n: "<p><a href=x>x" * (n // 2),
    "closed fonts": lambda n: _each("<font c={i}>x</font>")(n // 2),
    "unclosed fonts of one kind": lambda n: "<p><font size=2>x" * (n // 2),
    "nested span": lambda n: "<span>" * n,
    "end tags": lambda n: "</div>" * n,
    "options outside a select": lambda n: "<option>x" * (n // 25),
    "comments": lambda n: "x<!-- <div> -->" * (n // 2),
    "open comment": lambda n: "<!--" + "<div>" * n,
    "script": lambda n: "<script>" + "'<div>';" * n + "</script>x",
    "text": lambda n: "hello " * n,
    "entities": lambda n: "&amp;" * n,
    "scripts": lambda n: "<script>x</script>" * (n // 2),
}
