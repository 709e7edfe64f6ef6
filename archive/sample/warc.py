"""WARC records as bytes that are the same on every machine.

zlib builds compress alike only by chance, so the gzip members hold stored deflate blocks.
"""

from __future__ import annotations

import base64
import hashlib
import struct
import uuid
import zlib
from collections.abc import Iterable

Headers = Iterable[tuple[str, str]]

STORED_MAX = 0xFFFF  # RFC 1951, 3.2.4: the length of a stored block has 16 bits


def gzip_member(data: bytes) -> bytes:
    """A gzip member (RFC 1952) without compression, without a time or a name."""
    trailer = struct.pack("<II", zlib.crc32(data), len(data) & 0xFFFFFFFF)
    return b"\x1f\x8b\x08\0\0\0\0\0\0\xff" + _stored(data) + trailer


def record(kind: str, name: str, date: str, headers: Headers, block: bytes) -> bytes:
    """A WARC 1.1 record, not yet compressed; `name` makes its record id."""
    lines = [
        "WARC/1.1",
        f"WARC-Type: {kind}",
        f"WARC-Record-ID: {record_id(name)}",
        f"WARC-Date: {date}",
        *(f"{key}: {value}" for key, value in headers),
        f"WARC-Block-Digest: {sha1(block)}",
        f"Content-Length: {len(block)}",
    ]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + block + b"\r\n\r\n"


def record_id(name: str) -> str:
    """A record id that depends on the name alone."""
    return f"<urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, 'lowbackground-sample/' + name)}>"


def http_response(status: str, headers: Headers, body: bytes) -> bytes:
    lines = [f"HTTP/1.1 {status}", *(f"{key}: {value}" for key, value in headers)]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def sha1(data: bytes) -> str:
    """A digest in the form that crawlers write: sha1, base32."""
    return "sha1:" + base64.b32encode(hashlib.sha1(data).digest()).decode()


def chunked(body: bytes, size: int = 400) -> bytes:
    """A body in HTTP/1.1 transfer coding, in chunks of `size` bytes (RFC 9112, 7.1)."""
    chunks = [body[start : start + size] for start in range(0, len(body), size)]
    return b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks) + b"0\r\n\r\n"


def png(width: int, height: int, grey: int) -> bytes:
    """A PNG image of one shade of grey, 8 bits a pixel."""
    pixels = (b"\0" + bytes([grey]) * width) * height
    data = b"\x78\x01" + _stored(pixels) + struct.pack(">I", zlib.adler32(pixels))
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    chunks = ((b"IHDR", head), (b"IDAT", data), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(value)) + kind + value + struct.pack(">I", zlib.crc32(kind + value))
        for kind, value in chunks
    )


def _stored(data: bytes) -> bytes:
    starts = range(0, max(len(data), 1), STORED_MAX)
    blocks = []
    for start in starts:
        chunk = data[start : start + STORED_MAX]
        last = start == starts[-1]
        blocks.append(struct.pack("<BHH", last, len(chunk), len(chunk) ^ 0xFFFF) + chunk)
    return b"".join(blocks)
