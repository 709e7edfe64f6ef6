"""Bytes to text by the WHATWG rules, with every departure from them in the reason.

Candidates in the order of the HTML standard (13.2.3.2): byte-order mark, HTTP charset, `<meta>`
or XML declaration in the first 1,024 bytes; then UTF-8 if the bytes are valid, detection, and
windows-1252 last.
Two departures, because declarations lie and no page is lost for it:

1. Bytes that are valid UTF-8 with at least one multi-byte sequence are UTF-8, whatever is declared:
   other encodings hardly ever form such sequences by chance.
2. A declared encoding under which the bytes break gives way to the next candidate. It stays if it
   nearly fits: for UTF-8 more whole sequences than broken ones, for others one broken in twenty.

Encodings that browsers refuse for security (hz-gb-2312, iso-2022-kr) are read: no script runs here.
"""

from __future__ import annotations

import codecs
import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from archive.extract.media import wide_encoding

PRESCANNED: Final = 1024  # HTML standard, 13.2.3.2
LATE: Final = (
    8192  # searched for a declaration before detection is trusted: old pages had long heads
)

CODECS: Final = {
    "utf-8": ("utf-8",),
    "windows-1252": ("cp1252",), "windows-1250": ("cp1250",), "windows-1251": ("cp1251",),
    "windows-1253": ("cp1253",), "windows-1254": ("cp1254",), "windows-1255": ("cp1255",),
    "windows-1256": ("cp1256",), "windows-1257": ("cp1257",), "windows-1258": ("cp1258",),
    "windows-874": ("cp874",), "macintosh": ("mac-roman",), "x-mac-cyrillic": ("mac-cyrillic",),
    "ibm866": ("cp866",), "koi8-r": ("koi8-r",), "koi8-u": ("koi8-u",),
    **{f"iso-8859-{n}": (f"iso8859-{n}",) for n in (2, 3, 4, 5, 6, 7, 8, 10, 13, 14, 15, 16)},
    "gbk": ("gb18030",), "gb18030": ("gb18030",), "big5": ("big5hkscs", "cp950"),
    "euc-jp": ("euc_jp", "euc_jis_2004"), "iso-2022-jp": ("iso2022_jp_ext",),
    "shift_jis": ("cp932", "shift_jis_2004"), "euc-kr": ("cp949",),
    "utf-16le": ("utf-16-le",), "utf-16be": ("utf-16-be",), "utf-32": ("utf-32",),
    "hz-gb-2312": ("hz",), "iso-2022-kr": ("iso2022_kr",),
}  # fmt: skip
"""WHATWG name to Python codecs, as wide as the standard's tables are behind those names."""

_ALIASES: Final = {"hz-gb-2312": "hz-gb-2312", "iso-2022-kr": "iso-2022-kr", "csiso2022kr":
                   "iso-2022-kr", "x-mac-cyrillic": "x-mac-cyrillic", "x-mac-ukrainian":
                   "x-mac-cyrillic", "x-user-defined": "windows-1252", "utf-32": "utf-32",
                   "utf8mb4": "utf-8"}  # fmt: skip
_BY_PYTHON: Final = {
    "cp1252": "windows-1252", "cp1250": "windows-1250", "cp1251": "windows-1251",
    "cp1253": "windows-1253", "cp1254": "windows-1254", "cp1255": "windows-1255",
    "cp1256": "windows-1256", "cp1257": "windows-1257", "cp1258": "windows-1258",
    "iso8859-11": "windows-874", "mac-roman": "macintosh", "cp866": "ibm866",
    "euc_jp": "euc-jp", "iso2022_jp": "iso-2022-jp", "euc_kr": "euc-kr",
    "utf-16-le": "utf-16le", "utf-16-be": "utf-16be",
    **{f"iso8859-{n}": f"iso-8859-{n}" for n in (2, 3, 4, 5, 6, 7, 8, 10, 13, 14, 15, 16)},
}  # fmt: skip

_CHARSET: Final = re.compile(r"charset\s*=\s*[\"']?\s*([^\s\"';,>]+)", re.IGNORECASE)
_XML: Final = re.compile(rb"\s*<\?xml[^>]*?encoding\s*=\s*[\"']([^\"'>]+)[\"']", re.IGNORECASE)
_TAGS: Final = re.compile(rb"<!--.*?(?:-->|\Z)|<meta[\s/]([^>]*)", re.IGNORECASE | re.DOTALL)
_ATTRIBUTE: Final = re.compile(rb"([^\s/>=]+)\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s>]+))")
_NOT_TEXT: Final = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f\ufffd]")


