"""Hostile input through the whole build: bounded memory, an end, every byte in the ledger."""

from __future__ import annotations

import json
import subprocess
import sys
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests import warcs
from tests.archives import page

MEMORY = 600 << 20
"""What a worker may take, in bytes."""
SECONDS = 120
"""Far above what is needed: it only keeps a hang from hanging the tests."""

# Not ru_maxrss: that of a child counts from before its exec, so it begins at its parent's size.
MEASURED = """
import re
from archive.__main__ import main
try:
    main()
except SystemExit as stop:
    assert not stop.code, stop.code
print(re.search(r"VmHWM:\\s+(\\d+) kB", open("/proc/self/status").read())[1])
"""


def gzip_bomb() -> bytes:
    """One member of about a megabyte that inflates to a 1 GiB record."""
    size = 1 << 30
    head = warcs.warc_record("response", length=str(size), digests=False).rstrip(b"\r\n")
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    out = [packer.compress(head + b"\r\n\r\n")]
    out += [packer.compress(bytes(1 << 20)) for _ in range(size >> 20)]
    return b"".join([*out, packer.compress(b"\r\n\r\n"), packer.flush()])


def coding_bomb() -> bytes:
    """A small record whose body inflates to 256 MiB by its content-coding."""
    packed = zlib.compress(bytes(256 << 20), 9)
    headers = {"Content-Type": "text/html", "Content-Encoding": "deflate"}
    return warcs.gzip_member(warcs.warc_record(block=warcs.http_response(200, headers, packed)))


def giant_header() -> bytes:
    """A header line of 64 MiB."""
    return b"WARC/1.0\r\nWARC-Type: response\r\nX: " + b"a" * (64 << 20) + b"\r\n\r\n"


def with_length(length: str) -> Callable[[], bytes]:
    return lambda: warcs.warc_record(
        block=b"HTTP/1.1 200 OK\r\n\r\nabc", length=length, digests=False
    )


def html(body: bytes) -> Callable[[], bytes]:
    response = warcs.http_response(200, {"Content-Type": "text/html"}, body)
    return lambda: warcs.gzip_member(warcs.warc_record(block=response))


HOSTILE = {
    "gzip bomb": (gzip_bomb, "over-limit", "record_bytes"),
    "content-coding bomb": (coding_bomb, "over-limit", "payload_bytes"),
    "64 MiB header line": (giant_header, "over-limit", "header_bytes"),
    "absurd length": (with_length("99999999999999"), "damaged", "99999999999999"),
    "negative length": (with_length("-1"), "damaged", "-1"),
    "no length": (with_length("abc"), "damaged", "abc"),
    "100,000 nested tags": (html(b"<div>" * 100_000), "over-limit", "nesting"),
    "50 MB attribute": (html(b'<p x="' + b"a" * 50_000_000 + b'">'), "over-limit", "_bytes"),
    "200,000 attributes": (html(b"<p " + b"a=1 " * 200_000 + b">"), "over-limit", "attribute"),
    "misnested formatting": (html(b"<b><i><a><p>" * 60_000 + b"x"), "over-limit", ""),
    "300,000 empty members": (lambda: warcs.gzip_member(b"") * 300_000, "padding", ""),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_a_build_survives(case: str, tmp_path: Path) -> None:
    make, outcome, reason = HOSTILE[case]
    attack = tmp_path / "attack.warc"
    good = warcs.gzip_member(page("tide"))
    if case in ("absurd length", "negative length", "no length", "64 MiB header line"):
        good = page("tide")
    attack.write_bytes(make() + good)
    summary = build(tmp_path, attack)
    rows = ledger(tmp_path)
    assert summary["bytes_accounted"] == attack.stat().st_size
    assert any(o == outcome and reason in r for o, r in rows), rows
    assert summary["outcomes"]["kept"] == 1, "the good record after the attack"


def build(folder: Path, attack: Path) -> dict[str, Any]:
    """Builds in a process of its own and holds it to its memory."""
    arguments = ["build", str(attack), "--name", "hostile", "--store", str(folder / "store")]
    done = subprocess.run(
        [sys.executable, "-c", MEASURED, *arguments, "--workers", "1", "--json"],
        capture_output=True,
        check=True,
        text=True,
        timeout=SECONDS,
    )
    summary, peak = done.stdout.splitlines()
    assert int(peak) * 1024 < MEMORY
    answer: dict[str, Any] = json.loads(summary)
    return answer


def ledger(folder: Path) -> list[tuple[str, str]]:
    import archive

    snapshot = archive.open("hostile", folder / "store")
    rows = snapshot.sql("select distinct outcome, reason from ledger").rows
    return [(str(outcome), str(reason)) for outcome, reason in rows]
