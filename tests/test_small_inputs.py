"""Laws of builds from many small inputs: few files, the same snapshot, nothing made twice."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

import archive
from archive import parts as making
from archive.engines.local import LocalEngine
from archive.manifest import PACKED_FORMAT, Part, Slice, packs_of
from archive.store.local import Store
from archive.verify import verify
from archive.verify.deep import verify_deep
from cli import group
from tests.archives import STORIES, page

COUNT = 24


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """More small inputs than a few, some with the same texts."""
    folder = tmp_path_factory.mktemp("inputs")
    paths = [folder / f"{number:02d}.warc" for number in range(COUNT)]
    for number, path in enumerate(paths):
        # Three bits of the number choose from the six stories, so many inputs have the same ones.
        names = ["tide", *(name for at, name in enumerate(STORIES) if number >> at % 3 & 1)]
        path.write_bytes(b"".join(page(name, host=f"h{number}.example") for name in names))
    return [str(path) for path in paths]


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the inputs that are read from now on."""
    names: list[str] = []
    real = making.read_into

    def read(task: dict[str, Any], *rest: Any) -> dict[str, Any]:
        names.append(task["name"])
        return real(task, *rest)

    monkeypatch.setattr("archive.parts.read_into", read)
    monkeypatch.setattr("archive.batches.read_into", read)
    return names