@dataclass(frozen=True, slots=True)
class Decoded:
    """Text, the WHATWG name of the encoding it was read in, and why that one.

    `reason` begins with bom, http, meta, xml, utf-8, detected or fallback; what was overruled, and
    how many sequences became U+FFFD, follow. The text holds no lone surrogate.
    """

    text: str
    charset: str
    reason: str

    def utf8(self, payload: bytes) -> bytes:
        """The text in UTF-8, without a copy where the payload is that already."""
        if self.charset == "utf-8" and "replaced" not in self.reason:
            return payload.removeprefix(codecs.BOM_UTF8)
        return self.text.encode()


def decode(payload: bytes, content_type: str | None, html: bool) -> Decoded:
    """The text that the bytes stand for; never raises."""
    overruled: list[str] = []
    valid = _strict(payload, "utf-8")
    proven = valid is not None and not payload.isascii()
    for charset, source in _candidates(payload, content_type, html):
        if charset != "utf-8" and (proven or _ascii_as_wide(valid, charset, source)):
            overruled.append(f"{source} {charset} overruled: valid UTF-8")
            continue
        text = valid if charset == "utf-8" else _strict(payload, charset)
        if text is not None:
            return _decoded(text, charset, source, overruled)
        text, broken = _replaced(payload, charset)
        if _nearly(text, broken, charset):
            return _decoded(text, charset, f"{source}, {broken} replaced", overruled)
        overruled.append(f"{source} {charset} overruled: {broken} broken sequences")
    return _undeclared(payload, valid, html, overruled)


@functools.lru_cache(maxsize=1024)
def label(name: str) -> str | None:
    """The WHATWG encoding that a label means, None if it is none. Case and space do not count."""
    from resiliparse.parse.encoding import map_encoding_to_html5

    cleaned = name.strip().strip("\"'").lower()
    if cleaned in _ALIASES:
        return _ALIASES[cleaned]
    mapped = map_encoding_to_html5(cleaned, fallback_utf8=False)
    return _BY_PYTHON.get(mapped, mapped) if mapped else None


def is_text(decoded: Decoded) -> bool:
    """Whether the outcome can be text at all: a third of it may be controls or U+FFFD, no more."""
    if decoded.reason in ("http", "meta", "bom", "utf-8", "xml"):
        return True
    return len(_NOT_TEXT.findall(decoded.text)) * 3 <= len(decoded.text)


def _candidates(payload: bytes, content_type: str | None, html: bool) -> Iterator[tuple[str, str]]:
    if payload.startswith(b"\xef\xbb\xbf"):
        yield "utf-8", "bom"
    elif payload[:2] in (b"\xff\xfe", b"\xfe\xff") or payload.startswith(b"\x00\x00\xfe\xff"):
        yield wide_encoding(payload[:4]) or "utf-16le", "bom"
    if content_type and (declared := _CHARSET.search(content_type)):
        charset = label(declared[1])
        if charset:
            yield charset, "http"
    if html and (found := _declared_inside(payload[:PRESCANNED])):
        yield found


def _declared_inside(head: bytes) -> tuple[str, str] | None:
    """The HTML standard's prescan (13.2.3.2), by patterns: `<meta>`, else an XML declaration."""
    if b"charset" not in head.lower() and b"<?" not in head:
        return None
    for tag in _TAGS.finditer(head):
        if tag[1] is None:
            continue
        values: dict[bytes, bytes] = {}
        for name, double, single, bare in _ATTRIBUTE.findall(tag[1]):
            values.setdefault(name.lower(), double or single or bare)
        said = values.get(b"charset", b"").decode("latin-1")
        if not said and values.get(b"http-equiv", b"").strip().lower() == b"content-type":
            match = _CHARSET.search(values.get(b"content", b"").decode("latin-1"))
            said = match[1] if match else ""
        if said and (charset := label(said)):
            # A declaration that could be read byte by byte cannot be in UTF-16.
            return ("utf-8" if charset.startswith("utf-16") else charset), "meta"
    if declared := _XML.match(head.removeprefix(b"\xef\xbb\xbf")):
        charset = label(declared[1].decode("latin-1"))
        if charset:
            return ("utf-8" if charset.startswith("utf-16") else charset), "xml"
    return None


