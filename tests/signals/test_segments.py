"""Words: UAX #29 boundaries, counts of words, sentences and lines."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archive.signals.unicode import TABLE, properties
from archive.signals.view import View
from tests.signals import reference
from tests.signals.made import row, texts

RULED = "ab1.,:;·'\"_ \u05d0\u05d1\u0301\u200d\u200b\u00ad\r\n\x85カキひ漢ก\u0e32…"
RULED += "\U0001f468\U0001f469\U0001f1e6\U0001f1e7"


def spans(text: str, kind: str) -> list[str]:
    found = getattr(View([text]), kind)
    return [text[a:b] for a, b in zip(found.starts, found.ends, strict=True)]


@settings(max_examples=400, deadline=None)
@given(st.one_of(st.text(alphabet=RULED, max_size=14), texts))
def test_tokens_and_words_are_cut_as_uax_29_cuts_them_rule_by_rule(text: str) -> None:
    assert spans(text, "tokens") == reference.tokens(text)
    assert spans(text, "words") == reference.words(text)
    assert spans(text, "pieces") == text.split()


# By hand: the standard's own example first.
CUTS = {
    "The quick (“brown”) fox can’t jump 32.3 feet, right?": (
        "The quick brown fox can’t jump 32.3 feet right"
    ),
    "l'été aujourd'hui": "l'été aujourd'hui",
    "ag-innse a-nis": "ag innse a nis",
    "3,456.789 e-mail user_name 1.a": "3,456.789 e mail user_name 1 a",
    'צה״ל חז"ל': 'צה״ל חז"ל',
    "我是学生": "我 是 学 生",
    "東京タワーへ": "東 京 タワー へ",
    "한국어 단어": "한국어 단어",
    "नमस्ते दुनिया": "नमस्ते दुनिया",
    "بِسْمِ اللَّهِ": "بِسْمِ اللَّهِ",
    "🇫🇷🇩🇪 👩‍👩‍👧 ...": "",
}


@pytest.mark.parametrize("text", CUTS)
def test_words_of_many_languages_are_cut_by_hand_as_listed(text: str) -> None:
    assert spans(text, "words") == CUTS[text].split()


@pytest.mark.parametrize(
    "text",
    [
        "ภาษาไทยเขียนติดกัน",  # Thai
        "ພາສາລາວຂຽນຕິດກັນ",  # Lao
        "ភាសាខ្មែរសរសេរជាប់គ្នា",  # Khmer
        "မြန်မာဘာသာစကား",  # Burmese
        "我们学习中文写作",  # Chinese
        "ひらがなのぶんしょう",  # Japanese
        "ꆈꌠꁱꂷꉬꌠ",  # Yi
        "ꦧꦱꦗꦮꦲꦏ꧀ꦱꦫ",  # Javanese in its own script
    ],
)
def test_a_language_without_spaces_is_never_one_word(text: str) -> None:
    assert row(text)["words"] >= len(text) / 3
    assert row(text)["pieces"] == 1


SENTENCES = {
    "": 0,
    "One": 1,
    "One. Two": 2,
    "One. Two.": 2,
    'He said "No." She went.': 2,
    "Version 3.2 works.": 1,
    "Wait... what?!": 2,
    "我是学生。他是老师。": 2,
    "मैं ठीक हूँ। तुम?": 2,
    "هل أنت هنا؟ نعم.": 2,
    "one\ntwo\n\nthree.": 3,
}


@pytest.mark.parametrize("text", SENTENCES)
def test_sentences_end_at_marks_followed_by_space_or_at_the_line_s_end(text: str) -> None:
    assert row(text)["sentences"] == SENTENCES[text]


def test_sizes_are_counted_by_hand() -> None:
    found = row("Un chat, un Chien. UN\n\n  \nfin")
    assert {
        name: found[name]
        for name in ("characters", "lines", "words", "pieces", "words_distinct", "words_once")
    } == {
        "characters": 29,
        "lines": 2,
        "words": 6,
        "pieces": 6,
        "words_distinct": 4,
        "words_once": 3,
    }
    assert found["mean_word_length"] == 18 / 6
    assert found["longest_piece"] == 6


def test_the_frozen_table_is_what_the_regex_package_says_of_unicode_18() -> None:
    regex = pytest.importorskip("regex")
    if not regex.match(r"\p{Script=Seal}", "\U0003d000"):
        pytest.skip("this regex package is of another Unicode version than the frozen table")
    from tests.signals import make_unicode

    def without_lower(table: str) -> list[str]:
        kept: list[str] = []
        rows = [line.rsplit("\t", 1)[0] for line in table.splitlines()[1:]]
        for line in rows:
            if not kept or line.split("\t")[1:] != kept[-1].split("\t")[1:]:
                kept.append(line)
        return kept

    # Lower case comes from Python itself, whose Unicode version differs.
    made = make_unicode.table()
    frozen = Path(TABLE).read_text(encoding="ascii")
    assert without_lower(made) == without_lower(frozen)
    if sys.version_info[:2] == (3, 11):
        assert made == frozen


def test_lower_case_is_one_code_point_for_one() -> None:
    lower = properties().lower
    for upper, expected in (("A", "a"), ("Σ", "σ"), ("İ", "i"), ("ß", "ß"), ("Ж", "ж")):
        assert chr(lower[ord(upper)]) == expected
