"""An audit: one pass over a corpus for what is proven, a second for what is left to estimate.

The second reads only for the slices that can be estimated: those with a reference in their own
language, the largest first. Memory: the counters of the slices, a batch of texts, one target for
each estimated slice and language; the index of the archive is mapped.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from archive.audit import references, slices
from archive.audit.against import Against, open_against
from archive.audit.answer import NO_REFERENCE, Judged
from archive.audit.corpora import Place, resolve
from archive.audit.estimate import AiShare
from archive.audit.items import Corpus, Wanted
from archive.audit.order import Order
from archive.audit.passes import Progress, Read, first_pass
from archive.audit.references import References
from archive.audit.scores import from_file
from archive.audit.second import Estimates, second_pass
from archive.audit.tally import Slice, Tallies
from archive.audit.witness import Witnesses, check_path
from archive.engines import start


@dataclass(frozen=True)
class Audit:
    """The answer to an order."""

    order: Order
    against: dict[str, Any]
    references: References | None
    judged: tuple[Judged, ...]
    """The whole first, then the slices by column and value."""
    corpora: tuple[str, ...]
    left_out: dict[str, dict[str, Any]]
    """Rows that could not be read, by reason: how many, and where the first of them are."""
    index: dict[str, int]
    estimates: Estimates
    detector: AiShare | None = None
    witnesses: int | None = None


def audit(
    order: Order, witnesses: Path | None = None, progress: Progress = lambda *_: None
) -> Audit:
    """Audits a corpus; `witnesses` is a file to write, .parquet or .jsonl, of what proves it."""
    if witnesses:
        check_path(witnesses)
    detector = from_file(order.scores, order.settings) if order.scores else None
    with ExitStack() as stack:
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="lowbg-audit-")))
        wanted = Wanted(order.text_column, slices.columns_for(("year", "host", *order.by)))
        corpora = resolve(order.corpora, Place(order.store, wanted), stack)
        against, synthetic = sides(order, stack, progress)
        progress("building the references", 0, 1)
        made = build_references(order, against, synthetic)
        found = Witnesses(against, scratch) if witnesses else None
        read = Read(Tallies(order.by), scratch / "marks")
        first_pass(order, corpora, against, read, found, progress)
        estimates = second_pass(order, corpora, made, read, progress)
        slices_ = _in_order(read.tallies, order)
        judged = tuple(_judge(one, read, made, estimates.shares) for one in slices_)
        written = found.write(witnesses) if found and witnesses else None
        return Audit(
            order=order,
            against=against.facts,
            references=made,
            judged=judged,
            corpora=tuple(corpus.name for corpus in corpora),
            left_out=dict(sorted(read.left.items())),
            index={"bytes": against.index.bytes, "keys": len(against.index)},
            estimates=estimates,
            detector=detector,
            witnesses=written,
        )


def sides(order: Order, stack: ExitStack, progress: Progress) -> tuple[Against, list[Corpus]]:
    """What the order compares with: the human side, indexed, and the synthetic one."""
    wanted = Wanted(order.text_column, slices.columns_for(("year", "host")))
    place = Place(order.store, wanted, order.cut, order.least_grade)
    written = Wanted(order.text_column, slices.columns_for(("year", *references.WRITERS)))
    synthetic = resolve(order.synthetic, Place(order.store, written, order.cut), stack)
    engine = start("local", order.workers)
    done = 0

    def report(amount: int) -> None:
        nonlocal done
        done += amount
        progress(f"indexing the archive: {done / 1e6:,.0f} MB", 0, 1)

    try:
        against = open_against(order.against, place, order.matching, engine, stack, report)
    finally:
        engine.close()
    return against, synthetic


def build_references(
    order: Order, against: Against, synthetic: Sequence[Corpus]
) -> References | None:
    """The references of every language of the synthetic side; None without one."""
    if not synthetic:
        return None
    return references.build(against, synthetic, order.settings, order.most_texts)


def _in_order(tallies: Tallies, order: Order) -> list[Slice]:
    place = {name: number for number, name in enumerate(("", *order.by))}
    return sorted(tallies.of, key=lambda one: (place[one[0]], one[1]))


def _judge(
    one: Slice,
    read: Read,
    made: References | None,
    shares: dict[Slice, dict[str, AiShare]],
) -> Judged:
    tally, known = read.tallies.of[one], shares.get(one, {})
    refused = {}
    for language in tally.rest:
        if made is None:
            refused[language] = NO_REFERENCE
        elif language in made.of and language not in known:
            refused[language] = "not among the largest slices, which are estimated"
        elif language not in known:
            refused[language] = made.reason(language)
    return Judged(one, tally, known, refused)
