"""What two versions do not share, against a model in plain Python."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archive.digest import sha256_hex
from archive.errors import Corrupt
from archive.query.diff import Share, UrlShare, diff
from archive.store.local import Store
from tests.snapshots import Page, commit

PAGES = st.builds(
    Page,
    url=st.sampled_from([f"http://a.org/{n}" for n in range(5)]),
    text=st.sampled_from(["", "one", "two", "три"]),
)
SIDE = st.lists(PAGES, max_size=8)


def _share(a: set[str], b: set[str]) -> Share:
    return Share(len(b - a), len(a - b), len(a & b))


def _texts(pages: list[Page]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for page in pages:
        found[page.url].add(page.text)
    return found


@given(a=SIDE, b=SIDE)
@settings(max_examples=25, deadline=None)
def test_the_counts_are_those_of_a_plain_comparison_of_sets(
    tmp_path_factory: pytest.TempPathFactory, a: list[Page], b: list[Page]
) -> None:
    root = tmp_path_factory.mktemp("diff")
    found = diff(Store.create(root), commit(root, {"x": a}), commit(root, {"x": b}))
    one, two = _texts(a), _texts(b)
    both = set(one) & set(two)
    changed = {url for url in both if one[url] != two[url]}
    assert found.urls == UrlShare(
        added=len(set(two) - set(one)),
        removed=len(set(one) - set(two)),
        unchanged=len(both - changed),
        changed=len(changed),
    )
    assert found.texts == _share({p.text for p in a}, {p.text for p in b})
    # In these stores a document's id hangs on its place too: an index and what is there.
    assert found.documents == _share(set(map(str, enumerate(a))), set(map(str, enumerate(b))))
    assert [e.key for e in found.examples["urls changed"]] == sorted(changed)
    assert found.same == (a == b)


@given(a=SIDE, b=SIDE)
@settings(max_examples=10, deadline=None)
def test_the_other_way_round_added_is_removed(
    tmp_path_factory: pytest.TempPathFactory, a: list[Page], b: list[Page]
) -> None:
    root = tmp_path_factory.mktemp("diff")
    one, two = commit(root, {"x": a}), commit(root, {"x": b})
    there, back = diff(Store(root), one, two), diff(Store(root), two, one)
    for kind in ("urls", "texts", "documents"):
        forth, reverse = getattr(there, kind), getattr(back, kind)
        assert (forth.added, forth.removed) == (reverse.removed, reverse.added)
        assert forth.unchanged == reverse.unchanged
        assert there.examples[f"{kind} added"] == back.examples[f"{kind} removed"]
    assert there.urls.changed == back.urls.changed


def test_examples_are_the_first_by_key_and_as_many_as_asked(tmp_path: Path) -> None:
    pages = [Page(f"http://a.org/{n}", f"text {n} " + "x" * 200) for n in range(9)]
    one, two = commit(tmp_path, {"x": []}), commit(tmp_path, {"x": pages})
    found = diff(Store(tmp_path), one, two, limit=3)
    assert [e.url for e in found.examples["urls added"]] == [p.url for p in pages[:3]]
    texts = {sha256_hex(page.text.encode()): page for page in pages}
    for example, key in zip(found.examples["texts added"], sorted(texts)[:3], strict=True):
        assert (example.key, example.url) == (key, texts[key].url)
        assert example.text == texts[key].text[:80]
    assert found.examples["documents removed"] == []


def test_no_examples_are_given_where_none_are_asked_for(tmp_path: Path) -> None:
    one = commit(tmp_path, {"x": []})
    two = commit(tmp_path, {"x": [Page("http://a.org/", "one")]})
    assert not any(diff(Store(tmp_path), one, two, limit=0).examples.values())


def test_two_snapshots_of_other_names_compare_as_versions_do(tmp_path: Path) -> None:
    one = commit(tmp_path, {"x": [Page("http://a.org/", "one")]}, name="here")
    two = commit(tmp_path, {"y": [Page("http://a.org/", "one")]}, name="there")
    found = diff(Store(tmp_path), one, two)
    assert (found.a, found.b) == ("here@1", "there@1")
    assert found.urls == UrlShare(0, 0, 1, 0)
    assert not found.same, "the documents come from other inputs"


def test_a_flipped_bit_on_either_side_is_found_before_anything_is_compared(tmp_path: Path) -> None:
    one = commit(tmp_path, {"x": [Page("http://a.org/", "one")]})
    two = commit(tmp_path, {"x": [Page("http://a.org/", "two")]})
    victim = Store(tmp_path).object_path(two.parts[0].documents.sha256)
    data = bytearray(victim.read_bytes())
    data[len(data) // 2] ^= 1
    victim.chmod(0o644)
    victim.write_bytes(data)
    for a, b in ((one, two), (two, one)):
        with pytest.raises(Corrupt):
            diff(Store(tmp_path), a, b)
