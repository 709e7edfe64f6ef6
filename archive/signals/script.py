"""Which script a text is written in, by the Unicode property of every code point."""

from __future__ import annotations

from typing import Any

import numpy as np

from archive.signals.kernels import scan
from archive.signals.spans import ratio
from archive.signals.unicode import ALPHA, properties
from archive.signals.view import View

COLUMNS = ("script", "script_share", "script_second", "scripts", "letters")

NO_SCRIPT = ("Zinh", "Zyyy", "Zzzz")  # inherited, common, unknown


def compute(view: View) -> dict[str, Any]:
    table = properties()
    codes = np.array((*table.scripts, ""))
    size = len(table.scripts)
    counts = scan.classes(view.codes, table.script, size, view.begins, view.ends)
    counts[:, [table.scripts.index(code) for code in NO_SCRIPT]] = 0
    # Stable, so that equal counts go by the order of the codes.
    order = np.argsort(-counts, axis=1, kind="stable")
    rows = np.arange(len(view))
    first, second = counts[rows, order[:, 0]], counts[rows, order[:, 1]]
    return {
        "script": codes[np.where(first > 0, order[:, 0], size)].tolist(),
        "script_share": ratio(first, counts.sum(axis=1)),
        "script_second": codes[np.where(second > 0, order[:, 1], size)].tolist(),
        "scripts": np.count_nonzero(counts, axis=1),
        "letters": scan.counted(view.flags, ALPHA, view.begins, view.ends),
    }
