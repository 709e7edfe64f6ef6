"""Past one machine: rates by workers and nodes, memory by size, bytes shuffled, a crawl's cost.

    python -m tests.bench.scale [--megabytes 40] [--documents 100000]

CPU seconds are those of the stages, measured where they run, so they hold on a machine that does
other work too; seconds on a clock are printed beside them and do not. The nodes of Ray are
processes of this one machine: they show what an engine costs, not what more machines bring.
The input is one real crawl of 2008, repeated (LOWBG_TEST_DATA); texts for duplicates are synthetic.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from archive.engines import Engine, Instead, Receipt, Report, Task, stage_function, start
from tests.bench import measure

HERE = "tests.bench.scale"
CRAWLS = ("CC-MAIN-2013-20", "CC-MAIN-2019-35", "CC-MAIN-2022-40")
CORES = (64, 1024)
TEBI, GIGA = 1 << 40, 1e9


def metered(task: Task, report: Report) -> Receipt:
    """A stage: runs another and notes its CPU seconds, memory and the bytes it left."""
    before = time.process_time()
    receipt = stage_function(task["stage"])(task["task"], report)
    spent = time.process_time() - before
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    line = {"stage": task["stage"], "cpu": spent, "peak": peak, "files": _sizes(task["task"])}
    with Path(task["log"]).open("a") as file:
        file.write(json.dumps(line) + "\n")
    return receipt


def _sizes(task: Task) -> dict[str, int]:
    """Bytes by what a file is called, without its number, in a task's output folder."""
    sizes: Counter[str] = Counter()
    out = Path(task.get("out", "/nowhere"))
    for path in out.iterdir() if out.is_dir() else ():
        sizes[path.stem.lstrip("0123456789-")] += path.stat().st_size
    return dict(sizes)


class Metered:
    """An engine whose every task is metered."""

    def __init__(self, engine: Engine, log: Path) -> None:
        self._engine, self._log = engine, log

    def run(
        self,
        stage: str,
        tasks: Sequence[Task],
        *,
        retries: int = 3,
        report: Report | None = None,
        instead: Instead | None = None,
    ) -> list[Receipt]:
        wrapped = [
            {"name": t.get("name"), "stage": stage, "task": t, "log": str(self._log)} for t in tasks
        ]
        return self._engine.run(f"{HERE}:metered", wrapped, retries=retries, report=report)

    def reach(self, folder: Path) -> None:
        self._engine.reach(folder)

    def close(self) -> None:
        self._engine.close()


def _lines(log: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in log.read_text().splitlines()]


def built(
    folder: str, store: str, log: str, workers: str, nodes: str, annotate: str = "yes"
) -> dict[str, int]:
    """A whole build by local workers, or by so many nodes of Ray."""
    from archive.pipeline import Order, build
    from archive.recipe import Recipe
    from archive.sources.inputs import expand
    from archive.store.local import Store
    from tests.engines.clusters import Loopback

    with Loopback(int(nodes)) if int(nodes) else nullcontext() as cluster:
        began = time.monotonic()
        engine = start("ray", 1, cluster.address) if cluster else start("local", int(workers))
        order = Order("web", expand([folder]), Recipe(), annotate=annotate == "yes")
        manifest = build(Store.create(Path(store)), order, Metered(engine, Path(log)))
        seconds = time.monotonic() - began
        engine.close()
    return {"documents": manifest.documents, "milliseconds": round(seconds * 1000)}


def rates(folder: Path, scratch: Path) -> dict[str, float]:
    """Prints the table of engines; returns CPU seconds a document of the last local build."""
    print(f"{'':<22}{'documents':>10}{'s':>7}{'docs/s':>8}{'part CPU':>10}{'signals':>9}", end="")
    print(f"{'others':>8}{'ms CPU/doc':>12}{'peak MB':>9}")
    per: dict[str, float] = {}
    for workers, nodes in ((1, 0), (2, 0), (0, 1), (0, 2)):
        label = f"{nodes} node(s) of Ray" if nodes else f"{workers} local worker(s)"
        name = f"{workers}-{nodes}"
        log, store = scratch / f"{name}.log", scratch / f"store-{name}"
        cost = measure.python(
            f"{HERE}:built", str(folder), str(store), str(log), str(workers), str(nodes)
        )
        documents, seconds = cost.answer["documents"], cost.answer["milliseconds"] / 1000
        cpu, lines = Counter[str](), _lines(log)
        for line in lines:
            cpu[line["stage"]] += line["cpu"]
        peak = max(line["peak"] for line in lines)
        others = sum(cpu.values()) - cpu["part"] - cpu["signals"]
        print(f"{label:<22}{documents:>10}{seconds:>7.1f}{documents / seconds:>8.0f}", end="")
        print(f"{cpu['part']:>10.1f}{cpu['signals']:>9.1f}{others:>8.1f}", end="")
        print(f"{sum(cpu.values()) / documents * 1000:>12.2f}{peak / 1e6:>9.0f}")
        if workers == 1:
            per = {
                "part": cpu["part"] / documents,
                "signals": cpu["signals"] / documents,
                "in": sum(p.stat().st_size for p in folder.iterdir()) / documents,
            }
        shutil.rmtree(store)
    return per


