"""The index of an archive: the same however it is made, whole or not there, checked when used."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from archive.audit import index as indexing
from archive.audit.corpora import Place, stored
from archive.audit.index import Index, Source, build
from archive.audit.items import Wanted
from archive.audit.letters import Letters
from archive.audit.options import Matching
from archive.engines.local import LocalEngine
from archive.signals.hashing import Hashes
from tests.audit.made import Capture, commit, prose

CAPTURES = [
    Capture(prose(n % 25, 90), f"h{n % 7}.org", f"20{10 - n % 9:02d}-01-{1 + n % 27:02d}")
    for n in range(60)
]
FILES = ("keys", "rows", "hosts", "ids", "captured", "grades", "bases.npy")


def sources(store: Path, stack: ExitStack) -> tuple[Source, ...]:
    held = stored("web", Place(str(store), Wanted()), stack)
    assert held
    return held.sources


def made(
    store: Path, folder: Path, stack: ExitStack, workers: int = 1, keys: int = 1 << 21
) -> Index:
    engine = LocalEngine(workers=workers)
    stack.callback(engine.close)
    return build(sources(store, stack), folder, Matching(), engine, partition_keys=keys)


def contents(folder: Path) -> dict[str, bytes]:
    return {name: (folder / "index" / name).read_bytes() for name in FILES}


def every_key() -> Hashes:
    return Letters.of([each.text for each in CAPTURES]).passages(Matching())[1]


def test_an_index_is_the_same_whatever_its_ranges_runs_and_workers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit(tmp_path / "store", CAPTURES, parts=3)
    with ExitStack() as stack:
        made(tmp_path / "store", tmp_path / "whole", stack)
        made(tmp_path / "store", tmp_path / "ranges", stack, keys=50)
        made(tmp_path / "store", tmp_path / "workers", stack, workers=2)
        monkeypatch.setattr("archive.audit.sign.RUN_KEYS", 30)
        monkeypatch.setattr("archive.audit.sign.BATCH_ROWS", 3)
        monkeypatch.setattr("archive.audit.sign.BATCH_CHARACTERS", 1000)
        made(tmp_path / "store", tmp_path / "runs", stack)
    whole = contents(tmp_path / "whole")
    assert len(whole["keys"]) > 8 * 1000
    for other in ("ranges", "workers", "runs"):
        assert contents(tmp_path / other) == whole


def test_every_key_has_its_earliest_capture_and_its_hosts(tmp_path: Path) -> None:
    commit(tmp_path / "store", CAPTURES, parts=3)
    with ExitStack() as stack:
        index = made(tmp_path / "store", tmp_path / "index", stack)
        for text in sorted({each.text for each in CAPTURES}):
            same = [each for each in CAPTURES if each.text == text]
            rows, hosts = index.find(Letters.of([text]).passages(Matching())[1])
            first = min(np.datetime64(each.day, "us").astype(np.int64) for each in same)
            assert set(index.captured[rows].tolist()) == {int(first)}
            assert set(hosts.tolist()) == {len({each.host for each in same})}


def test_keys_that_are_not_there_are_not_found(tmp_path: Path) -> None:
    commit(tmp_path / "store", CAPTURES)
    commit(tmp_path / "none", [])
    strange = np.array([0, 1, 2**64 - 1, 12345], dtype=np.uint64)
    with ExitStack() as stack:
        index = made(tmp_path / "store", tmp_path / "index", stack)
        assert index.find(strange)[0].tolist() == [-1] * 4
        assert index.find(strange[:0])[0].tolist() == []
        empty = made(tmp_path / "none", tmp_path / "empty", stack)
        assert (len(empty), empty.documents) == (0, 0)
        assert empty.find(every_key())[0].max() == -1


@pytest.mark.parametrize("at", ["sign", "merge", "facts"])
def test_a_build_that_is_stopped_leaves_no_index_and_can_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: str
) -> None:
    commit(tmp_path / "store", CAPTURES)

    def stop(*_: Any, **__: Any) -> Any:
        raise KeyboardInterrupt

    where = {
        "sign": "archive.audit.sign._write_run",
        "merge": "archive.audit.index._merged",
        "facts": "archive.audit.index.save",
    }[at]
    with ExitStack() as stack:
        with monkeypatch.context() as patched:
            patched.setattr(where, stop)
            with pytest.raises(KeyboardInterrupt):
                made(tmp_path / "store", tmp_path / "index", stack)
        assert not (tmp_path / "index" / "index").exists()
        assert not [p for p in (tmp_path / "index").rglob("*") if "aside" in p.name]
        index = made(tmp_path / "store", tmp_path / "index", stack)
        assert index.find(every_key())[0].min() >= 0
        assert not (tmp_path / "index" / "parts").exists()


def test_an_index_that_is_there_is_used_and_one_that_was_changed_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit(tmp_path / "store", CAPTURES)
    with ExitStack() as stack:
        made(tmp_path / "store", tmp_path / "index", stack)
        whole = contents(tmp_path / "index")
        merged = []
        real = indexing._merge

        def counted(*arguments: Any) -> dict[str, Any]:
            merged.append(1)
            return real(*arguments)

        monkeypatch.setattr(indexing, "_merge", counted)
        made(tmp_path / "store", tmp_path / "index", stack)
        assert merged == []
        keys = tmp_path / "index" / "index" / "keys"
        keys.write_bytes(bytes([whole["keys"][0] ^ 1]) + whole["keys"][1:])
        made(tmp_path / "store", tmp_path / "index", stack)
        assert merged == [1]
    assert contents(tmp_path / "index") == whole


def test_other_parameters_make_another_index(tmp_path: Path) -> None:
    assert Matching(window=8).indexing() != Matching().indexing() != Matching(letters=40).indexing()
    assert Matching(contained=0.5, common=9).indexing() == Matching().indexing()
