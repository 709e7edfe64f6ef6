"""What the archive proves of a text: enough, never too much, and by the right witness."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from archive.audit.against import Against, open_against
from archive.audit.corpora import Place
from archive.audit.items import Wanted
from archive.audit.letters import Letters
from archive.audit.match import Matcher, Proof
from archive.audit.options import STANDINGS, Matching
from archive.engines.local import LocalEngine
from tests.audit.made import PARTS, WHOLE, Capture, commit, prose

TEXTS = [prose(seed, 120) for seed in range(40)]
NOTICE = (
    "We use cookies to personalise content and advertisements, to provide features of social media"
    " and to analyse our traffic. By going on you agree to our use of cookies."
)


def opened(
    store: Path, stack: ExitStack, cut: str = "everything", least: str = "claimed"
) -> Against:
    place = Place(str(store), Wanted(), cut, least)
    engine = LocalEngine(workers=1)
    stack.callback(engine.close)
    return open_against(["web"], place, Matching(), engine, stack)


@pytest.fixture(scope="module")
def matcher(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Matcher]:
    store = tmp_path_factory.mktemp("store")
    commit(store, [Capture(text, f"h{n % 9}.org") for n, text in enumerate(TEXTS)], parts=3)
    with ExitStack() as stack:
        yield opened(store, stack).matcher()


@pytest.mark.parametrize("encode", WHOLE, ids=lambda f: f.__name__)
def test_a_text_in_another_encoding_is_the_same_text(
    matcher: Matcher, encode: Callable[[str], str]
) -> None:
    proofs = matcher.match([encode(text) for text in TEXTS])
    assert {(proof.kind, proof.share) for proof in proofs} == {("exact", 1.0)}
    assert len({proof.row for proof in proofs}) == len(TEXTS)


@pytest.mark.parametrize("encode", PARTS, ids=lambda f: f.__name__)
def test_a_truncated_text_is_contained_to_within_a_window(
    matcher: Matcher, encode: Callable[[str], str]
) -> None:
    cut = [encode(text) for text in TEXTS]
    for proof, letters in zip(matcher.match(cut), Letters.of(cut).sizes, strict=True):
        assert proof.kind == "contained"
        assert 0 <= (1 - proof.share) * letters < Matching().window


def test_text_that_the_archive_lacks_is_not_proved_at_all(matcher: Matcher) -> None:
    assert matcher.match([prose(seed, 300) for seed in range(1000, 1100)]) == [Proof()] * 100


def test_a_text_too_short_for_a_passage_is_not_proved(tmp_path: Path) -> None:
    commit(tmp_path, [Capture("Page not found."), Capture("x" * 49), Capture("y" * 50)])
    with ExitStack() as stack:
        found = opened(tmp_path, stack).matcher().match(["Page not found.", "x" * 49, "y" * 50, ""])
    assert [proof.kind for proof in found] == ["", "", "exact", ""]


@given(st.integers(0, 39), st.integers(1000, 2000), st.integers(1, 300), st.booleans())
@example(0, 1000, 27, False)  # just below what counts as contained, and near
@settings(max_examples=40)
def test_unrelated_text_never_raises_what_is_proved(
    matcher: Matcher, number: int, other: int, words: int, before: bool
) -> None:
    text, added = TEXTS[number], prose(other, words)
    longer = f"{added}\n{text}" if before else f"{text}\n{added}"
    sizes = Letters.of([text, longer]).sizes
    alone, within = matcher.match([text, longer])
    assert within.share * sizes[1] <= alone.share * sizes[0] + 1e-6
    assert alone.share * sizes[0] - within.share * sizes[1] < 2 * Matching().window


def test_a_quoted_passage_proves_its_bytes_and_not_the_document(matcher: Matcher) -> None:
    quote = TEXTS[3][100:400]
    (found,) = matcher.match([f"{prose(1000, 200)} {quote} {prose(1001, 200)}"])
    assert (found.kind, found.proven) == ("passages", False)
    whole = Letters.of([quote, f"{prose(1000, 200)} {quote} {prose(1001, 200)}"]).sizes
    assert 0 <= whole[0] - found.share * whole[1] < 2 * Matching().window


@pytest.mark.parametrize(("hosts", "kind"), [(4, "exact"), (5, "")])
def test_what_many_hosts_have_proves_nothing(tmp_path: Path, hosts: int, kind: str) -> None:
    commit(tmp_path, [Capture(NOTICE, f"h{n}.org") for n in range(hosts)])
    with ExitStack() as stack:
        found = opened(tmp_path, stack).matcher()
        assert found.match([NOTICE])[0].kind == kind
        page = f"{prose(1000, 60)} {NOTICE} {prose(1001, 60)}"
        assert found.match([page])[0].kind == ("passages" if kind else "")


def test_a_notice_on_many_hosts_hides_no_text_that_it_stands_in(tmp_path: Path) -> None:
    pages = [Capture(f"{prose(n, 80)}\n{NOTICE}", f"h{n}.org") for n in range(8)]
    commit(tmp_path, pages)
    with ExitStack() as stack:
        found = opened(tmp_path, stack).matcher()
        whole = found.match([page.text for page in pages])
        cut = found.match([page.text[100:] for page in pages])
    assert {proof.kind for proof in whole} == {"exact"}
    assert {proof.kind for proof in cut} == {"contained"}


def test_pages_of_one_host_that_have_a_notice_do_not_make_it_common(tmp_path: Path) -> None:
    commit(tmp_path, [Capture(NOTICE, "one.org") for _ in range(9)])
    with ExitStack() as stack:
        assert opened(tmp_path, stack).matcher().match([NOTICE])[0].kind == "exact"


def test_a_text_edited_everywhere_is_near_by_its_true_similarity(tmp_path: Path) -> None:
    draw = random.Random(4)
    words = [chr(draw.randint(0x4E00, 0x9FFF)) for _ in range(1200)]
    edited = list(words)
    edited[20::47] = ["的"] * len(edited[20::47])  # no 50 letters in a row stay
    other = [*words[:600], *(chr(draw.randint(0x4E00, 0x9FFF)) for _ in range(600))]
    commit(tmp_path, [Capture("".join(words))])
    with ExitStack() as stack:
        near, far = opened(tmp_path, stack).matcher().match(["".join(edited), "".join(other)])
    assert near.kind == "near"
    sets = [{tuple(text[at : at + 5]) for at in range(1196)} for text in (words, edited)]
    assert near.similarity == pytest.approx(len(sets[0] & sets[1]) / len(sets[0] | sets[1]))
    kept = {
        at + n for at in range(1196) if words[at : at + 5] == edited[at : at + 5] for n in range(5)
    }
    assert near.share == pytest.approx(len(kept) / 1200)
    assert far.kind == "passages"


def test_the_witness_is_the_earliest_capture_that_counts(tmp_path: Path) -> None:
    text = TEXTS[0]
    commit(
        tmp_path,
        [
            Capture(text, "b.org", "2011-01-01"),
            Capture(text, "a.org", "2009-05-06"),
            Capture(text, "c.org", "2001-01-01", grade="contradicted"),
            Capture(TEXTS[1], "d.org", "2003-01-01", grade="claimed"),
        ],
    )
    witnesses = {}
    for least in ("contradicted", "claimed", "consistent"):
        with ExitStack() as stack:
            against = opened(tmp_path, stack, least=least)
            found = against.matcher().match([text, TEXTS[1]])
            index = against.index
            witnesses[least] = [
                (
                    STANDINGS[index.grades[proof.row]],
                    dt.datetime.fromtimestamp(int(index.captured[proof.row]) / 1e6, dt.UTC).year,
                )
                if proof.kind
                else None
                for proof in found
            ]
    assert witnesses == {
        "contradicted": [("contradicted", 2001), ("claimed", 2003)],
        "claimed": [("consistent", 2009), ("claimed", 2003)],
        "consistent": [("consistent", 2009), None],
    }


def test_human_text_of_other_books_is_hardly_ever_proved(shared_data: Path, tmp_path: Path) -> None:
    novels = sorted((shared_data / "text" / "eltec-eng").glob("*.xml"))[:6]
    technical = sorted((shared_data / "text" / "peps").glob("*"))[:40]
    commit(tmp_path, [Capture(p.read_text("utf-8", "replace"), p.stem) for p in novels])
    with ExitStack() as stack:
        found = opened(tmp_path, stack).matcher().match([p.read_text("utf-8") for p in technical])
    assert not any(proof.proven for proof in found)
    assert sum(proof.share for proof in found) / len(found) < 0.001
