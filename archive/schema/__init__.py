"""Every table of a snapshot, column by column: name, type, unit, meaning."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from archive.errors import UnknownName
from archive.schema.columns import Column as Column
from archive.schema.signal_columns import SIGNALS as SIGNALS

if TYPE_CHECKING:
    import pyarrow as pa


IDENTITY: Final = (
    "captured_at",
    "extractor",
    "length",
    "member",
    "offset",
    "payload_digest",
    "source",
    "text",
    "url",
)
"""The columns that a document's id is the hash of, in the order of the encoding (ASCII)."""

DOCUMENTS: Final = (
    Column("id", "string", "row-v1 leaf of the identity columns", "hex SHA-256", False),
    Column("text", "string", "main text of the capture, as extracted", "", False),
    Column("url", "string", "target URI as recorded", "", False),
    Column("captured_at", "timestamp", "when the crawler fetched it, by its clock", "UTC", False),
    Column("payload_digest", "string", "of the body, decoded", "sha256:hex", False),
    Column("source", "string", "input file", "hex SHA-256", False),
    Column("offset", "int64", "of the record in the input, or inside `member`", "bytes", False),
    Column("length", "int64", "of the record in the input, or inside `member`", "bytes", False),
    Column("member", "int64", "input offset of the compressed member shared by records", "bytes"),
    Column("extractor", "string", "name/version;options that made the text", "", False),
    Column("record_id", "string", "WARC-Record-ID"),
    Column("year", "int32", "of captured_at", "year", False),
    Column("host", "string", "of the URL, lower case, without port", "", False),
    Column("registered_domain", "string", "public suffix plus one label (bundled PSL)"),
    Column("media_type", "string", "by the bytes, else as declared"),
    Column("charset", "string", "the encoding that the bytes were decoded with (WHATWG name)"),
    Column("charset_reason", "string", "bom, http, meta, utf-8 or detected, and what it overruled"),
    Column("title", "string", "of the HTML page"),
    Column("declared_language", "string", "html lang or Content-Language, as declared"),
    Column("http_date", "timestamp", "HTTP Date: the server's clock, a claim", "UTC"),
    Column("http_last_modified", "timestamp", "HTTP Last-Modified, a claim", "UTC"),
    Column("crawl", "string", "isPartOf or file name of the warcinfo record"),
    Column("meta_robots", "string", "<meta name=robots> as captured"),
    Column("x_robots_tag", "string", "HTTP X-Robots-Tag as captured"),
    Column("tdm_reservation", "string", "tdm-reservation header or meta as captured"),
    Column("license_link", "string", "rel=license target as captured"),
    Column("truncated", "string", "why the crawler cut the payload, if it did"),
    Column("digests", "string", "what checking the recorded digests gave", "", False),
    Column("grade", "string", "attested, consistent, claimed or contradicted", "", False),
    Column("grade_reasons", "list<string>", "the evidence behind the grade", "", False),
)

LEDGER: Final = (
    Column("source", "string", "input file", "hex SHA-256", False),
    Column("offset", "int64", "of the bytes in the input, or inside `member`", "bytes", False),
    Column("length", "int64", "rows without `member` tile the input", "bytes", False),
    Column("member", "int64", "input offset of the compressed member shared by records", "bytes"),
    Column("type", "string", "record type as written; empty for a range that holds no record"),
    Column("outcome", "string", "exactly one of the outcomes of the specification", "", False),
    Column("reason", "string", "why: a limit's name, a status, what was damaged", "", False),
    Column("document", "string", "id of the document it became", "hex SHA-256"),
    Column("url", "string", "target URI as recorded"),
    Column("captured_at", "timestamp", "capture date, where one can be read", "UTC"),
    Column("status", "int32", "HTTP status"),
    Column("media_type", "string", "by the bytes, else as declared"),
    Column("record_id", "string", "WARC-Record-ID"),
    Column("payload_digest", "string", "as recorded, normalised", "algorithm:hex"),
    Column("digests", "string", "what checking the recorded digests gave", "", False),
    Column("refers_to", "string", "record id that a revisit points to"),
    Column("refers_to_url", "string", "target URI that a revisit points to"),
    Column("refers_to_date", "timestamp", "capture date that a revisit points to", "UTC"),
    Column("said", "string", "what a warcinfo, request or metadata record says", "JSON object"),
    Column("notes", "list<string>", "oddities met and overcome while reading", "", False),
)

REVISITS: Final = (
    Column("source", "string", "input file of the revisit", "hex SHA-256", False),
    Column("offset", "int64", "of the revisit record", "bytes", False),
    Column("member", "int64", "input offset of its shared compressed member", "bytes"),
    Column("matched_by", "string", "record-id, url-and-date or payload-digest; null: unresolved"),
    Column("to_source", "string", "input file of the capture it points to", "hex SHA-256"),
    Column("to_offset", "int64", "of the capture it points to", "bytes"),
    Column("to_member", "int64", "shared compressed member of that capture", "bytes"),
    Column("document", "string", "id of that capture's document, where it became one"),
)

INPUTS: Final = (
    Column("name", "string", "as given to the build", "", False),
    Column("source", "string", "of its bytes", "hex SHA-256", False),
    Column("bytes", "int64", "size", "bytes", False),
    Column("accounted", "int64", "bytes that its ledger accounts for", "bytes", False),
    Column("records", "int64", "records in it, damaged ranges counted", "", False),
    Column("documents", "int64", "documents from it", "", False),
    Column("duplicate_of", "string", "name of the input with the same bytes that stands for it"),
)

DUPLICATES: Final = (
    Column("id", "string", "document, of a cluster of two or more", "hex SHA-256", False),
    Column("cluster", "string", "id of the cluster's first document", "hex SHA-256", False),
    Column("kind", "string", "exact: an earlier document has this text; near; null: is_first"),
    Column("is_first", "bool", "earliest of its cluster by (captured_at, id)", "", False),
    Column("similarity", "float64", "Jaccard of word 5-grams with the first; null: is_first"),
)

TABLES: Final = {
    "documents": DOCUMENTS,
    "ledger": LEDGER,
    "revisits": REVISITS,
    "inputs": INPUTS,
    "signals": SIGNALS,
    "duplicates": DUPLICATES,
}


def arrow_schema(table: str) -> pa.Schema:
    """The Arrow schema of a table, without metadata."""
    import pyarrow as pa

    if table not in TABLES:
        raise UnknownName("table", table, TABLES)
    return pa.schema([arrow_field(column) for column in TABLES[table]])


def arrow_field(column: Column) -> pa.Field:
    """The Arrow field of one column."""
    import pyarrow as pa

    types = {
        "string": pa.string(),
        "int64": pa.int64(),
        "int32": pa.int32(),
        "bool": pa.bool_(),
        "float64": pa.float64(),
        "binary": pa.binary(),
        "timestamp": pa.timestamp("us", tz="UTC"),
        "list<string>": pa.list_(pa.field("element", pa.string())),
        "list<int32>": pa.list_(pa.field("element", pa.int32())),
    }
    return pa.field(column.name, types[column.type], column.nullable)
