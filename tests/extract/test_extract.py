"""From a body to a page or a refusal: nothing raises, nothing depends on its neighbours."""

from __future__ import annotations

import gzip
import json
import random
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archive.errors import UnknownName
from archive.extract import EXTRACTORS, Page, Refusal, extract, find, versions
from archive.recipe import Recipe
from archive.records import Outcome

ARTICLE = "<p>" + "It was a bright cold day in April, and the clocks were striking. " * 8 + "</p>"
HEAD = """<html lang="en-GB"><head><title> A  day\nin April </title>
<meta name="ROBOTS" content="noindex, noai"><meta name="robots" content="nofollow">
<meta name="tdm-reservation" content="1"></head>"""


def _extract(
    payload: bytes | str, declared: str | None = "text/html", **given: object
) -> Page | Refusal:
    recipe = Recipe(extractor=str(given.pop("extractor", "resiliparse")))
    headers = given.pop("headers", ())
    data = payload.encode() if isinstance(payload, str) else payload
    return extract(
        data,
        content_type=declared,
        url="http://example.org/",
        headers=headers,  # type: ignore[arg-type]
        recipe=recipe,
        **given,  # type: ignore[arg-type]
    )


def _page(payload: bytes | str, declared: str | None = "text/html", **given: object) -> Page:
    got = _extract(payload, declared, **given)
    assert isinstance(got, Page), got
    return got


@pytest.mark.parametrize("extractor", EXTRACTORS)
def test_main_text_leaves_navigation_out(extractor: str) -> None:
    page = f"{HEAD}<body><nav><a href=/>Home</a></nav><article>{ARTICLE}</article></body></html>"
    got = _page(page, extractor=extractor)
    assert "bright cold day" in got.text
    assert "Home" not in got.text
    assert got.extractor.startswith(f"{extractor}/{versions(extractor)[extractor]};")


def test_what_a_page_declares_is_kept_as_captured() -> None:
    page = f"{HEAD}<body>{ARTICLE}<a rel='nofollow license' href='/by-sa'>licence</a></body>"
    got = _page(page)
    assert got.title == "A day in April"
    assert got.declared_language == "en-GB"
    assert got.meta_robots == "noindex, noai, nofollow"
    assert got.tdm_reservation == "1"
    assert got.license_link == "/by-sa"
    assert (got.charset, got.charset_reason) == ("utf-8", "utf-8")


def test_a_page_that_declares_nothing_has_nulls_not_empty_text() -> None:
    got = _page("<p>words")
    silent = (got.title, got.declared_language, got.meta_robots, got.tdm_reservation)
    assert (*silent, got.license_link) == (None,) * 5


def test_a_licence_in_the_http_header_goes_first() -> None:
    link = '</a.css>; rel=preload, <https://cc.example/by>; rel="license"'
    page = "<a rel=license href=/other>x</a> words"
    assert _page(page, headers=(("link", link),)).license_link == "https://cc.example/by"


@pytest.mark.parametrize(
    "page",
    [
        "just words",
        "<ul><li>milk<li>bread</ul>",
        "<center>Welcome to my home page!</center>",
        "<table><tr><td>one</td><td>two</td></tr></table>",
        "<h1>Hi</h1>",
    ],
)
@pytest.mark.parametrize("extractor", EXTRACTORS)
def test_a_short_page_is_not_lost(page: str, extractor: str) -> None:
    got = _page(page, extractor=extractor)
    words = re.sub(r"<[^>]*>", " ", page).split()
    assert set(words) <= set(got.text.split())
    assert "fallback=noscript,all" in got.extractor


@pytest.mark.parametrize("extractor", EXTRACTORS)
def test_a_forum_drawn_by_script_keeps_the_posts_it_has_for_those_without(extractor: str) -> None:
    page = f"<body><section id=splash></section><noscript><div>{ARTICLE}</div></noscript></body>"
    assert "bright cold day" in _page(page, extractor=extractor).text


@pytest.mark.parametrize("page", ["", " \r\n", "<html><body> </body></html>", "<img src=x>"])
@pytest.mark.parametrize("extractor", EXTRACTORS)
def test_a_page_without_text_is_empty(page: str, extractor: str) -> None:
    got = _extract(page, extractor=extractor)
    assert isinstance(got, Refusal)
    assert got.outcome is Outcome.EMPTY


def test_plain_text_is_kept_as_it_is() -> None:
    text = "  A line,\r\n\tand <b>another</b>.  \n"
    got = _page(text, "text/plain")
    assert (got.text, got.extractor, got.media_type) == (text, "plain/1", "text/plain")


def test_a_conversion_is_kept_as_the_publisher_made_it() -> None:
    text = "<html> in a WET file is text, and so is \ufffd\n"
    got = _page(text, "text/plain", conversion=True)
    assert (got.text, got.extractor, got.charset_reason) == (text, "wet/1", "conversion")


def test_what_is_no_text_says_what_it_is() -> None:
    got = _extract(b"\x89PNG\r\n\x1a\n" + bytes(100))
    assert got == Refusal(Outcome.NOT_TEXT, "image/png by its first bytes", "image/png")


