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

    The order's corpora play no part.
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
            "trusted": sorted(
                language
                for language, held in languages.items()
                if all(gate["passed"] for gate in held["gates"].values())
            ),
            "seed": order.seed,
        }
