"""Each format opened by its own reader and compared with the snapshot row by row."""

from __future__ import annotations

import datetime as dt
import json
import struct
import subprocess
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from archive.exporters import export
from archive.feed.tokenizer import read_tokenizer
from archive.manifest import Manifest
from archive.store.local import Store
from tests import peers
from tests.feed.snapshots import all_documents
from tests.feed.tokenizers_made import word_tokenizer

Made = tuple[Store, Manifest]


@pytest.fixture(autouse=True)
def small_shards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export, "SHARD_DOCUMENTS", 60)


def plain(value: Any) -> Any:
    """As the formats without times write them."""
    if isinstance(value, dt.datetime):
        return value.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return value


def expected(made: Made) -> list[dict[str, Any]]:
    return [{name: plain(v) for name, v in row.items()} for row in all_documents(*made)]


def test_datasets_streams_the_published_folder_with_no_code_of_ours(
    made: Made, tmp_path: Path
) -> None:
    import datasets
    from pyarrow.dataset import ParquetFragmentScanOptions

    export.export(*made, tmp_path / "out", exporter="hf")
    assert len(list((tmp_path / "out" / "data").iterdir())) == 3
    checked = ParquetFragmentScanOptions(page_checksum_verification=True)
    loaded = datasets.load_dataset(
        str(tmp_path / "out"), split="train", streaming=True, fragment_scan_options=checked
    )
    assert list(loaded) == all_documents(*made)


def test_parquet_has_page_checksums_that_find_a_flipped_bit(made: Made, tmp_path: Path) -> None:
    import pyarrow.parquet as pq

    export.export(*made, tmp_path / "out", exporter="parquet", columns=["text"])
    path = next((tmp_path / "out" / "data").iterdir())
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    with pytest.raises(OSError, match="CRC"):
        pq.read_table(path, page_checksum_verification=True)


def test_datasets_reads_the_json_lines(made: Made, tmp_path: Path) -> None:
    import zstandard

    export.export(*made, tmp_path / "out", exporter="jsonl")
    given: list[dict[str, Any]] = []
    for path in sorted((tmp_path / "out").glob("*.jsonl.zst")):
        with zstandard.open(path, "rt", encoding="utf-8", newline="\n") as lines:
            given += [json.loads(line) for line in lines]
    assert given == expected(made)


def test_webdataset_reads_the_tars(made: Made, tmp_path: Path) -> None:
    webdataset = pytest.importorskip("webdataset")
    export.export(*made, tmp_path / "out", exporter="webdataset")
    tars = sorted(str(path) for path in (tmp_path / "out").glob("*.tar"))
    assert len(tars) == 3
    given = []
    for sample in webdataset.WebDataset(tars, shardshuffle=False, empty_check=False).decode():
        assert sample["__key__"] == sample["json"]["id"]
        given.append(sample["json"] | {"text": sample["txt"]})
    assert given == expected(made)


def read_mds(folder: Path) -> Iterator[dict[str, Any]]:
    """A reader of MDS from the description of the format, for where the original is not."""
    for shard in json.loads((folder / "index.json").read_bytes())["shards"]:
        data = (folder / shard["raw_data"]["basename"]).read_bytes()
        assert len(data) == shard["raw_data"]["bytes"]
        (count,) = struct.unpack_from("<I", data)
        assert count == shard["samples"]
        for begin in struct.unpack_from(f"<{count}I", data, 4):
            varying = [size for size in shard["column_sizes"] if size is None]
            sizes = iter(struct.unpack_from(f"<{len(varying)}I", data, begin))
            at, row = begin + 4 * len(varying), {}
            for name, kind, fixed in zip(
                shard["column_names"],
                shard["column_encodings"],
                shard["column_sizes"],
                strict=True,
            ):
                size = fixed or next(sizes)
                raw, at = data[at : at + size], at + size
                if kind in ("int64", "int32"):
                    row[name] = int.from_bytes(raw, "little", signed=True)
                else:
                    row[name] = raw.decode() if kind == "str" else json.loads(raw)
            yield row


def test_a_reader_written_from_the_description_reads_the_mds(made: Made, tmp_path: Path) -> None:
    export.export(*made, tmp_path / "out", exporter="mds")
    assert list(read_mds(tmp_path / "out")) == expected(made)


def test_mds_files_are_closed_at_the_size_limit(
    made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from archive.exporters import mds

    monkeypatch.setattr(mds, "SIZE_LIMIT", 20_000)
    export.export(*made, tmp_path / "out", exporter="mds")
    files = list((tmp_path / "out").glob("*.mds"))
    assert len(files) > 4
    large = [path for path in files if path.stat().st_size > 20_000]
    assert all(struct.unpack_from("<I", path.read_bytes()) == (1,) for path in large)
    assert list(read_mds(tmp_path / "out")) == expected(made)


def test_mosaicml_streaming_reads_the_mds_and_checks_its_hashes(made: Made, tmp_path: Path) -> None:
    if not peers.FOLDER.is_dir():
        pytest.skip(f"mosaicml-streaming is not in {peers.FOLDER}: `make test` installs it there")
    export.export(*made, tmp_path / "out", exporter="mds")
    code = """
import json, sys
from tests.peers import stand_in
stand_in()
import streaming
data = streaming.StreamingDataset(local=sys.argv[1], shuffle=False, batch_size=1,
                                  validate_hash="sha256")
print(json.dumps([{k: v if isinstance(v, (str, list, type(None))) else int(v)
                   for k, v in data[i].items()} for i in range(len(data))]))
"""
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "out")], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1]) == expected(made)


def read_megatron(prefix: Path) -> Iterator[list[int]]:
    """A reader of Megatron's .idx and .bin from the description of the format."""
    index = prefix.with_suffix(".idx").read_bytes()
    assert index[:9] == b"MMIDIDX\0\0"
    version, code, sequences, borders = struct.unpack_from("<QBQQ", index, 9)
    assert (version, borders) == (1, sequences + 1)
    kind = np.dtype({8: "<u2", 4: "<i4"}[code])
    at = 9 + 8 + 1 + 8 + 8
    sizes = np.frombuffer(index, "<i4", sequences, at)
    offsets = np.frombuffer(index, "<i8", sequences, at + 4 * sequences)
    documents = np.frombuffer(index, "<i8", borders, at + 12 * sequences)
    assert len(index) == at + 12 * sequences + 8 * borders
    data = prefix.with_suffix(".bin").read_bytes()
    for begin, end in pairwise(documents.tolist()):
        yield [
            int(token)
            for n in range(begin, end)
            for token in np.frombuffer(data, kind, sizes[n], offsets[n])
        ]


@pytest.mark.parametrize("eod", [None, "<eod>"])
def test_a_reader_written_from_the_description_reads_the_megatron_files(
    made: Made, tmp_path: Path, eod: str | None
) -> None:
    path = word_tokenizer(tmp_path / "tokenizer.json")
    tokenizer = read_tokenizer(path)
    facts = export.export(
        *made, tmp_path / "out", exporter="megatron", options={"tokenizer": path, "eod": eod}
    )
    given = [
        tokens
        for prefix in sorted((tmp_path / "out").glob("*.bin"))
        for tokens in read_megatron(prefix)
    ]
    texts = [row["text"] for row in all_documents(*made) if row["text"]]
    end = [] if eod is None else [0]
    assert given == [ids + end for ids in tokenizer.encode(texts)]
    assert sum(each["documents"] for each in facts["files"]) == len(texts) < facts["documents"]
