"""Golden cases of the repetition statistics by hand, under both counting rules.

Thresholds (Rae et al. 2021, table A1): lines and paragraphs .3, their characters .2, commonest
2/3/4-gram .20/.18/.16, duplicated 5..10-gram .15 to .10.
"""

from __future__ import annotations

import pytest

from tests.signals.made import row

TEN = "eins\nzwei\ndrei\nvier\nfünf\nsechs\nsieben"  # seven different lines, 28 + 6 breaks

CASES = [
    # Lines: 3 later copies of 10 = .3 | 4 of 11. DCLM counts the first copy too: 4 of 10.
    (TEN + "\neins" * 3, "gopher_dup_lines", 3 / 10),
    (TEN + "\neins" * 4, "gopher_dup_lines", 4 / 11),
    (TEN + "\neins" * 3, "dclm_dup_lines", 4 / 10),
    (TEN + "\neins" * 3, "gopher_dup_lines_2024", 3 / 10),
    # Empty lines are copies of one another at the release, and nothing since.
    ("ein\n\nzwei\n\ndrei", "gopher_dup_lines_2024", 1 / 5),
    ("ein\n\nzwei\n\ndrei", "gopher_dup_lines", 0.0),
    ("ein\n\nzwei\n\ndrei", "dclm_dup_lines", 0.0),
    # Characters: 2 copies of 4 in 4 * 3 + 2 = 14 | the same without breaks, all copies.
    ("тест\nтест\nтест", "gopher_dup_line_chars", 8 / 14),
    ("тест\nтест\nтест", "dclm_dup_line_chars", 1.0),
    ("тест\n тест \nдругое", "gopher_dup_line_chars", 0.0),  # white space differs
    ("тест\n тест \nдругое", "dclm_dup_line_chars", 8 / 14),  # ... and is stripped for DCLM
    # Paragraphs: cut at two breaks or more.
    ("un\ndeux\n\nun\ndeux\n\n\ntrois", "gopher_dup_paragraphs", 1 / 3),
    ("un\ndeux\n\nun\ndeux\n\n\ntrois", "dclm_dup_paragraphs", 2 / 3),
    ("un\ndeux\n\nun\ndeux\n\n\ntrois", "gopher_dup_paragraph_chars", 7 / 24),
    ("un\ndeux\n\nun\ndeux\n\n\ntrois", "dclm_dup_paragraph_chars", 14 / 19),
    # Commonest 2-gram: "ki ta" twice, 5 with its space, of 17 | 4 without, of 12.
    ("ki ta bu ki ta nga", "gopher_top_2gram", 10 / 18),
    ("ki ta bu ki ta nga", "dclm_top_2gram", 8 / 13),
    # None repeats: the first 2-gram for datatrove, nothing for DCLM.
    ("ki ta bu", "gopher_top_2gram", 5 / 8),
    ("ki ta bu", "dclm_top_2gram", 0.0),
    # Among equals the first for datatrove, the longest for DCLM.
    ("a b cc dd a b cc dd", "gopher_top_2gram", 6 / 19),
    ("a b cc dd a b cc dd", "dclm_top_2gram", 8 / 12),
    # Punctuation is a token for datatrove: ". ." is the commonest pair here.
    ("ja . . . nein", "gopher_top_2gram", 6 / 13),
    ("ja . . . nein", "dclm_top_2gram", 0.0),
    # Chinese: every character is a word.
    ("春眠不觉晓春眠不觉晓", "gopher_dup_5gram", 5 / 10),
    ("春眠不觉晓春眠不觉晓", "dclm_dup_5gram", 1.0),
    ("春眠不觉晓春眠不觉晓", "gopher_top_4gram", 14 / 10),  # spaces are put in: above one
    # Copies do not overlap: a x 12 has one copy of a x 5 from the second place on, and another.
    ("a " * 12, "gopher_dup_5gram", 10 / 24),
    ("a " * 10, "gopher_dup_5gram", 5 / 20),
    ("a " * 10, "dclm_dup_10gram", 0.0),
    ("a " * 11, "dclm_dup_10gram", 1.0),
    ("a " * 11, "gopher_dup_10gram", 10 / 22),
]


@pytest.mark.parametrize(("text", "column", "value"), CASES)
def test_a_statistic_is_what_the_rule_gives_by_hand(text: str, column: str, value: float) -> None:
    assert row(text)[column] == pytest.approx(value, abs=1e-15)


@pytest.mark.parametrize("n", range(5, 11))
def test_both_sides_of_each_duplicated_ngram_threshold_can_be_met(n: int) -> None:
    # A phrase of n one-letter words twice, in a text whose length sets the share.
    limit = {5: 15, 6: 14, 7: 13, 8: 12, 9: 11, 10: 10}[n]
    phrase = " ".join("abcdefghij"[:n])
    size = n * 100 // limit
    for length in (size, size + 1):
        text = f"{phrase} | {phrase}".ljust(length)
        expected = n / len(text)
        assert row(text)[f"gopher_dup_{n}gram"] == pytest.approx(expected)
