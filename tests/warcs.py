"""WARC, ARC, gzip and zstd bytes made by code, the same on every run: for tests of everything."""

from __future__ import annotations

import base64
import bz2
import gzip
import hashlib
import uuid
from collections.abc import Iterable, Mapping, Sequence

DATE = "2008-04-30T20:48:25Z"
Headers = Mapping[str, str] | Sequence[tuple[str, str]]


def sha1(data: bytes) -> str:
    """As most WARC writers record it: `sha1:` and base32."""
    return "sha1:" + base64.b32encode(hashlib.sha1(data).digest()).decode()


def http_response(
    status: int = 200, headers: Headers = (), body: bytes = b"", *, reason: str = "OK"
) -> bytes:
    """A response as it was on the wire. `headers` are written as given; nothing is added."""
    lines = [f"HTTP/1.1 {status} {reason}", *(f"{key}: {value}" for key, value in _pairs(headers))]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def html_page(
    text: str, *, title: str = "A page", charset: str = "utf-8", headers: Headers = ()
) -> bytes:
    """A whole HTTP response with an article of `text`, its paragraphs parted by blank lines."""
    paragraphs = "".join(f"<p>{part}</p>\n" for part in text.split("\n\n"))
    head = f"<html><head><title>{title}</title></head>"
    page = f"{head}<body><article>\n{paragraphs}</article></body></html>"
    media = ("Content-Type", f"text/html; charset={charset}")
    return http_response(200, [media, *_pairs(headers)], page.encode(charset))


def warc_record(
    type: str = "response",  # noqa: A002 - the header is called so
    url: str | None = "http://example.org/",
    date: str | None = DATE,
    block: bytes = b"",
    headers: Headers = (),
    *,
    digests: bool = True,
    version: str = "1.0",
    length: str | None = None,
    record_id: str | None = None,
) -> bytes:
    """One WARC record with its two closing CRLFs.

    `digests` records the block's SHA-1 and, for HTTP responses, the payload's (the body as it is
    in the block). `length` replaces the true Content-Length. Ids are derived from the content.
    `headers` come last and replace a default of the same name.
    """
    http = type in {"response", "request", "revisit"}
    identity = uuid.uuid5(
        uuid.NAMESPACE_URL, f"{type} {url} {date} {hashlib.sha1(block).hexdigest()}"
    )
    fields: dict[str, str] = {"WARC-Type": type}
    fields["WARC-Record-ID"] = record_id or f"<urn:uuid:{identity}>"
    if date is not None:
        fields["WARC-Date"] = date
    if url is not None:
        fields["WARC-Target-URI"] = url
    fields["Content-Type"] = f"application/http; msgtype={type}" if http else "text/plain"
    if digests:
        fields["WARC-Block-Digest"] = sha1(block)
        if type == "response" and b"\r\n\r\n" in block:
            fields["WARC-Payload-Digest"] = sha1(block.split(b"\r\n\r\n", 1)[1])
    fields |= dict(_pairs(headers))
    fields["Content-Length"] = str(len(block)) if length is None else length
    head = "".join(f"{key}: {value}\r\n" for key, value in fields.items())
    return f"WARC/{version}\r\n{head}\r\n".encode() + block + b"\r\n\r\n"


def warcinfo(fields: Headers = (("software", "test"), ("isPartOf", "TEST-1"))) -> bytes:
    block = "".join(f"{key}: {value}\r\n" for key, value in _pairs(fields)).encode()
    return warc_record(
        "warcinfo", None, block=block, headers={"Content-Type": "application/warc-fields"}
    )


def gzip_member(data: bytes, *, extra: bytes = b"", level: int = 6) -> bytes:
    """One gzip member, time stamp zero; `extra` becomes its FEXTRA field."""
    member = gzip.compress(data, level, mtime=0)
    if not extra:
        return member
    flagged = member[:3] + bytes([member[3] | 4]) + member[4:10]
    return flagged + len(extra).to_bytes(2, "little") + extra + member[10:]


def gzip_members(records: Iterable[bytes]) -> bytes:
    """A gzip member for each record, as WARC recommends."""
    return b"".join(gzip_member(record) for record in records)


def zstd_frames(
    records: Iterable[bytes], *, dictionary: bytes = b"", compress_dictionary: bool = False
) -> bytes:
    """A zstd frame for each record, after a skippable frame with the dictionary, as IIPC says."""
    import zstandard

    shared = zstandard.ZstdCompressionDict(dictionary) if dictionary else None
    frames = zstandard.ZstdCompressor(level=3, dict_data=shared, write_checksum=True)
    kept = (
        zstandard.ZstdCompressor(level=3).compress(dictionary)
        if compress_dictionary
        else dictionary
    )
    lead = b"\x5d\x2a\x4d\x18" + len(kept).to_bytes(4, "little") + kept if dictionary else b""
    return lead + b"".join(frames.compress(record) for record in records)


def bzip2_streams(records: Iterable[bytes]) -> bytes:
    return b"".join(bz2.compress(record) for record in records)


def arc_record(
    url: str = "http://example.org/",
    block: bytes = b"",
    *,
    ip: str = "192.0.2.1",
    date: str = "20080430204825",
    mime: str = "text/html",
    length: int | None = None,
) -> bytes:
    """One ARC 1.0 record with its closing newline."""
    size = len(block) if length is None else length
    return f"{url} {ip} {date} {mime} {size}\n".encode() + block + b"\n"


def arc_file(
    records: Iterable[bytes], *, name: str = "test.arc", version: str = "1 0 test"
) -> list[bytes]:
    """The records after a `filedesc://` one, to be joined or given to `gzip_members`."""
    block = f"{version}\nURL IP-address Archive-date Content-type Archive-length\n".encode()
    return [arc_record(f"filedesc://{name}", block, ip="0.0.0.0", mime="text/plain"), *records]


def _pairs(headers: Headers) -> list[tuple[str, str]]:
    return list(headers.items()) if isinstance(headers, Mapping) else list(headers)
