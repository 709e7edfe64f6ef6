"""Orders of audits that tests give: quick settings, a corpus and a store in one folder."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from archive.audit.estimate import Settings
from archive.audit.order import Order
from tests.audit.made import essay

QUICK = Settings(least_sentences=500, bootstrap=40, retrained=2, drift_draws=10)
ESSAYS = [essay(n, "human") for n in range(150)]


def order(folder: Path, **asked: Any) -> Order:
    base = Order((str(folder / "c.jsonl"),), ("web",), str(folder / "store"), settings=QUICK)
    return replace(base, **asked)


def rows_of(texts: list[str], **columns: Any) -> list[dict[str, Any]]:
    return [{"text": text, **columns} for text in texts]
