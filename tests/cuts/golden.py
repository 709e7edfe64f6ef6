"""Each rule of the peers' cuts on both sides of its threshold, worked out by hand.

Every value below is a count over a count that can be checked by looking at how the text is made.
"""

from __future__ import annotations

from tests.cuts.made import Case, filler, gram, letters, lines, text_of, words

GOPHER = "gopher fineweb-2024-04 fineweb-current"
FINEWEB = "fineweb-2024-04 fineweb-current"
RELEASE, CURRENT, DCLM, C4 = "fineweb-2024-04", "fineweb-current", "dclm-refinedweb", "c4"

# Words of lengths that sum to 15, 14, ..., 10, and with the spaces between them to 19.
GRAMS = {
    5: gram(3, 3, 3, 3, 3),
    6: gram(3, 3, 2, 2, 2, 2),
    7: gram(2, 2, 2, 2, 2, 2, 1),
    8: gram(2, 2, 2, 2, 1, 1, 1, 1),
    9: gram(2, 2, 1, 1, 1, 1, 1, 1, 1),
    10: gram(1, 1, 1, 1, 1, 1, 1, 1, 1, 1),
}


def ends(number: int, marked: int, mark: str) -> str:
    """Lines, the first `marked` of which end in a mark."""
    made = lines(number)
    return text_of([f"{line}{mark}" for line in made[:marked]], made[marked:])


def starts(number: int, marked: int, mark: str) -> str:
    made = lines(number)
    return text_of([f"{mark}{line}" for line in made[:marked]], made[marked:])


QUALITY = (
    Case(GOPHER, "words", words(49), "gopher_words", 49, False),
    Case(GOPHER, "words", words(49) + " ! ? ,", "gopher_words", 49, False),
    Case(GOPHER, "words", words(50), "gopher_words", 50, True),
    Case(GOPHER, "words", words(100_000), "gopher_words", 100_000, True),
    Case(GOPHER, "words", words(100_001), "gopher_words", 100_001, False),
    Case(
        GOPHER,
        "word-length",
        words(49, 3) + " zz",
        "gopher_mean_word_length",
        (49 * 3 + 2) / 50,
        False,
    ),
    Case(GOPHER, "word-length", words(50, 3), "gopher_mean_word_length", 3, True),
    Case(GOPHER, "word-length", words(50, 10), "gopher_mean_word_length", 10, True),
    Case(
        GOPHER,
        "word-length",
        words(49, 10) + " " + "z" * 11,
        "gopher_mean_word_length",
        (49 * 10 + 11) / 50,
        False,
    ),
    Case(GOPHER, "hashes", words(50) + " #" * 5, "gopher_hash_ratio", 5 / 50, True),
    Case(GOPHER, "hashes", words(50) + " #" * 6, "gopher_hash_ratio", 6 / 50, False),
    # An ellipsis is not one ASCII mark, so it is a word among the fifty.
    Case(GOPHER, "ellipses", words(45) + " ..." * 5, "gopher_ellipsis_ratio", 5 / 50, True),
    Case(GOPHER, "ellipses", words(44) + " ..." * 6, "gopher_ellipsis_ratio", 6 / 50, False),
    Case(GOPHER, "ellipses", words(45) + " …" * 5, "gopher_ellipsis_ratio", 5 / 50, True),
    Case(GOPHER, "ellipses", words(44) + " …" * 6, "gopher_ellipsis_ratio", 6 / 50, False),
    Case(GOPHER, "bullets", starts(10, 9, "- "), "gopher_bullet_lines", 9 / 10, True),
    Case(GOPHER, "bullets", starts(10, 10, "• "), "gopher_bullet_lines", 1, False),
    Case(GOPHER, "ellipsis-lines", ends(10, 3, "..."), "gopher_ellipsis_lines", 3 / 10, True),
    Case(GOPHER, "ellipsis-lines", ends(10, 4, "…"), "gopher_ellipsis_lines", 4 / 10, False),
    Case(GOPHER, "letters", words(40) + " 17" * 10, "gopher_alpha_words", 40 / 50, True),
    Case(GOPHER, "letters", words(39) + " 17" * 11, "gopher_alpha_words", 39 / 50, False),
    *(
        Case(cuts, "stop-words", text, column, value, value >= 2)
        for cuts, column, text, value in (
            ("gopher fineweb-current", "gopher_stop_words_distinct", "the zzz of zzz", 2),
            ("gopher fineweb-current", "gopher_stop_words_distinct", "the zzz the zzz", 1),
            ("gopher fineweb-current", "gopher_stop_words_distinct", "The zzz of zzz", 1),
            (RELEASE, "gopher_stop_words", "the zzz the zzz", 2),
            (RELEASE, "gopher_stop_words", "The zzz the zzz", 1),
        )
    ),
)

