"""What `lowbg plan` counts with, measured in one run: disk and CPU for a byte and a page of input.

    python -m tests.bench.plan

The input is one real crawl of 2008 (LOWBG_TEST_DATA), once: a repetition would pack too well. The
rates in pages a second are those of tests.bench.build. Copy what is printed into
archive/commoncrawl/rates.py, with the day and the machine.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

from tests.bench import measure


def main() -> None:
    data = os.environ.get("LOWBG_TEST_DATA", Path(__file__).parents[2] / "../shared/data")
    crawl = Path(data) / "warc/aut/example.warc.gz"
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "crawl"
        folder.mkdir()
        shutil.copyfile(crawl, folder / crawl.name)
        size = crawl.stat().st_size
        pages = measure.python("tests.bench.build:bare_loop", str(folder)).answer["pages"]
        print(
            f"input: {size / 1e6:.1f} MB of gzip, {pages} HTML pages, {size / pages:.0f} bytes each"
        )
        print(f"{'':<24}{'CPU s':>8}{'peak MB':>9}{'store bytes':>13}{'of input':>10}")
        for annotate in ("bare", "annotate"):
            store = Path(scratch) / annotate
            cost = measure.python(
                "tests.bench.build:whole_build", str(folder), str(store), "1", annotate
            )
            stored = sum(file.stat().st_size for file in store.rglob("*") if file.is_file())
            print(
                f"{'with signals' if annotate == 'annotate' else 'without':<24}{cost.cpu:>8.1f}"
                f"{cost.peak / 1e6:>9.0f}{stored:>13,}{stored / size:>10.2f}"
            )


if __name__ == "__main__":
    main()
