"""A small copy of Common Crawl's layout, made by code: WARC, WET, path lists, both indexes."""

from __future__ import annotations

import datetime as dt
import gzip
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pyarrow as pa
import pyarrow.parquet as pq

from archive.commoncrawl.columns import COLUMNS, SINCE
from tests import warcs

CRAWL = "CC-MAIN-2019-35"
SEGMENT = "1566027312025.20"
ARROW = {
    "VARCHAR": pa.string(),
    "INTEGER": pa.int32(),
    "SMALLINT": pa.int16(),
    "TIMESTAMP": pa.timestamp("ms"),
}


@dataclass(frozen=True)
class Page:
    """A capture, and what the index says of it besides."""

    url: str
    text: str
    language: str = "eng"
    captured: str = "2019-08-20T10:11:12Z"
    status: int = 200

    def record(self) -> bytes:
        block = warcs.html_page(self.text, title=urlsplit(self.url).path)
        return warcs.warc_record("response", self.url, self.captured, block)

    def digest(self) -> str:
        block = warcs.html_page(self.text, title=urlsplit(self.url).path)
        return warcs.sha1(block.split(b"\r\n\r\n", 1)[1]).removeprefix("sha1:")


PAGES: Mapping[str, Sequence[Page]] = {
    "00000": (
        Page("http://alba.scot/taigh", "Bha taigh beag air cnoc os cionn na mara.", "gla"),
        Page("http://example.org/tide", "The tide table hung beside the door, for every child."),
        Page("http://alba.scot/muir", "Chaidh am bàta a-mach tràth sa mhadainn.", "gla,eng"),
    ),
    "00001": (
        Page("http://example.org/bread", "Bread was baked on Fridays in the oven of the street."),
        Page("http://lochan.scot/eun", "Sheinn an t-eun gus an do dh'èirich a' ghrian.", "gla"),
    ),
    "00002": (
        Page("http://example.com/ferry", "The ferry left twice a day, and all knew its captain."),
        Page("http://glasgow.scot/radio", "He mended radios in the back room, for years."),
    ),
}
"""Four pages below .scot, three of them in Gaelic, in two of three files."""


@dataclass
class Layout:
    """What was made, and where."""

    folder: Path
    crawl: str
    warcs: dict[str, str] = field(default_factory=dict)  # number -> path below the folder
    wets: dict[str, str] = field(default_factory=dict)
    rows: list[dict[str, Any]] = field(default_factory=list)  # of the index, all columns

    @property
    def home(self) -> Path:
        return self.folder / "crawl-data" / self.crawl

    def row(self, url: str) -> dict[str, Any]:
        return next(row for row in self.rows if row["url"] == url)

    def write_list(self, name: str, paths: Iterable[str]) -> None:
        """A path list, `NAME.paths.gz`."""
        text = "".join(f"{path}\n" for path in paths).encode()
        (self.home / f"{name}.paths.gz").write_bytes(gzip.compress(text, mtime=0))

    def write_index(
        self,
        *,
        drop: Sequence[str] = (),
        files: int = 2,
        row_group_size: int = 2,
        int96: bool = False,
        **types: Any,
    ) -> None:
        """The columnar index and its path list, out of `rows`.

        `drop` are columns left out, `types` other types of columns; `int96` writes times as older
        Spark does.
        """
        names = [name for name in COLUMNS if name not in ("crawl", "subset", *drop)]
        schema = pa.schema([(n, types.get(n, ARROW[COLUMNS[n]])) for n in names])
        home = f"cc-index/table/cc-main/warc/crawl={self.crawl}"
        paths = []
        for subset in ("warc", "crawldiagnostics"):
            rows = [row for row in self.rows if row["subset"] == subset]
            rows.sort(key=lambda row: str(row["url_surtkey"]))
            for number in range(files if subset == "warc" else 1):
                path = f"{home}/subset={subset}/part-{number:05d}.c000.gz.parquet"
                (self.folder / path).parent.mkdir(parents=True, exist_ok=True)
                columns = {n: [row[n] for row in rows[number::files]] for n in names}
                table = pa.table(columns, schema=schema)
                pq.write_table(
                    table,
                    self.folder / path,
                    compression="gzip",
                    row_group_size=row_group_size,
                    use_deprecated_int96_timestamps=int96,
                )
                paths.append(path)
        self.write_list("cc-index-table", paths)

    def cdxj(self) -> list[str]:
        """The lines of the CDXJ index, sorted."""
        return sorted(
            f"{row['url_surtkey']} {stamp(row)} {json.dumps(fields(row))}" for row in self.rows
        )

    def server_lines(self) -> list[str]:
        """What the index server answers with output=json."""
        lines = []
        for row in sorted(self.rows, key=lambda r: str(r["url_surtkey"])):
            key = {"urlkey": row["url_surtkey"], "timestamp": stamp(row)}
            lines.append(json.dumps({**key, **fields(row)}))
        return lines


