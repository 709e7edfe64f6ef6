"""Laws of reading slices: the rows that were asked for, each row group once, nothing unverified."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.errors import Corrupt
from archive.manifest import ObjectRef, Slice
from archive.slices import Slices
from tests.stores import document, write

ROWS = 150
SOURCE = "5" * 64


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ObjectRef]:
    """150 documents in row groups of 64."""
    path = tmp_path_factory.mktemp("slices") / "documents.parquet"
    return path, write(path, "documents", [document(SOURCE, i, f"Text {i}") for i in range(ROWS)])


@given(
    edges=st.lists(st.integers(0, ROWS), min_size=2, max_size=6).map(sorted),
    keep=st.sampled_from([0, 1 << 20]),
)
def test_slices_give_the_rows_that_they_name(
    edges: list[int], keep: int, file: tuple[Path, ObjectRef]
) -> None:
    path, ref = file
    slices = Slices(["offset"], keep)
    for first, end in pairwise(edges):
        part = Slice(ref.sha256, ref.bytes, end - first, first)
        batches = list(slices.batches(path, part))
        assert [n for b in batches for n in b.column(0).to_pylist()] == list(range(first, end))
        half = (end - first) // 2
        rows = slices.table(path, part, half, end - first).column("offset").to_pylist()
        assert rows == list(range(first + half, end))


def test_a_row_group_is_decoded_once_for_all_slices_in_it(
    file: tuple[Path, ObjectRef], monkeypatch: pytest.MonkeyPatch
) -> None:
    path, ref = file
    decoded: list[int] = []
    real = pq.ParquetFile.read_row_group

    def read(self: pq.ParquetFile, number: int, **options: object) -> pa.Table:
        decoded.append(number)
        return real(self, number, **options)

    monkeypatch.setattr(pq.ParquetFile, "read_row_group", read)
    slices = Slices(["id", "text"])
    for first in range(0, ROWS, 5):
        list(slices.batches(path, Slice(ref.sha256, ref.bytes, 5, first)))
    assert decoded == [0, 1, 2]


def test_a_slice_beyond_the_end_of_its_file_is_corrupt(file: tuple[Path, ObjectRef]) -> None:
    path, ref = file
    with pytest.raises(Corrupt, match="151 rows or more"):
        list(Slices().batches(path, Slice(ref.sha256, ref.bytes, 2, ROWS - 1)))


def test_a_page_that_was_changed_is_not_read(file: tuple[Path, ObjectRef], tmp_path: Path) -> None:
    path, ref = file
    data = bytearray(path.read_bytes())
    column = pq.read_metadata(path).row_group(1).column(1)
    first = column.dictionary_page_offset or column.data_page_offset
    data[first + column.total_compressed_size - 5] ^= 4
    damaged = tmp_path / "damaged.parquet"
    damaged.write_bytes(data)
    whole = Slice(ref.sha256, ref.bytes, ROWS, 0)
    with pytest.raises((OSError, pa.ArrowException)):
        list(Slices(["text"]).batches(damaged, whole))
    assert Slices(["text"]).table(damaged, whole, 0, 64).num_rows == 64, "of another row group"
