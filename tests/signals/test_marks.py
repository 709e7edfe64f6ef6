"""Marks: each named rule finds what it says, and leaves ordinary text alone."""

from __future__ import annotations

import pytest

from archive.signals import marks
from tests.signals.made import row

CASES = [
    ("Lorem ipsum dolor sit amet, consectetur", "mark_lorem_ipsum", 2),
    ("Please enable JavaScript to see this.", "mark_javascript", 1),
    ("I wrote it in JavaScript.", "mark_javascript", 0),
    ("This site uses cookies. Accept all cookies?", "mark_cookies", 2),
    ("She eats cookies.", "mark_cookies", 0),
    ("Privacy Policy | Terms of Use | All rights reserved", "mark_policy", 3),
    ("404 Not Found. The page cannot be found.", "mark_error_page", 2),
    ("This domain is for sale! Buy this domain.", "mark_parked", 2),
    ("Index of /pub/linux", "mark_placeholder", 1),
    ("Powered by Google Translate", "mark_machine_translation", 1),
    ("Diese Seite wurde automatisch übersetzt.", "mark_machine_translation", 1),
    ("本页由机器翻译而成", "mark_machine_translation", 1),
    ("She translated Homer.", "mark_machine_translation", 0),
    ("This page was generated in 0.2 seconds", "mark_generated", 1),
    ("[URL=http://x.example]pills[/URL]", "mark_bbcode_links", 1),
    ("<a href=x>y</a> &nbsp;", "mark_html", 2),
    ("5 < 6 & 7 > 3", "mark_html", 0),
    ("CafÃ© â€œnoirâ€\x9d", "mark_mojibake", 2),
    ("Café “noir”", "mark_mojibake", 0),
    ("a { b { c", "mark_curly_brackets", 2),
    ("{Buy|Get|Order} {cheap|low cost} pills", "mark_spun", 2),
    ("{The {big|small} dog|A cat}", "mark_spun", 1),
    ("{a} {a,b} a|b {|}", "mark_spun", 0),
    ("Dear {{ name }}, %FIRST_NAME% <?php echo 1 ?>", "mark_template", 3),
    ("100% of 20% {x}", "mark_template", 0),
    ("caf\ufffd \ufffd", "mark_replacement", 2),
    ("http://www.a.example www.b.example https://c.example", "mark_urls", 3),
    ("Home | News | Sport | Contact\nA sentence.", "mark_link_lines", 0.5),
    ("See http://a.example\nA sentence.\n\nAnother.", "mark_link_lines", 1 / 3),
    ("a | b | c", "mark_link_lines", 0.0),
    ("rome hotel, cheap hotel, " * 5 + "hotel", "mark_keyword_lines", 1.0),
    (
        "One, two, and so on: a long sentence with only a few commas, no more.",
        "mark_keyword_lines",
        0,
    ),
    ("hotel hotel Hotel rome", "mark_top_word", 3 / 4),
    ("hotel hotel Hotel rome", "mark_word_runs", 1),
    ("hotel hotel hotel hotel rome rome rome", "mark_word_runs", 2),
    ("very very good, had had", "mark_word_runs", 0),
]


@pytest.mark.parametrize(("text", "column", "value"), CASES)
def test_a_mark_is_counted_by_hand(text: str, column: str, value: float) -> None:
    assert row(text)[column] == pytest.approx(value)


@pytest.mark.parametrize("name", marks.PHRASES)
def test_every_phrase_of_a_mark_is_found_by_its_anchor(name: str) -> None:
    for phrase in marks.PHRASES[name]:
        assert row(f"Here {phrase.upper()} there")[name] >= 1, phrase
        assert row(phrase)[name] >= 1, phrase


ORDINARY = (
    "Bha duine ann o chionn fhada, agus bha triùir mhac aige.",
    "Yaay ak baay dañu bëgg doom yi jàng.",
    "Es war einmal ein Müller, der hatte drei Söhne, seine Mühle und einen Esel.",
    "Жили-были старик со старухой у самого синего моря.",
    "昔々あるところに、おじいさんとおばあさんがいました。",
    "كان يا ما كان في قديم الزمان ملك عادل.",
)


@pytest.mark.parametrize("text", ORDINARY)
def test_ordinary_text_has_no_marks(text: str) -> None:
    found = row(text)
    names = [name for name in marks.COLUMNS if name != "mark_top_word"]
    assert {name: found[name] for name in names if found[name]} == {}
