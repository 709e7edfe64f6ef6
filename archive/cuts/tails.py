"""Who survives a cut: by language, script, year, host, length and rarity of words.

Every count comes from one DuckDB query per dimension, which the result carries. With each share
stands a 95 % Wilson interval (Wilson 1927). Documents of one host are not independent, so where a
group has HOSTS or more hosts and a share strictly between 0 and 1, the interval takes the number
of documents that would be as informative if they were (Kish 1965: documents / design effect, the
variance between hosts by linearisation); elsewhere it takes the documents as they are, and
`basis` says which. A group is warned of when all three hold:

- losing so many at the overall rate has a chance of at most 5 % over all groups counted together
  (Chernoff's bound on the binomial tail, times the number of groups: Bonferroni);
- its odds of being dropped are at least ODDS times the overall odds;
- it loses at least LEAST documents, and POINTS more of them than the whole.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import exp, log, sqrt
from statistics import NormalDist
from typing import TYPE_CHECKING, Any, Final

from archive.cuts.cut import FIRST, Cut, Rule
from archive.cuts.dimensions import ALL, DIMENSIONS, Dimension, counting
from archive.errors import UnknownName

if TYPE_CHECKING:
    import duckdb

CONFIDENCE: Final = 0.95
ODDS: Final = 3.0
POINTS: Final = 0.10
LEAST: Final = 3
HOSTS: Final = 5

NOTES: Final = (
    "intervals: Wilson, 95 %; of hosts where a group has five or more, of documents elsewhere,"
    " where documents of one host may say the same thing many times",
    "a warning: dropped with three times the overall odds or more, at least 10 points more than"
    " overall and three documents, which at the overall rate has a chance of at most 5 % over all"
    " groups together",
)


@dataclass(frozen=True, slots=True)
class Group:
    """The documents that have one value of a dimension.

    `unknown` of them have a NULL in a rule, which drops them; `cut_by` counts, for each rule that
    drops any, what it drops, whatever other rules do.
    """

    by: str
    value: str
    documents: int
    hosts: int
    kept: int
    unknown: int
    cut_by: dict[str, int]
    low: float
    high: float
    effective: float  # independent documents that the interval is of
    basis: str  # hosts or documents
    warning: str = ""

    @property
    def share(self) -> float:
        """Of its documents, kept; 1 where there are none."""
        return self.kept / self.documents if self.documents else 1.0

    @property
    def worst(self) -> str | None:
        """The rule that drops most of the group; of several, the first of the cut."""
        return max(self.cut_by, key=self.cut_by.__getitem__, default=None)


@dataclass(frozen=True, slots=True)
class Tails:
    """What a cut, or one rule of it, leaves of each group.

    Where the cut takes first captures only, shares are of these: `queries` say so.
    """

    cut: str
    hash: str
    rule: str | None
    overall: Group
    groups: tuple[Group, ...]
    queries: dict[str, str]

    @property
    def warnings(self) -> tuple[str, ...]:
        """One line for each group that loses far more than the whole, the largest group first."""
        warned = [group for group in self.groups if group.warning]
        return tuple(g.warning for g in sorted(warned, key=lambda g: (-g.documents, g.warning)))

    def of(self, by: str) -> tuple[Group, ...]:
        """The groups of one dimension, in its order."""
        return tuple(group for group in self.groups if group.by == by)


def tails(
    con: duckdb.DuckDBPyConnection,
    cut: Cut,
    rule: str | None = None,
    by: Sequence[str] | None = None,
) -> Tails:
    """Counts what a cut keeps of each group; of one rule, with `rule`.

    `con` has the views documents, signals and duplicates. `by` names the dimensions, all of them
    by default. `first` is the rule that only first captures are taken, over all captures.
    """
    wanted = tuple(by or DIMENSIONS)
    for name in wanted:
        if name not in DIMENSIONS:
            raise UnknownName("dimension", name, DIMENSIONS)
    rules, firsts = _population(cut, rule)
    queries, found = {}, {}
    for dimension in (ALL, *(DIMENSIONS[name] for name in wanted)):
        queries[dimension.name] = query = counting(dimension, rules, firsts)
        found[dimension.name] = con.execute(query).fetchall()
    overall = [_group(ALL, row, rules) for row in found.pop(ALL.name)]
    # Without a document there is no row to count in.
    whole = overall[0] if overall else Group(ALL.name, "", 0, 0, 0, 0, {}, 0.0, 1.0, 0, "documents")
    rare = (1 - CONFIDENCE) / max(sum(map(len, found.values())), 1)
    what = f"{cut.name}: {rule}" if rule else cut.name
    groups = tuple(
        _warned(_group(DIMENSIONS[name], row, rules), whole, rare, what)
        for name, rows in found.items()
        for row in rows
    )
    return Tails(cut.name, cut.hash, rule, whole, groups, queries)


def _population(cut: Cut, rule: str | None) -> tuple[tuple[Rule, ...], bool]:
    """The rules to count, and whether among first captures only."""
    first = Rule(FIRST, "is_first", "the earliest capture of its text")
    if rule is None:
        return cut.rules, cut.first_only
    known = {each.name: each for each in cut.rules}
    if rule == FIRST and cut.first_only:
        return (first,), False
    if rule not in known:
        raise UnknownName(
            f"rule of {cut.name}", rule, (*known, *((FIRST,) if cut.first_only else ()))
        )
    return (known[rule],), cut.first_only


def _group(dimension: Dimension, row: Sequence[Any], rules: tuple[Rule, ...]) -> Group:
    value, documents, hosts, kept, unknown, kk, kn, nn, *dropped = row
    counts = {rule.name: int(n) for rule, n in zip(rules, dropped, strict=True) if n}
    effective = _effective(documents, hosts, kept, kk, kn, nn)
    low, high = wilson(kept / documents, effective or documents)
    return Group(
        by=dimension.name,
        value=value,
        documents=int(documents),
        hosts=int(hosts),
        kept=int(kept),
        unknown=int(unknown),
        cut_by=counts,
        low=low,
        high=high,
        effective=effective or documents,
        basis="hosts" if effective else "documents",
    )


def _effective(n: int, hosts: int, kept: int, kk: int, kn: int, nn: int) -> float | None:
    """Independent documents worth as much as these of several hosts; None: cannot be told.

    From sums over hosts of kept², kept·documents and documents².
    """
    if hosts < HOSTS or kept in (0, n):
        return None
    p = kept / n
    between = max(kk - 2 * p * kn + p * p * nn, 0.0)
    variance = between * hosts / (hosts - 1) / (n * n)
    effect = variance * n / (p * (1 - p))
    return n / max(effect, 1.0)


def wilson(share: float, number: float, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """Wilson's score interval (1927) for a share seen in a number of independent trials."""
    z = NormalDist().inv_cdf(0.5 + confidence / 2)
    middle = share + z * z / (2 * number)
    spread = z * sqrt(share * (1 - share) / number + z * z / (4 * number * number))
    scale = 1 + z * z / number
    low = 0.0 if share == 0 else (middle - spread) / scale
    high = 1.0 if share == 1 else (middle + spread) / scale
    return low, high


