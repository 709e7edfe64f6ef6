"""`find`: the duplicates of all documents of a snapshot, as one Parquet file.

    sign      per part           runs of ids, text hashes, band hashes (cached by part)
    join      per hundred runs   the same as one run, where there are a thousand or more
    number    here               ranks in the order of (captured_at, id)
    texts     per key range      equal texts; from here on, each text once
    buckets   per key range      texts that share a band of the signature
    rounds    pairs, merge, shingles, verify, until no first has an unexamined document
    write     here               the table, by id

Everything between is files under the work folder, so a run that was killed goes on.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from archive.digest import canonical_json, sha256_file, sha256_hex
from archive.duplicates.corpus import Corpus, layout, number
from archive.duplicates.files import Ranks, load, save, staged
from archive.duplicates.joining import joined
from archive.duplicates.options import Options, PartFiles
from archive.duplicates.place import Place
from archive.duplicates.rounds import Rounds
from archive.duplicates.runs import sign_task
from archive.duplicates.table import write_table
from archive.engines import Engine
from archive.errors import UsageError

PARTITION_ROWS: Final = 1 << 21
"""Keys or pairs that one task takes at a time; a worker holds some 60 bytes of each."""

JOINED_RUNS: Final = 100
"""Runs that are joined to a file, where there are more than ten such files."""

TABLE: Final = "duplicates.parquet"
RECEIPT: Final = "duplicates.json"


def find(
    parts: Sequence[PartFiles],
    work: Path,
    engine: Engine,
    options: Options | None = None,
    *,
    cache: Path | None = None,
    partition_rows: int = PARTITION_ROWS,
    joined_runs: int = JOINED_RUNS,
) -> Path:
    """Writes the table `duplicates` of these parts and returns its path, inside `work`.

    A pure function of the documents and the options: engine, order and division of the parts,
    partitions, joins and cache decide no byte. `cache` (by default `work/cache`) keeps the runs of
    each part and the verified pairs of texts for later versions; one `find` uses it at a time.
    Beside the table stands `duplicates.json`: the options, their hash, and counts.
    """
    options = options or Options()
    if len({part.key for part in parts}) != len(parts):
        raise UsageError("a part stands twice", next_step="give every part once")
    key = _run_key(parts, options)
    home = work / f"duplicates-{key[:16]}"
    if not _is_done(home, key):
        scratch = home / f"scratch-{partition_rows}-{joined_runs}"
        place = Place(scratch, cache or work / "cache", key, partition_rows)
        facts = _find(parts, place, engine, options, joined_runs)
        _finish(home, scratch / TABLE, {"run": key, "options": options.to_json(), **facts})
        for scratch in home.glob("scratch-*"):
            shutil.rmtree(scratch)
    return home / TABLE


def _find(
    parts: Sequence[PartFiles], place: Place, engine: Engine, options: Options, joined_runs: int
) -> dict[str, Any]:
    tasks = [sign_task(part, options, place.cache) for part in parts]
    signed = list(zip(tasks, engine.run("duplicates-sign", tasks), strict=True))
    laid = joined(layout(signed), place, engine, joined_runs)
    corpus = number(laid, place.corpus, place.key)
    texts = _texts(place, engine, corpus)
    labels, verified, counts = Rounds(place, engine, options, corpus, texts).run()
    rows = write_table(place.scratch / TABLE, corpus, texts, labels, verified)
    return {"options_sha256": options.digest(), "documents": len(corpus), **rows, **counts}


def _texts(place: Place, engine: Engine, corpus: Corpus) -> Ranks:
    """For each document the first that has its text."""
    tasks = place.key_ranges("texts", len(corpus))
    engine.run("duplicates-texts", tasks)

    def make(aside: Path) -> dict[str, Any]:
        texts = np.arange(len(corpus), dtype=np.uint32)
        for task in tasks:
            texts[load(Path(task["out"]) / "member.npy")] = load(Path(task["out"]) / "first.npy")
        save(aside, texts=texts)
        return {}

    staged(place.texts.parent, {"run": place.key}, make)
    return load(place.texts)


def _run_key(parts: Sequence[PartFiles], options: Options) -> str:
    keys = sorted(part.key for part in parts)
    return sha256_hex(canonical_json({"parts": keys, "options": options.to_json()}))


def _is_done(home: Path, key: str) -> bool:
    try:
        receipt = json.loads((home / RECEIPT).read_bytes())
        return bool(receipt["run"] == key and sha256_file(home / TABLE) == receipt["sha256"])
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _finish(home: Path, table: Path, facts: dict[str, Any]) -> None:
    """The receipt comes last: where it is, the table is whole."""
    facts = {**facts, "sha256": sha256_file(table), "bytes": table.stat().st_size}
    os.replace(table, home / TABLE)
    aside = home / f"{RECEIPT}.aside"
    aside.write_bytes(canonical_json(facts))
    os.replace(aside, home / RECEIPT)
