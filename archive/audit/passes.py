"""The first pass over a corpus: what is proven of it, in what language and year it is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np

from archive.audit import slices
from archive.audit.against import Against
from archive.audit.items import Corpus, Item, Left
from archive.audit.match import Matcher, Proof
from archive.audit.options import STANDINGS
from archive.audit.order import Order
from archive.audit.tally import Tallies
from archive.audit.witness import Witnesses
from archive.errors import UsageError
from archive.signals.language import identified
from archive.signals.view import View
from archive.signals.words import sentences

BATCH_ROWS: Final = 512
BATCH_CHARACTERS: Final = 1 << 18
SHOWN_LEFT: Final = 5
"""Rows left out that are named of each reason."""

Progress = Callable[[str, int, int], None]


@dataclass
class Read:
    """What the first pass leaves: counts, and of every document what the second has to know."""

    tallies: Tallies
    marks: Path
    """A number for each document: its language's place in `languages`, or -1 less that if it is
    proven."""
    left: dict[str, dict[str, Any]] = field(default_factory=dict)
    languages: list[str] = field(default_factory=list)
    dated: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Documents by language and year."""

    def leave(self, row: Left) -> None:
        held = self.left.setdefault(row.reason, {"rows": 0, "first": []})
        held["rows"] += 1
        if len(held["first"]) < SHOWN_LEFT:
            held["first"].append(f"{row.place}: {row.detail}".rstrip(": "))


def first_pass(
    order: Order,
    corpora: Sequence[Corpus],
    against: Against,
    read: Read,
    found: Witnesses | None,
    progress: Progress,
) -> None:
    matcher = against.matcher()
    tell = teller("matching", corpora, progress)
    number = 0
    with read.marks.open("wb") as marks:
        for corpus in corpora:
            for batch in batches(corpus, order.by, read.leave, tell):
                proofs, counted, languages = _look(matcher, batch, read)
                codes = [read.languages.index(language) for language in languages]
                for item, proof, size, language in zip(
                    batch, proofs, counted, languages, strict=True
                ):
                    _count(item, proof, size, language, order, read, against)
                    if found and proof.kind:
                        found.add(number, corpus.name, item, proof)
                    number += 1
                pairs = zip(proofs, codes, strict=True)
                told = [-1 - code if proof.proven else code for proof, code in pairs]
                np.array(told, dtype=np.int16).tofile(marks)
    if not number:
        raise UsageError(
            f"no document in {', '.join(corpus.name for corpus in corpora)}",
            next_step="rows left out: "
            + (", ".join(f"{v['rows']} {k}" for k, v in read.left.items()) or "none"),
        )


def _look(
    matcher: Matcher, batch: list[Item], read: Read
) -> tuple[list[Proof], list[int], list[str]]:
    """Of each document: its proof, its sentences, its language."""
    texts = [item.text for item in batch]
    proofs = matcher.match(texts)
    view = View(texts)
    counted = view.total(view.stripped, sentences(view, view.stripped)).tolist()
    languages = [said[0] for said in identified(texts)]
    for language in languages:
        if language not in read.languages:
            read.languages.append(language)
    return proofs, counted, languages


def _count(
    item: Item,
    proof: Proof,
    sentence_count: int,
    language: str,
    order: Order,
    read: Read,
    against: Against,
) -> None:
    index, witness = against.index, ("", 0)
    if proof.proven:
        when = index.captured[proof.row].astype("datetime64[us]").astype("datetime64[Y]")
        known = STANDINGS[index.grades[proof.row]]
        witness = (known, 1970 + int(when.astype(int)) if index.captured[proof.row] else 0)
    if year := slices.year_of(item):
        read.dated[language, year] += 1
    size = len(item.text.encode())
    for one in read.tallies.slices(values(item, language, order.by)):
        read.tallies.at(one).add(size, sentence_count, proof, language, witness)


def values(item: Item, language: str, by: Sequence[str]) -> list[str]:
    return [
        language
        if name == slices.LANGUAGE and slices.value_of(item, name) == slices.NO_VALUE
        else slices.value_of(item, name)
        for name in by
    ]


def batches(
    corpus: Corpus, by: Sequence[str], leave: Callable[[Left], None], told: Callable[[int], None]
) -> Iterator[list[Item]]:
    """The documents of a corpus, a few at a time; what is not read is left with its reason."""
    held: list[Item] = []
    size, first = 0, True
    for row in corpus.rows(told):
        if isinstance(row, Left):
            leave(row)
            continue
        held.append(row)
        size += len(row.text)
        if len(held) >= BATCH_ROWS or size >= BATCH_CHARACTERS:
            if first:
                slices.require(by, held, corpus.name)
            yield held
            held, size, first = [], 0, False
    if held:
        if first:
            slices.require(by, held, corpus.name)
        yield held


def teller(phase: str, corpora: Sequence[Corpus], progress: Progress) -> Callable[[int], None]:
    total = sum(corpus.bytes for corpus in corpora)
    done = 0

    def tell(amount: int) -> None:
        nonlocal done
        done += amount
        progress(phase, done, total)

    return tell
