"""What a selection reads of an index and of WARC files, against all of them.

    python -m tests.bench.commoncrawl [--pages 8000]

The crawl is made by code, in Common Crawl's layout on local disk: pages of random words under three
TLDs, of which the one that is selected has a hundredth. Bytes are those asked for, counted where
they are read; CPU is that of this process.
"""

from __future__ import annotations

import argparse
import random
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from archive.commoncrawl import crawls, extract, places, ranges
from archive.commoncrawl.named import Choice, selection
from archive.commoncrawl.places import base_of
from tests.commoncrawl.layout import CRAWL, Page, make

WHERE = "url_host_tld = 'scot' and content_languages = 'gla'"
FILES = 4


def pages(count: int) -> Iterator[Page]:
    """Pages of some 8 kB, every hundredth of them wanted."""
    choice = random.Random(11)
    words = ["".join(choice.choices("abcdefghilmnorstu", k=7)) for _ in range(5000)]
    for number in range(count):
        tld, language = (
            ("scot", "gla") if number % 100 == 7 else (("org", "com")[number % 2], "eng")
        )
        text = " ".join(choice.choices(words, k=1000))
        yield Page(f"http://host{number // 40}.{tld}/{number}", text, language)


class Counted:
    """The bytes that were asked for."""

    def __init__(self) -> None:
        self.bytes, self.reads = 0, 0
        self._read = places.read_ranges

    def __call__(self, location: str, wanted: Sequence[tuple[int, int]]) -> Iterator[bytes]:
        self.bytes += sum(length for _, length in wanted)
        self.reads += len(wanted)
        return self._read(location, wanted)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pages", type=int, default=8_000)
    count = parser.parse_args().pages
    with tempfile.TemporaryDirectory() as scratch:
        made = list(pages(count))
        layout = make(
            Path(scratch) / "cc", pages={f"{n:05d}": made[n::FILES] for n in range(FILES)}
        )
        layout.write_index(files=1, row_group_size=1000)
        crawl, base = crawls.find(CRAWL), base_of(str(layout.folder))
        sizes = {
            "index": sum(p.stat().st_size for p in layout.folder.glob("**/subset=warc/*00000*")),
            "WARC files": sum((layout.folder / p).stat().st_size for p in layout.warcs.values()),
        }
        print(f"{'':<14}{'MB':>9}{'MB read':>9}{'reads':>7}{'CPU s':>8}{'records':>9}")
        counted = Counted()
        setattr(ranges, "read_ranges", counted)  # noqa: B010 - it is counted, not changed
        started = time.process_time()
        chosen = selection("warc", crawl, Choice(where=WHERE), base)
        records = sum(len(each.rows) for each in chosen)
        _line("index", sizes, counted, time.process_time() - started, records)
        counted = Counted()
        setattr(places, "read_ranges", counted)  # noqa: B010
        started = time.process_time()
        for each in chosen:
            extract.write(each, base, Path(scratch) / "extracts")
        _line("WARC files", sizes, counted, time.process_time() - started, records)


def _line(name: str, sizes: dict[str, int], counted: Counted, cpu: float, records: int) -> None:
    print(
        f"{name:<14}{sizes[name] / 1e6:>9.1f}{counted.bytes / 1e6:>9.2f}{counted.reads:>7}"
        f"{cpu:>8.2f}{records:>9,}"
    )


if __name__ == "__main__":
    main()
