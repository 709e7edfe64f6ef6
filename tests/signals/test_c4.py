"""Golden cases of C4's and FineWeb's rules, in their order, both sides of each threshold."""

from __future__ import annotations

import pytest

from tests.signals.made import row

# text, column, value
CASES = [
    # Five sentences; a line needs three words. 4 | 5
    ("Das ist gut. " * 4, "c4_sentences", 4),
    ("Das ist gut. " * 5, "c4_sentences", 5),
    ("Zwei Worte.\n" * 5, "c4_lines_kept", 0),
    ("Drei Worte hier.\n" * 5, "c4_lines_kept", 5),
    # Without a terminal mark a line counts for FineWeb's setting only.
    ("Τρεις λέξεις εδώ\n" * 5, "c4_sentences", 5),
    ("Τρεις λέξεις εδώ\n" * 5, "c4_sentences_punctuated", 0),
    ("Τρεις λέξεις εδώ!\n" * 5, "c4_sentences_punctuated", 5),
    ("Tha sin math...\n", "c4_lines_kept_punctuated", 0),  # an ellipsis is no end
    ("Tha sin math..\n", "c4_lines_kept_punctuated", 1),
    ("Tha sin math.[12]\n", "c4_lines_kept_punctuated", 1),  # the citation goes first
    ("Tha sin math. [12]\n", "c4_lines_kept_punctuated", 0),  # ... and leaves the blank
    ("Tha sin math.[12b]\n", "c4_lines_kept_punctuated", 0),
    # A word of 1,000 | 1,001 code points
    ("un deux " + "x" * 999 + ".", "c4_lines_kept", 1),
    ("un deux " + "x" * 1000 + ".", "c4_lines_kept", 0),
    # The document goes for "lorem ipsum" or "{", unless the line had gone before.
    ("Here is Lorem Ipsum again.", "c4_lorem_ipsum", True),
    ("Lorem ipsum.", "c4_lorem_ipsum", False),  # two words: the line went first
    ("Here is lorem ipsum again", "c4_lorem_ipsum", True),
    ("Here is lorem ipsum again", "c4_lorem_ipsum_punctuated", False),
    ("if x { return 1", "c4_curly_bracket", True),
    ("if { x", "c4_curly_bracket", True),
    ("if {", "c4_curly_bracket", False),
    ("use javascript { here now", "c4_curly_bracket", False),  # javascript is asked before
    ("lorem ipsum { here now", "c4_curly_bracket", False),
    ("if x { return 1", "c4_curly_bracket_punctuated", False),
    # Lines with "javascript" or a policy phrase go alone.
    ("Please turn on JavaScript now.\nEsta es otra línea.", "c4_lines_kept", 1),
    ("This site uses cookies for that.\nEsta es otra línea.", "c4_lines_kept", 1),
    ("Read our Privacy Policy now.", "c4_lines_kept", 0),
    ("Read our Terms of Use now.", "c4_lines_kept", 0),
    ("Read our cookie policy now.", "c4_lines_kept", 0),
    ("We make use of cookies here.", "c4_lines_kept", 0),
    ("We use cookies right here.", "c4_lines_kept", 0),
    ("We eat cookies right here.", "c4_lines_kept", 1),
    # Lines that end a sentence, .12 : 3 of 25 = .12 | 2 of 25. Quotes count at the release only.
    ("Бир эки үч.\n" * 3 + "Бир эки үч\n" * 22, "fineweb_line_punct", 0.12),
    ("Бир эки үч.\n" * 2 + "Бир эки үч\n" * 23, "fineweb_line_punct", 0.08),
    ("ek do teen।\n" * 3 + "ek do teen\n" * 22, "fineweb_line_punct", 0.12),  # danda
    ("ek do teen।\n" * 3 + "ek do teen\n" * 22, "fineweb_line_punct_2024", 0.0),
    ("ek do 'teen'\n" * 3 + "ek do teen\n" * 22, "fineweb_line_punct_2024", 0.12),
    ("ek do 'teen'\n" * 3 + "ek do teen\n" * 22, "fineweb_line_punct", 0.0),
    # Short lines, .67: up to 30 code points | 31
    ("aa bb " + "c" * 24, "fineweb_short_lines", 1.0),
    ("aa bb " + "c" * 25, "fineweb_short_lines", 0.0),
    (
        ("aa bb " + "c" * 24 + "\n") * 67 + ("aa bb " + "d" * 25 + "\n") * 33,
        "fineweb_short_lines",
        0.67,
    ),
    (
        ("aa bb " + "c" * 24 + "\n") * 68 + ("aa bb " + "d" * 25 + "\n") * 32,
        "fineweb_short_lines",
        0.68,
    ),
    # Characters of later copies, .01: 10 of 1,000 | 10 of 990
    ("aa bb cccc\n" * 2 + "d e " + "f" * 976, "fineweb_dup_line_chars", 10 / 1000),
    ("aa bb cccc\n" * 2 + "d e " + "f" * 966, "fineweb_dup_line_chars", 10 / 990),
    # Line breaks to tokens, .3: 3 to 10 | 3 to 9 (lines of three words: never above 1/3)
    ("a b c\na b c\na b c d", "fineweb_newline_ratio", 2 / 10),
    ("a b c\na b c\na b c\na b c", "fineweb_newline_ratio", 3 / 12),
    # On the whole text, where empty lines count at the release only.
    ("Ja.\n\nNein\n\nJa.\n\nNein", "raw_line_punct_2024", 2 / 7),
    ("Ja.\n\nNein\n\nJa.\n\nNein", "raw_line_punct", 2 / 4),
    ("Ja.\n\nNein\n\nJa.\n\nNein", "raw_short_lines_2024", 1.0),
    ("x" * 31 + "\n\n" + "x" * 31, "raw_short_lines_2024", 1 / 3),
    ("x" * 31 + "\n\n" + "x" * 31, "raw_short_lines", 0.0),
    ("Ja.\n\nNein\n\nJa.\n\nNein", "raw_dup_line_chars", 7 / 14),
    ("一二。\n三四。", "raw_newline_ratio", 1 / 6),  # four characters, two marks
    ("一二。\n三四。", "raw_line_punct", 1.0),
    ("一二。\n三四。", "raw_line_punct_2024", 0.0),
]


@pytest.mark.parametrize(("text", "column", "value"), CASES)
def test_a_statistic_is_what_the_rule_gives_by_hand(text: str, column: str, value: float) -> None:
    assert row(text)[column] == pytest.approx(value, abs=1e-15)


def test_a_language_without_spaces_has_no_line_of_three_words_for_c4() -> None:
    # So the rule itself removes Chinese, Japanese and Thai: a cut has to know.
    assert row("我是学生。他是老师。\n" * 9)["c4_lines_kept"] == 0
