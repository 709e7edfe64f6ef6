"""Recorded digests, normalised and compared with the bytes.

They are provenance, not identity: writers computed the payload's over the body as it came, over
the dechunked body, over the decoded body, even over the whole block, and wrote them in base32 or
base16, in either case, padded or not.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Final

from archive.records import Record

if TYPE_CHECKING:
    from archive.sources.http import Body, HttpMessage

ALGORITHMS: Final = {"md5": 16, "sha1": 20, "sha224": 28, "sha256": 32, "sha384": 48, "sha512": 64}
"""Name as hashlib has it -> size in bytes."""

_LABEL = re.compile(r"\s*([A-Za-z0-9_-]+)\s*[:=]\s*(\S+)\s*")
_HEX = re.compile(r"[0-9A-Fa-f]+")


def normalise(text: str) -> str | None:
    """`sha1:<lower-case hexadecimal>` from any way of writing it; None for what is not understood.

    md5 has 32 characters in base16 and, padding left aside, 26 in base32; writers that pad
    wrongly to 32 are told apart by the alphabet, base16 first.
    """
    match = _LABEL.fullmatch(text)
    if not match:
        return None
    name = match[1].lower().replace("-", "").replace("_", "")
    size = ALGORITHMS.get(name)
    value = match[2].rstrip("=/")
    if size is None:
        return None
    if len(value) == 2 * size and _HEX.fullmatch(value):
        return f"{name}:{value.lower()}"
    for decode in (_base32, _base64):
        raw = decode(value)
        if raw is not None and len(raw) == size:
            return f"{name}:{raw.hex()}"
    return None


def block_agrees(headers: Iterable[tuple[str, str]], block: bytes) -> bool:
    """Whether a record's block digest was recorded, is understood, and is that of `block`."""
    recorded = next((value for name, value in headers if name == "warc-block-digest"), "")
    expected = normalise(recorded)
    return expected is not None and _digest(expected, block) == expected


def vouched(record: Record) -> bool:
    """Whether the recorded digests confirm the whole block: the block's, else header and payload.

    A payload digest counts only where no block digest is recorded; it leaves the HTTP header out.
    """
    if record.header("warc-block-digest") is not None:
        return block_agrees(record.headers, record.block)
    if record.type != "response" or record.header("warc-payload-digest") is None:
        return False
    expected = normalise(record.header("warc-payload-digest") or "")
    return expected is not None and any(
        _digest(expected, record.block[match.end() :]) == expected
        for match in re.finditer(rb"\A|\r?\n\r?\n", record.block[: 1 << 16])
        if match.start() == 0 or match.group()
    )


def check(record: Record, message: HttpMessage | None, body: Body | None) -> str:
    """What the recorded digests say of the bytes: "block ok; payload ok (dechunked body)", ...

    "none recorded", "payload mismatch" and "payload unsupported (blake3)" are other answers. For a
    revisit the payload is elsewhere, so only its block is checked.
    """
    said = []
    if recorded := record.header("warc-block-digest"):
        said.append(_compare("block", recorded, [("", lambda: record.block)]))
    recorded = record.header("warc-payload-digest")
    if recorded and record.type == "revisit":
        said.append("payload elsewhere")
    elif recorded:
        said.append(_compare("payload", recorded, _payloads(record, message, body)))
    return "; ".join(said) or "none recorded"


Candidate = tuple[str, Callable[[], bytes | None]]


def _payloads(record: Record, message: HttpMessage | None, body: Body | None) -> list[Candidate]:
    """What a payload digest may be over, the likeliest first, made only when asked for."""
    whole: list[Candidate] = [(" (whole block)" if message else "", lambda: record.block)]
    if message is None:
        return whole
    candidates: list[Candidate] = [("", lambda: message.body)]
    if body is not None:
        candidates += [
            (" (dechunked body)", lambda: body.dechunked),
            (" (decoded body)", lambda: body.data),
        ]
    return candidates + whole


def _compare(what: str, recorded: str, candidates: list[Candidate]) -> str:
    expected = normalise(recorded)
    if expected is None:
        return f"{what} unsupported ({recorded.partition(':')[0].strip()[:20]})"
    tried: list[bytes] = []
    for name, make in candidates:
        data = make()
        if data is None or any(data is other or data == other for other in tried):
            continue
        tried.append(data)
        if _digest(expected, data) == expected:
            return f"{what} ok{name}"
    return f"{what} mismatch"


def _digest(like: str, data: bytes) -> str:
    name = like.partition(":")[0]
    return f"{name}:{hashlib.new(name, data, usedforsecurity=False).hexdigest()}"


def _base32(value: str) -> bytes | None:
    try:
        return base64.b32decode(value.upper() + "=" * (-len(value) % 8))
    except (binascii.Error, ValueError):
        return None


def _base64(value: str) -> bytes | None:
    try:
        return base64.b64decode(value + "=" * (-len(value) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
