"""An audit as JSON: the three numbers, the same for each slice, and all that decided them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

from archive.aside import writing
from archive.audit.answer import NOTE
from archive.audit.run import Audit

FORMAT: Final = "lowbackground-audit 1"


def to_json(found: Audit) -> dict[str, Any]:
    """The whole result. Shares are of 0 to 1; `gates` are those of the whole corpus by language."""
    whole = found.judged[0]
    order, made = found.order, found.references
    return {
        "format": FORMAT,
        **whole.to_json(),
        "gates": {
            language: {name: gate.to_json() for name, gate in share.gates.items()}
            for language, share in sorted(whole.shares.items())
        },
        "slices": [
            {"by": one.slice[0], "value": one.slice[1], **one.to_json()} for one in found.judged[1:]
        ],
        "excess_vocabulary": {
            "language": found.estimates.excess_language,
            "years": {y: share.to_json() for y, share in found.estimates.excess.items()},
        },
        "detector": found.detector.to_json() if found.detector else None,
        "corpora": list(found.corpora),
        "left_out": found.left_out,
        "against": found.against,
        "references": made.facts if made else None,
        "matching": order.matching.to_json(),
        "settings": order.settings.to_json() if made else None,
        "index": found.index,
        "witnesses": found.witnesses,
        "seed": order.seed,
        "note": NOTE,
    }


def write_json(result: dict[str, Any], path: Path) -> None:
    """Writes the result, whole or not at all."""
    write_whole(path, json.dumps(result, ensure_ascii=False, indent=1, default=str) + "\n")


def write_whole(path: Path, text: str) -> None:
    """Writes a text file aside and moves it into place.

    Bytes of a file's name that are no UTF-8 become escapes, which JSON reads as what they were.
    """
    with writing(path) as out:
        out.write(text.encode("utf-8", "backslashreplace"))