def chance(lost: float, overall: float, number: float) -> float:
    """At most this is the chance to lose so large a share or a larger one at the overall rate.

    Chernoff's bound: exp(-number * D(lost || overall)), D the relative entropy of two coins.
    """
    if lost <= overall:
        return 1.0
    if overall == 0:
        return 0.0
    kept = (1 - lost) * log((1 - lost) / (1 - overall)) if lost < 1 else 0.0
    return exp(-number * (lost * log(lost / overall) + kept))


def _warned(group: Group, whole: Group, rare: float, what: str) -> Group:
    """The group with its warning line, if it loses far more than the whole does."""
    lost, lost_overall = 1 - group.share, 1 - whole.share
    # lost / kept >= ODDS * lost_overall / kept_overall, without dividing by 0
    far = lost * whole.share >= ODDS * lost_overall * group.share
    few = group.documents - group.kept < LEAST
    if few or lost - lost_overall < POINTS or not far:
        return group
    if chance(lost, lost_overall, group.effective) > rare:
        return group
    hosts = "1 host" if group.hosts == 1 else f"{group.hosts:,} hosts"
    line = (
        f"{what} removes {_percent(lost)} of {group.by} {group.value}"
        f" ({group.documents - group.kept:,} of {group.documents:,} documents, {hosts};"
        f" {_percent(1 - group.high)} to {_percent(1 - group.low)}),"
        f" {_percent(lost_overall)} overall"
    )
    if group.worst and len(group.cut_by) > 1:
        line += f"; most by {group.worst} ({group.cut_by[group.worst]:,})"
    return replace(group, warning=line)


def _percent(share: float) -> str:
    """A share that is not all and not nothing never looks like it."""
    text = f"{100 * share:.0f}"
    if text in ("0", "100") and 0 < share < 1:
        text = f"{100 * share:.1f}"
        text = {"0.0": "under 0.1", "100.0": "over 99.9"}.get(text, text)
    return f"{text} %"
