"""What the estimated share is worth, on labelled text: error, coverage, false alarms, traps.

    python -m tests.bench.audit_study [--splits 25] [--draws 20] [--parts zero,traps]

Prints five tables. Everything is drawn by fixed seeds. Reads LOWBG_TEST_DATA; takes about six
minutes of one core.

Mixtures: the clusters of each family are split at random into an archive half and a target half.
Reference, vocabulary, calibration and gates come from the archive half alone; the target half is
mixed at known shares, one side of each pair only. The true share is that of sentences. The
published estimator answers on the same mixtures, with the whole archive half as its reference.
"""

from __future__ import annotations

import argparse
import os
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from archive.audit.estimate import AiShare, Reference, Settings, Text, estimate
from archive.audit.estimate.bag import Bag, Collector
from archive.audit.estimate.nulls import mixture
from tests.audit.estimate import published
from tests.audit.estimate.labelled import Pairs, families, human_sources, wikitext
from tests.audit.estimate.made import written

SHARES = (0.0, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 0.75, 1.0)
SETTINGS = Settings(least_sentences=50)
"""The labelled targets are small, which is what the intervals must say by their width; the default
of 3000 sentences would refuse them all."""

COUNTS = ("draws", "undetermined", "false", "why")
ENOUGH = 200  # determined mixtures of a family

CHAT = ("pubmed / gpt", "cs224n", "hewlett", "toefl")


