"""What duplicates cost: time and memory for a million documents, and datasketch on fewer.

    python -m tests.bench.duplicates [--documents 1000000] [--workers 2] [--peer PYTHON]

The corpus is synthetic: 190 words a text, drawn with a skew from 50,000; 40 % of the documents are
edits (0 to 8 % of the words, mostly few) of one of 70,000 texts, some of which have thousands, one
in 125 has one and the same text, and one in 500 is a link of one chain.
`--peer` names the interpreter of an environment that has datasketch installed.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from archive.engines import Instead, Receipt, Report, Task
from archive.engines.local import LocalEngine
from tests.bench import measure

PART = 31_250
WORDS = 190
PEER_DOCUMENTS = 20_000
HERE = "tests.bench.duplicates"


def write(task: Task, report: Report) -> Receipt:
    """A stage: one part of the corpus, documents and signals."""
    from tests.duplicates.corpora import Doc, vocabulary, write_part

    words = np.array(vocabulary(0, 50_000), dtype=object)
    docs = []
    for index in range(task["begin"], task["end"]):
        text = " ".join(words[_numbers(index, task["total"])])
        docs.append(Doc(int(np.random.default_rng((7, index)).integers(10**15)), text, index))
    part = write_part(Path(task["folder"]), docs, group=4096)
    return {
        "key": part.key,
        "documents": str(part.documents),
        "signals": str(part.signals),
        "bytes": sum(len(doc.text) for doc in docs),
    }


def _numbers(index: int, total: int) -> Any:
    """The words of a document: of its own, or those of its family with some of them changed."""
    draw = np.random.default_rng((1, index))
    kind = draw.random()
    if kind < 0.002:
        return _link(index * 2000 // total)
    if kind < 0.01:
        return _text(np.random.default_rng(2))
    if kind < 0.6:
        return _text(draw)
    text = _text(np.random.default_rng((3, int(total * 0.07 * draw.random() ** 3))))
    changed = draw.random(WORDS) < 0.08 * draw.random() ** 2
    return np.where(changed, _text(draw), text)


def _text(draw: np.random.Generator) -> Any:
    return (50_000 * draw.random(WORDS) ** 3).astype(np.int64)


def _link(step: int) -> Any:
    """Two more words of one text are changed at each step."""
    text = _text(np.random.default_rng(4))
    draw = np.random.default_rng(5).integers(50_000, size=2 * step)
    for place, word in enumerate(draw):
        text[place % WORDS] = word
    return text


def make(folder: Path, documents: int, workers: int) -> tuple[int, float]:
    """Writes the corpus; returns the bytes of its texts and the seconds it took."""
    tasks = [
        {
            "name": str(begin),
            "folder": str(folder / f"{begin:09d}"),
            "begin": begin,
            "end": min(begin + PART, documents),
            "total": documents,
        }
        for begin in range(0, documents, PART)
    ]
    started = time.monotonic()
    engine = LocalEngine(workers)
    receipts = engine.run(f"{HERE}:write", tasks)
    engine.close()
    (folder / "parts.json").write_text(json.dumps(receipts))
    return sum(receipt["bytes"] for receipt in receipts), time.monotonic() - started


class Timed(LocalEngine):
    """Says how long each stage took, over all rounds."""

    def __init__(self, workers: int) -> None:
        super().__init__(workers)
        self.seconds: dict[str, float] = {}

    def run(
        self,
        stage: str,
        tasks: Sequence[Task],
        *,
        retries: int = 3,
        report: Report | None = None,
        instead: Instead | None = None,
    ) -> list[Receipt]:
        started = time.monotonic()
        receipts = super().run(stage, tasks, retries=retries, report=report)
        self.seconds[stage] = self.seconds.get(stage, 0) + time.monotonic() - started
        return receipts


def ours(folder: str, workers: str) -> dict[str, Any]:
    """`find` on a corpus that has been made, with a fresh cache."""
    from archive.duplicates import PartFiles, find

    entries = json.loads((Path(folder) / "parts.json").read_text())
    parts = [PartFiles(e["key"], Path(e["documents"]), Path(e["signals"])) for e in entries]
    engine, memory = Timed(int(workers)), Memory()
    started = time.monotonic()
    work = Path(folder) / "work"
    path = find(parts, work, engine)
    seconds = time.monotonic() - started
    engine.close()
    facts = json.loads((path.parent / "duplicates.json").read_bytes())
    cached = sum(file.stat().st_size for file in (work / "cache").rglob("*") if file.is_file())
    shutil.rmtree(work)
    stages = engine.seconds | {"here": seconds - sum(engine.seconds.values())}
    return {**facts, **memory.stop(), "cache": cached, "seconds": seconds, "stages": stages}


class Memory:
    """Samples what this process and its children hold together: all, and all but mapped files."""

    def __init__(self) -> None:
        self._peak = {"pss": 0, "anonymous": 0}
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._sample, daemon=True)
        self._thread.start()

    def stop(self) -> dict[str, int]:
        self._ended.set()
        self._thread.join()
        return self._peak

    def _sample(self) -> None:
        while not self._ended.wait(0.1):
            total = {"pss": 0, "anonymous": 0}
            children = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text()
            for pid in [str(os.getpid()), *children.split()]:
                try:
                    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
                except OSError:
                    continue
                sizes = {line.split()[0]: line.split()[1] for line in lines[1:]}
                total["pss"] += int(sizes["Pss:"]) * 1024
                total["anonymous"] += int(sizes["Pss_Anon:"]) * 1024
            self._peak = {name: max(self._peak[name], total[name]) for name in total}


def show(cost: measure.Cost, documents: int) -> None:
    facts: dict[str, Any] = cost.answer
    print(f"find: {facts['seconds']:.0f} s, {cost.cpu:.0f} CPU s, ", end="")
    print(f"{cost.cpu / documents * 1e6:.0f} CPU us a document")
    print(f"peak of one process {cost.peak / 1e6:.0f} MB; of all together ", end="")
    print(f"{facts['pss'] / 1e6:.0f} MB, {facts['anonymous'] / 1e6:.0f} MB without mapped files")
    print(f"cache {facts['cache'] / documents:.0f} bytes a document")
    for stage, seconds in facts["stages"].items():
        print(f"  {stage:20} {seconds:8.1f} s")
    for name in ("firsts", "exact", "near", "rounds", "verified", "buckets", "largest_bucket"):
        print(f"  {name:20} {facts[name]:8}")


def against_peer(python: str | None, root: Path) -> None:
    """Both from the text, with one worker: signatures, near-duplicates."""
    print(f"\n{PEER_DOCUMENTS} documents, one core, signatures included (and here verified):")
    folder = root / "peer"
    folder.mkdir()
    size, _ = make(folder, PEER_DOCUMENTS, 1)
    lines = folder / "texts.jsonl"
    _dump(folder, lines)
    signing = measure.python(f"{HERE}:sign", str(lines))
    found = measure.python(f"{HERE}:ours", str(folder), "1")
    seconds = signing.cpu + found.cpu
    print(f"  here        {seconds:7.1f} CPU s ({signing.cpu:.1f} signatures) {size / 1e6:.0f} MB")
    if python is None:
        print("  datasketch  not installed: see --peer")
        return
    script = str(Path(__file__).with_name("datasketch_peer.py"))
    theirs = measure.run([python, script, str(lines)])
    print(f"  datasketch  {theirs.cpu:7.1f} CPU s {theirs.answer}")
    print(f"  {theirs.cpu / seconds:.1f} times the CPU time")


def _dump(folder: Path, lines: Path) -> None:
    import pyarrow.parquet as pq

    with lines.open("w") as file:
        for entry in json.loads((folder / "parts.json").read_text()):
            for text in pq.read_table(entry["documents"])["text"].to_pylist():
                file.write(json.dumps(text) + "\n")


def sign(lines: str) -> dict[str, int]:
    """The signatures alone, in batches as the signals are computed."""
    from tests.duplicates.corpora import signs

    texts = [json.loads(line) for line in Path(lines).read_text().splitlines()]
    return {"signed": sum(len(signs(texts[at : at + 100])) for at in range(0, len(texts), 100))}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--documents", type=int, default=1_000_000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--peer", help="a Python that has datasketch")
    options = parser.parse_args()
    root = Path(tempfile.mkdtemp(prefix="lowbg-duplicates-"))
    try:
        size, seconds = make(root, options.documents, options.workers)
        made = f"{options.documents} documents, {size / 1e6:.0f} MB of text"
        print(f"{made}, made and signed in {seconds:.0f} s; {options.workers} workers")
        show(measure.python(f"{HERE}:ours", str(root), str(options.workers)), options.documents)
        against_peer(options.peer, root)
    finally:
        shutil.rmtree(root)


if __name__ == "__main__":
    main()
