"""The rules of `preserve` on both sides: what no person wrote goes, what only looks so stays."""

from __future__ import annotations

from tests.cuts.made import Case, lines, text_of, words


def _with(phrase: str, times: int, total: int) -> str:
    """A phrase some times in a text of this many words, all others different."""
    used = len(phrase.split()) * times
    return " ".join([phrase] * times + [words(total - used)])


def _pair(rule: str, column: str, value: float, kept: str, cut: str) -> tuple[Case, Case]:
    """Two texts with the same count of marks: one with little beside them, one with enough."""
    return (
        Case("preserve", rule, kept, column, value, True),
        Case("preserve", rule, cut, column, value, False),
    )


NATIONS = "、".join(f"{name}族" for name in "汉满回苗壮藏彝侗瑶白傣")  # ten 、 and 族 eleven times
SPAM = ", ".join(["cheap pills"] * 11)

PRESERVE = (
    Case("preserve", "letters", "12 + 30 = 42", "letters", 0, False),
    Case("preserve", "letters", "x = 42", "letters", 1, True),
    Case("preserve", "letters", "ᓄᓇᕗᑦ", "letters", 4, True),
    Case("preserve", "readable", "ab\ufffd\ufffd", "mark_replacement", 2, True),
    Case("preserve", "readable", "ab\ufffd\ufffd\ufffd", "mark_replacement", 3, False),
    Case("preserve", "lorem-ipsum", "lorem ipsum", "mark_lorem_ipsum", 1, True),
    *_pair(
        "lorem-ipsum",
        "mark_lorem_ipsum",
        2,
        _with("lorem ipsum", 2, 120),
        _with("lorem ipsum", 2, 119),
    ),
    *_pair(
        "error-page",
        "mark_error_page",
        1,
        _with("404 Not Found", 1, 40),
        _with("404 Not Found", 1, 39),
    ),
    *_pair(
        "parked",
        "mark_parked",
        2,
        _with("Buy this domain", 2, 80),
        _with("Buy this domain", 2, 79),
    ),
    *_pair(
        "parked",
        "mark_parked",
        6,
        _with("Buy this domain", 6, 200),
        _with("Buy this domain", 6, 199),
    ),
    *_pair(
        "placeholder",
        "mark_placeholder",
        1,
        _with("under construction", 1, 20),
        _with("under construction", 1, 19),
    ),
    *_pair(
        "javascript",
        "mark_javascript",
        1,
        _with("enable JavaScript", 1, 30),
        _with("enable JavaScript", 1, 29),
    ),
    *_pair(
        "cookies",
        "mark_cookies",
        2,
        _with("accept cookies", 2, 50),
        _with("accept cookies", 2, 49),
    ),
    *_pair(
        "cookies",
        "mark_cookies",
        7,
        _with("accept cookies", 7, 150),
        _with("accept cookies", 7, 149),
    ),
    *_pair(
        "policy",
        "mark_policy",
        3,
        _with("Privacy Policy", 3, 24),
        _with("Privacy Policy", 3, 23),
    ),
    # Three lines of bars, one word apart from the limit of 15 a line.
    *_pair(
        "links",
        "mark_link_lines",
        1,
        "\n".join(f"{words(15, start=15 * i)} | | |" for i in range(3)),
        "\n".join(f"{words(15 - (i == 0), start=15 * i)} | | |" for i in range(3)),
    ),
    Case("preserve", "links", "a | b | c | d\n" * 2, "mark_link_lines", 1, True),
    Case(
        "preserve",
        "links",
        text_of(["a | b | c | d"] * 9, ["prose"]),
        "mark_link_lines",
        9 / 10,
        True,
    ),
    *_pair("keywords", "mark_keyword_lines", 1, ", ".join(lines(11, each=1)), SPAM),
    Case("preserve", "keywords", NATIONS, "mark_top_word", 11 / 22, True),
    Case("preserve", "one-word", "buy " * 25 + words(25), "mark_top_word", 25 / 50, True),
    Case("preserve", "one-word", "buy " * 26 + words(24), "mark_top_word", 26 / 50, False),
    Case("preserve", "one-word", "la " * 30 + words(19), "mark_top_word", 30 / 49, True),
    Case("preserve", "one-word", "啦" * 60, "mark_top_word", 1, True),
    Case(
        "preserve", "same-lines", "amen amen\n" * 8 + "amen amen", "gopher_dup_lines", 8 / 9, True
    ),
    Case(
        "preserve", "same-lines", text_of(["on"] * 10, lines(1)), "gopher_dup_lines", 9 / 11, True
    ),
    Case("preserve", "same-lines", text_of(["on"] * 11), "gopher_dup_lines", 10 / 11, False),
    # Ten one-letter words, 20 characters with the space behind: copies after the first are half
    # of the characters each; letters without spaces come nearer to all.
    Case("preserve", "same-passage", "一二三四五六七八九十" * 3, "gopher_dup_10gram", 2 / 3, True),
    Case("preserve", "same-passage", "一二三四五六七八九十" * 4, "gopher_dup_10gram", 3 / 4, False),
    *_pair(
        "forum-links",
        "mark_bbcode_links",
        5,
        "[url=x] " * 5 + words(90),
        "[url=x] " * 5 + words(89),
    ),
    Case("preserve", "forum-links", "[url=x] " * 4, "mark_bbcode_links", 4, True),
    Case("preserve", "spun", "{big|large} {red|blue}", "mark_spun", 2, True),
    *_pair(
        "spun",
        "mark_spun",
        3,
        "{big|large} {red|blue} {cat|dog} " + words(69),
        "{big|large} {red|blue} {cat|dog} " + words(68),
    ),
    Case("preserve", "spun", "{{a|b}} {{c|d}} {{e|f}}", "mark_spun", 3, True),
    Case("preserve", "template", "{{name}} {{price}}", "mark_template", 2, True),
    *_pair(
        "template",
        "mark_template",
        3,
        "{{name}} {{price}} {{place}} " + words(27),
        "{{name}} {{price}} {{place}} " + words(26),
    ),
    Case("preserve", "markup", "<br " * 4, "mark_html", 4, True),
    *_pair("markup", "mark_html", 5, "<br " * 5 + words(10), "<br " * 5 + words(9)),
    *_pair(
        "machine-translated",
        "mark_machine_translation",
        2,
        _with("Google Translate", 2, 40),
        _with("Google Translate", 2, 39),
    ),
    *_pair(
        "generated",
        "mark_generated",
        1,
        _with("automatically generated", 1, 30),
        _with("automatically generated", 1, 29),
    ),
)
