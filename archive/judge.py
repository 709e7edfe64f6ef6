"""One record in, one outcome out: a document, or a reason in the ledger."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache, lru_cache
from typing import Any, Final
from urllib.parse import urlsplit

from archive import evidence
from archive.digest import row_leaf
from archive.extract import Page, Refusal, extract
from archive.recipe import Recipe
from archive.records import Outcome, Record
from archive.schema import IDENTITY
from archive.sources import digests
from archive.sources.http import Body, HttpMessage, decode_body, parse_http

CAPTURES: Final = frozenset({"response", "resource", "conversion"})
READABLE_STATUS: Final = frozenset({None, 200, 203})  # None: ARC and resource records without HTTP
CRAWLER_CUTS: Final = {1 << 20: "length 1 MiB", 5 << 20: "length 5 MiB"}
"""Payload sizes at which Common Crawl cuts, before 2019 often without saying so."""

_SAID: Final = re.compile(
    rb"^(charset-detected|conformsto|description|fetchtimems|format|hopsfromseed|ispartof"
    rb"|languages-cld2|operator|publisher|robots|software|user-agent|via)[ \t]*:(.*)$",
    re.MULTILINE | re.IGNORECASE,
)
"""The fields of warcinfo, request and metadata records that the ledger keeps."""

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Told:
    """What is known of a whole input: from its name, its warcinfo, a publisher's digest list."""

    source: str  # SHA-256 of the input
    file_date: int | None = None
    attested_by: str | None = None  # the list's name for this input, if its digest is listed
    crawl: str | None = None
    warcinfo_date: int | None = None


@dataclass(slots=True)
class Judge:
    """Judges the records of one input in their order; a warcinfo speaks for those after it."""

    recipe: Recipe
    told: Told
    attested: Mapping[str, str]  # "algorithm:hex" of the list given with --attest -> name
    _algorithms: list[str] = field(init=False)  # of that list, which may be long

    def __post_init__(self) -> None:
        self._algorithms = evidence.algorithms(self.attested)

    def judge(self, record: Record) -> tuple[Row, Row | None]:
        """The ledger row of a record and, if it is kept, its document."""
        row = self._ledger_row(record)
        if record.outcome is not None:
            return _close(row, record.outcome, record.reason), None
        if record.type == "revisit":
            row["digests"] = digests.check(record, None, None)
            return _close(row, Outcome.REVISIT, record.header("warc-profile") or ""), None
        if record.type not in CAPTURES or (record.url or "").startswith("dns:"):
            return self._support(record, row), None
        return self._capture(record, row)

    def _ledger_row(self, record: Record) -> Row:
        recorded = record.header("warc-payload-digest")
        return {
            "source": self.told.source,
            "offset": record.place.offset,
            "length": record.place.length,
            "member": record.place.member,
            "type": record.type,
            "document": None,
            "url": record.url,
            "captured_at": evidence.parse_capture_date(record.date),
            "status": None,
            "media_type": None,
            "record_id": record.record_id,
            "payload_digest": digests.normalise(recorded) if recorded else None,
            "digests": "not read" if record.outcome else "",
            "refers_to": record.header("warc-refers-to"),
            "refers_to_url": record.header("warc-refers-to-target-uri"),
            "refers_to_date": evidence.parse_capture_date(record.header("warc-refers-to-date")),
            "said": None,
            "notes": list(record.notes),
        }

    def _support(self, record: Record, row: Row) -> Row:
        """Reads a record that holds no capture for what it says of others."""
        fields = _fields(record)
        row["digests"] = digests.check(record, None, None)
        row["said"] = json.dumps(fields, ensure_ascii=False, sort_keys=True) if fields else None
        if record.type in ("warcinfo", "filedesc"):
            self.told = replace(
                self.told,
                crawl=fields.get("ispartof") or record.header("warc-filename") or record.url,
                warcinfo_date=row["captured_at"],
            )
        return _close(row, Outcome.SUPPORTING, record.type or "unnamed type")

    def _capture(self, record: Record, row: Row) -> tuple[Row, Row | None]:
        message = _message(record, self.recipe)
        body = decode_body(message, self.recipe.limits)
        row["status"] = message.status
        row["digests"] = digests.check(record, message, body)
        row["notes"] += [*message.notes, *body.notes]
        refused = self._refuse(record, row, message, body)
        if refused:
            return _close(row, *refused), None
        page = extract(
            body.data,
            content_type=_content_type(record, message),
            url=record.url or "",
            headers=message.headers,
            recipe=self.recipe,
            conversion=record.type == "conversion",
        )
        row["media_type"] = page.media_type
        if isinstance(page, Refusal):
            return _close(row, page.outcome, page.reason), None
        document = self._document(record, row, message, body, page)
        row["document"] = document["id"]
        return _close(row, Outcome.KEPT, ""), document

    def _refuse(
        self, record: Record, row: Row, message: HttpMessage, body: Body
    ) -> tuple[Outcome, str] | None:
        """Why a capture is out before its text is looked at, the date first of all."""
        if row["captured_at"] is None:
            return Outcome.UNDATED, f"date {record.date!r}"
        if row["captured_at"] >= _cutoff_us(self.recipe.before):
            return Outcome.AFTER_CUTOFF, f"captured {record.date}"
        if not record.url:
            return Outcome.NO_URL, "no WARC-Target-URI"
        if message.status not in READABLE_STATUS:
            kind = Outcome.REDIRECT if 300 <= (message.status or 0) < 400 else Outcome.NOT_OK
            return kind, f"HTTP {message.status}"
        if body.problem:
            return body.problem
        return None if body.data else (Outcome.EMPTY, "no payload")

    def _document(
        self, record: Record, row: Row, message: HttpMessage, body: Body, page: Page
    ) -> Row:
        headers = dict(reversed(message.headers))  # the first of a repeated header stays
        http_date = evidence.parse_http_date(headers.get("date"))
        modified = evidence.parse_http_date(headers.get("last-modified"))
        grade = evidence.grade(
            row["captured_at"],
            _cutoff_us(self.recipe.before),
            http_date=http_date,
            http_last_modified=modified,
            warcinfo_date=self.told.warcinfo_date,
            file_date=self.told.file_date,
            digests=row["digests"],
            attested_by=self.told.attested_by or self._attestation(row, body),
        )
        host = _host(record.url or "")
        document: Row = {
            "text": page.text,
            "url": record.url,
            "captured_at": row["captured_at"],
            "payload_digest": "sha256:" + hashlib.sha256(body.data).hexdigest(),
            "source": row["source"],
            "offset": row["offset"],
            "length": row["length"],
            "member": row["member"],
            "extractor": page.extractor,
            "record_id": record.record_id,
            "year": _year(row["captured_at"]),
            "host": host,
            "registered_domain": registered_domain(host),
            "media_type": page.media_type,
            "charset": page.charset,
            "charset_reason": page.charset_reason,
            "title": page.title,
            "declared_language": page.declared_language or headers.get("content-language"),
            "http_date": http_date,
            "http_last_modified": modified,
            "crawl": self.told.crawl,
            "meta_robots": page.meta_robots,
            "x_robots_tag": headers.get("x-robots-tag"),
            "tdm_reservation": headers.get("tdm-reservation") or page.tdm_reservation,
            "license_link": page.license_link,
            "truncated": _truncated(record, headers, body),
            "digests": row["digests"],
            "grade": grade.grade,
            "grade_reasons": list(grade.reasons),
        }
        document["id"] = row_leaf(document[column] for column in IDENTITY).hex()
        return document

    def _attestation(self, row: Row, body: Body) -> str | None:
        """The publisher's name for this capture, if its digest list holds the payload's digest.

        A recorded digest counts only where checking it against the bytes succeeded.
        """
        if not self.attested:
            return None
        own = [f"{name}:{hashlib.new(name, body.data).hexdigest()}" for name in self._algorithms]
        recorded = [row["payload_digest"]] if "payload ok" in row["digests"] else []
        return next((self.attested[d] for d in [*recorded, *own] if d in self.attested), None)


