"""HTTP messages as archives hold them, and bodies decoded by what their bytes are.

Headers lie: crawlers stored decoded bodies under their original headers, and the reverse. So a
body is dechunked only if it parses as chunks, gunzipped only if it is gzip, and a claim that the
bytes contradict becomes a note.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from archive.recipe import Limits
from archive.records import Outcome
from archive.sources import codings
from archive.sources.headers import read_headers

Problem = tuple[Outcome, str]

_STATUS = re.compile(rb"(?:\r?\n)*(?:HTTP(?:/[\d.]*)?|ICY)[ \t]+(\d{3})(?!\d)", re.IGNORECASE)
_HEADER_END = re.compile(rb"\n\r*\n")
_CHUNK = re.compile(rb"[ \t]*([0-9A-Fa-f]{1,16})[ \t]*(?:;[^\r\n]{0,4096})?\r?\n")
_TRAILER = re.compile(rb"[!-9;-~]{1,256}:[^\r\n]{0,8192}\r?\n")
_PACKED = re.compile(r"(?:g?zip|gtar|tar|tgz|compress|zstd|zlib|warc|octet-stream|binary|download)")

LAYERS: Final = 5


@dataclass(frozen=True, slots=True)
class HttpMessage:
    """A response taken apart; its body is as it is in the record."""

    status: int | None
    headers: tuple[tuple[str, str], ...]  # names lower-cased, in file order
    body: bytes
    notes: tuple[str, ...] = ()
    problem: Problem | None = None

    def header(self, name: str) -> str | None:
        """The first value of a header, its name in lower case."""
        return next((value for key, value in self.headers if key == name), None)


@dataclass(frozen=True, slots=True)
class Body:
    """A body at each stage. `problem` is set where `data` must not be used as the content."""

    data: bytes  # as a browser would get it
    dechunked: bytes  # after transfer-decoding, before content-decoding
    raw: bytes  # as in the record
    notes: tuple[str, ...] = ()
    problem: Problem | None = None


def parse_http(block: bytes, limits: Limits) -> HttpMessage:
    """Splits a response into status, headers and body; tolerant of every line end and folding.

    A block without a status line is HTTP/0.9: all body, status None.
    """
    status = _STATUS.match(block, 0, 256)
    if not status:
        return HttpMessage(None, (), block, ("no HTTP header",))
    end = _HEADER_END.search(block, 0, limits.header_bytes)
    if end is None and len(block) > limits.header_bytes:
        return HttpMessage(int(status[1]), (), b"", problem=(Outcome.OVER_LIMIT, "header_bytes"))
    size = end.end() if end else len(block)
    headers, notes = read_headers(block[status.start(1) : size])
    if end is None:
        notes += ("the HTTP header does not end",)
    if b"\r" not in block[:size]:
        notes += ("the HTTP header has bare line feeds",)
    return HttpMessage(int(status[1]), headers, block[size:], notes)


def decode_body(message: HttpMessage, limits: Limits) -> Body:
    """The content as served to a browser, decoded by what the bytes are.

    Chunks: undone if the whole body parses as chunks, trailers and all; without the last chunk
    only after one whole chunk where the header claims chunks, or two where it does not.
    gzip, zlib, zstd: undone where the bytes are such (zlib without a claim only if it decodes
    cleanly); deflate without a wrapper and br only where claimed and if they decode cleanly to
    their end. Several codings are undone in turn.
    A payload that is itself a packed file stays packed: what no Content-Encoding claims and whose
    media type (gzip, x-tar, zip, octet-stream, ...) or Content-Disposition says so is left alone.

    Problems: OVER_LIMIT "payload_bytes", and UNDECODABLE for a claimed coding that cannot be
    undone on bytes that are no text. A compressed body that is cut off or goes wrong gives what
    could be decoded, with a note.
    """
    raw = message.body
    notes: list[str] = []
    if message.problem:
        return Body(b"", b"", raw, (), message.problem)
    plain = _without_extra_line(message, raw, notes)
    claims = _claims(message)
    dechunked = _dechunked(plain, "chunked" in claims, notes)
    data, problem = _decoded(
        dechunked, [c for c in claims if c != "chunked"], _is_packed_file(message), limits, notes
    )
    if problem is None and len(data) > limits.payload_bytes:
        problem = (Outcome.OVER_LIMIT, "payload_bytes")
    return Body(b"" if problem else data, dechunked, raw, tuple(notes), problem)


def _without_extra_line(message: HttpMessage, body: bytes, notes: list[str]) -> bytes:
    """Without the CRLF too many that one crawl (CC-MAIN-2018-34) put before its bodies."""
    length = message.header("content-length") or ""
    if not body.startswith(b"\r\n"):
        return body
    if length != str(len(body) - 2) and not codings.magic(body[2:]):
        return body
    notes.append("an extra line end before the body is left out")
    return body[2:]


def _claims(message: HttpMessage) -> list[str]:
    """The codings that the headers claim, the outermost (last applied) first."""
    claims: list[str] = []
    for name in ("content-encoding", "transfer-encoding"):
        for key, value in message.headers:
            if key == name:
                claims += [part.strip().lower() for part in value.split(",")]
    known = [codings.SYNONYMS.get(claim, claim) for claim in claims]
    return [claim for claim in reversed(known) if claim not in ("", "identity", "none")]


def _is_packed_file(message: HttpMessage) -> bool:
    media = (message.header("content-type") or "").partition(";")[0].lower()
    disposition = (message.header("content-disposition") or "").lower()
    return bool(_PACKED.search(media)) or disposition.startswith("attachment")


def _dechunked(body: bytes, claimed: bool, notes: list[str]) -> bytes:
    chunks, oddity = read_chunks(body, claimed)
    if chunks is None:
        if claimed and body:
            notes.append("Transfer-Encoding says chunked, the body is not")
        return body
    if not claimed:
        notes.append("the body is chunked, which no header says")
    if oddity:
        notes.append(oddity)
    return chunks


def read_chunks(body: bytes, claimed: bool) -> tuple[bytes | None, str]:
    """The content of a chunked body, or None if it is not one; and what is odd about it."""
    pieces: list[bytes] = []
    position = 0
    enough = 1 if claimed else 2  # whole chunks that outweigh a missing end
    while match := _CHUNK.match(body, position):
        size, start = int(match[1], 16), match.end()
        if size == 0:
            left = _after_trailers(body, start)
            if left and not (claimed and len(pieces) >= enough):
                return None, ""
            if not pieces and not claimed:
                return None, ""
            return b"".join(pieces), f"{left} bytes after the last chunk" if left else ""
        end = start + size
        if end > len(body):
            if len(pieces) < enough:
                return None, ""
            return b"".join([*pieces, body[start:]]), "the chunked body is cut off"
        pieces.append(body[start:end])
        position = end + 2 if body[end : end + 2] == b"\r\n" else end + 1
        if end < len(body) and body[end : end + 1] not in (b"\r", b"\n"):
            return None, ""
    if position >= len(body) and len(pieces) >= enough:
        return b"".join(pieces), "the chunked body has no last chunk"
    return None, ""


def _after_trailers(body: bytes, position: int) -> int:
    """How many bytes follow the trailers, blanks and NULs left aside."""
    while match := _TRAILER.match(body, position):
        position = match.end()
    return len(body[position:].strip(b"\r\n\0 "))


def _decoded(
    data: bytes, claims: list[str], packed: bool, limits: Limits, notes: list[str]
) -> tuple[bytes, Problem | None]:
    """The body with its codings undone, the claimed ones first, then any that the bytes show."""
    for number in range(LAYERS):
        claim = claims[number][:40] if number < len(claims) else None
        found = codings.magic(data) or (claim if claim in codings.UNMARKED else None)
        if not data or (claim is None and (found is None or packed)):
            break
        result = codings.Decoded(None)
        if found is not None:
            result = codings.decode(found, data, limits.payload_bytes, sure=claim == found)
        if result.over:
            return b"", (Outcome.OVER_LIMIT, "payload_bytes")
        if result.data is None:
            if claim is None:
                break
            notes.append(f"Content-Encoding says {claim}, the body is not")
            if found is not None and not codings.is_texty(data):
                return data, (Outcome.UNDECODABLE, f"Content-Encoding {claim}")
            continue
        if claim != found:
            said = f"Content-Encoding says {claim}" if claim else "no header says so"
            notes.append(f"the body is {found}: {said}")
        if result.note:
            notes.append(result.note)
        data = result.data
    return data, None
