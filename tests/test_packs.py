"""Laws of packs: whatever files the parts lie in, a version has the same root, answers and feed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import archive
from archive.feed.cut import choose
from archive.feed.feed import Feed
from archive.manifest import FORMAT, PACKED_FORMAT, Manifest, Part, Slice, packs_of
from archive.packs import Sizes, pack
from archive.query.connection import sql
from archive.store.local import Store
from archive.verify import verify
from tests.stores import Draft, fill

QUERIES = (
    "select count(*), sum(length(text)), min(id), max(id) from documents",
    "select source, count(*) from documents group by all order by all",
    "select outcome, count(*), sum(length) from ledger group by all order by all",
    'select * from documents order by source, "offset", member',
    'select l.*, r.matched_by from ledger l left join revisits r using (source, "offset")'
    ' order by l.source, l.member nulls first, l."offset"',
    "select * from inputs order by name",
)
PARTS = 9


@pytest.fixture(scope="module")
def loose(tmp_path_factory: pytest.TempPathFactory) -> tuple[Store, Manifest]:
    """Nine small parts with every sort of row, each with files of its own."""
    folder = tmp_path_factory.mktemp("loose")
    draft = fill(Draft(folder / "staged"), documents=40, parts=PARTS)
    return (store := Store.create(folder / "store")), draft.commit(store)


def packed(store: Store, manifest: Manifest, groups: list[int], folder: Path) -> Manifest:
    """The next version, with the parts of each group in a pack of their own."""
    staged: dict[str, Path] = {}
    parts: dict[str, Part] = {}
    for group in set(groups):
        held = [p for p, g in zip(manifest.parts, groups, strict=True) if g == group]
        made, files = pack(held, store.check, folder, Sizes(few=0))
        parts.update((part.key, part) for part in made)
        staged |= files
    draft = replace(manifest, parts=tuple(parts[part.key] for part in manifest.parts))
    return store.commit(draft, staged, "0" * 64)


def answers(store: Store, manifest: Manifest) -> list[Any]:
    return [sql(store, manifest, query).rows for query in QUERIES]


def fed(store: Store, manifest: Manifest, where: str | None = None) -> list[Any]:
    feed = Feed(store, manifest, choose(store, manifest, "everything", where), columns=None, seed=3)
    return list(feed)


@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(groups=st.lists(st.integers(0, 4), min_size=PARTS, max_size=PARTS))
def test_any_partition_into_packs_has_the_same_root_answers_and_feed(
    groups: list[int], loose: tuple[Store, Manifest], tmp_path_factory: pytest.TempPathFactory
) -> None:
    store, before = loose
    after = packed(store, before, groups, tmp_path_factory.mktemp("packs"))
    reference = f"{after.name}@{after.version}"
    assert after.content_root == before.content_root
    assert len(packs_of(after.parts)) == len(set(groups))
    report = verify(store, reference, independent=True)
    assert report.findings == ()
    assert report.content_roots == {reference: before.content_root}
    assert report.documents == before.documents
    assert answers(store, after) == answers(store, before)
    where = '"offset" % 214 = 0'
    assert fed(store, after) == fed(store, before)
    assert fed(store, after, where) == fed(store, before, where)
    assert choose(store, after, "everything", where).rows_digest == (
        choose(store, before, "everything", where).rows_digest
    )
    snapshots = [archive.open(f"web@{m.version}", store.root) for m in (before, after)]
    one, two = (list(snapshot.documents()) for snapshot in snapshots)
    assert one == two


def test_a_version_without_slices_is_spelt_as_it_always_was(
    loose: tuple[Store, Manifest], tmp_path: Path
) -> None:
    store, before = loose
    assert before.format == FORMAT
    after = packed(store, before, [0] * PARTS, tmp_path)
    assert after.format == PACKED_FORMAT
    assert Manifest.from_bytes(after.to_bytes()) == after


def test_findings_name_all_inputs_of_a_damaged_pack(
    loose: tuple[Store, Manifest], tmp_path: Path
) -> None:
    store, before = loose
    after = packed(store, before, [0, 0, 0, 0, 1, 1, 1, 1, 1], tmp_path)
    names = {entry.source: entry.name for entry in after.inputs}
    for parts in packs_of(after.parts):
        held = tuple(sorted(names[part.source] for part in parts))
        for ref in (parts[0].documents, parts[0].ledger):
            path = store.object_path(ref.sha256)
            data = path.read_bytes()
            path.chmod(0o644)
            for wrong in (data[:80] + bytes([data[80] ^ 1]) + data[81:], data[:-1]):
                path.write_bytes(wrong)
                (finding,) = verify(Store(store.root), f"web@{after.version}").findings
                assert (finding.kind, finding.inputs) == ("corrupt", held)
            path.write_bytes(data)
    assert verify(Store(store.root)).findings == ()


def test_a_row_made_wrong_in_a_pack_is_told_of_its_own_input(tmp_path: Path) -> None:
    draft = fill(Draft(tmp_path / "staged"), documents=8, parts=2)
    fill(draft, documents=4, parts=1, seed=1)
    sizes = [entry.bytes for entry in draft.inputs]
    draft.inputs[1] = replace(draft.inputs[1], bytes=sizes[1] - 1, accounted=sizes[1] - 1)
    store = Store.create(tmp_path / "store")
    after = packed(store, draft.commit(store), [0, 0, 0], tmp_path / "packs")
    report = verify(store, f"web@{after.version}")
    assert {finding.inputs for finding in report.findings} == {(draft.inputs[1].name,)}


def test_each_version_is_checked_by_what_it_says_itself_of_files_that_others_share(
    tmp_path: Path,
) -> None:
    draft = fill(Draft(tmp_path / "staged"), documents=40, parts=4)
    store = Store.create(tmp_path / "store")
    sound = packed(store, draft.commit(store), [0] * 4, tmp_path / "packs")
    one, two, *others = sound.parts
    last = replace(one.documents, rows=one.documents.rows - 1)
    assert isinstance(two.documents, Slice)
    more = replace(two.documents, rows=two.documents.rows + 1, first=two.documents.first - 1)
    lying = replace(
        sound,
        parts=(
            replace(one, documents=last, outcomes=moved(one.outcomes, -1)),
            replace(two, documents=more, outcomes=moved(two.outcomes, 1)),
            *others,
        ),
        inputs=tuple(
            replace(entry, documents=entry.documents + less)
            for entry, less in zip(sound.inputs, (-1, 1, 0, 0), strict=True)
        ),
    )
    store.commit(lying, {}, "1" * 64)
    store.commit(sound, {}, "2" * 64)
    assert verify(store, "web@2").findings == ()
    found = {finding.path for finding in verify(store, "web@3").findings}
    assert found
    assert found <= {finding.path for finding in verify(store).findings}


def moved(outcomes: dict[str, int], kept: int) -> dict[str, int]:
    """Outcomes of as many rows, with more or less that are kept."""
    changes = {"kept": kept, "supporting": -kept}
    return {name: n + changes.get(name, 0) for name, n in outcomes.items()}
