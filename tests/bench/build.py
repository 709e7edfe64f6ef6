"""What a build costs against the bare loop, and verify against sha256sum, in one run.

    python -m tests.bench.build [--megabytes 100] [--datatrove PYTHON]

The input is one real crawl of 2008 (LOWBG_TEST_DATA), repeated into eight WARC files. The bare
loop is this project's reader and decoder and the extractor, with nothing else. `--datatrove` names
the interpreter of an environment of its own that has datatrove[all] installed, because it pins
older versions of shared packages.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import tempfile
from pathlib import Path

import archive.sample
from tests import warcs
from tests.bench import measure
from tests.bench.measure import Cost

FILES = 8


def make_input(folder: Path, megabytes: int) -> int:
    """Copies of the crawl, each file begun by a warcinfo of its own so that no two are alike."""
    data = os.environ.get("LOWBG_TEST_DATA", Path(__file__).parents[2] / "../shared/data")
    crawl = (Path(data) / "warc/aut/example.warc.gz").read_bytes()
    copies = max(1, round(megabytes * 1_000_000 / len(crawl) / FILES))
    for number in range(FILES):
        info = warcs.gzip_member(warcs.warcinfo([("isPartOf", f"bench-{number}")]))
        (folder / f"crawl-{number}.warc.gz").write_bytes(info + crawl * copies)
    return sum(path.stat().st_size for path in folder.iterdir())


def make_texts(folder: Path, megabytes: int) -> None:
    """Four WET files of random words of the bundled sample, about 3 kB a document."""
    pages = Path(archive.sample.__file__).with_name("pages")
    texts = (path.read_text(encoding="utf-8") for path in sorted(pages.iterdir()))
    words = [word for text in texts for word in text.split() if "<" not in word]
    choice = random.Random(7)
    for number in range(4):
        with (folder / f"{number}.warc.wet").open("wb") as file:
            while file.tell() < megabytes * 250_000:
                text = " ".join(choice.choices(words, k=choice.randrange(60, 900))).encode()
                url = f"http://example.org/{number}/{file.tell()}"
                file.write(warcs.warc_record("conversion", url, block=text, digests=False))


def bare_loop(folder: str) -> dict[str, int]:
    """Reader, decoder, extractor, nothing else."""
    from resiliparse.extract.html2text import extract_plain_text
    from resiliparse.parse.encoding import bytes_to_str, detect_encoding

    from archive.recipe import Limits
    from archive.sources import read_records
    from archive.sources.http import decode_body, parse_http

    limits, pages, characters = Limits(), 0, 0
    for path in sorted(Path(folder).iterdir()):
        for record in read_records(path, limits):
            if record.type != "response" or not record.block.startswith(b"HTTP/"):
                continue
            message = parse_http(record.block, limits)
            declared = dict(message.headers).get("content-type", "")
            if message.status != 200 or "html" not in declared:
                continue
            body = decode_body(message, limits).data
            try:
                page = body.decode()
            except UnicodeDecodeError:
                page = bytes_to_str(body, detect_encoding(body) or "utf-8")
            text = extract_plain_text(page, main_content=True, alt_texts=False)
            pages, characters = pages + 1, characters + len(text)
    return {"pages": pages, "characters": characters}


def whole_build(folder: str, store: str, workers: str, annotate: str) -> dict[str, int]:
    snapshot = archive.build(
        [folder], "bench", store, workers=int(workers), annotate=annotate == "annotate"
    )
    return {"documents": snapshot.manifest.documents}


def whole_verify(store: str, workers: str) -> dict[str, int]:
    from archive.store.local import Store
    from archive.verify import verify

    report = verify(Store(Path(store)), "bench", workers=int(workers))
    assert report.ok, report.findings
    return {"objects": report.checked_objects, "bytes": report.checked_bytes}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megabytes", type=int, default=100)
    parser.add_argument("--datatrove", metavar="PYTHON")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "crawl"
        folder.mkdir()
        size = make_input(folder, options.megabytes)
        print(f"input: {FILES} files, {size / 1e6:.1f} MB of gzip\n")
        _build_table(folder, Path(scratch), size, options.datatrove)
        _verify_table(Path(scratch), options.megabytes * 4)


def _build_table(folder: Path, scratch: Path, size: int, datatrove: str | None) -> None:
    bare = measure.python("tests.bench.build:bare_loop", str(folder))
    print(
        f"{'':<34}{'seconds':>9}{'CPU s':>8}{'pages/s':>9}{'MB/s':>7}{'of bare':>9}{'peak MB':>9}"
    )
    pages = bare.answer["pages"]

    def line(label: str, cost: Cost) -> None:
        ratio = bare.seconds / cost.seconds
        print(
            f"{label:<34}{cost.seconds:>9.1f}{cost.cpu:>8.1f}{pages / cost.seconds:>9.0f}"
            f"{size / 1e6 / cost.seconds:>7.1f}{ratio:>9.2f}{cost.peak / 1e6:>9.0f}"
        )

    line("bare loop", bare)
    costs: dict[str, Cost] = {}
    for workers, annotate in (("1", "bare"), ("2", "bare"), ("1", "annotate")):
        store = str(scratch / f"store-{workers}-{annotate}")
        label = f"lowbg build, {workers} worker{'s' if workers == '2' else ''}"
        label += " and signals" if annotate == "annotate" else ""
        costs[label] = measure.python(
            "tests.bench.build:whole_build", str(folder), store, workers, annotate
        )
        line(label, costs[label])
    line("bare loop, again", measure.python("tests.bench.build:bare_loop", str(folder)))
    one, two = costs["lowbg build, 1 worker"], costs["lowbg build, 2 workers"]
    print(f"\ntwo workers against one: {one.seconds / two.seconds:.2f} times")
    if datatrove:
        script = Path(__file__).with_name("datatrove_peer.py")
        out = scratch / "datatrove"
        peer = measure.run([datatrove, str(script), str(folder), str(out)])
        line("datatrove, FineWeb-like steps", peer)
    else:
        print("datatrove: not run; give --datatrove PYTHON of an environment that has it")


def _verify_table(scratch: Path, megabytes: int) -> None:
    texts, store = scratch / "texts", scratch / "store-of-texts"
    texts.mkdir()
    make_texts(texts, megabytes)
    measure.python("tests.bench.build:whole_build", str(texts), str(store), "2", "bare")
    shutil.rmtree(texts)
    objects = [str(path) for path in (store / "objects").rglob("*") if path.is_file()]
    stored = sum(Path(path).stat().st_size for path in objects)
    listing = scratch / "objects.txt"
    listing.write_text("\n".join(objects))
    shell = f"xargs sha256sum < {listing} > /dev/null"
    plain = measure.run(["sh", "-c", shell])
    print(f"\nstore: {len(objects)} objects, {stored / 1e6:.1f} MB, of {megabytes} MB of texts")
    print(f"{'':<34}{'seconds':>9}{'MB/s':>8}{'of sha256sum':>14}{'peak MB':>9}")
    print(f"{'sha256sum':<34}{plain.seconds:>9.2f}{stored / 1e6 / plain.seconds:>8.0f}{1:>14.2f}")
    for workers in ("1", "2"):
        cost = measure.python("tests.bench.build:whole_verify", str(store), workers)
        print(
            f"{f'lowbg verify, {workers} worker(s)':<34}{cost.seconds:>9.2f}"
            f"{stored / 1e6 / cost.seconds:>8.0f}{plain.seconds / cost.seconds:>14.2f}"
            f"{cost.peak / 1e6:>9.0f}"
        )


if __name__ == "__main__":
    main()