@pytest.fixture(scope="module")
def bare(inputs: list[str], tmp_path_factory: pytest.TempPathFactory) -> archive.Snapshot:
    """All inputs, each with files of its own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("archive.batches.FEW", COUNT)
        patch.setattr("archive.gather.Gathered.add_packs", lambda *_: None)
        return archive.build(inputs, "web", tmp_path_factory.mktemp("bare") / "store")


def test_many_small_inputs_become_few_files_and_the_same_snapshot(
    inputs: list[str], bare: archive.Snapshot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert len(packs_of(bare.manifest.parts)) == COUNT
    for inputs_a_batch in (128, 1):  # one batch, and one for each to be packed
        monkeypatch.setattr("archive.batches.BATCH_INPUTS", inputs_a_batch)
        web = archive.build(inputs, "web", tmp_path / str(inputs_a_batch))
        assert len(packs_of(web.manifest.parts)) == 1
        assert web.content_root == bare.content_root
        assert web.manifest.outcomes == bare.manifest.outcomes
        assert web.manifest.inputs == bare.manifest.inputs
        assert web.manifest.duplicates == bare.manifest.duplicates
        assert [p.key for p in web.manifest.parts] == [p.key for p in bare.manifest.parts]
        assert list(web.feed(seed=1)) == list(bare.feed(seed=1))
        signals = "select * from signals order by id"
        assert web.sql(signals).rows == bare.sql(signals).rows
        assert web.verify(independent=True).findings == ()
        left = {p.parent.name for p in (web.store.work).rglob("*.parquet")}
        assert left == set(), "nothing staged is left behind"


def test_one_more_and_fewer_inputs_extract_nothing_that_is_known(
    inputs: list[str], bare: archive.Snapshot, tmp_path: Path, made: list[str]
) -> None:
    store = tmp_path / "store"
    first = archive.build(inputs[:-1], "web", store)
    assert len(made) == COUNT - 1
    second = archive.build(inputs, "web", store)
    assert made[COUNT - 1 :] == [Path(inputs[-1]).name]
    assert second.content_root == bare.content_root
    assert all(part in second.manifest.parts for part in first.manifest.parts), "as they are"
    fewer = archive.build(inputs[::2], "web", store)
    assert len(made) == COUNT
    assert len(packs_of(fewer.manifest.parts)) == 1
    assert fewer.content_root == archive.build(inputs[::2], "web", tmp_path / "x").content_root
    made.clear()
    again = archive.build(inputs, "web", store)
    assert made == []
    assert again.manifest.parts == second.manifest.parts, "whole packs are found before pieces"
    assert verify(Store(store)).findings == ()


def test_what_a_killed_build_or_a_share_has_finished_is_found_by_any_later_build(
    inputs: list[str],
    bare: archive.Snapshot,
    tmp_path: Path,
    made: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    store = tmp_path / "store"
    monkeypatch.setattr("archive.shards.Shard.share", lambda self, given: sorted(given)[:20])
    archive.build_share(inputs, "web", store, shard="1/2")
    assert len(made) == 20
    web = archive.build(inputs[1:], "web", store)
    assert len(made) == COUNT
    assert web.verify().findings == ()
    assert archive.build(inputs, "web", store).content_root == bare.content_root
    assert len(made) == COUNT, "the share's first input was not in the build before, but was kept"


def test_an_input_that_kills_workers_costs_the_others_of_its_batch_nothing(
    inputs: list[str], bare: archive.Snapshot, tmp_path: Path
) -> None:
    poison = Path(inputs[5]).name

    class Mortal(LocalEngine):
        def run(self, stage: str, tasks: Any, *, instead: Any = None, **rest: Any) -> Any:
            receipts = []
            for task in tasks:
                fatal = any(t["name"] == poison for t in task.get("parts", [task]))
                if stage in ("parts", "part") and fatal:
                    receipts.append(instead(task, "its worker died 3 times"))
                else:
                    receipts += super().run(stage, [task], instead=instead, **rest)
            return receipts

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("archive.snapshot.start", lambda *_: Mortal())
        web = archive.build(inputs, "web", tmp_path / "store")
    assert [row["file"] for row in web.failed()] == [poison]
    assert web.manifest.records == bare.manifest.records - next(
        entry.records - 1 for entry in bare.manifest.inputs if entry.name == poison
    )
    assert web.verify().findings == ()
    mended = archive.build(inputs, "web", tmp_path / "store")
    assert (mended.failed(), mended.content_root) == ([], bare.content_root)


# Compaction


def copied(snapshot: archive.Snapshot, folder: Path) -> Path:
    shutil.copytree(snapshot.store.root, folder)
    return folder


def test_compaction_changes_the_files_and_nothing_else(
    bare: archive.Snapshot, inputs: list[str], tmp_path: Path, made: list[str]
) -> None:
    store = copied(bare, tmp_path / "store")
    web = archive.compact("web", store)
    assert web.reference == "web@2"
    assert len(packs_of(web.manifest.parts)) == 1
    same = ("content_root", "inputs", "outcomes", "duplicates", "revisits", "annotations", "recipe")
    for name in same:
        assert getattr(web.manifest, name) == getattr(bare.manifest, name)
    assert web.manifest.format == PACKED_FORMAT
    query = "select d.id, s.* from documents d join signals s using (id) order by all"
    assert web.sql(query).rows == bare.sql(query).rows
    assert list(web.feed(seed=5)) == list(bare.feed(seed=5))
    assert list(web.documents()) == list(bare.documents())
    assert verify(web.store, independent=True).findings == ()
    assert archive.compact("web", store).reference == "web@2", "there is nothing more to gain"
    built = archive.build(inputs, "web", store)
    assert (made, built.manifest.parts) == ([], web.manifest.parts)


def test_a_packed_version_is_annotated_by_file(inputs: list[str], tmp_path: Path) -> None:
    store = tmp_path / "store"
    plain = archive.build(inputs, "web", store, annotate=False)
    assert plain.verify().findings == ()
    web = archive.annotate("web", store)
    assert [p.documents for p in web.manifest.parts] == [p.documents for p in plain.manifest.parts]
    assert all(isinstance(part.signals, Slice) for part in web.manifest.parts)
    assert web.verify().findings == ()


def test_deep_verification_makes_the_slices_again(inputs: list[str], tmp_path: Path) -> None:
    web = archive.build(inputs, "web", tmp_path / "store", annotate=False, keep_originals=True)
    assert verify_deep(web.store, "web", lambda *_: None) == []
    # As another code would have made it: one capture of a part in the pack has another outcome.
    wrong = web.manifest.parts[3]
    swapped = list(web.manifest.parts)
    outcomes = {**wrong.outcomes, "not-ok": 1, "kept": wrong.outcomes["kept"] - 1}
    swapped[3] = replace(wrong, outcomes=outcomes)
    found = verify_deep_of(web, tuple(swapped))
    assert {finding.path.rpartition("outcome ")[2] for finding in found} == {"kept", "not-ok"}


def verify_deep_of(web: archive.Snapshot, parts: tuple[Part, ...]) -> list[Any]:
    store = Store(web.store.root)
    store._manifests[store.manifest_sha256("web", 1)] = replace(web.manifest, parts=parts)
    return verify_deep(store, "web", lambda *_: None)


def test_the_command_says_what_it_did(bare: archive.Snapshot, tmp_path: Path) -> None:
    store = copied(bare, tmp_path / "store")
    call: Callable[..., Any] = CliRunner().invoke
    done = json.loads(call(group, ["compact", "web", "--store", str(store), "--json"]).output)
    assert (done["snapshot"], done["compacted"]) == ("web@2", True)
    assert done["content_root"] == bare.content_root
    assert done["files_before"] - done["files"] == 3 * (COUNT - 1)
    again = call(group, ["compact", "web", "--store", str(store)])
    assert "nothing to pack" in again.output
    assert call(group, ["compact", "no", "--store", str(store)]).exception is not None
