"""Selections out of CDXJ: lines of `SURT TIMESTAMP {JSON}`, or the index server's JSON alone.

Plain or in gzip, whose members (ZipNum blocks) follow each other. The fields are given the names
of the columnar index, so that one predicate does for both; what CDXJ does not say of a host beyond
its name is left out, and a predicate that asks for it is told so.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any, Final
from urllib.parse import urlsplit

from archive.commoncrawl import columns, index
from archive.commoncrawl.answers import lines
from archive.commoncrawl.crawl import Crawl
from archive.commoncrawl.places import otherwise
from archive.commoncrawl.selected import Selected
from archive.errors import UsageError

BATCH: Final = 20_000
BATCH_TEXT: Final = 32 << 20
"""Lines that are asked of together: so many, or of so many characters."""
_TIMESTAMP: Final = re.compile(r"\d{14}")
_NUMBER: Final = re.compile(r"\d{1,15}")

FIELDS: Final = {
    "url": "url",
    "status": "fetch_status",
    "redirect": "fetch_redirect",
    "digest": "content_digest",
    "mime": "content_mime_type",
    "mime-detected": "content_mime_detected",
    "charset": "content_charset",
    "encoding": "content_charset",  # as the index server has it
    "languages": "content_languages",
    "truncated": "content_truncated",
    "filename": "warc_filename",
    "offset": "warc_record_offset",
    "length": "warc_record_length",
}
"""Field of the JSON -> column."""

NAMED: Final = frozenset(
    {
        *FIELDS.values(),
        *("url_surtkey", "url_host_name", "url_host_tld", "url_protocol", "url_path", "url_query"),
        *("fetch_time", "crawl"),
    }
)
"""The columns that CDXJ has."""

NUMBERS: Final = ("fetch_status", "warc_record_offset", "warc_record_length")


def select(location: str, crawl: Crawl, predicate: str | None) -> Iterator[Selected]:
    """The captures of a CDXJ index for which the predicate is true, or all of them.

    `location` is a file, a URL of one, or a question to an index server; see answers.pages.
    """
    import pyarrow as pa

    asked = index.check(predicate, crawl) if predicate else ()
    columns.require(asked, crawl.id, NAMED)
    names = sorted({*asked, *columns.WANTED})
    schema = pa.schema([(name, columns.arrow_type(name)) for name in names])
    found = lines(location)
    with index.duckdb_of_index() as con:
        while rows := [_row(line, crawl, where) for where, line in _batch(found)]:
            table = pa.Table.from_pylist(rows, schema=schema)
            con.register(index.TABLE, table)
            yield from index.rows(con, predicate or "true", location)
            con.unregister(index.TABLE)


def _batch(lines: Iterator[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """Those of the lines that come next and are not too many to hold."""
    size = 0
    for each in islice(lines, BATCH):
        yield each
        size += len(each[1])
        if size >= BATCH_TEXT:
            return


def _row(line: str, crawl: Crawl, where: str) -> dict[str, Any]:
    """The columns of one line."""
    start = line.find("{")
    head = line[:start].split(" ") if start > 0 else []
    try:
        said = json.loads(line[start:]) if start >= 0 else None
    except (ValueError, RecursionError):
        said = None
    if not isinstance(said, dict):
        raise otherwise(where, "a line of CDXJ", repr(line[:80]))
    if "url" not in said and isinstance(said.get("message"), str):
        raise UsageError(
            f"the index server says: {said['message'][:200]}",
            next_step="check what was asked of it",
        )
    if start > 0 and (len(head) < 2 or not _TIMESTAMP.fullmatch(head[1])):
        raise otherwise(where, "a key and a timestamp before the JSON", repr(line[:80]))
    key, stamp = (head[0], head[1]) if start > 0 else (said.get("urlkey"), said.get("timestamp"))
    row = {column: said[field] for field, column in FIELDS.items() if field in said}
    row |= {**_parts_of(row.get("url")), "url_surtkey": key, "crawl": crawl.id}
    numbers = {name: _number(row.pop(name, None), name, where) for name in NUMBERS}
    texts = {name: _text(value, name, where) for name, value in row.items()}
    return {**texts, **numbers, "fetch_time": _time(stamp, where)}


def _text(value: Any, name: str, where: str) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str):
        raise otherwise(where, f"text as {name}", repr(value)[:40])
    return value.encode("utf-8", "backslashreplace").decode()  # JSON can hold half characters


def _number(value: Any, name: str, where: str) -> int | None:
    if name == "fetch_status" and value in (None, "-"):
        return None
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str) or not _NUMBER.fullmatch(value):
        raise otherwise(where, f"a number as {name}", repr(value)[:40])
    if name == "fetch_status" and int(value) > 999:
        raise otherwise(where, "an HTTP status", value)
    return int(value)


def _time(stamp: Any, where: str) -> dt.datetime:
    if isinstance(stamp, str) and _TIMESTAMP.fullmatch(stamp):
        try:
            return dt.datetime.strptime(stamp, "%Y%m%d%H%M%S")
        except ValueError:
            pass  # no such day: the error below says so
    raise otherwise(where, "a timestamp of 14 digits", repr(stamp)[:40])


def _parts_of(url: Any) -> Mapping[str, str | None]:
    """What a URL says of its host and path; nothing where it is none."""
    try:
        parts = urlsplit(url if isinstance(url, str) else "")
        host = parts.hostname or ""
    except ValueError:
        return {}
    return {
        "url_host_name": host,
        "url_host_tld": _last_label(host),
        "url_protocol": parts.scheme,
        "url_path": parts.path,
        "url_query": parts.query or None,
    }


def _last_label(host: str) -> str | None:
    """The top-level domain, which an address of numbers has not."""
    label = host.rpartition(".")[2]
    return None if not label or label.isdigit() or ":" in host else label
