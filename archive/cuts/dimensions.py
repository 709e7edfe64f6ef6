"""What survival is counted by, and the query that counts it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from archive.cuts.cut import Rule, annotated

SAMPLE: Final = 10_000
"""Documents whose words are counted for `rarity`: those of the smallest ids, which are hashes."""
SAMPLE_CHARACTERS: Final = 20_000
DRAWN: Final = 100
"""Words that `rarity` draws of each text."""
BY_NAME: Final = 20
"""Hosts that are shown by name: those with most documents."""


@dataclass(frozen=True, slots=True)
class Dimension:
    """A way to group documents.

    `value` is the SQL of a group's name and `rank` of its place (equal: most documents first),
    over the columns of `archive.cuts.annotated` and those that `joins` bring.
    """

    name: str
    meaning: str
    value: str
    rank: str = "0"
    joins: str = ""
    sampled: bool = False


def _buckets(column: str, bounds: tuple[int, ...], unit: str = "") -> tuple[str, str]:
    """Value and rank of a number put into buckets that begin at these bounds."""
    lines, ranks = [], []
    for i, (low, high) in enumerate(zip(bounds, (*bounds[1:], None), strict=True)):
        name = f"{low:,} to {high - 1:,}{unit}" if high else f"{low:,}{unit} or more"
        name = f"{low:,}{unit}" if high == low + 1 else name
        condition = f"WHEN {column} < {high} THEN" if high else "ELSE"
        lines.append(f"{condition} '{name}'")
        ranks.append(f"{condition} {i}")
    missing = f"WHEN {column} IS NULL THEN"
    return (
        f"CASE {missing} '(none)' {' '.join(lines)} END",
        f"CASE {missing} -1 {' '.join(ranks)} END",
    )


_HOST_VALUE, _HOST_RANK = _buckets("host_sizes.n", (1, 2, 10, 100))
_LENGTH = _buckets("characters", (0, 100, 300, 1000, 3000, 10_000, 30_000, 100_000))
_ONCE = _buckets("100 * words_once // nullif(words, 0)", tuple(range(0, 100, 10)), " %")
_RARITY = _buckets("rarefied.types", (0, 50, 60, 70, 80, 90), " different")

# RE2 knows scripts by name: a character each where no space parts the words.
_WORD: Final = r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]|[\pL\pM\pN]+"

# Hurlbert 1971: of N words, one that occurs n times is among DRAWN of them, drawn without putting
# back, unless all come from the other N - n; C(N-n, DRAWN) / C(N, DRAWN) by logarithms.
_RAREFIED: Final = f"""LEFT JOIN (
    SELECT id, sum(1 - CASE WHEN size - n < {DRAWN} THEN 0 ELSE exp(
        lgamma(size - n + 1) - lgamma(size - n - {DRAWN} + 1)
        - lgamma(size + 1) + lgamma(size - {DRAWN} + 1)) END) AS types
    FROM (
        SELECT id, count(*) AS n, sum(count(*)) OVER (PARTITION BY id)::BIGINT AS size
        FROM (
            SELECT id, unnest(regexp_extract_all(
                lower(left(text, {SAMPLE_CHARACTERS})), '{_WORD}')) AS word
            FROM documents WHERE id IN (SELECT id FROM documents ORDER BY id LIMIT {SAMPLE})
        ) GROUP BY id, word
    ) WHERE size >= {DRAWN} GROUP BY id
) AS rarefied ON rarefied.id = judged.id"""

_DIMENSIONS: Final = (
    Dimension("language", "the column language of signals", "coalesce(language, '(none)')"),
    Dimension(
        "script",
        "the column script of signals",
        "CASE WHEN script IS NULL OR script = '' THEN '(none)' ELSE script END",
    ),
    Dimension("year", "of the capture", "year::VARCHAR", "year"),
    Dimension(
        "host",
        f"the {BY_NAME} hosts with most documents, the others by how many they have",
        f"CASE WHEN host_sizes.place <= {BY_NAME} THEN judged.host"
        f" ELSE 'other hosts, documents each: ' || {_HOST_VALUE} END",
        f"CASE WHEN host_sizes.place <= {BY_NAME} THEN -1 ELSE {_HOST_RANK} END",
        """JOIN (
    SELECT host, count(*) AS n, row_number() OVER (ORDER BY count(*) DESC, host) AS place
    FROM documents GROUP BY host
) AS host_sizes ON host_sizes.host = judged.host""",
    ),
    Dimension("length", "characters of the text", *_LENGTH),
    Dimension(
        "rarity",
        f"different words expected among {DRAWN} drawn from the text (rarefied type count),"
        f" for {SAMPLE:,} documents",
        f"CASE WHEN rarefied.types IS NULL THEN 'fewer than {DRAWN} words' ELSE {_RARITY[0]} END",
        f"CASE WHEN rarefied.types IS NULL THEN -1 ELSE {_RARITY[1]} END",
        _RAREFIED,
        sampled=True,
    ),
    Dimension("once", "share of the words that occur once in the text; falls with length", *_ONCE),
)
DIMENSIONS: Final = {dimension.name: dimension for dimension in _DIMENSIONS}

ALL: Final = Dimension("all", "every document", "'all'")


def counting(dimension: Dimension, rules: tuple[Rule, ...], firsts: bool) -> str:
    """The query of a dimension: a row for each group.

    value, documents, hosts, kept, with a NULL in a rule, then the sums over hosts of kept², kept
    times documents and documents², then what each rule drops. With `firsts`, among first captures.
    """
    judged = "".join(f",\n    (\n{rule.predicate}\n) AS r{i}" for i, rule in enumerate(rules))
    every = [f"r{i}" for i in range(len(rules))]
    kept = " AND ".join(f"{r} IS TRUE" for r in every) or "true"
    unknown = " OR ".join(f"{r} IS NULL" for r in every) or "false"
    each = "".join(f",\n    count(*) FILTER ({r} IS NOT TRUE) AS d{r}" for r in every)
    sums = "".join(f", sum(d{r})" for r in every)
    firsts_only = "\n  WHERE is_first" if firsts else ""
    sample = f"(SELECT id FROM documents ORDER BY id LIMIT {SAMPLE})"
    sampled = f"\n  WHERE judged.id IN {sample}" if dimension.sampled else ""
    return f"""WITH judged AS (
  SELECT *{judged}
  FROM ({annotated()}) AS annotated{firsts_only}
), by_host AS (
  SELECT {dimension.value} AS value,
    {dimension.rank} AS rank,
    judged.host AS host,
    count(*) AS n,
    count(*) FILTER ({kept}) AS k,
    count(*) FILTER ({unknown}) AS u{each}
  FROM judged {dimension.joins}{sampled}
  GROUP BY ALL
)
SELECT value, sum(n), count(*), sum(k), sum(u), sum(k * k), sum(k * n), sum(n * n){sums}
FROM by_host GROUP BY value, rank ORDER BY rank, sum(n) DESC, value"""