def stamp(row: Mapping[str, Any]) -> str:
    when: dt.datetime = row["fetch_time"]
    return when.strftime("%Y%m%d%H%M%S")


def fields(row: Mapping[str, Any]) -> dict[str, str]:
    """The JSON of a CDXJ line, all values text, as Common Crawl writes it."""
    named = {
        "url": row["url"],
        "mime": row["content_mime_type"],
        "mime-detected": row["content_mime_detected"],
        "status": row["fetch_status"],
        "digest": row["content_digest"],
        "length": row["warc_record_length"],
        "offset": row["warc_record_offset"],
        "filename": row["warc_filename"],
        "charset": row["content_charset"],
        "languages": row["content_languages"],
        "truncated": row["content_truncated"],
    }
    return {key: str(value) for key, value in named.items() if value is not None}


def make(folder: Path, crawl: str = CRAWL, pages: Mapping[str, Sequence[Page]] = PAGES) -> Layout:
    """Writes it all below `folder`, the same bytes every time."""
    layout = Layout(folder, crawl)
    layout.home.mkdir(parents=True)
    for number, listed in pages.items():
        _write_warc(layout, number, listed)
        _write_wet(layout, number, listed)
    layout.write_list("warc", layout.warcs.values())
    layout.write_list("wet", layout.wets.values())
    layout.write_index(drop=[name for name, since in SINCE.items() if crawl < since])
    indexes = folder / "cc-index/collections" / crawl / "indexes"
    indexes.mkdir(parents=True)
    blocks = [gzip.compress(f"{line}\n".encode(), mtime=0) for line in layout.cdxj()]
    (indexes / "cdx-00000.gz").write_bytes(b"".join(blocks))
    layout.write_list("cc-index", [f"cc-index/collections/{crawl}/indexes/cdx-00000.gz"])
    return layout


def _write_warc(layout: Layout, number: str, pages: Sequence[Page]) -> None:
    name = f"CC-MAIN-20190820090000-20190820110000-{number}"
    path = f"crawl-data/{layout.crawl}/segments/{SEGMENT}/warc/{name}.warc.gz"
    layout.warcs[number] = path
    info = warcs.warcinfo([("isPartOf", layout.crawl), ("description", f"file {number}")])
    data = bytearray(warcs.gzip_member(info))
    for page in pages:
        asked = b"GET / HTTP/1.1\r\n\r\n"
        data += warcs.gzip_member(warcs.warc_record("request", page.url, page.captured, asked))
        member = warcs.gzip_member(page.record())
        layout.rows.append(_row(layout, page, path, len(data), len(member)))
        data += member
        said = {"Content-Type": "application/warc-fields"}
        data += warcs.gzip_member(
            warcs.warc_record(
                "metadata", page.url, page.captured, b"fetchTimeMs: 10\r\n", headers=said
            )
        )
    _write(layout.folder / path, bytes(data))


def _write_wet(layout: Layout, number: str, pages: Sequence[Page]) -> None:
    warc = layout.warcs[number]
    path = warc.replace("/warc/", "/wet/").replace(".warc.gz", ".warc.wet.gz")
    layout.wets[number] = path
    records = [
        warcs.warc_record("conversion", page.url, page.captured, page.text.encode())
        for page in pages
    ]
    _write(layout.folder / path, warcs.gzip_members([warcs.warcinfo(), *records]))


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def _row(layout: Layout, page: Page, path: str, offset: int, length: int) -> dict[str, Any]:
    parts = urlsplit(page.url)
    labels = (parts.hostname or "").split(".")
    known = {
        "url_surtkey": f"{','.join(reversed(labels))}){parts.path}",
        "url": page.url,
        "url_host_name": parts.hostname,
        "url_host_tld": labels[-1],
        "url_host_registered_domain": parts.hostname,
        "url_protocol": parts.scheme,
        "url_path": parts.path,
        "fetch_time": dt.datetime.fromisoformat(page.captured).replace(tzinfo=None),
        "fetch_status": page.status,
        "content_digest": page.digest(),
        "content_mime_type": "text/html",
        "content_mime_detected": "text/html",
        "content_charset": "UTF-8",
        "content_languages": page.language,
        "warc_filename": path,
        "warc_record_offset": offset,
        "warc_record_length": length,
        "warc_segment": SEGMENT,
        "crawl": layout.crawl,
        "subset": "warc" if page.status == 200 else "crawldiagnostics",
    }
    return {**dict.fromkeys(COLUMNS), **known}