REPETITION = (
    # Of ten lines three, or four, say again what the first says.
    *(
        Case(cuts, "dup-lines", text_of(lines(10 - n), lines(1) * n), column, n / 10, n == 3)
        for cuts, column in (
            ("gopher fineweb-current", "gopher_dup_lines"),
            (RELEASE, "gopher_dup_lines_2024"),
        )
        for n in (3, 4)
    ),
    # Nine lines of which four are empty: three later copies, at the release of FineWeb alone.
    Case(RELEASE, "dup-lines", "\n\n".join(lines(5)), "gopher_dup_lines_2024", 3 / 9, False),
    Case(RELEASE, "dup-lines", "\n\n".join(lines(4)), "gopher_dup_lines_2024", 2 / 7, True),
    Case(CURRENT, "dup-lines", "\n\n".join(lines(5)), "gopher_dup_lines", 0, True),
    *(
        Case(
            GOPHER,
            "dup-paragraphs",
            "\n\n".join(lines(10 - n) + lines(1) * n),
            "gopher_dup_paragraphs",
            n / 10,
            n == 3,
        )
        for n in (3, 4)
    ),
    # A segment of 20 characters twice, in a text of 100 characters or of 99.
    *(
        Case(
            GOPHER,
            f"dup-{kind}-chars",
            gap.join((filler(20), filler(20), filler(size - 40 - 2 * len(gap)))),
            f"gopher_dup_{column}_chars",
            20 / size,
            size == 100,
        )
        for kind, column, gap in (("line", "line", "\n"), ("paragraph", "paragraph", "\n\n"))
        for size in (100, 99)
    ),
    # Two words of 7 characters with their space, twice in 70; three of 9 and four of 8 in 100.
    *(
        Case(
            GOPHER,
            f"top-{n}gram",
            f"{phrase} {filler(size - 2 * len(phrase) - 2)} {phrase}",
            f"gopher_top_{n}gram",
            2 * len(phrase) / size,
            size % 10 == 0,
        )
        for n, phrase, whole in (
            (2, gram(3, 3), 70),
            (3, gram(3, 3, 1), 100),
            (4, gram(1, 1, 1, 2), 100),
        )
        for size in (whole, whole - 1)
    ),
    # One later copy of 15, 14, ..., 10 characters (19 with spaces) in a text of 100 or of 99.
    *(
        Case(
            GOPHER,
            f"dup-{n}gram",
            f"{phrase} {filler(size - 40)} {phrase}",
            f"gopher_dup_{n}gram",
            (20 - n) / size,
            size == 100,
        )
        for n, phrase in GRAMS.items()
        for size in (100, 99)
    ),
)

