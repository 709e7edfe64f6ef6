"""The columns of Common Crawl's index, their types, and since which crawl they are filled.

As in the publisher's schema (commoncrawl/cc-index-table, cc-index-schema-flat.json). Older crawls
lack the later columns, or have them empty, so a predicate on one of them would keep nothing and
not say why.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from archive.errors import UsageError

if TYPE_CHECKING:
    import pyarrow as pa

COLUMNS: Final = {
    "url_surtkey": "VARCHAR",
    "url": "VARCHAR",
    "url_host_name": "VARCHAR",
    "url_host_tld": "VARCHAR",
    "url_host_2nd_last_part": "VARCHAR",
    "url_host_3rd_last_part": "VARCHAR",
    "url_host_4th_last_part": "VARCHAR",
    "url_host_5th_last_part": "VARCHAR",
    "url_host_registry_suffix": "VARCHAR",
    "url_host_registered_domain": "VARCHAR",
    "url_host_private_suffix": "VARCHAR",
    "url_host_private_domain": "VARCHAR",
    "url_host_name_reversed": "VARCHAR",
    "url_protocol": "VARCHAR",
    "url_port": "INTEGER",
    "url_path": "VARCHAR",
    "url_query": "VARCHAR",
    "fetch_time": "TIMESTAMP",
    "fetch_status": "SMALLINT",
    "fetch_redirect": "VARCHAR",
    "content_digest": "VARCHAR",
    "content_mime_type": "VARCHAR",
    "content_mime_detected": "VARCHAR",
    "content_charset": "VARCHAR",
    "content_languages": "VARCHAR",
    "content_truncated": "VARCHAR",
    "warc_filename": "VARCHAR",
    "warc_record_offset": "INTEGER",
    "warc_record_length": "INTEGER",
    "warc_segment": "VARCHAR",
    "crawl": "VARCHAR",
    "subset": "VARCHAR",
}
"""Name -> DuckDB's type; `crawl` and `subset` are in the files' paths, not in the files."""

SINCE: Final = {
    "fetch_redirect": "CC-MAIN-2019-47",
    "content_charset": "CC-MAIN-2018-39",
    "content_languages": "CC-MAIN-2018-39",
    "content_truncated": "CC-MAIN-2019-47",
}

WANTED: Final = (
    "url",
    "fetch_time",
    "content_digest",
    "warc_filename",
    "warc_record_offset",
    "warc_record_length",
)
"""What a selection needs of every row."""


def arrow_type(column: str) -> pa.DataType:
    """The Arrow type of a column; numbers are wide, so that a wrong one can be told."""
    import pyarrow as pa

    kinds = {"VARCHAR": pa.string, "TIMESTAMP": lambda: pa.timestamp("us")}
    return kinds.get(COLUMNS[column], pa.int64)()


def require(columns: Iterable[str], crawl: str, present: Iterable[str]) -> None:
    """Raises UsageError for a column that the index of a crawl lacks, or has but never fills."""
    there = set(present)
    for column in columns:
        since = SINCE.get(column)
        if since and crawl < since:
            raise UsageError(
                f"the index of {crawl} has no {column}: it is filled from {since} on",
                next_step=f"name a crawl from {since} on, or write the predicate without it",
            )
        if column not in there:
            raise UsageError(
                f"this index of {crawl} has no column {column}",
                next_step=f"it has {', '.join(sorted(there))}",
            )
