"""Golden cases of Gopher's quality statistics, worked out by hand, both sides of each threshold."""

from __future__ import annotations

import pytest

from tests.signals.made import row

FILLER = "Haus Baum Wasser"  # German: no stop word, 4 + 4 + 6 letters

# text, column, value: thresholds are those of datatrove (gopher_) and DCLM (dclm_).
CASES = [
    # 50 to 100,000 words: punctuation is none. 49 | 50
    ("Haus, " * 49, "gopher_words", 49),
    ("Haus, " * 50, "gopher_words", 50),
    ("мир, - " * 49, "dclm_words", 49),  # Russian; "-" begins with no letter
    ("мир, - " * 50, "dclm_words", 50),
    # One ASCII mark is no word, a typographic quote or a run like "..." is (as in datatrove).
    ("(Oui.) « non » ...", "gopher_words", 5),
    # Mean length 3 to 10. Gaelic: (1 + 4) / 2 = 2.5 | (2 + 4) / 2 = 3
    ("a bhan", "gopher_mean_word_length", 2.5),
    ("an bhan", "gopher_mean_word_length", 3.0),
    # ... and 10 | 10.5: Donaudampf has 10 letters, Donaudampfs 11. DCLM counts the comma in.
    ("Donaudampf Donaudampf", "gopher_mean_word_length", 10.0),
    ("Donaudampf Donaudampfs", "gopher_mean_word_length", 10.5),
    ("Donaudampf Donaudampf,", "gopher_mean_word_length", 10.0),
    ("Donaudampf Donaudampf,", "dclm_mean_word_length", 10.5),
    # Chinese: one word a character for Gopher's count, one piece for DCLM's.
    ("我是学生", "gopher_mean_word_length", 1.0),
    ("我是学生", "dclm_mean_word_length", 4.0),
    # Symbols to words, .1: 1/10 | 2/11. "# " is itself no word; DCLM counts it as a piece.
    ("# " + "mot " * 10, "gopher_hash_ratio", 1 / 10),
    ("# # " + "mot " * 10, "gopher_hash_ratio", 2 / 10),
    ("# " + "mot " * 10, "dclm_symbol_ratio", 1 / 11),
    ("mot " * 9 + "mot…", "gopher_ellipsis_ratio", 1 / 11),  # … is a token of its own
    ("mot " * 8 + "mot...", "gopher_ellipsis_ratio", 1 / 10),
    ("mot " * 8 + "mot......", "gopher_ellipsis_ratio", 2 / 10),
    ("mot " * 8 + "mot.....", "gopher_ellipsis_ratio", 1 / 10),  # str.count: without overlaps
    ("mot " * 10 + "…", "dclm_symbol_ratio", 1 / 11),
    ("mot " * 10 + ". . .", "dclm_symbol_ratio", 1 / 13),
    ("mot " * 10 + ". . . . .", "dclm_symbol_ratio", 1 / 15),
    # Bullets, .9: 9 of 10 | 10 of 10
    ("• un\n" * 9 + "deux", "gopher_bullet_lines", 0.9),
    ("• un\n" * 9 + " - deux", "gopher_bullet_lines", 1.0),
    ("* un\n" * 9 + "deux", "gopher_bullet_lines", 0.0),
    ("* un\n" * 9 + "deux", "dclm_bullet_lines", 0.9),
    ("● un\n\n" * 9 + "- deux", "dclm_bullet_lines", 1.0),  # empty lines do not count for DCLM
    ("• un\n\n" * 9 + "• deux", "gopher_bullet_lines", 10 / 19),  # ... and do for datatrove
    ("• un\n• deux\n", "gopher_bullet_lines", 1.0),  # a break at the end opens no line
    # Ellipsis at the end of lines, .3: 3 of 10 | 4 of 10
    ("raz...\n" * 3 + "dwa\n" * 7, "gopher_ellipsis_lines", 0.3),
    ("raz… \n" * 4 + "dwa\n" * 6, "gopher_ellipsis_lines", 0.4),
    ("raz . . .\n" * 4 + "dwa\n" * 6, "gopher_ellipsis_lines", 0.0),
    ("raz . . .\n" * 4 + "dwa\n" * 6, "dclm_ellipsis_lines", 0.4),
    ("raz . . .\n" * 3 + "dwa\n" * 7, "dclm_ellipsis_lines", 0.3),
    # Words with a letter, .8: 8 of 10 | 7 of 10
    ("кот " * 8 + "12 13", "gopher_alpha_words", 0.8),
    ("кот " * 7 + "12 13 14", "gopher_alpha_words", 0.7),
    ("кот " * 8 + "12 13", "dclm_nonalpha_words", 0.2),
    ("кот " * 7 + "12 13 --", "dclm_nonalpha_words", 0.3),
    ("الكتاب ٣٤", "dclm_nonalpha_words", 0.5),  # Arabic, with Arabic-Indic digits
    # Stop words, 2: occurrences at the release, different ones since, in any case for DCLM.
    (f"the the {FILLER}", "gopher_stop_words", 2),
    (f"the the {FILLER}", "gopher_stop_words_distinct", 1),
    (f"the of {FILLER}", "gopher_stop_words_distinct", 2),
    (f"The of, {FILLER}", "gopher_stop_words", 1),  # case sensitive; the comma is cut off
    (f"The of, {FILLER}", "dclm_stop_words", 1),  # any case; "of," is another piece
    (f"The OF {FILLER}", "dclm_stop_words", 2),
    (FILLER, "dclm_stop_words", 0),
]


@pytest.mark.parametrize(("text", "column", "value"), CASES)
def test_a_statistic_is_what_the_rule_gives_by_hand(text: str, column: str, value: float) -> None:
    assert row(text)[column] == pytest.approx(value, abs=1e-15)


# What DCLM's line modifiers cut, as words / words before; the threshold is .05.
REMOVALS = [
    ("plain words stay here", 0, 4),
    ("THIS LINE SHOUTS loud\nthis one stays as it is", 4, 10),  # 14 of 21 code points upper case
    ("HALF half\nthis one stays", 0, 5),  # 4 of 9: not more than half
    ("2004\nthis one stays", 1, 4),
    ("3 likes\nthis one stays", 2, 5),
    ("1,024 Views.\nthis one stays", 2, 5),
    ("12 cats\nthis one stays", 0, 5),
    ("Menu\nthis one stays", 1, 4),
    ("3 items in cart now\nthis one stays", 3, 8),
    ("the story goes on Read more...\nthis one stays", 2, 9),
    ("a b c d e f g h i j Read more...\nthis one stays", 0, 15),  # a line of more than ten
    ("Sign-in to see it\nthis one stays", 1, 7),
    ("please Sign-in here\nthis one stays", 0, 6),
    ("20 words " * 10 + "\nMenu", 1, 21),  # 1/21 < .05
    ("20 words " * 9 + "x\nMenu", 1, 20),  # 1/20 = .05: kept, the rule is "more than"
    ("20 words " * 9 + "\nMenu", 1, 19),  # 1/19 > .05
]


@pytest.mark.parametrize(("text", "removed", "before"), REMOVALS)
def test_removed_words_are_those_of_the_line_modifiers(
    text: str, removed: int, before: int
) -> None:
    assert row(text)["dclm_words"] == before
    assert row(text)["dclm_removed_words"] == pytest.approx(removed / before)