DCLM_CASES = (
    Case(DCLM, "words", words(49) + " ! ?", "dclm_words", 49, False),
    Case(DCLM, "words", words(50), "dclm_words", 50, True),
    Case(DCLM, "words", words(100_001), "dclm_words", 100_001, False),
    Case(DCLM, "word-length", words(49, 3) + " zz", "dclm_mean_word_length", 149 / 50, False),
    Case(DCLM, "word-length", words(50, 3), "dclm_mean_word_length", 3, True),
    Case(DCLM, "word-length", words(50, 9), "dclm_mean_word_length", 9, True),
    Case(
        DCLM, "word-length", words(49, 10) + " z" + "z" * 10, "dclm_mean_word_length", 10.02, False
    ),
    Case(DCLM, "symbols", words(45) + " #" * 5, "dclm_symbol_ratio", 5 / 50, True),
    Case(DCLM, "symbols", words(44) + " …" * 6, "dclm_symbol_ratio", 6 / 50, False),
    Case(DCLM, "bullets", starts(10, 9, "● "), "dclm_bullet_lines", 9 / 10, True),
    Case(DCLM, "bullets", starts(10, 10, "* "), "dclm_bullet_lines", 1, False),
    Case(DCLM, "ellipsis-lines", ends(10, 3, " . . ."), "dclm_ellipsis_lines", 3 / 10, True),
    Case(DCLM, "ellipsis-lines", ends(10, 4, " . . ."), "dclm_ellipsis_lines", 4 / 10, False),
    Case(DCLM, "letters", words(40) + " 17" * 10, "dclm_nonalpha_words", 10 / 50, True),
    Case(DCLM, "letters", words(39) + " 17" * 11, "dclm_nonalpha_words", 11 / 50, False),
    Case(DCLM, "stop-words", "The zzz the zzz", "dclm_stop_words", 2, True),
    Case(DCLM, "stop-words", "The zzz the, zzz", "dclm_stop_words", 1, False),
    # A line in capitals goes, with 5 or 6 of 100 words.
    *(
        Case(
            DCLM,
            "removed-words",
            f"{words(100 - n)}\n{words(n, start=100).upper()}",
            "dclm_removed_words",
            n / 100,
            n == 5,
        )
        for n in (5, 6)
    ),
    # All copies count here: three, or four, of ten.
    *(
        Case(
            DCLM,
            f"dup-{kind}s",
            gap.join(lines(11 - n) + lines(1) * (n - 1)),
            f"dclm_dup_{kind}s",
            n / 10,
            n == 3,
        )
        for kind, gap in (("line", "\n"), ("paragraph", "\n\n"))
        for n in (3, 4)
    ),
    # Both copies of 10 characters, in 100 or 99 characters without the breaks.
    *(
        Case(
            DCLM,
            f"dup-{kind}-chars",
            gap.join((filler(10), filler(10), filler(size - 20))),
            f"dclm_dup_{kind}_chars",
            20 / size,
            size == 100,
        )
        for kind, gap in (("line", "\n"), ("paragraph", "\n\n"))
        for size in (100, 99)
    ),
    # Twice 6 of 60 characters without spaces, twice 9 and 8 of 100.
    *(
        Case(
            DCLM,
            f"top-{n}gram",
            f"{phrase} {letters(size - 2 * own)} {phrase}",
            f"dclm_top_{n}gram",
            2 * own / size,
            size % 10 == 0,
        )
        for n, phrase, own, whole in (
            (2, gram(3, 3), 6, 60),
            (3, gram(3, 3, 3), 9, 100),
            (4, gram(2, 2, 2, 2), 8, 100),
        )
        for size in (whole, whole - 1)
    ),
    # Both copies of 15, 14, ..., 10 characters, in 200 or 199 without spaces.
    *(
        Case(
            DCLM,
            f"dup-{n}gram",
            f"{phrase} {letters(size - 2 * (20 - n))} {phrase}",
            f"dclm_dup_{n}gram",
            2 * (20 - n) / size,
            size == 200,
        )
        for n, phrase in GRAMS.items()
        for size in (200, 199)
    ),
)

FIVE = text_of(lines(5, end="."))
C4_CASES = (
    Case(C4, "sentences", text_of(lines(4, end=".")), "c4_sentences_punctuated", 4, False),
    Case(C4, "sentences", FIVE, "c4_sentences_punctuated", 5, True),
    # A line without an end, or with a false one, is no line of C4; FineWeb takes it.
    Case(C4, "sentences", ends(5, 4, "."), "c4_sentences_punctuated", 4, False),
    Case(C4, "sentences", ends(5, 4, ".") + "...", "c4_sentences_punctuated", 4, False),
    Case(FINEWEB, "c4-sentences", ends(5, 4, "."), "c4_sentences", 5, True),
    Case(FINEWEB, "c4-sentences", text_of(lines(4, end=".")), "c4_sentences", 4, False),
    # A line of two words is gone before any other test of it.
    *(
        Case(cuts, f"{prefix}{rule}", f"{FIVE}\n{line}", column, not kept, kept)
        for cuts, prefix, suffix in ((C4, "", "_punctuated"), (FINEWEB, "c4-", ""))
        for rule, column, line, kept in (
            ("lorem-ipsum", f"c4_lorem_ipsum{suffix}", "Lorem ipsum.", True),
            ("lorem-ipsum", f"c4_lorem_ipsum{suffix}", "Lorem ipsum dolor.", False),
            ("curly-bracket", f"c4_curly_bracket{suffix}", "zzz zzz }.", True),
            ("curly-bracket", f"c4_curly_bracket{suffix}", "zzz zzz {.", False),
            ("curly-bracket", f"c4_curly_bracket{suffix}", "javascript zzz {.", True),
            ("curly-bracket", f"c4_curly_bracket{suffix}", "privacy policy {.", False),
        )
    ),
)


def short(number: int) -> str:
    """A hundred lines, `number` of them of 17 characters and one of 31, the others longer."""
    brim = f"{words(4, start=9000)} {'y' * 7}"
    return text_of(lines(number), [brim], lines(99 - number, each=6, start=1000))


