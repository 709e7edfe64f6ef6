"""Every law holds in simulation, and a wrong law is found out."""

from __future__ import annotations

import importlib
import json
from pathlib import Path

import pytest

from archive.replay.theory import FAMILIES, check_all
from archive.replay.theory_figures import write_theory


def test_every_simulation_agrees_with_its_formula_and_the_figures_say_so(tmp_path: Path) -> None:
    checks = list(check_all())
    assert {check.family for check in checks} == set(FAMILIES)
    assert [check for check in checks if not check.agrees] == []
    write_theory(checks, tmp_path)
    assert len(json.loads((tmp_path / "theory.json").read_bytes())) == len(checks)
    assert (tmp_path / "agreement.svg").read_text().count("<circle") >= 60


@pytest.mark.parametrize(
    ("family", "formula", "factor"),
    [
        ("gaussian", "archive_variance", 0.85),
        ("discrete", "diversity", 0.99),
        ("discrete", "alive", 0.9),
        ("mixture", "total_variance", 0.95),
        ("regression", "accumulated", 1.15),
        ("sources_of_error", "misfit", 1.001),
    ],
)
def test_a_formula_that_is_wrong_by_a_little_disagrees(
    family: str, formula: str, factor: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = importlib.import_module(f"archive.replay.theory.{family}")
    right = getattr(module, formula)
    monkeypatch.setattr(module, formula, lambda *a: right(*a) * factor)
    assert any(not check.agrees for check in module.checks(0))


def test_the_mean_of_the_variance_hides_the_collapse_that_its_logarithm_shows() -> None:
    from archive.replay.theory import gaussian

    by_quantity = {
        (check.quantity, check.generation): check.simulated for check in gaussian.checks(0)
    }
    assert by_quantity["median variance", 200] < 0.2
    assert by_quantity["E log variance", 200] < -1.8


def test_each_source_of_error_is_shown_alone() -> None:
    from archive.replay.theory import sources_of_error

    named = {check.policy for check in sources_of_error.checks(0)}
    assert named == {
        "statistical approximation alone",
        "functional expressivity alone",
        "functional approximation alone",
    }
