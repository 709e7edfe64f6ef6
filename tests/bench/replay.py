"""What the n-gram tier costs: all policies, five seeds, ten generations, on real text.

    LOWBG_TEST_DATA=FOLDER python -m tests.bench.replay [WORKERS]

For the novels and for the encyclopedia: wall and CPU seconds, whether every seed has the published
order of policies, and the controls' verdicts. On a machine that others use too, believe the CPU
seconds: on idle cores the wall time is little above theirs over the number of workers.
"""

from __future__ import annotations

import itertools
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from archive.replay.mixes import ALL_HUMAN, REPLACE
from archive.replay.runs import Config, run
from archive.replay.texts import read_paths, take

ORDERS = (
    (REPLACE, "preserve:0.1", "accumulate_subsample", "accumulate", ALL_HUMAN),
    (REPLACE, "preserve:0.1", "preserve:0.3", "accumulate", ALL_HUMAN),
)
"""Each by falling loss at the last generation."""


def ordered(results: dict[str, Any]) -> int:
    """The seeds in which every order holds."""
    final = {name: [c[-1]["loss"] for c in chains] for name, chains in results["measures"].items()}
    return sum(
        all(
            final[above][seed] > final[below][seed]
            for order in ORDERS
            for above, below in itertools.pairwise(order)
        )
        for seed in range(results["seeds"])
    )


def main() -> None:
    workers = int(sys.argv[1]) if len(sys.argv) > 1 else 2
    data = Path(os.environ["LOWBG_TEST_DATA"]) / "text"
    heads = ("wall, s", "CPU, s", "ordered seeds", "replace", "all_human")
    print(f"{'':<16}" + "".join(f"{head:>16}" for head in heads))
    for corpus in ("eltec-eng", "wikitext-2-raw"):
        with tempfile.TemporaryDirectory() as out:
            started, before = time.monotonic(), os.times()
            _, results = run(
                take(read_paths([data / corpus])), Config(), Path(out), workers=workers
            )
            wall, after = time.monotonic() - started, os.times()
        cpu = sum(after[:4]) - sum(before[:4])
        verdicts = [results["verdicts"][name] for name in (REPLACE, ALL_HUMAN)]
        cells = [
            f"{wall:.0f}",
            f"{cpu:.0f}",
            f"{ordered(results)} of {results['seeds']}",
            *verdicts,
        ]
        print(f"{corpus:<16}" + "".join(f"{cell:>16}" for cell in cells), flush=True)


if __name__ == "__main__":
    main()