@dataclass(slots=True)
class Tally:
    """Answers beside the truth."""

    errors: list[float] = field(default_factory=list)
    covered: list[bool] = field(default_factory=list)
    widths: list[float] = field(default_factory=list)

    def add(self, true: float, share: float, low: float, high: float) -> None:
        self.errors.append(abs(share - true))
        self.covered.append(low - 1e-9 <= true <= high + 1e-9)
        self.widths.append(high - low)

    def cells(self) -> list[str]:
        if not self.errors:
            return ["-", "-", "-", "-"]
        return [
            f"{100 * np.mean(self.errors):.1f}",
            f"{100 * max(self.errors):.1f}",
            f"{100 * np.mean(self.covered):.1f}",
            f"{100 * np.mean(self.widths):.1f}",
        ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--splits", type=int, default=25)
    parser.add_argument("--draws", type=int, default=20)
    parser.add_argument("--family-draws", type=int, default=4, help="against each family alone")
    parser.add_argument("--parts", default="mixtures,zero,traps,speed")
    parser.add_argument("--only", default="", help="families and sources with this in the name")
    options = parser.parse_args()
    data = Path(os.environ.get("LOWBG_TEST_DATA", "../shared/data")).resolve()
    started = time.process_time()
    of = all_families(data)
    chosen = {name: pairs for name, pairs in of.items() if options.only in name}
    if "mixtures" in options.parts:
        error_and_coverage(chosen, options.splits)
    if "zero" in options.parts:
        rows = zero_rows(data, of, options.only, options.draws, options.family_draws)
        zero(rows)
    if "traps" in options.parts:
        traps(data)
    if "speed" in options.parts:
        speed(data)
    print(f"\n{time.process_time() - started:.0f} CPU seconds")


def error_and_coverage(of: dict[str, Pairs], splits: int) -> None:
    """Tables by family and by share."""
    shares: ByShare = {share: (Tally(), Tally()) for share in SHARES}
    columns = ["mixtures", *COLUMNS, *(f"published {name}" for name in COLUMNS)]
    table(
        f"by family: {len(SHARES)} shares x {splits} splits, points of share; published: on the"
        " mixtures that ours determined",
        ["family", *columns, "undetermined"],
        mixtures(of, splits, shares),
    )
    rows = (
        [f"{share:.1%}", str(len(mine.errors)), *mine.cells(), *theirs.cells()]
        for share, (mine, theirs) in shares.items()
    )
    table("by share: all families, points of share", ["true share", *columns], rows)


COLUMNS = ("mean error", "largest", "covered %", "width")


def all_families(data: Path) -> dict[str, Pairs]:
    """The labelled families, all chat models together, and word models of encyclopedia text."""
    of = families(data)
    chat = [pairs for name, pairs in of.items() if name.startswith(CHAT)]
    # One human side for each source: cs224n has two synthetic ones.
    human = {text.group: text for people, _ in chat for text in people}
    of["chat models together"] = (list(human.values()), [t for _, made in chat for t in made])
    articles = list(wikitext(data))
    writers, others = articles[::3], [a for i, a in enumerate(articles) if i % 3]
    people = [
        Text(passage, "wikitext", cluster=title)
        for title, whole in others
        for passage in _passages(whole)
    ]
    for k in (5, 20):
        texts = written([whole for _, whole in writers], k, 150, 480, k)
        made = [Text(text, "wikitext", cluster=f"made {i // 6}") for i, text in enumerate(texts)]
        of[f"wikitext / bigrams, top {k}"] = (people, made)
    return of


def _passages(whole: str, words: int = 150, most: int = 6) -> Iterator[str]:
    tokens = whole.split()
    for begin in range(0, min(len(tokens) - words // 2, most * words), words):
        yield " ".join(tokens[begin : begin + words])


ByShare = dict[float, tuple[Tally, Tally]]


def mixtures(of: dict[str, Pairs], splits: int, shares: ByShare) -> Iterator[list[str]]:
    """A row for each family; adds to what is known by share.

    A family that some gate refuses now and then is split on, up to twice as often, until ENOUGH
    mixtures are determined.
    """
    for name, pairs in of.items():
        ours, theirs, why = Tally(), Tally(), Counter[str]()
        for split in range(2 * splits):
            if split >= splits and not 0 < len(ours.errors) < ENOUGH:
                break
            for share, true, answer, other in _split(pairs, split):
                if answer.estimate is None:
                    why[answer.reason.split(":")[0]] += 1
                    continue
                assert answer.low is not None
                assert answer.high is not None
                for tally in (ours, shares[share][0]):
                    tally.add(true, answer.estimate, answer.low, answer.high)
                for tally in (theirs, shares[share][1]):
                    tally.add(true, *other)
        said = ", ".join(f"{reason} {count}" for reason, count in why.most_common())
        yield [name, str(len(ours.errors)), *ours.cells(), *theirs.cells(), said or "none"]


def _split(
    pairs: Pairs, split: int
) -> Iterator[tuple[float, float, AiShare, tuple[float, float, float]]]:
    """One random split of a family, and its target half mixed at every share."""
    rng = np.random.default_rng([21, split])
    groups = np.array(sorted({text.group for side in pairs for text in side}))
    kept = set(rng.permutation(groups)[: len(groups) // 2].tolist())
    archive = [[text for text in side if text.group in kept] for side in pairs]
    reference = Reference.build(archive[0], archive[1], _seeded(split))
    rest = [[text for text in side if text.group not in kept] for side in pairs]
    people, machine = (_bag(side, reference) for side in rest)
    for share in SHARES:
        mixed = mixture(people, machine, share, rng)
        assert mixed is not None
        target, true = mixed
        answer = estimate(reference, target)
        other = (0.0, 0.0, 0.0)
        if answer.estimate is not None:
            human, synthetic = reference.human, reference.synthetic
            other = published.estimate(human, synthetic, target, len(reference.lexicon))
        yield share, true, answer, other


def _seeded(seed: int) -> Settings:
    return Settings(seed=seed, least_sentences=SETTINGS.least_sentences)


def _bag(texts: Sequence[Text], reference: Reference) -> Bag:
    held = Collector(reference.settings.most_sentences, reference.lexicon)
    for text in texts:
        held.add(text)
    return held.bag()


def zero(rows: Iterable[Sequence[str]]) -> None:
    """False alarms on unseen human sources: against one family's archive, and against all others'.

    A draw is half of the source's clusters, at least 30.
    """
    kinds = ("one family", "all other sources")
    table(
        "true share 0: human text of a source that the archive lacks; draws, those undetermined,"
        " and those whose interval excludes 0",
        ["source", *(f"{kind}: {column}" for kind in kinds for column in COUNTS)],
        rows,
    )


def zero_rows(
    data: Path, of: dict[str, Pairs], only: str, draws: int, family_draws: int
) -> Iterator[list[str]]:
    """A row for each source whose name has `only` in it."""
    sources = human_sources(data)
    chat = [pairs for name, pairs in of.items() if name.startswith(CHAT)]
    for target, texts in sources.items():
        if only not in target:
            continue
        one, every = Counter[str](), Counter[str]()
        for people, machine in chat:
            if people[0].source not in target:
                _alarms(Reference.build(people, machine, SETTINGS), texts, family_draws, one)
        people = [t for name, held in sources.items() if name != target for t in held]
        machine = [
            Text(t.text, _register(t.source, sources), cluster=t.cluster)
            for t in of["chat models together"][1]
            if t.source not in target
        ]
        _alarms(Reference.build(people, machine, SETTINGS), texts, draws, every)
        yield [target, *_counted(one), *_counted(every)]


def _register(source: str, sources: dict[str, list[Text]]) -> str:
    return next((name for name in sources if f"({source})" in name), source)


def _alarms(reference: Reference, texts: Sequence[Text], draws: int, counts: Counter[str]) -> None:
    whole = _bag(texts, reference)
    clusters = np.unique(whole.clusters)
    size = max(len(clusters) // 2, reference.settings.least_documents)
    for draw in range(draws):
        some = np.random.default_rng([22, draw]).permutation(clusters)[:size]
        answer = estimate(reference, whole.take(np.isin(whole.clusters, some)))
        counts["draws"] += 1
        if answer.low is None:
            counts["undetermined"] += 1
            counts[f"by {answer.reason.split(':')[0]}"] += 1
        elif answer.low > 0:
            counts["false"] += 1


def _counted(counts: Counter[str]) -> list[str]:
    reasons = [f"{k.removeprefix('by ')} {v}" for k, v in counts.items() if k.startswith("by ")]
    return [str(counts[k]) for k in ("draws", "undetermined", "false")] + [", ".join(reasons)]


def traps(data: Path) -> None:
    """Word models of encyclopedia text that saw the target's articles, the archive's, or others."""
    articles = list(wikitext(data))
    order = np.random.default_rng(23).permutation(len(articles))
    third = len(articles) // 3
    human, target, other = (
        [articles[i] for i in order[at : at + third]] for at in (0, third, 2 * third)
    )
    rows = []
    for name, seen in (("the target's", target), ("the archive's", human), ("others", other)):
        for k in (0, 5, 20):
            made = written([whole for _, whole in seen], k, 150, 480, 14)
            reference = Reference.build(
                _as_texts(human),
                [Text(t, "wikitext", cluster=f"made {i // 6}") for i, t in enumerate(made)],
                SETTINGS,
            )
            bag = _bag(_as_texts(target), reference)
            answer = estimate(reference, bag)
            raw = published.estimate(
                reference.human, reference.synthetic, bag, len(reference.lexicon)
            )
            said = answer.reason.split(";")[0][:90] or (
                f"{answer.estimate:.3f} [{answer.low:.3f}, {answer.high:.3f}]"
            )
            model = f"top {k} bigrams" if k else "single words"
            rows.append([name, model, f"{raw[0]:.3f} [{raw[1]:.3f}, {raw[2]:.3f}]", said])
    table(
        "traps, true share 0: a word model that has seen some articles, and human text of the"
        " target's",
        ["model saw", "model", "published", "ours"],
        rows,
    )


def _as_texts(articles: list[tuple[str, str]]) -> list[Text]:
    return [
        Text(p, "wikitext", cluster=title) for title, whole in articles for p in _passages(whole)
    ]


def speed(data: Path) -> None:
    """Throughput of a target's streaming, and what building and estimating cost."""
    sources = human_sources(data)
    texts = [text for held in sources.values() for text in held]
    reference = Reference.build(texts, families(data)["squad / gpt2-xl"][1], SETTINGS)
    size = sum(len(text.text.encode()) for text in texts)
    started = time.process_time()
    bag = _bag(texts, reference)
    added = time.process_time() - started
    reference.scorer.trained(0)
    started = time.process_time()
    estimate(reference, bag)
    rows = [
        ["target, MB/s per core", f"{size / 1e6 / added:.1f}"],
        ["estimate and null tests, CPU seconds", f"{time.process_time() - started:.1f}"],
        ["sentences", f"{bag.sentences:,}"],
        ["bytes held of a sentence", f"{_bytes(bag) / bag.sentences:.0f}"],
    ]
    table("speed", ["what", "value"], rows)


def _bytes(bag: Bag) -> int:
    held = (bag.words, bag.starts, bag.document, bag.clusters, bag.keys, bag.sources, bag.unknown)
    return sum(array.nbytes for array in held)


def table(title: str, head: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    print(f"\n{title}\n")
    print("| " + " | ".join(head) + " |")
    print("|" + "---|" * len(head), flush=True)
    for row in rows:
        print("| " + " | ".join(row) + " |", flush=True)


if __name__ == "__main__":
    main()
