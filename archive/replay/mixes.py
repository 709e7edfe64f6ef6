"""Data mixes: what each generation learns from, by name or from a file.

Shumailov et al. (Nature 631, 2024, Methods): p_{i+1} = alpha model_{i+1} + beta p_i + gamma p_0,
the shares of the newest model's text, of the generation's data before it, and of the originals.
`fresh` adds human text that was never used before.
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, Final

from archive.errors import UnknownName, UsageError

ALL_HUMAN: Final = "all_human"
REPLACE: Final = "replace"
DEFAULT_POLICIES: Final = (
    "preserve:0.1",
    "preserve:0.3",
    "fresh:0.1",
    "accumulate",
    "accumulate_subsample",
    "weighted",
)

GOLDEN: Final = (math.sqrt(5) - 1) / 2
"""The best weight of fresh human text at equal sizes (He, Xu & Cheng, arXiv 2502.18049)."""


@dataclass(frozen=True, slots=True)
class Mix:
    """One policy. Shares are of the budget and sum to 1, but in mode `add` gamma comes on top."""

    name: str
    alpha: float = 0.0
    beta: float = 0.0
    gamma: float = 0.0
    fresh: float = 0.0
    # Originals drawn anew from the whole archive each generation, or the same ones for ever.
    originals: str = "random"
    # swap: originals take the place of synthetic text; add: they come on top of a full budget.
    mode: str = "swap"
    # shares: as above; all: everything so far; subsample: a budget drawn from everything so far;
    # weighted: a full budget of originals and one of synthetic text, gamma and alpha their weights.
    pool: str = "shares"

    def __post_init__(self) -> None:
        for field, known in (
            ("originals", ("random", "fixed")),
            ("mode", ("swap", "add")),
            ("pool", ("shares", "all", "subsample", "weighted")),
        ):
            if getattr(self, field) not in known:
                raise UnknownName(f"{field} of a mix", str(getattr(self, field)), known)
        shares = (self.alpha, self.beta, self.gamma, self.fresh)
        swapped = sum(shares) - (self.gamma if self.mode == "add" else 0.0)
        if min(shares) < 0 or not math.isclose(swapped, 1.0, abs_tol=1e-6):
            raise UsageError(
                f"the shares of mix {self.name!r} sum to {swapped:g}, not 1",
                next_step="alpha + beta + gamma + fresh = 1; in mode 'add' leave gamma out",
            )

    @property
    def human_share(self) -> float:
        """The share of human text in the training set of generation 1, by weight."""
        if self.pool in ("all", "subsample"):
            return 0.5
        added = 1.0 + (self.gamma if self.mode == "add" else 0.0)
        return (self.gamma + self.fresh + self.beta) / added


def parse(text: str) -> Mix:
    """A policy from `name`, `name:share`, `name:share:option...`, or the path of a TOML file."""
    if text.endswith(".toml"):
        return _from_file(Path(text))
    kind, *arguments = text.split(":")
    if kind not in POLICIES:
        raise UnknownName("policy", kind, [*POLICIES, "a .toml file"])
    base, share_of, default = POLICIES[kind]
    options = {"fixed": ("originals", "fixed"), "random": ("originals", "random")}
    options |= {"add": ("mode", "add"), "swap": ("mode", "swap")}
    share = default
    chosen: dict[str, str] = {}
    for argument in arguments:
        if share_of == "gamma" and base.pool == "shares" and argument in options:
            field, value = options[argument]
            chosen[field] = value
        elif share_of is not None:
            share = _share(text, argument)
        else:
            raise UsageError(f"{kind} takes nothing after it: {text!r}", next_step=f"write {kind}")
    if share_of is None:
        return base
    alpha = 1.0 if chosen.get("mode") == "add" else 1.0 - share
    values: dict[str, Any] = {
        **chosen,
        share_of: share,
        "alpha": alpha,
        "name": _canonical(kind, share, chosen),
    }
    return replace(base, **values)


def parse_all(texts: Sequence[str]) -> tuple[Mix, ...]:
    """The policies of a run: the two controls, which no verdict can do without, and those asked."""
    mixes: dict[str, Mix] = {}
    for mix in map(parse, [ALL_HUMAN, REPLACE, *texts]):
        if mixes.setdefault(mix.name, mix) != mix:
            raise UsageError(
                f"two different policies are called {mix.name!r}",
                next_step="give the mix in the file another name",
            )
    return tuple(mixes.values())


def _canonical(kind: str, share: float, chosen: dict[str, str]) -> str:
    said = [value for value in chosen.values() if value in ("fixed", "add")]
    return ":".join([kind, f"{share:.4g}", *sorted(said)])


def _share(text: str, argument: str) -> float:
    try:
        share = float(argument)
    except ValueError:
        share = -1.0
    if not 0 <= share <= 1:
        raise UsageError(
            f"{argument!r} in {text!r} is no share",
            next_step="a share is between 0 and 1, as in preserve:0.1 or preserve:0.1:fixed:add",
        )
    return share


def _from_file(path: Path) -> Mix:
    try:
        held = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(
            f"{path} is not TOML: {error}", next_step="see 'lowbg replay run --help'"
        ) from None
    except FileNotFoundError:
        raise UsageError(f"no mix at {path}", next_step="check the path") from None
    kinds = {field.name: str if field.type == "str" else float for field in fields(Mix)}
    for key, value in held.items():
        if key not in kinds:
            raise UnknownName(f"key in {path}", key, kinds)
        if not isinstance(value, str if kinds[key] is str else int | float):
            raise UsageError(
                f"{key} = {value!r} in {path}", next_step=f"{key} is a {kinds[key].__name__}"
            )
    return Mix(**{"name": path.stem, **held})


POLICIES: Final[dict[str, tuple[Mix, str | None, float]]] = {
    ALL_HUMAN: (Mix(ALL_HUMAN, gamma=1.0), None, 0.0),
    REPLACE: (Mix(REPLACE, alpha=1.0), None, 0.0),
    "preserve": (Mix("preserve", alpha=0.9, gamma=0.1), "gamma", 0.1),
    "fresh": (Mix("fresh", alpha=0.9, fresh=0.1), "fresh", 0.1),
    "accumulate": (Mix("accumulate", alpha=0.5, beta=0.5, pool="all"), None, 0.0),
    "accumulate_subsample": (
        Mix("accumulate_subsample", alpha=0.5, beta=0.5, pool="subsample"),
        None,
        0.0,
    ),
    "weighted": (Mix("weighted", alpha=1 - GOLDEN, gamma=GOLDEN, pool="weighted"), "gamma", GOLDEN),
}
"""Policy -> its mix, the share that `name:share` sets, and that share when it is not given."""
