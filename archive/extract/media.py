"""What the bytes of a body are: HTML, XHTML, plain text, or nothing to read.

Bytes decide before declarations, because a declared type is often missing or a lie: an error page
under an image's URL is HTML, a PDF sent as text/html is a PDF. Patterns follow the WHATWG MIME
sniffing standard (mimesniff.spec.whatwg.org, sections 6 and 7); departures are commented.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

HTML: Final = "text/html"
XHTML: Final = "application/xhtml+xml"
PLAIN: Final = "text/plain"

SNIFFED: Final = 4096
"""Leading bytes searched for the first tag; the standard's 1,445 miss it behind long comments."""

SIGNATURES: Final = (
    (b"%PDF-", "application/pdf"),
    (b"%!PS-Adobe-", "application/postscript"),
    (b"{\\rtf", "application/rtf"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"II*\x00", "image/tiff"),
    (b"MM\x00*", "image/tiff"),
    (b"\x00\x00\x01\x00", "image/x-icon"),
    (b"8BPS", "image/vnd.adobe.photoshop"),
    (b"PK\x03\x04", "application/zip"),
    (b"PK\x05\x06", "application/zip"),
    (b"\x1f\x8b", "application/gzip"),
    (b"\x1f\x9d", "application/x-compress"),
    (b"BZh", "application/x-bzip2"),
    (b"\xfd7zXZ\x00", "application/x-xz"),
    (b"\x28\xb5\x2f\xfd", "application/zstd"),
    (b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (b"Rar!\x1a\x07", "application/vnd.rar"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/x-ole-storage"),
    (b"\x7fELF", "application/x-executable"),
    (b"\xca\xfe\xba\xbe", "application/java-vm"),
    (b"\x00asm", "application/wasm"),
    (b"SQLite format 3\x00", "application/vnd.sqlite3"),
    (b"OggS\x00", "application/ogg"),
    (b"fLaC", "audio/flac"),
    (b"ID3", "audio/mpeg"),
    (b"MThd\x00\x00\x00\x06", "audio/midi"),
    (b".snd", "audio/basic"),
    (b".RMF", "application/vnd.rn-realmedia"),
    (b"\x1aE\xdf\xa3", "video/webm"),
    (b"FLV\x01", "video/x-flv"),
    (b"\x00\x00\x01\xba", "video/mpeg"),
    (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "video/x-ms-asf"),
    (b"wOFF", "font/woff"),
    (b"wOF2", "font/woff2"),
    (b"OTTO", "font/otf"),
    (b"\x00\x01\x00\x00", "font/ttf"),
    (b"FWS", "application/x-shockwave-flash"),
    (b"CWS", "application/x-shockwave-flash"),
    (b"ZWS", "application/x-shockwave-flash"),
    (b"MZ", "application/x-msdownload"),
    (b"BM", "image/bmp"),
)
_FIRST: Final = frozenset(signature[0] for signature, _ in SIGNATURES)
_WORDS: Final = frozenset({b"ID3", b"FWS", b"CWS", b"ZWS", b"MZ", b"BM", b".snd", b"BZh", b"OTTO",
                           b"fLaC", b"wOFF", b"wOF2", b"8BPS"})  # fmt: skip
"""Signatures that a text may begin with: they count only where a binary byte follows."""

_NUL_LED: Final = ((4, b"ftyp", "video/mp4"), (8, b"WEBP", "image/webp"),
                   (8, b"WAVE", "audio/wave"), (8, b"AVI ", "video/avi"))  # fmt: skip

_BINARY: Final = re.compile(rb"[\x00-\x07\x0b\x0e-\x19\x1c-\x1f]")
# Unlike the standard's table, backspace, Ctrl-Z and escape are text: manual pages, DOS files and
# ISO-2022 hold them.

_HTML_START: Final = re.compile(
    rb"(?:\xef\xbb\xbf)?[\s\x00]*(?:<!--.*?-->\s*)*<(?:!doctype\s+html|html|head|script|iframe|h[1-6]"
    rb"|div|font|table|a|style|title|b|body|br|p|meta|link|base|center|span|img|form|ul)[\s>/]",
    re.IGNORECASE | re.DOTALL,
)
_COMMENT_START: Final = re.compile(rb"(?:\xef\xbb\xbf)?\s*<!--")
_XML_START: Final = re.compile(rb"(?:\xef\xbb\xbf)?\s*<\?xml[\s?]", re.IGNORECASE)
_XML_ROOT: Final = re.compile(
    rb"<(rss|feed|rdf:rdf|svg|urlset|sitemapindex|opml|wml|kml|soap:envelope)[\s>]", re.IGNORECASE
)
_HTML_INSIDE: Final = re.compile(rb"<html[\s>]|<!doctype\s+html|<body[\s>]", re.IGNORECASE)
_JSON_START: Final = re.compile(rb"(?:\xef\xbb\xbf)?\s*[\[{]\s*[\"\[{\]}\d]")

_UNKNOWN: Final = frozenset(
    {"", "unknown/unknown", "application/unknown", "*/*", "no-type", "text"}
)
_HTML_TYPES: Final = frozenset({HTML, XHTML, "application/vnd.wap.xhtml+xml"})
_STRUCTURED: Final = frozenset(
    {
        *("text/css", "text/csv", "text/tab-separated-values", "text/rtf", "text/dns"),
        *("text/javascript", "text/x-javascript", "text/ecmascript", "text/jscript"),
        *("text/vbscript", "text/vnd.wap.wml", "text/vnd.wap.wmlscript", "text/x-component"),
        *("text/xml", "text/json", "text/x-json", "text/opml", "text/x-opml", "text/calendar"),
        *("text/vcard", "text/x-vcard", "text/cache-manifest", "text/x-cross-domain-policy"),
    }
)
"""Text that no one reads as prose."""

_SUFFIXES: Final = {
    ".js": "text/javascript", ".mjs": "text/javascript", ".css": "text/css",
    ".json": "application/json", ".csv": "text/csv", ".xml": "text/xml", ".svg": "image/svg+xml",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Media:
    """What a body is. `kind` is html, plain, or empty for no text, and then `reason` says why."""

    kind: str
    type: str
    reason: str = ""


def essence(content_type: str | None) -> str:
    """The type and subtype of a Content-Type value, lower case; empty if there is none."""
    return (content_type or "").split(";", 1)[0].split(",", 1)[0].strip().lower()


def judge(payload: bytes, content_type: str | None, url: str = "") -> Media:
    """What the bytes are, else what they are said to be, else what the URL's suffix says."""
    head = payload[:SNIFFED]
    if signature := _signature(head):
        return Media("", signature, f"{signature} by its first bytes")
    declared = essence(content_type)
    if declared in _UNKNOWN:
        declared = _by_suffix(url)
    wide = wide_encoding(head) is not None
    if wide:
        # Enough to see tags in UTF-16 and UTF-32.
        head = head.replace(b"\x00", b"").removeprefix(b"\xff\xfe").removeprefix(b"\xfe\xff")
    elif _is_binary(head, payload):
        return Media("", declared or "application/octet-stream", "binary bytes")
    return _by_markup(head, declared) or _by_declaration(payload, declared)


def wide_encoding(head: bytes) -> str | None:
    """The UTF-16 or UTF-32 that a byte-order mark, or zeros in every other byte, give away."""
    if head.startswith((b"\xff\xfe\x00\x00", b"\x00\x00\xfe\xff")):
        return "utf-32"
    if head.startswith(b"\xff\xfe"):
        return "utf-16le"
    if head.startswith(b"\xfe\xff"):
        return "utf-16be"
    if b"\x00" not in head[:512]:
        return None
    # Markup is ASCII: most high bytes of a page in UTF-16 are zero, and the low ones are text.
    for charset, low, high in (("utf-16le", 0, 1), ("utf-16be", 1, 0)):
        zeros, others = head[high:512:2], head[low:512:2]
        if zeros.count(0) * 10 >= len(zeros) * 4:
            return charset if len(_BINARY.findall(others)) * 20 <= len(others) else None
    return None


def _signature(head: bytes) -> str | None:
    if head[:1] and head[0] in _FIRST:
        for signature, media_type in SIGNATURES:
            if head.startswith(signature) and (signature not in _WORDS or _BINARY.search(head)):
                return media_type
    for offset, mark, media_type in _NUL_LED:
        if head[offset : offset + 4] == mark and _BINARY.search(head[:offset]):
            return media_type
    if len(head) > 3 and head[0] == 0xFF and head[1] & 0xE6 == 0xE2 and _BINARY.search(head):
        return "audio/mpeg"  # MPEG audio, layers II and III
    return None


def _is_binary(head: bytes, payload: bytes) -> bool:
    """One byte in a hundred that no text holds, at the front, or zeros all over."""
    if len(_BINARY.findall(head, 0, 1445)) * 100 > len(head[:1445]):
        return True
    return payload.count(b"\x00") * 100 > len(payload)


def _by_markup(head: bytes, declared: str) -> Media | None:
    """What the first tag says; None if there is none that counts."""
    if _XML_START.match(head):
        root = _XML_ROOT.search(head)
        inside = _HTML_INSIDE.search(head)
        if inside and not (root and root.start() < inside.start()):
            return Media("html", XHTML)
        if root or declared not in _HTML_TYPES:
            name = root[1].decode().lower() if root else "XML"
            return Media("", declared if "xml" in declared else "text/xml", f"{name} document")
    root = _XML_ROOT.match(head.lstrip(b"\xef\xbb\xbf \t\r\n\x0c"))
    if root:
        return Media("", "text/xml", f"{root[1].decode().lower()} document")
    if match := _HTML_START.match(head):
        # Scripts and style sheets used to open with "<!--" to hide from old browsers.
        hidden = _COMMENT_START.match(match[0])
        if hidden and (declared in _STRUCTURED or "script" in declared):
            return None
        return Media("html", XHTML if declared == XHTML else HTML)
    return None


def _by_declaration(payload: bytes, declared: str) -> Media:
    readable = declared.startswith("text/") or declared in _UNKNOWN or declared in _HTML_TYPES
    if not readable or declared in _STRUCTURED:
        return Media("", declared, declared)
    if _is_json(payload):
        return Media("", "application/json", "application/json by its bytes")
    if declared in _HTML_TYPES:
        return Media("html", XHTML if declared != HTML else HTML)
    return Media("plain", declared if declared.startswith("text/") else PLAIN)


def _is_json(payload: bytes) -> bool:
    """Data sent as text: common for what scripts fetch."""
    if not _JSON_START.match(payload) or payload.rstrip()[-1:] not in (b"}", b"]"):
        return False
    try:
        return isinstance(json.loads(payload), dict | list)
    except (ValueError, RecursionError):
        return False


def _by_suffix(url: str) -> str:
    try:
        path = urlsplit(url).path.lower()
    except ValueError:
        return ""
    return next((kind for suffix, kind in _SUFFIXES.items() if path.endswith(suffix)), "")
