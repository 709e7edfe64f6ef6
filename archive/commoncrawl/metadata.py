"""What an extract says of its records: metadata records, whose description the ledger keeps."""

from __future__ import annotations

import hashlib
import json
import uuid
import zlib
from collections.abc import Iterable
from typing import Any, Final

from archive.commoncrawl.checked import Checked
from archive.commoncrawl.selected import Selected

SOFTWARE: Final = "lowbackground select"
MAX_HEADER: Final = 8192
MAX_PROBLEM: Final = 500
"""Characters of a header, and of a problem, which may quote what an index or a record says."""
_TOLD: Final = ("file", "offset", "length", "problem")


def about(path: str, row: Selected, checked: Checked) -> bytes:
    """The metadata record of one row."""
    said = {"file": path, "offset": row.offset, "length": row.length, "digest": row.digest}
    said |= (
        {"problem": checked.problem[:MAX_PROBLEM]}
        if checked.problem
        else {"agrees": checked.agrees}
    )
    record_id = checked.record.record_id if checked.record else None
    return metadata(row.url, record_id, row.fetched, said)


def metadata(url: str, refers_to: str | None, date: str, said: dict[str, Any]) -> bytes:
    """A metadata record whose `description` is JSON: what the ledger keeps in `said`."""
    description = json.dumps(said, sort_keys=True)  # in ASCII, so on one line
    block = f"software: {SOFTWARE}\r\ndescription: {description}\r\n".encode()
    identity = uuid.uuid5(uuid.NAMESPACE_URL, f"{url} {hashlib.sha256(block).hexdigest()}")
    headers = [
        ("WARC-Type", "metadata"),
        ("WARC-Record-ID", f"<urn:uuid:{identity}>"),
        ("WARC-Date", date),
        ("WARC-Target-URI", _one_line(url)),
        *([("WARC-Refers-To", _one_line(refers_to))] if refers_to else []),
        ("Content-Type", "application/warc-fields"),
        ("Content-Length", str(len(block))),
    ]
    head = "".join(f"{name}: {value}\r\n" for name, value in headers)
    return f"WARC/1.0\r\n{head}\r\n".encode() + block + b"\r\n\r\n"


def _one_line(value: str) -> str:
    """What an index or a record says, whatever that is, as the value of a header."""
    return (value if value.isprintable() else json.dumps(value))[:MAX_HEADER]


def member(data: bytes) -> bytes:
    """A gzip member (RFC 1952) of stored blocks (RFC 1951, 3.2.4): the same bytes everywhere."""
    starts = range(0, max(len(data), 1), 0xFFFF)
    stored = b"".join(_stored(data[at : at + 0xFFFF], at == starts[-1]) for at in starts)
    ends = zlib.crc32(data).to_bytes(4, "little") + len(data).to_bytes(4, "little")
    return b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff" + stored + ends


def _stored(piece: bytes, last: bool) -> bytes:
    size = len(piece)
    return (
        bytes([last]) + size.to_bytes(2, "little") + (size ^ 0xFFFF).to_bytes(2, "little") + piece
    )


def problems(rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Of ledger rows (their `url` and `said`): what was selected and left out, and why."""
    told = ((row["url"], _description(row["said"])) for row in rows)
    return [
        {"url": url, **{key: each[key] for key in _TOLD}}
        for url, each in told
        if all(key in each for key in _TOLD)
    ]


def _description(said: str | None) -> dict[str, Any]:
    """What a record of ours says in the ledger; nothing of another's, whatever it holds."""
    fields = json.loads(said or "{}")
    if fields.get("software") != SOFTWARE:
        return {}
    try:
        told = json.loads(fields.get("description", ""))
    except (ValueError, RecursionError):
        return {}
    return told if isinstance(told, dict) else {}
