"""How far a pair of references can be trusted: what it says where the truth is known."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any

from archive.audit.order import Order
from archive.audit.passes import Progress
from archive.audit.result import FORMAT
from archive.audit.run import build_references, sides
from archive.errors import UsageError


def calibrate(order: Order, progress: Progress = lambda *_: None) -> dict[str, Any]:
    """Of each language: gates, spike-in curve, null tests by source, as a result to write.

    `estimable` are the languages whose references can be told apart: corpora like them can be
    estimated; `unseen_sources` those that may also be compared with text of other sources. The
    order's corpora play no part.
    """
    if not order.synthetic:
        raise UsageError(
            "nothing to calibrate without synthetic text", next_step="give --synthetic"
        )
    with ExitStack() as stack:
        against, synthetic = sides(order, stack, progress)
        progress("building the references", 0, 1)
        made = build_references(order, against, synthetic)
        assert made is not None
        languages = {}
        for number, (language, reference) in enumerate(sorted(made.of.items()), 1):
            progress(f"null tests and spike-ins, language {number} of {len(made.of)}", 0, 1)
            languages[language] = reference.to_json()
        return {
            "format": FORMAT,
            "against": against.facts,
            "references": made.facts,
            "languages": languages,
            "refused": made.refused,
            "estimable": _passing(languages, but=("nulls",)),
            "unseen_sources": _passing(languages),
            "seed": order.seed,
        }


def _passing(languages: dict[str, dict[str, Any]], but: tuple[str, ...] = ()) -> list[str]:
    """The languages whose references pass every gate but these."""
    return [
        language
        for language, held in languages.items()
        if all(gate["passed"] for name, gate in held["gates"].items() if name not in but)
    ]
