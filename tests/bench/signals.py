"""What each family of signals costs, and all of them against extracting the same pages.

    python -m tests.bench.signals [--passes 5]

Pages are the real ones of LOWBG_TEST_DATA, in two sets: a crawl of 2008 with other old captures,
and modern pages (without the folder: the bundled sample). Everything is processor time of one core
in one run; the best of several passes counts, because other work on the machine only ever adds.
First comes what a process takes for its first text, on a machine that has never computed a signal
and on one that has kept the compiled code.
"""

from __future__ import annotations

import argparse
import gzip
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from archive import signals
from archive.sample import write_sample
from archive.signals.view import View
from tests.bench.measure import run

SHARED = ("flags", "lower", "tokens", "words", "lower_word_hashes", "pieces", "stripped")
ARCHIVES = ("*.warc", "*.warc.gz", "*.arc.gz")
LARGEST = 20_000_000  # bytes of an archive worth reading for this


def pages() -> dict[str, list[bytes]]:
    """Decoded HTML bodies by set, no body twice."""
    data = Path(os.environ.get("LOWBG_TEST_DATA", Path(__file__).parents[2] / "../shared/data"))
    if not data.is_dir():
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "sample.warc.gz"
            write_sample(path)
            return {"sample": list(_captured([path]))}
    archives = sorted(p for a in ARCHIVES for p in (data / "warc").rglob(a))
    modern = [
        gzip.decompress(p.read_bytes()) for p in sorted((data / "extraction").rglob("*.html.gz"))
    ]
    return {
        "captures": list(_captured([p for p in archives if p.stat().st_size < LARGEST])),
        "modern": modern,
    }


def _captured(paths: list[Path]) -> Iterator[bytes]:
    from archive.recipe import Limits
    from archive.sources import read_records
    from archive.sources.http import decode_body, parse_http

    limits, seen = Limits(), set()
    for path in paths:
        for record in read_records(path, limits):
            if record.type != "response" or not record.block.startswith(b"HTTP/"):
                continue
            message = parse_http(record.block, limits)
            if message.status == 200 and "html" in dict(message.headers).get("content-type", ""):
                body = decode_body(message, limits).data
                if body not in seen:
                    seen.add(body)
                    yield body


def texts_of(html: list[str]) -> list[str]:
    from resiliparse.extract.html2text import extract_plain_text

    made = (extract_plain_text(page, main_content=True, alt_texts=False) for page in html)
    return [text for text in made if text]


def best(passes: int, work: Callable[[], Any]) -> float:
    seconds = []
    for _ in range(passes):
        begin = time.process_time()
        work()
        seconds.append(time.process_time() - begin)
    return min(seconds)


def measure(name: str, bodies: list[bytes], passes: int) -> None:
    from resiliparse.parse.encoding import bytes_to_str, detect_encoding

    html = [bytes_to_str(body, detect_encoding(body) or "utf-8") for body in bodies]
    extraction = best(passes, lambda: texts_of(html))
    texts = texts_of(html)
    size = sum(len(text.encode()) for text in texts) / 1e6
    rows = [{"id": "", "text": text} for text in texts]
    signals.compute(rows[:1])
    everything = best(passes, lambda: signals.compute(rows))
    lines = [f"{name}: {len(texts)} texts, {size:.2f} MB of text from {_mb(bodies):.1f} MB of HTML"]
    lines.append(f"{'':14}{'MB/s':>8}{'texts/s':>10}{'of extraction':>15}")

    def row(what: str, seconds: float) -> None:
        share = f"{seconds / extraction:15.1%}"
        lines.append(f"{what:14}{size / seconds:8.1f}{len(texts) / seconds:10.0f}{share}")

    costs: dict[str, float] = {}
    for _ in range(passes):
        for what, seconds in _one_pass(texts).items():
            costs[what] = min(seconds, costs.get(what, seconds))
    for what, seconds in costs.items():
        row(what, seconds)
    row("all, in Arrow", everything)
    row("extraction", extraction)
    lines.append(f"all signals cost {everything / extraction:.2f} of extraction (wanted: 0.50)")
    sys.stdout.write("\n".join(lines) + "\n\n")


def _one_pass(texts: list[str]) -> dict[str, float]:
    costs: dict[str, float] = {}
    begin = time.process_time()
    views: list[View] = list(signals.views(texts))
    for shared in SHARED:
        for view in views:
            getattr(view, shared)
    costs["shared cuts"] = time.process_time() - begin
    for name, family in signals.families().items():
        begin = time.process_time()
        for view in views:
            family.compute(view)
        costs[name] = time.process_time() - begin
    return costs


def first_text() -> None:
    """What the first text costs a process, with nothing compiled and with everything."""
    code = "from archive import signals; signals.compute([{'id': '', 'text': 'One.'}]); print('{}')"
    with tempfile.TemporaryDirectory() as folder:
        for state in ("nothing", "everything"):
            cost = run([sys.executable, "-c", code], {"NUMBA_CACHE_DIR": folder})
            print(
                f"first text with {state} compiled: {cost.cpu:.1f} CPU s, {cost.peak / 1e6:.0f} MB"
            )
    print()


def _mb(bodies: list[bytes]) -> float:
    return sum(map(len, bodies)) / 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--passes", type=int, default=5)
    passes = parser.parse_args().passes
    first_text()
    for name, bodies in pages().items():
        measure(name, bodies, passes)


if __name__ == "__main__":
    main()
