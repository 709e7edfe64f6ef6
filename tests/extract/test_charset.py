"""Charsets: the WHATWG order, lies overruled with a reason, and no bytes that break it."""

from __future__ import annotations

import codecs

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archive.extract.charset import CODECS, decode, is_text, label

# One sentence each, long enough for detection, and the codec that a publisher would have used.
TEXTS = {
    "utf-8": ("utf-8", "Straße, naïve, Ελλάδα, 日本語 — all in one"),
    "windows-1250": ("cp1250", "Příliš žluťoučký kůň úpěl ďábelské ódy"),
    "windows-1251": ("cp1251", "Съешь же ещё этих мягких французских булок"),
    "windows-1252": ("cp1252", "“Smart quotes” – café, naïve, €5"),
    "windows-1253": ("cp1253", "Ξεσκεπάζω την ψυχοφθόρα βδελυγμία"),
    "windows-1254": ("cp1254", "Pijamalı hasta yağız şoföre çabucak güvendi"),
    "windows-1255": ("cp1255", "דג סקרן שט בים מאוכזב ולפתע מצא חברה"),
    "windows-1256": ("cp1256", "صِف خَلقَ خَودِ كَمِثلِ الشَمسِ".replace("ِ", "").replace("َ", "")),
    "windows-1257": ("cp1257", "Įlinkdama fechtuotojo špaga sublykčiojusi"),
    "windows-874": ("cp874", "เป็นมนุษย์สุดประเสริฐเลิศคุณค่า"),
    "iso-8859-2": ("iso8859-2", "Pchnąć w tę łódź jeża lub ośm skrzyń fig"),
    "iso-8859-5": ("iso8859-5", "Съешь же ещё этих мягких булок"),
    "iso-8859-7": ("iso8859-7", "Ξεσκεπάζω την ψυχοφθόρα"),
    "iso-8859-15": ("iso8859-15", "Œuvre à 5 €, dès Noël"),
    "koi8-r": ("koi8-r", "В чащах юга жил бы цитрус"),
    "koi8-u": ("koi8-u", "Жебракують філософи при ґанку церкви"),
    "ibm866": ("cp866", "В чащах юга жил бы цитрус"),
    "macintosh": ("mac-roman", "“Voilà”, dit l’élève"),
    "gbk": ("gbk", "我能吞下玻璃而不伤身体，镕"),
    "gb18030": ("gb18030", "我能吞下玻璃而不伤身体 ㆿ 𠀀"),
    "big5": ("big5", "我能吞下玻璃而不傷身體"),
    "shift_jis": ("cp932", "私はガラスを食べられます①髙"),
    "euc-jp": ("euc_jp", "私はガラスを食べられます"),
    "iso-2022-jp": ("iso2022_jp", "私はガラスを食べられます"),
    "euc-kr": ("cp949", "나는 유리를 먹을 수 있어요 똠방각하"),
}
LABELS = {
    "latin1": "windows-1252",
    "ISO-8859-1": "windows-1252",
    "us-ascii": "windows-1252",
    "iso-8859-9": "windows-1254",
    "iso-8859-11": "windows-874",
    "TIS-620": "windows-874",
    "GB2312": "gbk",
    " x-sjis ": "shift_jis",
    "ks_c_5601-1987": "euc-kr",
    "unicode-1-1-utf-8": "utf-8",
    "utf-16": "utf-16le",
    "x-user-defined": "windows-1252",
    "no-such-charset": None,
    "": None,
}


def test_every_label_means_what_the_standard_says() -> None:
    assert {name: label(name) for name in LABELS} == LABELS


def test_every_encoding_that_a_label_can_mean_has_a_codec() -> None:
    for name, names in CODECS.items():
        assert label(name) == name
        assert all(codecs.lookup(codec) for codec in names)


@pytest.mark.parametrize("charset", TEXTS)
def test_a_charset_that_http_declares_is_used(charset: str) -> None:
    codec, text = TEXTS[charset]
    got = decode(text.encode(codec), f'text/html; Charset="{charset}"', True)
    assert (got.text, got.charset, got.reason) == (text, charset, "http")


@pytest.mark.parametrize("charset", TEXTS)
@pytest.mark.parametrize(
    "form",
    [
        '<meta charset="{}">',
        "<META HTTP-EQUIV=Content-Type CONTENT='text/html; charset={}'>",
        '<meta content="text/html;charset={}" http-equiv="content-type" />',
    ],
)
def test_a_charset_that_the_page_declares_is_used(charset: str, form: str) -> None:
    codec, text = TEXTS[charset]
    page = form.format(charset) + text
    got = decode(page.encode(codec), "text/html", True)
    assert (got.text, got.charset, got.reason) == (page, charset, "meta")


def test_a_meta_counts_in_html_only() -> None:
    page = '<meta charset="koi8-r"> caf\xe9'.encode("latin-1")
    assert decode(page, None, False).charset != "koi8-r"


