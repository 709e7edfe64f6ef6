"""The lower bound from dated text."""

from __future__ import annotations

import numpy as np
import pytest

from archive.audit.estimate import Settings, Text, Years, excess_vocabulary

QUICK = Settings(bootstrap=100)
WORDS = np.array([f"word{i}" for i in range(300)])
FASHION = [f"delve{i}" for i in range(8)]


def filled(shares: dict[int, float], *, bursts: tuple[int, ...] = (), size: int = 300) -> Years:
    """A year's documents, a share of which uses two words of fashion in every sentence.

    In a year of `bursts`, four in ten speak of one new thing.
    """
    years = Years(QUICK)
    for year, share in shares.items():
        for i in range(size):
            rng = np.random.default_rng([year, i])
            words = rng.choice(WORDS, (3, 8))
            extra = [""] * 3
            if i < share * size:
                extra = [" ".join(rng.choice(FASHION, 2)) for _ in range(3)]
            if year in bursts and i % 10 < 4:
                extra = [f"{more} news{year}" for more in extra]
            lines = [f"{' '.join(row)} {more}." for row, more in zip(words, extra, strict=True)]
            years.add(Text(" ".join(lines).capitalize(), date=f"{year}-05-01"))
    return years


QUIET = dict.fromkeys(range(2017, 2024), 0.0)


def test_a_fashion_of_words_is_found_and_not_overstated() -> None:
    answer = excess_vocabulary(filled(QUIET | {2023: 0.3, 2024: 0.3}, size=900), 2024)
    assert answer.low is not None
    assert answer.high is None
    assert 0.1 < answer.low <= 0.3
    assert answer.gates["markers"].value is not None
    assert answer.gates["markers"].value >= len(FASHION)


def test_a_quiet_year_has_no_excess() -> None:
    answer = excess_vocabulary(filled(QUIET | {2024: 0.0}), 2024)
    assert answer.low == 0


def test_bursts_of_news_in_earlier_years_widen_the_bound_to_nothing() -> None:
    """What a year's news does every year is no evidence of machines."""
    shares = QUIET | {2024: 0.0}
    alone = excess_vocabulary(filled(shares, bursts=(2023, 2024)), 2024)
    usual = excess_vocabulary(filled(shares, bursts=tuple(range(2017, 2025))), 2024)
    assert usual.low == 0
    assert alone.gates["placebo"].passed
    assert usual.gates["placebo"].value is not None


def test_without_earlier_years_to_try_it_on_nothing_is_said() -> None:
    answer = excess_vocabulary(filled({2021: 0, 2022: 0, 2023: 0.3, 2024: 0.3}), 2024)
    assert answer.estimate is None
    assert answer.reason.startswith("placebo: no earlier year")


def test_a_missing_year_is_named() -> None:
    answer = excess_vocabulary(filled({2021: 0, 2023: 0.3, 2024: 0.3}), 2024)
    assert answer.reason.startswith("years: documents by year 2021: 300, 2022: 0, 2023: 300")


@pytest.mark.parametrize("date", ["", "spring", "24", "2x24-01-01"])
def test_text_without_a_year_is_counted_and_not_used(date: str) -> None:
    years = Years(QUICK)
    years.add(Text("one two three four", date=date))
    assert years.undated == 1
    assert years.bags() == {}
