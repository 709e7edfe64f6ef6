"""The second pass over a corpus: estimates of what is not proven, by slice and language."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from archive.audit import slices
from archive.audit.estimate import AiShare, Target, Text, Years, estimate, excess_vocabulary
from archive.audit.items import Corpus, Item
from archive.audit.order import Order
from archive.audit.passes import Progress, Read, batches, teller, values
from archive.audit.references import References
from archive.audit.tally import Slice
from archive.errors import EnvironmentFailed
from archive.judge import registered_domain

FIRST_YEAR: Final = 2023
"""The first whole year of language models that anybody can use (archive.recipe.ERAS, chatgpt)."""

MOST_YEARS: Final = 12
"""Years of dated text that are held: the one asked about and those before it."""

LEAST_DATED: Final = 60
"""Documents of a year for the excess vocabulary (archive.audit.estimate.excess)."""


@dataclass(frozen=True)
class Estimates:
    """By slice and language the estimate; by year the lower bound that dated text alone gives."""

    shares: dict[Slice, dict[str, AiShare]] = field(default_factory=dict)
    excess: dict[str, AiShare] = field(default_factory=dict)
    excess_language: str = ""


def second_pass(
    order: Order,
    corpora: Sequence[Corpus],
    made: References | None,
    read: Read,
    progress: Progress,
) -> Estimates:
    """Reads the corpus again, where there is a reference or enough dated text to make it worth."""
    dated = _dated(read)
    if made is None and not dated:
        return Estimates()
    pass_ = _Second(order, made, read, dated)
    pass_.read_all(corpora, teller("reading what is left", corpora, progress))
    return pass_.estimates(progress)


def _dated(read: Read) -> tuple[str, tuple[int, ...]] | None:
    """The language with most dated text, and its years of models that have three years before."""
    totals: dict[str, int] = {}
    for (language, _), count in read.dated.items():
        totals[language] = totals.get(language, 0) + count
    if not totals:
        return None
    language = max(sorted(totals), key=lambda name: totals[name])
    enough = {int(y) for (of, y), n in read.dated.items() if of == language and n >= LEAST_DATED}
    asked = [y for y in sorted(enough) if y >= FIRST_YEAR and {y - 1, y - 2, y - 3} <= enough]
    return (language, tuple(asked)) if asked else None


class _Second:
    def __init__(
        self,
        order: Order,
        made: References | None,
        read: Read,
        dated: tuple[str, tuple[int, ...]] | None,
    ) -> None:
        self._order, self._read, self._dated = order, read, dated
        self._references = made.of if made else {}
        self._wanted = set(read.tallies.largest(order.most_estimated))
        self._targets: dict[tuple[Slice, str], Target] = {}
        self._years = Years(order.settings)
        last = max(dated[1]) if dated else 0
        self._held = range(last - MOST_YEARS + 1, last + 1) if dated else range(0)

    def read_all(self, corpora: Sequence[Corpus], told: Callable[[int], None]) -> None:
        """Adds every document that the first pass read, or fails where they are others now."""
        marks = np.memmap(self._read.marks, dtype=np.int16, mode="r")
        number = 0
        for corpus in corpora:
            for batch in batches(corpus, (), lambda _: None, told):
                here = marks[number : number + len(batch)].tolist()
                if len(here) < len(batch):
                    raise _changed(corpus)
                for item, mark in zip(batch, here, strict=True):
                    self._add(item, self._read.languages[max(mark, -1 - mark)], mark < 0)
                number += len(batch)
        if number != len(marks):
            raise _changed(corpora[-1])

    def _add(self, item: Item, language: str, proven: bool) -> None:
        year = slices.year_of(item)
        host = slices.host_of(item)
        # What the archive's texts are told apart by (archive.audit.references).
        text = Text(item.text, registered_domain(host) or host, language, year)
        if self._dated and language == self._dated[0] and year and int(year) in self._held:
            self._years.add(text)
        if proven or language not in self._references:
            return
        by = self._order.by
        for one in self._read.tallies.slices(values(item, language, by)):
            if one in self._wanted:
                if (one, language) not in self._targets:
                    self._targets[one, language] = Target(self._references[language])
                self._targets[one, language].add(text)

    def estimates(self, progress: Progress) -> Estimates:
        """What follows from all that was added."""
        shares: dict[Slice, dict[str, AiShare]] = {}
        for done, (one, language) in enumerate(sorted(self._targets), 1):
            progress(f"estimating {done} of {len(self._targets)}", 0, 1)
            target = self._targets.pop((one, language))
            shares.setdefault(one, {})[language] = estimate(self._references[language], target)
        if not self._dated:
            return Estimates(shares)
        language, asked = self._dated
        progress("counting excess vocabulary", 0, 1)
        excess = {str(year): excess_vocabulary(self._years, year) for year in asked}
        return Estimates(shares, excess, language)


def _changed(corpus: Corpus) -> EnvironmentFailed:
    return EnvironmentFailed(
        f"{corpus.name} changed while it was read",
        next_step="run the same command again when nothing writes to it; a pipe cannot be audited,"
        " since it is read twice: write it to a file",
    )