def test_http_goes_before_meta_and_a_byte_order_mark_before_both() -> None:
    page = b'<meta charset="windows-1251">' + "жук".encode("koi8-r")
    assert decode(page, "text/html; charset=koi8-r", True).text.endswith("жук")
    marked = codecs.BOM_UTF8 + "<meta charset=koi8-r>жук".encode()
    got = decode(marked, "text/html; charset=windows-1251", True)
    assert (got.text, got.reason) == ("<meta charset=koi8-r>жук", "bom")


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be"])
def test_utf_16_is_known_by_its_mark_and_without_it(codec: str) -> None:
    text = "<html><body><p>plain words in a wide encoding, ж</p></body></html>"
    marked = decode(("\ufeff" + text).encode(codec), "text/html; charset=iso-8859-1", True)
    assert (marked.text, marked.reason) == (text, "bom")
    bare = decode(text.encode(codec), None, True)
    assert (bare.text, bare.reason) == (text, "detected")
    declared = decode(text.encode(codec), f"text/html; charset={codec.replace('6-', '6')}", True)
    assert (declared.text, declared.reason) == (text, "http")


@pytest.mark.parametrize("name", ["utf-16", "utf-16le", "utf-32"])
def test_ascii_that_claims_to_be_wide_is_read_as_what_it_is(name: str) -> None:
    got = decode(b"<p>plain words</p>", f"text/html; charset={name}", True)
    assert got.text == "<p>plain words</p>"
    assert "overruled: valid UTF-8" in got.reason


def test_valid_utf_8_overrules_any_declaration_and_says_so() -> None:
    got = decode("naïve café".encode(), "text/html; charset=windows-1251", True)
    assert got.text == "naïve café"
    assert got.reason == "utf-8; http windows-1251 overruled: valid UTF-8"


def test_ascii_leaves_a_declaration_alone() -> None:
    assert decode(b"plain", "text/plain; charset=koi8-r", False).charset == "koi8-r"


def test_a_declaration_that_does_not_fit_gives_way_to_the_next() -> None:
    text = "Съешь же ещё этих мягких французских булок, да выпей чаю. " * 5
    page = ("<meta charset=windows-1251>" + text).encode("cp1251")
    got = decode(page, "text/html; charset=utf-8", True)
    assert got.text.endswith(text)
    assert got.reason.startswith("meta; http utf-8 overruled: ")


def test_a_page_with_a_false_declaration_and_no_other_is_detected() -> None:
    text = "Съешь же ещё этих мягких французских булок, да выпей чаю. " * 5
    got = decode(text.encode("cp1251"), "text/html; charset=utf-8", True)
    assert (got.text, got.charset) == (text, "windows-1251")
    assert got.reason.startswith("detected; http utf-8 overruled: ")


def test_a_late_declaration_is_found_before_anything_is_guessed() -> None:
    page = (" " * 2000 + "<meta charset=koi8-r>жук и жаба").encode("koi8-r")
    got = decode(page, None, True)
    assert (got.charset, got.reason) == ("koi8-r", "meta after byte 1024")


def test_a_few_broken_bytes_do_not_lose_the_encoding() -> None:
    text = "私はガラスを食べられます。" * 4
    got = decode(text.encode() + b"\xff" + text.encode(), "text/html; charset=utf-8", True)
    assert got.text == f"{text}\ufffd{text}"
    assert got.reason == "http, 1 replaced"


@pytest.mark.parametrize("charset", ["utf-8", "shift_jis", "gb18030", "euc-kr", "big5"])
def test_a_page_cut_off_inside_a_character_keeps_its_encoding(charset: str) -> None:
    codec, text = TEXTS[charset]
    text = text[: max(i for i, c in enumerate(text) if len(c.encode(codec)) > 1) + 1]
    got = decode(text.encode(codec)[:-1], f"text/html; charset={charset}", True)
    assert got.charset == charset
    assert got.text[:-1] == text[:-1]


def test_latin_1_in_a_page_that_says_utf_8_is_not_lost() -> None:
    got = decode(b"one caf\xe9 only", "text/html; charset=utf-8", True)
    assert got.text == "one café only"
    assert "http utf-8 overruled: 1 broken" in got.reason


def test_windows_1252_reads_every_byte() -> None:
    got = decode(bytes(range(256)), "text/plain; charset=iso-8859-1", False)
    assert len(got.text) == 256
    assert "\ufffd" not in got.text


def test_encodings_that_browsers_refuse_are_read() -> None:
    text = "我能吞下玻璃"
    assert decode(text.encode("hz"), "text/html; charset=hz-gb-2312", True).text == text
    korean = "나는 유리"
    got = decode(korean.encode("iso2022_kr"), "text/html; charset=iso-2022-kr", True)
    assert got.text == korean


def test_what_is_no_text_in_any_charset_is_told() -> None:
    assert not is_text(decode(bytes(range(1, 9)) * 100 + b"\xff", None, True))
    assert is_text(decode("жук и жаба".encode("koi8-r"), None, True))


DECLARED = st.none() | st.sampled_from(
    [f"text/html; charset={name}" for name in [*CODECS, "x", ""]]
)


@settings(max_examples=400, deadline=None)
@given(st.binary(max_size=300), DECLARED, st.booleans())
def test_any_bytes_decode_to_text_without_surrogates(
    payload: bytes, declared: str | None, html: bool
) -> None:
    got = decode(payload, declared, html)
    assert got.text.encode() is not None  # raises for a lone surrogate
    assert got.charset in CODECS
    assert got.utf8(payload) == got.text.encode()


@settings(max_examples=200)
@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1), DECLARED)
def test_utf_8_survives_every_declaration(text: str, declared: str | None) -> None:
    """Unless it is ASCII, whose bytes mean other things in some encodings."""
    if not text.isascii():
        assert decode(text.encode(), declared, False).text == text.removeprefix("\ufeff")
