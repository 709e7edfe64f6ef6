"""Laws of the manifest: one spelling, nothing lost, nothing hostile accepted."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.consistency import inconsistencies
from archive.digest import canonical_json, sha256_hex
from archive.errors import CheckFailed, Corrupt
from archive.manifest import FORMAT, PACKED_FORMAT, Manifest, Slice, valid_name
from archive.strict_json import MAX_INTEGER, MAX_NESTING, parse
from tests.stores import Draft, add_kept, fill

Change = Callable[[dict[str, Any]], Any]


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Manifest:
    draft = fill(Draft(tmp_path_factory.mktemp("manifest")), 6, 2)
    add_kept(draft, b"kept")
    return replace(draft.manifest(), version=1, environment={"python": "3.11"})


def changed(manifest: Manifest, change: Change) -> bytes:
    value = json.loads(manifest.to_bytes())
    change(value)
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode(
        "utf-8", "surrogatepass"
    )


def test_a_manifest_is_read_as_it_was_written(sound: Manifest) -> None:
    assert Manifest.from_bytes(sound.to_bytes()) == sound
    assert Manifest.from_bytes(sound.to_bytes()).to_bytes() == sound.to_bytes()
    assert json.loads(sound.to_bytes())["format"] == FORMAT
    assert inconsistencies(sound) == []


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-MAX_INTEGER, MAX_INTEGER) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text("abc", max_size=3), inner),
    max_leaves=20,
)


@given(json_values)
def test_canonical_json_is_read_as_it_was_written(value: Any) -> None:
    assert parse(canonical_json(value), "value") == value


@given(json_values)
def test_any_other_spelling_of_a_value_is_refused(value: Any) -> None:
    for data in (
        canonical_json(value) + b"\n",
        b" " + canonical_json(value),
        b"\xef\xbb\xbf" + canonical_json(value),
    ):
        with pytest.raises(Corrupt):
            parse(data, "value")


def _set(**values: Any) -> Change:
    return lambda manifest: manifest.update(values)


def _in_input(**values: Any) -> Change:
    return lambda manifest: manifest["inputs"][0].update(values)


def _in_part(**values: Any) -> Change:
    return lambda manifest: manifest["parts"][0].update(values)


def _in_ref(**values: Any) -> Change:
    return lambda manifest: manifest["revisits"].update(values)


HOSTILE: dict[str, Change] = {
    "an unknown key": _set(extra=1),
    "an unknown key of an input": _in_input(extra=1),
    "an unknown key of a part": _in_part(extra=1),
    "an unknown key of a ref": _in_ref(path="../../etc/passwd"),
    "a missing key": lambda m: m.pop("parent"),
    "a missing key of an input": lambda m: m["inputs"][0].pop("kept"),
    "true for a number": _set(documents=True),
    "a number for true": _in_input(kept=1),
    "a number as text": _set(documents="1"),
    "a negative number": _set(bytes_in=-1),
    "a negative size": _in_ref(bytes=-1),
    "a float": _set(records=1.5),
    "a whole float": _set(records=1.0),
    "a float in the recipe": lambda m: m["recipe"].update(share=0.5),
    "NaN": _set(records=float("nan")),
    "infinity": _set(records=float("inf")),
    "2 to the 53": _set(records=MAX_INTEGER + 1),
    "4,000 digits": _set(records=10**4000),
    "null for text": _set(created=None),
    "text for a list": _set(parts="[]"),
    "an object for a list": _set(parts={}),
    "a list for an object": _set(recipe=[]),
    "a number among the outcomes' names": _set(outcomes={"kept": "3"}),
    "a hash in upper case": _in_ref(sha256="A" * 64),
    "a hash too short": _in_ref(sha256="a" * 63),
    "a hash with a line end": _in_ref(sha256="a" * 64 + "\n"),
    "a path for a hash": _in_ref(sha256="../../../../etc/passwd"),
    "a hash of fullwidth digits": _in_ref(sha256="\uff11" * 64),
    "an attest list that is a path": lambda m: m["recipe"].update(attest="/etc/passwd"),
    "a name that climbs": _set(name="../web"),
    "a parent that is no hash": _set(parent=""),
    "another time": _set(created="yesterday"),
    "a local time": _set(created="2026-11-22T16:00:00+01:00"),
    "another format": _set(format="lowbackground-manifest 2"),
    "no format": lambda m: m.pop("format"),
    "a lone surrogate": _in_input(name="a\ud800"),
    "keys beyond ASCII": _set(environment={"\u0430": "Cyrillic a"}),
}


@pytest.mark.parametrize("what", HOSTILE)
def test_a_manifest_is_refused_that_has(what: str, sound: Manifest) -> None:
    with pytest.raises(CheckFailed) as refused:
        Manifest.from_bytes(changed(sound, HOSTILE[what]))
    assert refused.value.next_step


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"null",
        b"[]",
        b"{",
        b"\x00",
        b"\xff\xfe{}",
        b'{"format":"lowbackground-manifest 1","format":"lowbackground-manifest 1"}',
        b'{"a":1,"a":1}',
        b'{"a":{"b":1,"b":2}}',
        b'{"a":01}',
        b'{"a":-0}',
        b'{"a":1e3}',
        b'{"a":' + b"9" * 100_000 + b"}",
        b"[" * 100_000 + b"]" * 100_000,
        b'{"a":' * 50_000 + b"1" + b"}" * 50_000,
        b'{"a":"\\u0041"}',
        b'{"a":"\\ud800"}',
        b'{"b":1,"a":1}',
    ],
    ids=lambda data: repr(data[:30]),
)
def test_what_is_no_canonical_json_is_refused(data: bytes) -> None:
    with pytest.raises(CheckFailed):
        Manifest.from_bytes(data)


def test_nesting_is_refused_beyond_its_limit_and_not_before() -> None:
    deep = b"[" * MAX_NESTING + b"]" * MAX_NESTING
    assert parse(deep, "value") is not None
    with pytest.raises(Corrupt, match="nesting"):
        parse(b"[" + deep + b"]", "value")


def test_more_bytes_than_the_limit_are_refused_unread() -> None:
    with pytest.raises(Corrupt, match="at most 10 bytes"):
        parse(b"1" * 11, "value", limit=10)


def test_ten_megabytes_of_manifest_are_read(sound: Manifest, tmp_path: Path) -> None:
    large = replace(sound, environment={f"k{i}": "x" * 90 for i in range(110_000)})
    data = large.to_bytes()
    assert len(data) > 10_000_000
    assert Manifest.from_bytes(data) == large


WRONG: dict[str, Change] = {
    "documents": _set(documents=99),
    "records": _set(records=0),
    "bytes_in": _set(bytes_in=1),
    "outcomes": _set(outcomes={"kept": 1}),
    "revisits": _in_ref(rows=9),
    "accounted": _in_input(accounted=1),
    "no part": lambda m: m["parts"].pop(),
    "no input": lambda m: m["inputs"].pop(0),
    "no duplicate": _in_input(duplicate_of="notes.txt"),
    "name stands twice": _in_input(name="notes.txt"),
    "ledger rows": lambda m: m["parts"][0]["ledger"].update(rows=1),
    "source stands twice": lambda m: m["parts"].append(m["parts"][0]),
    "unknown outcomes": lambda m: (
        m["parts"][0]["outcomes"].update(lost=0) or m["outcomes"].update(lost=0)
    ),
}


@pytest.mark.parametrize("what", WRONG)
def test_a_manifest_tells_where_it_contradicts_itself(what: str, sound: Manifest) -> None:
    manifest = Manifest.from_bytes(changed(sound, WRONG[what]))
    assert what in "\n".join(inconsistencies(manifest))


@pytest.fixture(scope="module")
def packed(sound: Manifest) -> Manifest:
    """The same parts in one pack."""
    parts, ends = [], dict.fromkeys(("documents", "ledger"), 0)
    for part in sound.parts:
        slices = {}
        for number, (table, end) in enumerate(ends.items()):
            rows = getattr(part, table).rows
            slices[table] = Slice(f"{number}" * 64, 1000, rows, end)
            ends[table] += rows
        parts.append(replace(part, documents=slices["documents"], ledger=slices["ledger"]))
    return replace(sound, parts=tuple(parts))


def test_a_manifest_with_slices_is_read_as_it_was_written(packed: Manifest) -> None:
    assert Manifest.from_bytes(packed.to_bytes()) == packed
    assert json.loads(packed.to_bytes())["format"] == PACKED_FORMAT
    assert inconsistencies(packed) == []
    assert packed.files("signals") == []
    for table in ("documents", "ledger"):
        (file,) = packed.files(table)
        assert file.rows == sum(getattr(part, table).rows for part in packed.parts)
        assert packed.objects()[file.sha256] == 1000


def _in_slice(part: int, table: str, **values: Any) -> Change:
    return lambda manifest: manifest["parts"][part][table].update(values)


UNREADABLE: dict[str, Change] = {
    "slices in the first format": _set(format=FORMAT),
    "a first row below 0": _in_slice(0, "ledger", first=-1),
    "a first row that is null": _in_slice(0, "ledger", first=None),
    "a slice of the revisits": _in_ref(first=0),
}


@pytest.mark.parametrize("what", UNREADABLE)
def test_slices_are_refused_as(what: str, packed: Manifest) -> None:
    with pytest.raises(CheckFailed) as refused:
        Manifest.from_bytes(changed(packed, UNREADABLE[what]))
    assert refused.value.next_step


WRONG_SLICES: dict[str, Change] = {
    "a gap": _in_slice(1, "documents", first=5),
    "an overlap": _in_slice(1, "ledger", first=1),
    "another order": lambda m: m["parts"].reverse(),
    "a file of one part's own": lambda m: m["parts"][1]["ledger"].pop("first"),
    "another file": _in_slice(1, "ledger", sha256="f" * 64, first=0),
    "signals of some": lambda m: m["parts"][1].update(
        signals={"sha256": "e" * 64, "bytes": 9, "first": 0, "rows": 4}
    ),
}


@pytest.mark.parametrize("what", WRONG_SLICES)
def test_slices_that_are_not_all_of_their_files_are_told(what: str, packed: Manifest) -> None:
    manifest = Manifest.from_bytes(changed(packed, WRONG_SLICES[what]))
    told = "\n".join(inconsistencies(manifest))
    assert "first row" in told or "not all its files" in told


def test_one_whole_file_for_two_parts_is_told(sound: Manifest) -> None:
    one, two, kept = sound.parts
    assert one.documents.rows == two.documents.rows > 0
    shared = (one, replace(two, documents=one.documents), kept)
    told = "\n".join(inconsistencies(replace(sound, parts=shared)))
    assert "first row is 0, its parts give 4" in told


def test_a_duplicate_input_counts_no_records_of_its_own(sound: Manifest) -> None:
    first = sound.inputs[0]
    twin = replace(first, name="twin", duplicate_of=first.name, records=0, documents=0)
    inputs = (*sound.inputs, twin)
    assert (
        inconsistencies(replace(sound, inputs=inputs, bytes_in=sound.bytes_in + first.bytes)) == []
    )


def test_objects_are_everything_that_must_be_in_the_store(sound: Manifest) -> None:
    recipe = {**sound.recipe, "attest": "a" * 64}
    objects = replace(sound, recipe=recipe).objects()
    kept = [entry for entry in sound.inputs if entry.kept]
    assert [objects[entry.source] for entry in kept] == [4]
    assert objects["a" * 64] is None
    for part in sound.parts:
        for ref in (part.documents, part.ledger):
            assert objects[ref.sha256] == ref.bytes
    assert objects[sound.revisits.sha256] == sound.revisits.bytes


@pytest.mark.parametrize(
    "name", ["web", "a", "0", "web-2008", "x" * 64, "a.b_c-d", "console", "a-"]
)
def test_a_snapshot_may_be_called(name: str) -> None:
    assert valid_name(name)


NO_NAMES = [
    *("", ".", "..", "-a", "_a", ".a", "a.", "a/b", "a\\b", "/a", "~", "c:", "A", "a b"),
    *("a\0", "a\n", "x" * 65, "é", "con", "nul", "aux.txt", "com1", "lpt9.a", "a@1"),
    *("\\\\host\\share", "*", "?"),
]


@pytest.mark.parametrize("name", NO_NAMES)
def test_no_snapshot_may_be_called(name: str) -> None:
    assert not valid_name(name)


def test_the_specification_lists_every_field_of_the_manifest() -> None:
    text = (Path(__file__).parent.parent / "manifests" / "README.md").read_text()
    manifest = text[text.index("## Manifest") : text.index("## Tables")]
    for each in (*fields(Manifest), *fields(Slice)):
        assert f"`{each.name}`" in manifest


def test_a_manifest_is_named_by_its_bytes_alone(sound: Manifest) -> None:
    again = replace(sound, outcomes=dict(reversed(sound.outcomes.items())))
    assert sha256_hex(again.to_bytes()) == sha256_hex(sound.to_bytes())
