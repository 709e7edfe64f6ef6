"""Laws of the content hash: the tree of RFC 6962, the encoding row-v1, and its two other forms."""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from archive.digest import LeafSorter, canonical_json, netstring, row_leaf, tree_root
from archive.leaves import batches, leaves_of
from archive.schema import IDENTITY, arrow_schema
from archive.verify.versions import SQL, content_root_by_sql
from tests.golden import make_rows

GOLDEN = Path(__file__).parent / "golden" / "rows-v1.jsonl"
STATEMENT = (Path(__file__).parent.parent / "archive" / "verify" / SQL).read_text()
LEAVES = STATEMENT.rpartition("\nSELECT")[0] + "\nSELECT lower(hex(leaf)) FROM leaves"

# The leaf inputs and roots of Certificate Transparency's reference tests (merkle_tree_test).
CT_INPUTS = [
    "",
    "00",
    "10",
    "2021",
    "3031",
    "40414243",
    "5051525354555657",
    "606162636465666768696a6b6c6d6e6f",
]
CT_ROOTS = {
    0: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    1: "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    8: "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
}

Row = dict[str, Any]


def naive_root(leaves: Sequence[bytes]) -> bytes:
    """RFC 6962 section 2.1, word for word."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return hashlib.sha256(b"\x01" + naive_root(leaves[:k]) + naive_root(leaves[k:])).digest()


def golden() -> list[dict[str, Any]]:
    return [json.loads(line) for line in GOLDEN.read_text().splitlines()]


def table(rows: Sequence[Row]) -> pa.Table:
    schema = arrow_schema("documents")
    columns = {
        name: pa.array([row[name] for row in rows], type=_plain(schema.field(name).type))
        for name in IDENTITY
    }
    return pa.table(columns).cast(pa.schema([schema.field(name) for name in IDENTITY]))


def _plain(kind: pa.DataType) -> pa.DataType:
    """Microseconds are given as integers."""
    return pa.int64() if pa.types.is_timestamp(kind) else kind


def by_batch(rows: Sequence[Row]) -> list[bytes]:
    (batch,) = table(rows).combine_chunks().to_batches()
    return leaves_of(batch)


def by_reference(rows: Sequence[Row]) -> list[bytes]:
    return [row_leaf(row[name] for name in IDENTITY) for row in rows]


def by_sql(rows: Sequence[Row], folder: Path) -> list[bytes]:
    """Sorted: SQL has no order of rows."""
    path = folder / "rows.parquet"
    pq.write_table(table(rows), path)
    with duckdb.connect() as connection:
        found = connection.execute(LEAVES, {"files": [str(path)]}).fetchall()
    return sorted(bytes.fromhex(leaf) for (leaf,) in found)


@pytest.mark.parametrize("size", CT_ROOTS)
def test_the_tree_gives_the_roots_of_certificate_transparency(size: int) -> None:
    leaves = [hashlib.sha256(b"\x00" + bytes.fromhex(data)).digest() for data in CT_INPUTS[:size]]
    assert tree_root(leaves).hex() == CT_ROOTS[size]


def test_the_tree_equals_the_definition_for_every_size_up_to_130() -> None:
    leaves = [hashlib.sha256(bytes([i])).digest() for i in range(130)]
    for size in range(131):
        assert tree_root(leaves[:size]) == naive_root(leaves[:size])


def test_doubling_the_odd_last_leaf_changes_the_root() -> None:
    leaves = [hashlib.sha256(bytes([i])).digest() for i in range(3)]
    assert tree_root(leaves) != tree_root([*leaves, leaves[-1]])


@given(st.lists(st.binary(min_size=32, max_size=32)), st.integers(1, 9), st.randoms())
def test_the_root_depends_on_no_order_and_on_no_spilling(
    leaves: list[bytes], run: int, dice: random.Random
) -> None:
    shuffled = list(leaves)
    dice.shuffle(shuffled)
    sorter = LeafSorter(run_leaves=run)
    sorter.add(shuffled)
    assert list(sorter.sorted()) == sorted(leaves)
    assert sorter.root() == tree_root(sorted(leaves)).hex()


def test_there_are_200_golden_rows_as_the_script_writes_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(make_rows, "FILE", tmp_path / "again")
    make_rows.main()
    assert (tmp_path / "again").read_bytes() == GOLDEN.read_bytes()
    assert len(golden()) >= 200


def test_golden_rows_have_their_encodings_and_no_two_have_one_leaf() -> None:
    for line in golden():
        if encoded := line.get("encoded"):
            assert make_rows.encode(line["row"]).hex() == encoded
            leaf = hashlib.sha256(b"\x00" + bytes.fromhex(encoded)).hexdigest()
            assert leaf == line["leaf"]
    distinct = {make_rows.encode(line["row"]): line["leaf"] for line in golden()}
    assert len(set(distinct.values())) == len(distinct)


def test_golden_rows_have_their_leaves_in_python_in_batches_and_in_sql(tmp_path: Path) -> None:
    rows = [line["row"] for line in golden()]
    leaves = [bytes.fromhex(line["leaf"]) for line in golden()]
    assert by_reference(rows) == leaves
    assert by_batch(rows) == leaves
    assert by_sql(rows, tmp_path) == sorted(leaves)


def test_a_lone_surrogate_has_no_leaf() -> None:
    with pytest.raises(UnicodeEncodeError):
        row_leaf(["a\ud800b"])


@given(st.lists(st.none() | st.text()), st.lists(st.none() | st.text()))
def test_two_rows_share_an_encoding_only_if_they_are_equal(
    one: list[str | None], other: list[str | None]
) -> None:
    assert (row_leaf(one) == row_leaf(other)) == (one == other)
    assert netstring(None) != netstring(b"")


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
integers = st.integers(0, 2**63 - 1)
identity_rows = st.fixed_dictionaries(
    {
        # From 1677 to 9999, as Parquet and SQL hold them.
        "captured_at": st.integers(-9 * 10**15, 253402300799999999),
        "extractor": texts,
        "length": integers,
        "member": st.none() | integers,
        "offset": integers,
        "payload_digest": texts,
        "source": texts,
        "text": texts | st.text(max_size=3).map(lambda t: t * 700),
        "url": texts,
    }
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(rows=st.lists(identity_rows, min_size=1, max_size=60))
def test_random_rows_have_one_leaf_in_all_three_forms(
    rows: list[Row], tmp_path_factory: pytest.TempPathFactory
) -> None:
    leaves = by_reference(rows)
    assert by_batch(rows) == leaves
    assert by_sql(rows, tmp_path_factory.mktemp("rows")) == sorted(leaves)


def many_rows(count: int, seed: int) -> list[Row]:
    """Rows of random values; cheaper than hypothesis by the million."""
    dice = random.Random(seed)
    alphabet = [chr(c) for c in (*range(128), 0xE9, 0x5D0, 0x6F22, 0xFFFF, 0x10000, 0x1F600)]
    return [
        {
            "captured_at": dice.getrandbits(51),
            "extractor": "plain/1",
            "length": dice.getrandbits(dice.randrange(1, 63)),
            "member": dice.getrandbits(40) if dice.random() < 0.5 else None,
            "offset": dice.getrandbits(62),
            "payload_digest": "".join(dice.choices(alphabet, k=dice.randrange(20))),
            "source": "s" * dice.randrange(12),
            "text": "".join(dice.choices(alphabet, k=dice.randrange(30))),
            "url": str(dice.random()),
        }
        for _ in range(count)
    ]


@pytest.mark.parametrize(
    "count", [0, 1, 2, 5, 3000, pytest.param(1_000_000, marks=pytest.mark.slow)]
)
def test_python_and_sql_give_one_root(count: int, tmp_path: Path) -> None:
    path = tmp_path / "documents.parquet"
    sorter = LeafSorter()
    schema = table([]).schema
    with pq.ParquetWriter(path, schema) as writer:
        for start in range(0, count, 50_000):
            rows = many_rows(min(50_000, count - start), start)
            sorter.add(by_reference(rows))
            writer.write_table(table(rows))
    assert content_root_by_sql([path], memory_limit="2GB") == sorter.root()
    batched = [leaf for batch in batches(path, list(IDENTITY)) for leaf in leaves_of(batch)]
    assert tree_root(sorted(batched)).hex() == sorter.root()


def test_sql_gives_one_root_however_the_rows_lie_in_files(tmp_path: Path) -> None:
    rows = many_rows(997, 7)
    expected = tree_root(sorted(by_reference(rows))).hex()
    for shards, options in ((1, {}), (3, {"compression": "none"}), (10, {"row_group_size": 7})):
        paths = []
        for shard in range(shards):
            paths.append(tmp_path / f"[{shards}]-{shard}?*.parquet")  # no pattern, but a name
            pq.write_table(table(rows[shard::shards][::-1]), paths[-1], **options)
        assert content_root_by_sql(paths) == expected


def test_leaves_of_a_slice_are_a_slice_of_the_leaves() -> None:
    rows = many_rows(50, 3)
    (batch,) = table(rows).combine_chunks().to_batches()
    assert leaves_of(batch.slice(7, 20)) == by_reference(rows)[7:27]
    assert leaves_of(batch.slice(50)) == []


def test_leaves_refuse_a_time_in_another_unit() -> None:
    rows = table(many_rows(1, 1))
    milliseconds = rows["captured_at"].cast(pa.timestamp("ms", tz="UTC"), safe=False)
    (batch,) = rows.set_column(0, "captured_at", milliseconds).to_batches()
    with pytest.raises(TypeError):
        leaves_of(batch)


def test_canonical_json_has_one_form_and_no_floats() -> None:
    value = {"b": [1, None, True, "é\u2028"], "a": {}}
    assert canonical_json(value) == '{"a":{},"b":[1,null,true,"é\u2028"]}'.encode()
    for bad in (1.0, float("nan"), [{"a": 0.5}], {"a": (1, 2.0)}):
        with pytest.raises(TypeError):
            canonical_json(bad)
