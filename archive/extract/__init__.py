"""A body becomes a page with its text, or a refusal with its reason.

    page = extract(payload, content_type="text/html", url=url, headers=headers, recipe=Recipe())

A pure function of its arguments and of the versions that `versions` names: no clock, no network, no
memory of pages before. This module is light; parsers are loaded with the first page.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module, metadata
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Protocol

from archive.errors import UnknownName
from archive.recipe import Recipe
from archive.records import Outcome

if TYPE_CHECKING:
    from archive.extract.html import Html

ENTRY_POINTS: Final = "lowbackground.extractors"


@dataclass(frozen=True, slots=True)
class Page:
    """The text of a capture and what the page says of itself, as captured."""

    text: str
    extractor: str  # name/version;options that made the text
    media_type: str
    charset: str | None = None  # WHATWG name
    charset_reason: str | None = None
    title: str | None = None
    declared_language: str | None = None
    meta_robots: str | None = None
    tdm_reservation: str | None = None
    license_link: str | None = None


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a body gives no page."""

    outcome: Outcome
    reason: str
    media_type: str | None


class Extractor(Protocol):
    """What turns a parsed page into its main text; another package adds one by an entry point."""

    @property
    def identity(self) -> str:
        """`name/version;options`: all that decides the text besides the page."""

    def main_text(self, html: Html) -> str: ...


@dataclass(frozen=True, slots=True)
class Registered:
    """Where an extractor is, and the packages whose versions decide what it gives."""

    load: Callable[[], Extractor]
    packages: tuple[str, ...]


def _within(module: str) -> Callable[[], Extractor]:
    def load() -> Extractor:
        made: Extractor = import_module(module).make()
        return made

    return load


EXTRACTORS: Final[Mapping[str, Registered]] = MappingProxyType(
    {
        "resiliparse": Registered(_within("archive.extract.by_resiliparse"), ()),
        "trafilatura": Registered(
            _within("archive.extract.by_trafilatura"), ("trafilatura", "lxml", "justext")
        ),
    }
)
"""The extractors of this package; `find` knows those of others too."""

ALWAYS: Final = ("resiliparse",)
"""Packages that decide content whatever the extractor: charset detection, titles, declarations."""


def find(name: str) -> Registered:
    """An extractor by name: this package's, then entry points of `lowbackground.extractors`."""
    if name in EXTRACTORS:
        return EXTRACTORS[name]
    others = {point.name: point for point in metadata.entry_points(group=ENTRY_POINTS)}
    if name not in others:
        raise UnknownName("extractor", name, [*EXTRACTORS, *others])
    point = others[name]
    return Registered(lambda: point.load()(), (point.dist.name,) if point.dist else ())


def versions(extractor: str) -> dict[str, str]:
    """The version of every package that decides content with this extractor; loads none of them."""
    return {package: metadata.version(package) for package in (*ALWAYS, *find(extractor).packages)}


@functools.lru_cache(maxsize=8)
def loaded(name: str) -> Extractor:
    return find(name).load()


def extract(
    payload: bytes,
    *,
    content_type: str | None,
    url: str,
    headers: Sequence[tuple[str, str]],
    recipe: Recipe,
    conversion: bool = False,
) -> Page | Refusal:
    """The page in a body whose content-coding is removed; never raises for what the bytes are.

    `content_type` is as declared: it may be missing or a lie. `headers` have lower-case names.
    `conversion` marks a publisher's plain text in UTF-8 (WET), whose text is kept as it is.
    """
    from archive.extract import media

    if conversion:
        return _converted(payload, content_type)
    if not payload.strip(b" \t\r\n\x0c\x00"):
        return Refusal(Outcome.EMPTY, "no payload", media.essence(content_type) or None)
    kind = media.judge(payload, content_type, url)
    if not kind.kind:
        return Refusal(Outcome.NOT_TEXT, kind.reason, kind.type)
    if kind.kind == "html":
        return _html(payload, content_type, kind.type, headers, recipe)
    return _plain(payload, content_type, kind.type)


def _html(
    payload: bytes,
    content_type: str | None,
    media_type: str,
    headers: Sequence[tuple[str, str]],
    recipe: Recipe,
) -> Page | Refusal:
    from archive.extract import charset, guard, html

    if len(payload) > recipe.limits.html_bytes:
        return Refusal(Outcome.OVER_LIMIT, "html_bytes", media_type)
    decoded = charset.decode(payload, content_type, True)
    if not charset.is_text(decoded):
        return Refusal(Outcome.UNDECODABLE, _undecodable(decoded.reason), media_type)
    utf8 = decoded.utf8(payload)
    if limit := guard.over_limit(utf8, recipe.limits):
        return Refusal(Outcome.OVER_LIMIT, limit, media_type)
    parsed = html.parse(utf8, decoded.text)
    extractor = loaded(recipe.extractor)
    text = extractor.main_text(parsed).replace("\0", "")
    if not text or text.isspace():
        return Refusal(Outcome.EMPTY, "no text in the page", media_type)
    said = html.declarations(parsed)
    return Page(
        text=text,
        extractor=extractor.identity,
        media_type=media_type,
        charset=decoded.charset,
        charset_reason=decoded.reason,
        title=said.title,
        declared_language=said.language,
        meta_robots=said.robots,
        tdm_reservation=said.tdm_reservation,
        license_link=_linked_license(headers) or said.license,
    )


def _plain(payload: bytes, content_type: str | None, media_type: str) -> Page | Refusal:
    from archive.extract import charset

    decoded = charset.decode(payload, content_type, False)
    if not charset.is_text(decoded):
        return Refusal(Outcome.UNDECODABLE, _undecodable(decoded.reason), media_type)
    if not decoded.text.strip("\0 \t\r\n\x0b\x0c\ufeff"):
        return Refusal(Outcome.EMPTY, "no text in the page", media_type)
    return Page(decoded.text, "plain/1", media_type, decoded.charset, decoded.reason)


def _converted(payload: bytes, content_type: str | None) -> Page | Refusal:
    from archive.extract import media

    media_type = media.essence(content_type) or media.PLAIN
    text = payload.decode("utf-8", "replace").removeprefix("\ufeff")
    if not text.strip():
        return Refusal(Outcome.EMPTY, "no text in the page", media_type)
    return Page(text, "wet/1", media_type, "utf-8", "conversion")


def _undecodable(reason: str) -> str:
    return f"no charset turns the bytes into text: {reason}"


_LICENSE: Final = re.compile(r"<([^<>]*)>[^,<]*;\s*rel\s*=\s*\"?[^\",;]*\blicense\b", re.IGNORECASE)


def _linked_license(headers: Sequence[tuple[str, str]]) -> str | None:
    """The target of an HTTP `Link: <...>; rel="license"` (RFC 8288)."""
    for name, value in headers:
        if name == "link" and (match := _LICENSE.search(value)):
            return match[1].strip() or None
    return None