def test_noise_that_claims_to_be_html_is_no_page() -> None:
    noise = random.Random(1).randbytes(5000)
    got = _extract(noise)
    assert isinstance(got, Refusal)
    assert got.outcome in (Outcome.NOT_TEXT, Outcome.UNDECODABLE)


def test_scripts_are_not_run_and_not_read() -> None:
    page = f"<body>{ARTICLE}<script>document.write('never')</script><style>p{{}}</style></body>"
    assert "never" not in _page(page).text


def test_no_text_holds_a_zero_character() -> None:
    assert _page(b"<p>one\0two</p>" + ARTICLE.encode() * 2).text.count("\0") == 0


def test_an_unknown_extractor_is_an_error_that_names_the_known() -> None:
    with pytest.raises(UnknownName) as failed:
        find("resiliparze")
    assert "did you mean 'resiliparse'?" in failed.value.next_step


def test_versions_name_all_that_decides_the_text() -> None:
    assert versions("resiliparse").keys() == {"resiliparse"}
    assert versions("trafilatura").keys() == {"resiliparse", "trafilatura", "lxml", "justext"}


def test_asking_for_versions_loads_no_parser() -> None:
    code = (
        "import sys, archive.extract as e; e.versions('trafilatura'); e.EXTRACTORS;"
        "print([m for m in ('resiliparse', 'trafilatura', 'lxml') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("extractor", EXTRACTORS)
def test_a_text_never_depends_on_the_pages_before_it(extractor: str) -> None:
    """Trafilatura's duplicate test would drop the third paragraph that it has seen."""
    common = "<p>" + "The same long paragraph stands on every page of this site. " * 6 + "</p>"
    pages = [f"<html><body><article>{ARTICLE}{common}<p>{n}</p></article>" for n in range(6)]
    alone = {page: _page(page, extractor=extractor).text for page in pages}
    order = pages * 3
    random.Random(0).shuffle(order)
    for page in order:
        assert _page(page, extractor=extractor).text == alone[page]
        assert "stands on every page" in alone[page]


HTMLISH = st.lists(
    st.sampled_from(["<p>", "</p>", "<b>", "<table>", "<td>", "<svg>", "&#xD800;", "&#0;", "\0",
                     "words ", "<!--", "-->", "<script>", "<ul><li>", "<meta charset=", "'", '">'])
    | st.text(max_size=5),
    max_size=40,
).map("".join)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(
    st.binary(max_size=400) | HTMLISH.map(lambda s: s.encode("utf-8", "surrogatepass")),
    st.none() | st.sampled_from(["text/html", "text/plain", "text/html; charset=utf-16", "\0;"]),
    st.booleans(),
)
def test_any_bytes_give_a_page_or_a_refusal(
    payload: bytes, declared: str | None, conversion: bool
) -> None:
    got = _extract(payload, declared, conversion=conversion)
    if isinstance(got, Page):
        fields = (got.text, got.title, got.declared_language, got.meta_robots, got.license_link)
        assert all(field is None or field.encode() is not None for field in fields)
        assert got.text.strip()
    else:
        assert got.outcome in {
            *(Outcome.NOT_TEXT, Outcome.EMPTY, Outcome.UNDECODABLE, Outcome.OVER_LIMIT)
        }
        assert got.reason
    assert got == _extract(payload, declared, conversion=conversion)


@settings(max_examples=60, deadline=None)
@given(HTMLISH)
def test_trafilatura_raises_for_no_page(page: str) -> None:
    _extract(page.encode("utf-8", "surrogatepass"), extractor="trafilatura")


@pytest.mark.parametrize(("extractor", "floor"), [("resiliparse", 0.75), ("trafilatura", 0.78)])
def test_real_pages_give_the_text_that_people_see_as_main(
    shared_data: Path, extractor: str, floor: float
) -> None:
    """Mean word F1 against gold main text; a broken extractor scores far below its floor."""
    folder = shared_data / "extraction/wcxb/dev"
    scores, refused = {}, {}
    for path in sorted((folder / "html").iterdir()):
        name = path.name[:4]
        gold = json.loads((folder / "ground-truth" / f"{name}.json").read_text())
        got = _extract(gzip.decompress(path.read_bytes()), extractor=extractor)
        if isinstance(got, Refusal):
            refused[name] = got.outcome
        text = "" if isinstance(got, Refusal) else got.text
        scores[name] = _word_f1(text, gold["ground_truth"]["main_content"])
    mean = sum(scores.values()) / len(scores)
    print(f"{extractor}: mean word F1 {mean:.3f} over {len(scores)} pages")
    # Two forums drawn by script: their bodies hold no text at all.
    assert refused == {"4147": Outcome.EMPTY, "4607": Outcome.EMPTY}
    assert len(scores) == 40
    assert mean > floor


def _word_f1(got: str, gold: str) -> float:
    ours, theirs = (Counter(re.findall(r"\w+", text.lower())) for text in (got, gold))
    shared = sum((ours & theirs).values())
    return 2 * shared / (sum(ours.values()) + sum(theirs.values()))
