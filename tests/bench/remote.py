"""What reading from a server costs, against the plainest reading of the same bytes.

    python -m tests.bench.remote [MEGABYTES]

The server is another process on loopback that answers at once, so that what is seen is the reader's
own work: believe CPU seconds, and their ratios. `urllib3` reads the body and writes it, `fsspec`
is its http filesystem's get; `download` also hashes, checks, and can be gone on with.
"""

from __future__ import annotations

import os
import random
import sys
import tempfile
import threading
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path

from tests.bench import measure
from tests.servers import web

RECORD = 20_000
"""Bytes of a range: a captured page, compressed."""


def serve(size: int, pipe: Connection) -> None:
    with web() as site:
        pipe.send(site.put("f.warc.gz", random.Random(1).randbytes(1 << 20) * (size >> 20)))
        while pipe.recv() == "asked":
            pipe.send(len(site.asked))
            site.asked.clear()


def by_urllib3(url: str, target: str) -> dict[str, int]:
    import urllib3

    answer = urllib3.request("GET", url, preload_content=False, decode_content=False)
    with open(target, "wb") as out:
        while piece := answer.read(1 << 18):
            out.write(piece)
    return {"bytes": os.path.getsize(target)}


def by_fsspec(url: str, target: str) -> dict[str, int]:
    import fsspec

    fsspec.filesystem("http").get_file(url, target)
    return {"bytes": os.path.getsize(target)}


def by_download(url: str, target: str) -> dict[str, int]:
    from archive.remote import Politeness, download

    polite = Politeness(bytes_per_second=None, limits=f"{target}.limits")
    return {"bytes": download(url, Path(target), politeness=polite).size}


def by_download_at_a_rate(url: str, target: str) -> dict[str, int]:
    """As a build does it, at a rate that is never reached."""
    from archive.remote import Politeness, download

    polite = Politeness(bytes_per_second=10**11, limits=f"{target}.limits")
    return {"bytes": download(url, Path(target), politeness=polite).size}


def by_ranges(url: str, every: str, gap: str) -> dict[str, int]:
    """A range of a record's length in every so many bytes of the file."""
    from archive.remote import Politeness, read_ranges, size_and_mark

    size = size_and_mark(url).size or 0
    wanted = [(at, RECORD) for at in range(0, size - RECORD, int(every))]
    polite = Politeness(bytes_per_second=None)
    read = read_ranges(url, wanted, politeness=polite, gap=int(gap))
    return {"bytes": sum(map(len, read)), "ranges": len(wanted)}


def main() -> None:
    size = (int(sys.argv[1]) if len(sys.argv) > 1 else 512) << 20
    ours, theirs = get_context("spawn").Pipe()
    server = get_context("spawn").Process(target=serve, args=(size, theirs), daemon=True)
    server.start()
    url = ours.recv()
    print(f"{size:,} bytes, pid {os.getpid()}, threads {threading.active_count()}\n")
    print(f"{'a whole file':<34}{'CPU s':>8}{'MB/CPU s':>10}{'peak MB':>9}{'requests':>10}")
    with tempfile.TemporaryDirectory() as folder:
        empty = measure.python("tests.bench.remote:idle")
        for name in ("by_urllib3", "by_fsspec", "by_download", "by_download_at_a_rate"):
            cost = measure.python(f"tests.bench.remote:{name}", url, f"{folder}/{name}")
            row(name, cost, cost.cpu - empty.cpu, ours)
    print(f"\n{'ranges of 20 kB':<34}{'CPU s':>8}{'ranges/s':>10}{'peak MB':>9}{'requests':>10}")
    for every in (25_000, 100_000, 1_000_000):
        for gap in (0, 64 << 10, 256 << 10):
            arguments = (url, str(every), str(gap))
            cost = measure.python("tests.bench.remote:by_ranges", *arguments)
            row(f"one in {every:,}, gap {gap:,}", cost, cost.cpu - empty.cpu, ours)
    ours.send("end")
    server.join()


def idle() -> dict[str, int]:
    """The start of Python and of what is imported anyway."""
    import archive.remote  # noqa: F401

    return {}


def row(name: str, cost: measure.Cost, cpu: float, server: Connection) -> None:
    server.send("asked")
    count = cost.answer.get("ranges", cost.answer["bytes"] / 1e6)
    cpu = max(cpu, 0.01)
    print(f"{name:<34}{cpu:>8.2f}{count / cpu:>10,.0f}{cost.peak >> 20:>9}{server.recv():>10,}")


if __name__ == "__main__":
    main()