def _ascii_as_wide(valid: str | None, charset: str, source: str) -> bool:
    """UTF-16 is declared, and the bytes are ASCII without a zero: the declaration is a lie."""
    return (
        charset.startswith("utf-") and source != "bom" and valid is not None and "\0" not in valid
    )


def _undeclared(payload: bytes, valid: str | None, html: bool, overruled: list[str]) -> Decoded:
    wide = wide_encoding(payload[:512])
    if wide and (valid is None or payload.isascii()):
        text, broken = _replaced(payload, wide)
        if _nearly(text, broken, wide):
            return _decoded(text, wide, "detected" + _count(broken), overruled)
    if valid is not None:
        return _decoded(valid, "utf-8", "utf-8", overruled)
    text, broken = _replaced(payload, "utf-8")
    if _nearly(text, broken, "utf-8"):
        return _decoded(text, "utf-8", f"utf-8, {broken} replaced", overruled)
    if html and not overruled and (late := _declared_inside(payload[:LATE])):
        text, broken = _replaced(payload, late[0])
        if _nearly(text, broken, late[0]):
            reason = f"{late[1]} after byte {PRESCANNED}{_count(broken)}"
            return _decoded(text, late[0], reason, overruled)
    return _detected(payload, overruled)


def _detected(payload: bytes, overruled: list[str]) -> Decoded:
    from resiliparse.parse.encoding import detect_encoding

    charset = label(detect_encoding(payload))
    if charset and charset != "utf-8":
        text, broken = _replaced(payload, charset)
        if _nearly(text, broken, charset):
            return _decoded(text, charset, "detected" + _count(broken), overruled)
    text, broken = _replaced(payload, "windows-1252")
    return _decoded(text, "windows-1252", "fallback" + _count(broken), overruled)


def _count(broken: int) -> str:
    return f", {broken} replaced" if broken else ""


def _decoded(text: str, charset: str, reason: str, overruled: list[str]) -> Decoded:
    return Decoded(text.removeprefix("\ufeff"), charset, "; ".join([reason, *overruled]))


def _strict(payload: bytes, charset: str) -> str | None:
    errors = "lowbg-c1" if charset.startswith("windows-") else "strict"
    for codec in CODECS[charset]:
        try:
            return payload.decode(codec, errors)
        except UnicodeError:
            continue
    return None


def _replaced(payload: bytes, charset: str) -> tuple[str, int]:
    """The text with U+FFFD for what broke, and how often it broke (one cut-off end is free)."""
    clean = _strict(payload, charset)
    if clean is not None:
        return clean, 0
    errors = "lowbg-c1-replace" if charset.startswith("windows-") else "replace"
    text = payload.decode(CODECS[charset][0], errors)
    as_written = payload.count(b"\xef\xbf\xbd") if charset == "utf-8" else 0
    return text, text.count("\ufffd") - as_written


def _nearly(text: str, broken: int, charset: str) -> bool:
    """Whether an encoding fits but for a few sequences; a sequence cut off at the end is none."""
    broken -= text.endswith("\ufffd")
    if broken <= 0:
        return True
    wide = charset.startswith(("utf-16", "utf-32"))
    ascii_only = 0 if wide else len(text.encode("ascii", "ignore"))
    return len(text) - ascii_only - broken > broken * (1 if charset == "utf-8" else 20)


def _c1(error: UnicodeError) -> tuple[str, int]:
    """WHATWG's single-byte tables map bytes 0x80-0x9F that vendors left free to C1 controls."""
    if isinstance(error, UnicodeDecodeError):
        byte = error.object[error.start]
        if 0x80 <= byte <= 0x9F:
            return chr(byte), error.start + 1
    raise error


def _c1_replace(error: UnicodeError) -> tuple[str, int]:
    try:
        return _c1(error)
    except UnicodeDecodeError as unmapped:
        return "\ufffd", unmapped.start + 1


codecs.register_error("lowbg-c1", _c1)
codecs.register_error("lowbg-c1-replace", _c1_replace)