def idle(task: Task, report: Report) -> Receipt:
    """A stage that does nothing."""
    return {}


def scheduling(tasks: int) -> None:
    """Prints what an engine takes to hand out a task and take its receipt."""
    from tests.engines.clusters import Loopback

    print()
    with Loopback(2) as cluster:
        for name, engine in (
            ("2 local workers", start("local", 2)),
            ("2 nodes of Ray", start("ray", 1, cluster.address)),
        ):
            engine.run(f"{HERE}:idle", [{}] * 50)  # the workers are there when the clock starts
            began = time.monotonic()
            engine.run(f"{HERE}:idle", [{}] * tasks)
            each = (time.monotonic() - began) / tasks
            print(f"{name}: {each * 1000:.2f} ms for a task that does nothing, {tasks:,} of them")
            engine.close()


def memory(scratch: Path, megabytes: int) -> float:
    """Prints the largest process of builds of pages and of texts, and of ten times as much.

    Returns the bytes of a store for each document, of the input in which no file repeats itself.
    """
    from tests.bench.build import make_input, make_texts

    stored: list[float] = []
    print(f"\n{'input':<34}{'documents':>10}{'largest process, MB':>22}")
    for label, write, first, annotate in (
        ("WARC, all of a build", make_input, megabytes // 2, "yes"),
        ("texts, parts alone", make_texts, megabytes * 3 // 2, "no"),
    ):
        for size in (first, first * 10):
            folder, store = scratch / f"{size}-{annotate}", scratch / f"store-{size}-{annotate}"
            folder.mkdir()
            write(folder, size)
            total = sum(path.stat().st_size for path in folder.iterdir())
            log = str(scratch / f"{size}-{annotate}.log")
            cost = measure.python(f"{HERE}:built", str(folder), str(store), log, "2", "0", annotate)
            print(f"{label:<22}{total / 1e6:>9.1f} MB{cost.answer['documents']:>10}", end="")
            print(f"{cost.peak / 1e6:>22.0f}")
            objects = sum(p.stat().st_size for p in (store / "objects").rglob("*") if p.is_file())
            stored.append(objects / cost.answer["documents"])
            shutil.rmtree(store)
            shutil.rmtree(folder)
    return stored[0]


def found(root: str, log: str, joined_runs: str) -> dict[str, int]:
    """Duplicates of a corpus on disk, metered; CPU milliseconds of the calling process besides."""
    from archive.duplicates import PartFiles, find

    parts = [
        PartFiles(e["key"], Path(e["documents"]), Path(e["signals"]))
        for e in json.loads((Path(root) / "parts.json").read_text())
    ]
    engine = start("local", 2)
    work = Path(tempfile.mkdtemp(dir=root))
    before = time.process_time()
    find(parts, work, Metered(engine, Path(log)), joined_runs=int(joined_runs))
    own = time.process_time() - before
    engine.close()
    shutil.rmtree(work)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return {"own": round(own * 1000), "peak": peak}


def shuffle(scratch: Path, documents: int) -> dict[str, float]:
    """Prints what the stages of duplicates cost and leave, joined; all of it per document."""
    from tests.bench import duplicates

    duplicates.PART = max(1, documents // 20)
    root = scratch / "duplicates"
    root.mkdir()
    duplicates.make(root, documents, 2)
    cost = measure.python(f"{HERE}:found", str(root), str(root / "log"), "1")
    written, cpu, peak = Counter[str](), Counter[str](), Counter[str]()
    keys = pairs = 0
    for line in _lines(root / "log"):
        stage, files = line["stage"], line["files"]
        cpu[stage] += line["cpu"]
        peak[stage] = max(peak[stage], line["peak"])
        written[stage] += sum(files.values())
        if stage == "duplicates-join":
            keys += sum(n for name, n in files.items() if name.endswith(("_keys", "_rows")))
        if stage == "duplicates-pairs":
            pairs += files.get("pairs", 0)
    print(f"\n{documents:,} documents, 20 parts, each run joined; a million documents come to:")
    print(f"{'stage':<22}{'CPU s':>8}{'MB written':>12}{'peak MB':>9}")
    for stage in written:
        print(f"{stage:<22}{cpu[stage] / documents * 1e6:>8.1f}", end="")
        print(f"{written[stage] / documents:>12.1f}{peak[stage] / 1e6:>9.0f}")
    own = cost.answer["own"] / 1000
    print(f"{'the calling process':<22}{own / documents * 1e6:>8.1f}", end="")
    print(f"{'':>12}{cost.answer['peak'] / 1e6:>9.0f}")
    print(f"shuffled: {keys / documents:.0f} MB of keys, {pairs / documents:.1f} MB of pairs")
    shutil.rmtree(root)
    return {
        "duplicates": sum(cpu.values()) / documents,
        "one": own / documents,
        "runs": written["duplicates-sign"] / documents,
        "work": sum(written.values()) / documents,
        "shuffled": (keys + pairs) / documents,
    }


def crawl_cost(per: dict[str, float]) -> None:
    """Prints the cost model: published sizes of three crawls times what was measured here."""
    listed = json.loads((Path(__file__).parents[2] / "manifests/commoncrawl.json").read_text())
    crawls = {crawl["id"]: crawl for crawl in listed["crawls"]}
    print("\nper document: " + ", ".join(f"{name} {value:.3g}" for name, value in per.items()))
    print(f"{'one crawl':<38}" + "".join(f"{crawl:>18}" for crawl in CRAWLS))
    pages = {crawl: crawls[crawl]["pages"] for crawl in CRAWLS}
    size = {c: float(crawls[c]["formats"]["warc"]["size"].split()[0]) * TEBI for c in CRAWLS}

    def row(label: str, values: dict[str, float], form: str = ",.0f") -> None:
        print(f"{label:<38}" + "".join(f"{values[crawl]:>18{form}}" for crawl in CRAWLS))

    hours = {
        what: {c: pages[c] * per[what] / 3600 for c in CRAWLS}
        for what in ("part", "signals", "duplicates", "one")
    }
    larger = {c: max(1.0, size[c] / pages[c] / per["in"]) for c in CRAWLS}
    row("page captures, as published, G", {c: pages[c] / GIGA for c in CRAWLS}, ".2f")
    row("WARC, as published, TiB", {c: size[c] / TEBI for c in CRAWLS}, ".1f")
    row("bytes a page against those measured", larger, ".2f")
    row("parts, CPU-hours, pages as measured", hours["part"])
    row("parts, CPU-hours, scaled by bytes", {c: hours["part"][c] * larger[c] for c in CRAWLS})
    row("signals, CPU-hours", hours["signals"])
    row("duplicates, CPU-hours of workers", hours["duplicates"])
    row("duplicates, hours of one core", hours["one"])
    for what in ("store", "runs", "work", "shuffled"):
        label = {"store": "store", "runs": "runs (kept)", "work": "work, runs too"}.get(what, what)
        row(f"{label}, TB", {c: pages[c] * per[what] / 1e12 for c in CRAWLS}, ".2f")
    for cores in CORES:
        spread = {
            c: (hours["part"][c] * larger[c] + hours["signals"][c] + hours["duplicates"][c]) / cores
            + hours["one"][c]
            for c in CRAWLS
        }
        row(f"hours on {cores} cores, by bytes", spread)
    row("hours to read it at 10 Gbit/s", {c: size[c] * 8 / 1e10 / 3600 for c in CRAWLS})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megabytes", type=int, default=40)
    parser.add_argument("--documents", type=int, default=100_000)
    options = parser.parse_args()
    from tests.bench.build import make_input

    print(f"{os.cpu_count()} cores; load before {os.getloadavg()[0]:.1f}")
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "crawl"
        folder.mkdir()
        size = make_input(folder, options.megabytes)
        print(f"input: {len(list(folder.iterdir()))} files, {size / 1e6:.1f} MB of gzip")
        per = rates(folder, Path(scratch))
        scheduling(5000)
        per["store"] = memory(Path(scratch), options.megabytes)
        per |= shuffle(Path(scratch), options.documents)
        crawl_cost(per)


if __name__ == "__main__":
    main()