def _close(row: Row, outcome: Outcome, reason: str) -> Row:
    row["outcome"], row["reason"] = outcome.value, reason
    return row


def _message(record: Record, recipe: Recipe) -> HttpMessage:
    """The HTTP message of a capture; a block that is none is a body without status or headers."""
    declared = (record.header("content-type") or "").lower()
    if declared.startswith("application/http") or record.block.startswith(b"HTTP/"):
        return parse_http(record.block, recipe.limits)
    return HttpMessage(status=None, headers=(), body=record.block)


def _content_type(record: Record, message: HttpMessage) -> str | None:
    for name, value in message.headers:
        if name == "content-type":
            return value
    declared = record.header("content-type")
    return None if declared and declared.startswith("application/http") else declared


def _truncated(record: Record, headers: Mapping[str, str], body: Body) -> str | None:
    said = record.header("warc-truncated") or headers.get("x-commoncrawl-contenttruncated")
    return said or CRAWLER_CUTS.get(len(body.data))


def _fields(record: Record) -> dict[str, str]:
    """What `name: value` lines of a warcinfo, metadata or request block say; first ones win."""
    fields: dict[str, str] = {}
    for name, value in _SAID.findall(record.block[: 1 << 16]):
        fields.setdefault(name.decode().lower(), value.decode("utf-8", "replace").strip())
    return fields


def _cutoff_us(before: dt.date) -> int:
    return (before - dt.date(1970, 1, 1)).days * 86_400_000_000


def _year(captured_at: int) -> int:
    return dt.datetime.fromtimestamp(captured_at // 1_000_000, tz=dt.UTC).year


def _host(url: str) -> str:
    try:
        return (urlsplit(url).hostname or "").lower()
    except ValueError:  # such as http://[broken
        return ""


@cache
def _suffixes() -> Any:
    from publicsuffixlist import PublicSuffixList

    return PublicSuffixList()


@lru_cache(maxsize=1 << 16)  # bounded: a crawl has many hosts
def registered_domain(host: str) -> str | None:
    """The domain that somebody registered, by the public suffix list; None where none is known."""
    domain: str | None = _suffixes().privatesuffix(host) if host else None
    return domain
