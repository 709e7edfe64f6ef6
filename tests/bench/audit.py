"""What an audit costs: each stage's rate, memory by size of corpus and archive, and peers.

    python -m tests.bench.audit [--megabytes 5] [--datatrove PYTHON]

The texts are synthetic: 220 words each, drawn with a skew from 50,000. Half of the corpus is
archive text in capitals, half is new. CPU seconds of one process; memory is the largest resident
size, which counts the pages of the mapped index that were touched. The peers answer one question,
whether a text shares 13 words in a row with the archive: a Python set of all 13-word passages, as
evaluations are decontaminated (Brown et al. 2020, appendix C), and with `--datatrove` the
NGramsDecontFilter of an environment that has datatrove and its tokenizers installed.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import numpy as np

from tests.bench import measure

WORDS = 220
HERE = "tests.bench.audit"


def texts(first: int, megabytes: float) -> list[str]:
    """Texts of about so many bytes together, numbered from `first`."""
    draw = np.random.default_rng(1)
    letters = np.array(list("etaoinshrdlucmfwypvbgkjqxz"))
    sizes = draw.integers(2, 11, 50_000)
    words = np.array(["".join(draw.choice(letters, size)) for size in sizes], dtype=object)
    made, size, number = [], 0, first
    while size < megabytes * 1e6:
        places = (50_000 * np.random.default_rng(number).random(WORDS) ** 3).astype(int)
        said = words[places]
        said[10::11] = said[10::11] + "."
        made.append(" ".join(said))
        size += len(made[-1])
        number += 1
    return made


def make_store(folder: str, megabytes: str) -> dict[str, int]:
    """An archive of so many megabytes of text."""
    from tests.audit.made import Capture, commit

    made = texts(0, float(megabytes))
    captures = [Capture(text, f"h{n % 500}.org") for n, text in enumerate(made)]
    commit(Path(folder), captures, parts=8)
    return {"documents": len(made)}


def make_corpus(path: str, megabytes: str, archive: str) -> dict[str, int]:
    """Half of it in capitals from an archive of `archive` megabytes, half new."""
    half = float(megabytes) / 2
    old = texts(0, min(half, float(archive)))
    while sum(map(len, old)) < half * 1e6:
        old += old[: max(1, int(half * 1e6 - sum(map(len, old))) // 1300)]
    with open(path, "w", encoding="utf-8") as file:
        for text in [each.upper() for each in old] + texts(10_000_000, half):
            file.write(json.dumps({"text": text}) + "\n")
    return {"bytes": os.path.getsize(path)}


def build_index(store: str) -> dict[str, int]:
    with ExitStack() as stack:
        return {"bytes": _opened(store, stack).index.bytes}


def run_audit(store: str, corpus: str) -> dict[str, int]:
    from archive.audit.order import Order
    from archive.audit.run import audit

    tally = audit(Order((corpus,), ("web",), store)).judged[0].tally
    share = tally.proven_bytes / tally.bytes
    return {"documents": tally.documents, "proven": tally.proven, "millionths": int(share * 1e6)}


def _opened(store: str, stack: ExitStack):  # type: ignore[no-untyped-def]
    from archive.audit.against import open_against
    from archive.audit.corpora import Place
    from archive.audit.items import Wanted
    from archive.audit.options import Matching
    from archive.engines.local import LocalEngine

    engine = LocalEngine(workers=1)
    stack.callback(engine.close)
    return open_against(["web"], Place(store, Wanted(), least="claimed"), Matching(), engine, stack)


def stages(store: str, corpus: str) -> list[tuple[str, float]]:
    """Megabytes of text a CPU second, stage by stage, in this process."""
    from archive.audit.corpora import file_corpus
    from archive.audit.estimate.sentences import cut
    from archive.audit.items import Item, Wanted
    from archive.audit.letters import Letters
    from archive.audit.options import Matching
    from archive.signals.language import identified
    from archive.signals.view import View
    from archive.signals.words import sentences

    with ExitStack() as stack:
        against = _opened(store, stack)
        matcher = against.matcher()
        rows = file_corpus(Path(corpus), Wanted()).rows
        read = [row.text for row in rows(lambda _: None) if isinstance(row, Item)]
        half = len(read) // 2
        batches = [read[at : at + 180] for at in range(0, len(read), 180)]
        old, new = ([read[at : at + 180] for at in r] for r in (
            range(0, half - 180, 180), range(half, len(read) - 180, 180)))  # fmt: skip
        size = sum(len(text) for text in read) / 1e6
        matching = Matching()
        keys = [Letters.of(batch).passages(matching)[1] for batch in batches]
        sums: list[tuple[str, float, Callable[[], object]]] = [
            ("read JSON Lines", size, lambda: sum(1 for _ in rows(lambda _: None))),
            ("letters", size, lambda: [Letters.of(b) for b in batches]),
            ("letters and passages", size,
             lambda: [Letters.of(b).passages(matching) for b in batches]),
            ("look up in the index", size, lambda: [against.index.find(k) for k in keys]),
            ("match, all of it, text that is there", size / 2,
             lambda: [matcher.match(b) for b in old]),
            ("match, all of it, text that is not", size / 2,
             lambda: [matcher.match(b) for b in new]),
            ("language", size, lambda: [identified(b) for b in batches]),
            ("sentences, counted", size,
             lambda: [sentences(view, view.stripped) for view in map(View, batches)]),
            ("sentences as sets of words", size, lambda: [cut(b) for b in batches]),
        ]  # fmt: skip
        matcher.match([*old[0], *new[0]])  # compiled kernels are loaded when first used
        identified(old[0]), cut(new[0])
        return [(name, amount / _cpu(work)) for name, amount, work in sums]


def _cpu(work: Callable[[], object]) -> float:
    started = time.process_time()
    work()
    return time.process_time() - started


def python_set(archive: str, corpus: str) -> dict[str, int]:
    """The peer of a few lines: texts that share 13 words with a set of all passages."""
    known: set[tuple[str, ...]] = set()
    for text in texts(0, float(archive)):
        known.update(_passages(text))
    found = 0
    with open(corpus, encoding="utf-8") as file:
        for line in file:
            found += any(passage in known for passage in _passages(json.loads(line)["text"]))
    return {"documents": found}


def _passages(text: str) -> list[tuple[str, ...]]:
    words = re.findall(r"\w+", text.lower())
    return [tuple(words[at : at + 13]) for at in range(len(words) - 12)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megabytes", type=float, default=5)
    parser.add_argument("--datatrove", help="python of an environment with datatrove")
    asked = parser.parse_args()
    size = asked.megabytes
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        stores = {n: str(folder / f"store-{n:g}") for n in (size, 10 * size)}
        for amount, store in stores.items():
            measure.python(f"{HERE}:make_store", store, str(amount))
        corpora = {n: str(folder / f"c-{n:g}.jsonl") for n in (size, 4 * size)}
        for amount, path in corpora.items():
            measure.python(f"{HERE}:make_corpus", path, str(amount), str(size))
        print(f"{'stage':44}MB/s of text, one core")
        build_index(stores[size])
        for name, rate in stages(stores[size], corpora[size]):
            print(f"{name:44}{rate:8.1f}")
        print(f"\n{'':44}{'archive':>9}{'corpus':>9}{'CPU s':>9}{'MB/s':>8}{'peak MB':>9}")
        for store in stores.values():
            for left in Path(store).glob("work/audit"):
                os.rename(left, Path(store) / "work" / "used")
        for amount, store in stores.items():
            cost = measure.python(f"{HERE}:build_index", store)
            index = cost.answer["bytes"] / 1e6
            _line(f"index, {index:.1f} MB of files", amount, 0, amount, cost)
        for amount, store in stores.items():
            for larger, path in corpora.items():
                cost = measure.python(f"{HERE}:run_audit", store, path)
                share = cost.answer["millionths"] / 1e4
                _line(f"audit: {share:.2f} % of the bytes proven", amount, larger, larger, cost)
        nothing = measure.python(f"{HERE}:nothing")
        _line("the same modules loaded, nothing done", 0, 0, 0, nothing)
        for amount in stores:
            cost = measure.python(f"{HERE}:python_set", str(amount), corpora[size])
            _line("peer: Python set of 13 words", amount, size, amount + size, cost)
        if asked.datatrove:
            script = str(Path(__file__).with_name("datatrove_decont_peer.py"))
            for amount in stores:
                plain = folder / f"plain-{amount:g}.jsonl"
                plain.write_text(
                    "".join(json.dumps({"text": t}) + "\n" for t in texts(0, amount)), "utf-8"
                )
                command = [asked.datatrove, script, str(plain), corpora[size]]
                cost = measure.run(command, {"PYTHONPATH": ""})
                _line("peer: datatrove NGramsDecontFilter", amount, size, amount + size, cost)


def nothing() -> dict[str, int]:
    import archive.audit.run

    return {"modules": len(sys.modules) if archive else 0}


def _line(name: str, archive: float, corpus: float, read: float, cost: measure.Cost) -> None:
    rate = read / cost.cpu if cost.cpu else 0
    print(
        f"{name:44}{archive:9,.0f}{corpus:9,.0f}{cost.cpu:9.1f}{rate:8.1f}{cost.peak / 1e6:9,.0f}",
        flush=True,
    )


if __name__ == "__main__":
    main()
