"""The rounds: pair documents with firsts, verify, say anew who is first, until nothing changes.

At the end every pair of a first and a document of one bucket, where the document has joined a
later first or none, has been examined. So the clusters are those that would come of examining all
pairs of all buckets, whichever pairs the rounds happened to take first.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any, Final

import numpy as np

from archive.duplicates.clusters import label, similar
from archive.duplicates.corpus import Corpus
from archive.duplicates.files import ASIDE, Ranks, load, save, staged, whole
from archive.duplicates.options import Options
from archive.duplicates.pairs import cuts, unpacked
from archive.duplicates.place import Place
from archive.engines import Engine, Receipt, Task

WINDOW: Final = 4
"""Firsts of a bucket in the first round; each round takes four times as many as the one before."""


class Rounds:
    """The state between rounds: what is verified, which shingle sets are there, who is first."""

    def __init__(
        self, place: Place, engine: Engine, options: Options, corpus: Corpus, texts: Ranks
    ) -> None:
        self._place, self._engine, self._options = place, engine, options
        self._corpus, self._texts = corpus, texts
        self._verified: list[Path] = []
        self._shingles: list[list[Any]] = []
        self._cut = np.zeros(len(corpus), dtype=bool)
        self._memo = _memo(place)
        self._counts: Counter[str] = Counter(verified=0, remembered=0, rounds=0)

    def run(self) -> tuple[Ranks, list[Path], dict[str, int]]:
        """The first of each document, the folders of verified pairs, and counts for the receipt."""
        buckets = self._buckets()
        window = min(WINDOW, self._options.firsts)
        labels = self._texts
        while True:
            folder = self._place.scratch / f"round-{self._counts['rounds']:03d}"
            found, left = self._pairs(folder, buckets, labels, window)
            new = self._verify(folder, found)
            if new:
                edges = [*similar(self._verified, self._options)]
                labels = label(self._texts, np.concatenate(edges))
            self._counts["rounds"] += 1
            if not new and (not left or window == self._options.firsts):
                return labels, self._verified, {**self._counts, "past_firsts": left}
            window = min(window * 4, self._options.firsts)

    def _buckets(self) -> list[str]:
        rows = len(self._corpus) * self._options.bands
        tasks = self._place.key_ranges("buckets", rows)
        receipts = self._engine.run("duplicates-buckets", tasks)
        self._counts["buckets"] = sum(receipt["buckets"] for receipt in receipts)
        self._counts["largest_bucket"] = max(receipt["largest"] for receipt in receipts)
        return [task["out"] for task in tasks]

    def _pairs(
        self, folder: Path, buckets: list[str], labels: Ranks, window: int
    ) -> tuple[list[Path], int]:
        """Candidate pairs by range of buckets, and how many are left beyond the window."""

        def make(aside: Path) -> dict[str, Any]:
            save(aside, labels=labels)
            return {}

        staged(folder / "labels", self._spec(folder), make)
        tasks = [
            self._task(
                folder,
                f"pairs/{index:05d}",
                buckets=bucket,
                labels=str(folder / "labels" / "labels.npy"),
                window=window,
                places=self._options.places(),
            )
            for index, bucket in enumerate(buckets)
        ]
        receipts = self._engine.run("duplicates-pairs", tasks)
        files = [Path(task["out"]) / "pairs.npy" for task in tasks]
        return files, sum(receipt["left"] for receipt in receipts)

    def _verify(self, folder: Path, found: list[Path]) -> int:
        """Examines what is new among the pairs; returns how many that were."""
        merges = [
            self._task(
                folder,
                f"merge/{index:05d}",
                pairs=[str(file) for file in found],
                examined=[str(verified / "pairs.npy") for verified in self._verified],
                memo=self._memo,
                low=low,
                high=high,
            )
            for index, (low, high) in enumerate(cuts(found, self._place.partition_rows))
        ]
        merged = self._engine.run("duplicates-merge", merges)
        new = sum(int(receipt["known"] + receipt["unknown"]) for receipt in merged)
        if not new:
            return 0
        self._cut_texts(folder, merges)
        tasks = [
            self._verifying(folder, merge, receipt) for merge, receipt in _with(merges, merged)
        ]
        receipts = self._engine.run("duplicates-verify", tasks)
        self._verified += [Path(task["out"]) for task in tasks]
        self._counts["verified"] += sum(receipt["verified"] for receipt in receipts)
        self._counts["remembered"] += sum(receipt["known"] for receipt in merged)
        return new

    def _verifying(self, folder: Path, merge: Task, receipt: Receipt) -> Task:
        index = Path(merge["out"]).name
        memo = self._place.cache / "pairs" / f"{self._place.key[:16]}-{folder.name}-{index}"
        return self._task(
            folder,
            f"verified/{index}",
            merged=merge["out"],
            shingles=self._shingles if receipt["unknown"] else [],
            memo=str(memo),
        )

    def _cut_texts(self, folder: Path, merges: list[Task]) -> None:
        """Shingle sets of the texts that are compared for the first time."""
        wanted = np.zeros(len(self._corpus), dtype=bool)
        for merge in merges:
            for ranks in unpacked(load(Path(merge["out"]) / "unknown.npy")):
                wanted[ranks] = True
        wanted &= ~self._cut
        self._cut |= wanted

        def make(aside: Path) -> dict[str, Any]:
            save(aside, wanted=wanted)
            return {}

        staged(folder / "wanted", self._spec(folder), make)
        tasks = [
            self._task(
                folder,
                f"shingles/{index:05d}",
                index=index,
                wanted=str(folder / "wanted" / "wanted.npy"),
            )
            for index, run in enumerate(self._corpus.runs)
            if wanted[self._corpus.ranks_of(run)].any()
        ]
        self._engine.run("duplicates-shingles", tasks)
        self._shingles = [*self._shingles, *([task["index"], task["out"]] for task in tasks)]

    def _task(self, folder: Path, out: str, **what: Any) -> Task:
        return {
            "name": f"{folder.name} {out}",
            "corpus": str(self._place.corpus),
            "spec": self._spec(folder),
            "out": str(folder / out),
            **what,
        }

    def _spec(self, folder: Path) -> dict[str, Any]:
        """What a file of a round depends on; its range is told by its name."""
        memo = [Path(path).name for path in self._memo]
        return {"run": self._place.key, "round": folder.name, "memo": memo}


def _with(tasks: list[Task], receipts: list[Receipt]) -> list[tuple[Task, Receipt]]:
    return list(zip(tasks, receipts, strict=True))


def _memo(place: Place) -> list[str]:
    """Folders of pairs that earlier versions verified, as far as their bytes are whole.

    Not this run's own, from an attempt that was killed: its rounds are found in the scratch folder,
    and whether they were must not change what the later rounds are named by.
    """
    own = f"{place.key[:16]}-"
    folders = sorted((place.cache / "pairs").glob("*"))
    others = [f for f in folders if ASIDE not in f.name and not f.name.startswith(own)]
    return [str(folder) for folder in others if whole(folder)]
