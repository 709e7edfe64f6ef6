"""The checks of the theory as JSON and as one picture of intervals about their formulas."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from archive.page.svg import COLOURS, PALE, Scale, document, mark, stroke, text
from archive.replay.figures import bounded_error
from archive.replay.folder import to_json
from archive.replay.theory import Check, Z


def write_theory(checks: Sequence[Check], out: Path) -> None:
    """Writes theory.json, agreement.svg and bounded-error.svg into a folder."""
    out.mkdir(parents=True, exist_ok=True)
    (out / "theory.json").write_bytes(to_json([check.to_json() for check in checks]))
    (out / "agreement.svg").write_text(agreement(checks), encoding="utf-8")
    (out / "bounded-error.svg").write_text(bounded_error({}), encoding="utf-8")


def agreement(checks: Sequence[Check]) -> str:
    """Each simulation in standard errors from its formula; what only has a bound is left out."""
    drawn = [check for check in checks if check.bound == "equal" and check.error]
    x = Scale(-Z - 1, Z + 1, 470, 730)
    bottom = 34 + 15 * len(drawn)
    parts = [stroke(x(at), 26, x(at), bottom, "#111" if at == 0 else PALE, 1) for at in (-Z, 0, Z)]
    for row, check in enumerate(drawn):
        y = 34 + 15 * row
        off = (check.simulated - check.formula) / check.error
        shown = min(max(off, x.low), x.high)
        said = f"{check.family}, {check.policy}: {check.quantity}, n = {check.generation}"
        parts.append(text(460, y + 4, said, anchor="end", size=10))
        parts.append(stroke(x(max(shown - 1, x.low)), y, x(min(shown + 1, x.high)), y, "#111", 1))
        good = check.agrees
        parts.append(mark(x(shown), y, COLOURS[2] if good else COLOURS[1], 0 if good else 5, 3.5))
        parts.append(text(742, y + 4, f"{check.simulated:.4g} / {check.formula:.4g}", size=10))
    parts.append(text(x(0), 16, "standard errors from the formula", anchor="middle"))
    parts.append(text(742, 16, "simulated / formula"))
    for at in (-Z, 0, Z):
        parts.append(text(x(at), bottom + 14, f"{at:g}", anchor="middle", colour="#444"))
    return document(880, bottom + 22, "Simulations beside their formulas", parts)
