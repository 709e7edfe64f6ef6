"""The laws of model collapse in closed form, each beside a simulation of it.

Every check states a formula with its source, simulates it, and gives the simulated interval. With
`z` = 4 standard errors a sound implementation fails one check in sixteen thousand.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Final

Z: Final = 4.0
"""Standard errors of the simulation within which a formula must lie."""


@dataclass(frozen=True, slots=True)
class Check:
    """One quantity at one generation: simulated, its standard error, and what the formula gives.

    `bound` "equal" asks for agreement, "at least" for a simulated value not below the formula.
    """

    family: str
    policy: str
    quantity: str
    generation: int
    simulated: float
    error: float
    formula: float
    source: str
    bound: str = "equal"

    @property
    def interval(self) -> tuple[float, float]:
        return self.simulated - Z * self.error, self.simulated + Z * self.error

    @property
    def agrees(self) -> bool:
        low, high = self.interval
        return self.formula <= high and (self.bound == "at least" or low <= self.formula)

    def to_json(self) -> dict[str, Any]:
        low, high = self.interval
        held = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return {**held, "low": low, "high": high, "agrees": self.agrees}


FAMILIES: Final = ("gaussian", "discrete", "mixture", "regression", "sources_of_error")
"""One module each, with a function `checks(seed)`."""


def check_all(seed: int = 0, on: Callable[[str], None] = lambda family: None) -> Iterator[Check]:
    """Every law of every family; a few seconds. `on` hears each family before it starts."""
    for family in FAMILIES:
        on(family)
        yield from import_module(f"{__name__}.{family}").checks(seed)