FINEWEB_CASES = (
    *(
        Case(cuts, "line-punctuation", ends(number, 3, "!"), column, 3 / number, kept)
        for cuts, column, number, kept in (
            (RELEASE, "fineweb_line_punct_2024", 24, True),
            (RELEASE, "fineweb_line_punct_2024", 25, False),  # 0.12, and more is asked
            (CURRENT, "fineweb_line_punct", 25, True),
            (CURRENT, "fineweb_line_punct", 26, False),
        )
    ),
    # A quotation mark was an end at the release, and is none now.
    Case(RELEASE, "line-punctuation", ends(4, 1, '"'), "fineweb_line_punct_2024", 1 / 4, True),
    Case(CURRENT, "line-punctuation", ends(4, 1, '"'), "fineweb_line_punct", 0, False),
    *(
        Case(cuts, "short-lines", short(number), "fineweb_short_lines", number / 100, kept)
        for cuts, number, kept in (
            (RELEASE, 66, True),
            (RELEASE, 67, False),
            (CURRENT, 67, True),
            (CURRENT, 68, False),
        )
    ),
    # All lines are as long; one of them stands twice.
    *(
        Case(
            cuts,
            "dup-line-chars-strict",
            text_of(lines(number - 1), lines(1)),
            "fineweb_dup_line_chars",
            1 / number,
            kept,
        )
        for cuts, number, kept in (
            (RELEASE, 101, True),
            (RELEASE, 100, False),
            (CURRENT, 100, True),
            (CURRENT, 99, False),
        )
    ),
    Case(FINEWEB, "list", text_of(lines(10)), "fineweb_newline_ratio", 9 / 30, True),
    Case(FINEWEB, "list", text_of(lines(11)), "fineweb_newline_ratio", 10 / 33, False),
)

# Real sentences, as many as a rule asks, in scripts that the rules were not written for.
CHINESE = "我们在山下的村子里住了很多年"  # 14 characters: each a word, none apart from the next
RUSSIAN = "Мы жили в деревне под горой"  # 6 words
HINDI = "हम पहाड़ के नीचे गाँव में रहते थे"  # 8 words
ARABIC = "هل عشنا في القرية تحت الجبل"  # 6 words
WOLOF = "Dëkkuwoon nanu ci dëkk ba ci suufu tund wa"  # 9 words
GREEK = "Ζούσαμε στο χωριό κάτω από το βουνό"  # 7 words
AMHARIC = "በተራራው ስር ባለው መንደር ኖርን"  # 5 words

LANGUAGES = (
    Case(GOPHER, "words", CHINESE * 3 + CHINESE[:8], "gopher_words", 50, True),
    Case(GOPHER, "words", CHINESE * 3 + CHINESE[:7], "gopher_words", 49, False),
    Case(GOPHER, "word-length", CHINESE * 4, "gopher_mean_word_length", 1, False),
    Case(GOPHER, "words", f"{RUSSIAN}. " * 9, "gopher_words", 54, True),
    Case(GOPHER, "words", f"{RUSSIAN}. " * 8, "gopher_words", 48, False),
    Case(GOPHER, "words", f"{GREEK}; " * 8, "gopher_words", 56, True),
    Case(GOPHER, "words", f"{GREEK}; " * 7, "gopher_words", 49, False),
    Case(DCLM, "words", f"{WOLOF}. " * 6, "dclm_words", 54, True),
    Case(DCLM, "words", f"{WOLOF}. " * 5, "dclm_words", 45, False),
    Case(DCLM, "words", f"{AMHARIC} " * 10, "dclm_words", 50, True),
    Case(DCLM, "words", CHINESE * 100, "dclm_words", 1, False),
    *(
        Case("gopher fineweb-current", "stop-words", text, "gopher_stop_words_distinct", 0, False)
        for text in (CHINESE, RUSSIAN, HINDI, ARABIC, WOLOF, GREEK, AMHARIC)
    ),
    # The release knows the ends of English sentences only, the current code those of all scripts.
    *(
        Case(cuts, "line-punctuation", f"{text}{end}", column, found, bool(found))
        for text, end in (
            (HINDI, "।"),
            (ARABIC, "؟"),
            (AMHARIC, "።"),
            (" ".join(CHINESE), "。"),
        )
        for cuts, column, found in (
            (RELEASE, "fineweb_line_punct_2024", 0),
            (CURRENT, "fineweb_line_punct", 1),
        )
    ),
    Case(RELEASE, "line-punctuation", f"{RUSSIAN}.", "fineweb_line_punct_2024", 1, True),
    # C4 counts words by white space: a Chinese line is one, and never kept.
    Case(FINEWEB, "c4-sentences", f"{CHINESE}。" * 10, "c4_sentences", 0, False),
    Case(FINEWEB, "c4-sentences", f"{HINDI}। " * 5, "c4_sentences", 5, True),
    Case(FINEWEB, "c4-sentences", f"{WOLOF}. " * 4, "c4_sentences", 4, False),
)

CASES = QUALITY + REPETITION + DCLM_CASES + C4_CASES + FINEWEB_CASES + LANGUAGES
