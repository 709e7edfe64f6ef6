"""Laws of verify: every damage is found, a sound store is never accused."""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from archive.digest import sha256_file
from archive.errors import EnvironmentFailed, LowbgError, UnknownName
from archive.manifest import Manifest, Part
from archive.store.local import Store
from archive.verify import Finding, Report, verify
from archive.verify.versions import content_root_by_sql
from tests.stores import Draft, Row, add_kept, document, fill, ledger_row, make_store, write

SOURCE = "5" * 64


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """Two versions of one snapshot and one of another; tests that damage it restore it."""
    folder = tmp_path_factory.mktemp("verify")
    made = make_store(folder, documents=12, parts=2, versions=2)
    fill(Draft(folder / "more"), 3, 1, seed=7).commit(made, "other")
    return made


def kinds(report: Report) -> set[str]:
    return {finding.kind for finding in report.findings}


# Sound stores


@pytest.mark.parametrize("reference", [None, "web", "web@1", "other"])
def test_a_sound_store_is_found_sound(reference: str | None, store: Store) -> None:
    report = verify(store, reference, independent=True)
    assert report.findings == ()
    assert report.ok
    chosen = [reference or name for name in store.names()]
    assert set(report.content_roots) >= {f"{n}@{v}" for n, v in map(store.resolve, chosen)}
    for at, root in report.content_roots.items():
        assert store.manifest(*store.resolve(at)).content_root == root


def test_everything_is_read_and_counted_once(store: Store) -> None:
    told: list[tuple[int, int]] = []
    report = verify(store, progress=lambda done, total: told.append((done, total)))
    objects = [path for path in (store.root / "objects").rglob("*") if path.is_file()]
    assert report.checked_objects == len(objects)
    assert report.checked_bytes >= sum(path.stat().st_size for path in objects) - 100  # attest list
    assert report.documents == sum(part.documents.rows for part in store.known_parts().values())
    assert told[0][0] == 0
    assert told[-1][0] == told[-1][1]


def test_processes_find_what_one_finds(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("archive.verify.run.SPAWN_BYTES", 0)
    assert verify(store, workers=2) == verify(store)
    with restored(store.root):
        parts = store.manifest("web", 1).parts
        store.object_path(parts[0].ledger.sha256).unlink()
        victim = store.object_path(parts[1].documents.sha256)
        victim.chmod(0o644)
        victim.write_bytes(victim.read_bytes() + b"more")
        report = verify(Store(store.root), workers=2)
        assert report == verify(Store(store.root))
        assert kinds(report) == {"missing", "corrupt"}


def test_a_worker_that_is_killed_is_the_environments_failure(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("archive.verify.run.SPAWN_BYTES", 0)
    monkeypatch.setattr("archive.verify.run.check_pack", kill_worker)
    with pytest.raises(EnvironmentFailed, match="died"):
        verify(store, workers=2)


def kill_worker(task: object) -> list[Finding]:
    os._exit(9)


def test_stores_of_many_shapes_are_never_accused(tmp_path: Path) -> None:
    for number, (documents, parts, versions) in enumerate(
        (d, p, v) for d in (0, 1, 5, 130) for p in (1, 2) for v in (1, 2)
    ):
        made = make_store(tmp_path / str(number), max(documents, 2 * parts), parts, versions)
        assert verify(made, independent=True).findings == ()


def test_a_snapshot_without_documents_is_sound(tmp_path: Path) -> None:
    made = Store.create(tmp_path / "store")
    assert verify(made).findings == ()
    draft = Draft(tmp_path / "staged")
    add_kept(draft, b"no archive")
    draft.commit(made)
    draft = Draft(tmp_path / "empty")
    draft.commit(made)
    report = verify(made, independent=True)
    assert report.findings == ()
    assert set(report.content_roots) == {"web@1", "web@2"}


def test_verify_looks_at_neither_the_work_folder_nor_promised_objects(tmp_path: Path) -> None:
    made = make_store(tmp_path, documents=6)
    sha256 = made.put_bytes(b"about to be named")
    (made.work / "rubbish").mkdir()
    (made.work / "rubbish" / "x").symlink_to("/nowhere")
    assert [f.path for f in verify(made).findings] == [f"objects/sha256/{sha256[:2]}/{sha256}"]
    (made.work / "intents").mkdir(exist_ok=True)
    (made.work / "intents" / "a.json").write_text(f'{{"name":"new","objects":["{sha256}"]}}')
    (made.root / "refs" / "new").mkdir()
    assert verify(made).findings == ()


# Damage


@contextmanager
def restored(root: Path) -> Iterator[None]:
    """Puts back whatever is done to a store inside."""
    copy = root.with_name("copy")
    shutil.copytree(root, copy, symlinks=True)
    try:
        yield
    finally:
        shutil.rmtree(root)
        copy.rename(root)


def targets(root: Path) -> list[Path]:
    files = (path for path in root.rglob("*") if path.is_file() and "work" not in path.parts)
    return sorted(files)


class Damage:
    """One random damage to a store, taken back by `undo`."""

    KINDS = (
        "flip",
        "truncate",
        "append",
        "empty",
        "swap",
        "delete",
        "extra",
        "link",
        "zero",
        "edit",
    )

    def __init__(self, root: Path, files: Sequence[Path], dice: random.Random) -> None:
        self.kind = dice.choice(self.KINDS)
        self.path = dice.choice(files)
        self.saved = {self.path: self.path.read_bytes()}
        self.added: Path | None = None
        self.dice, self.files, self.root = dice, files, root
        getattr(self, f"_{self.kind}")(self.saved[self.path])

    def undo(self) -> None:
        if self.added:
            self.added.rmdir() if self.added.is_dir() else self.added.unlink()
        for path, data in self.saved.items():
            path.unlink(missing_ok=True)
            path.write_bytes(data)

    def _write(self, data: bytes) -> None:
        assert data != self.saved[self.path]
        self.path.chmod(0o644)
        self.path.write_bytes(data)

    def _flip(self, data: bytes) -> None:
        at, bit = self.dice.randrange(len(data)), self.dice.randrange(8)
        self._write(data[:at] + bytes([data[at] ^ 1 << bit]) + data[at + 1 :])

    def _zero(self, data: bytes) -> None:
        at = self.dice.randrange(len(data))
        changed = data[:at] + bytes(min(512, len(data) - at)) + data[at + 512 :]
        self._write(changed if changed != data else data + b"\0")

    def _truncate(self, data: bytes) -> None:
        self._write(data[: self.dice.randrange(len(data))])

    def _append(self, data: bytes) -> None:
        self._write(data + self.dice.randbytes(self.dice.randrange(1, 100)))

    def _empty(self, data: bytes) -> None:
        self._write(b"")

    def _edit(self, data: bytes) -> None:
        at = self.dice.randrange(len(data) + 1)
        self._write(data[:at] + b"0" + data[at:])

    def _swap(self, data: bytes) -> None:
        other = self.dice.choice([path for path in self.files if path != self.path])
        self.saved[other] = other.read_bytes()
        self._write(self.saved[other])
        other.chmod(0o644)
        other.write_bytes(data)

    def _delete(self, data: bytes) -> None:
        self.path.unlink()

    def _extra(self, data: bytes) -> None:
        folders = [path for path in self.root.rglob("*") if path.is_dir()]
        folders = [path for path in folders if "work" not in path.parts]
        self.added = self.dice.choice([self.root, *folders]) / self.dice.choice(
            ["extra", ".hidden", "a" * 64, "0" * 8, "ref.tmp", "\u0430b", "FORMAT.bak", "gg"]
        )
        match self.dice.randrange(4):
            case 0:
                self.added.write_bytes(data)
            case 1:
                self.added.symlink_to(self.path)
            case 2:
                self.added.mkdir()
            case _:
                os.mkfifo(self.added)

    def _link(self, data: bytes) -> None:
        """The file is a link to itself elsewhere: right bytes, but not in the store."""
        outside = self.root.parent / "outside"
        outside.write_bytes(data)
        self.path.unlink()
        self.path.symlink_to(outside)


def finds(root: Path) -> bool:
    try:
        return not verify(Store(root)).ok
    except LowbgError as error:  # a damaged FORMAT is refused when the store is opened
        return error.exit_code == 1


@pytest.mark.parametrize(
    "seed", [0, 1, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(2, 10))]
)
def test_a_hundred_random_damages_are_all_found_and_none_when_undone(
    seed: int, store: Store
) -> None:
    dice = random.Random(seed)
    with restored(store.root):
        files = targets(store.root)
        for number in range(100):
            damage = Damage(store.root, files, dice)
            assert finds(store.root), f"{number}: {damage.kind} of {damage.path}"
            damage.undo()
            if number % 10 == 0:
                assert not finds(store.root)


@contextmanager
def damaged(store: Store, path: Path, data: bytes | None) -> Iterator[Report]:
    with restored(store.root):
        path.unlink()
        if data is not None:
            path.write_bytes(data)
        yield verify(Store(store.root))


def test_each_finding_says_kind_file_expected_found_and_what_to_do(store: Store) -> None:
    ref = store.manifest("web", 1).parts[0].documents
    path = store.object_path(ref.sha256)
    name, data = path.relative_to(store.root).as_posix(), path.read_bytes()
    with damaged(store, path, None) as report:
        (missing,) = report.findings
        assert missing == Finding(
            "missing", name, f"{ref.bytes} bytes", "nothing", missing.fix, ("crawl-0-0.warc.gz",)
        )
        assert set(report.content_roots) == {"web@2", "other@1"}
    flipped = data[:100] + bytes([data[100] ^ 1]) + data[101:]
    with damaged(store, path, flipped) as report:
        (corrupt,) = report.findings
        assert (corrupt.kind, corrupt.path) == ("corrupt", name)
        assert corrupt.expected == f"sha256 {ref.sha256}"
        assert corrupt.found == f"sha256 {sha256_file_of(flipped, store)}"
        assert "copy" in corrupt.fix
    with damaged(store, path, data[:-1]) as report:
        assert [f.found for f in report.findings] == [f"{ref.bytes - 1} bytes"]


def sha256_file_of(data: bytes, store: Store) -> str:
    path = store.root.parent / "bytes"
    path.write_bytes(data)
    return sha256_file(path)


def test_a_lost_ref_is_named_with_the_line_that_repairs_it(store: Store) -> None:
    line = store.manifest_sha256("web", 1)
    for data in (None, b"", b"0" * 64 + b"\n", f"{line}\r\n".encode()):
        with damaged(store, store.ref_path("web", 1), data) as report:
            (finding,) = report.findings
            assert finding.path == "refs/web/00000001"
            assert line in finding.expected + finding.fix


def test_a_lost_last_ref_shows_in_the_objects_that_nothing_names(store: Store) -> None:
    manifest = store.object_path(store.manifest_sha256("web", 2))
    with damaged(store, store.ref_path("web", 2), None) as report:
        assert kinds(report) == {"extra"}
        assert manifest.relative_to(store.root).as_posix() in {f.path for f in report.findings}


def test_objects_of_an_unreadable_manifest_are_not_called_extra(store: Store) -> None:
    path = store.object_path(store.manifest_sha256("web", 2))
    with damaged(store, path, b"{}") as report:
        assert kinds(report) == {"corrupt", "unverifiable"}
        assert not any("move it out" in f.fix for f in report.findings)


def test_damage_elsewhere_is_told_when_one_version_is_asked_for(store: Store) -> None:
    part = store.manifest("other", 1).parts[0]
    with restored(store.root):
        store.object_path(part.ledger.sha256).unlink()
        assert kinds(verify(Store(store.root), "web@1")) == {"missing"}


def test_a_version_that_is_not_there_is_a_wrong_use_unless_damage_explains_it(
    store: Store,
) -> None:
    with pytest.raises(UnknownName):
        verify(store, "web@3")
    with damaged(store, store.ref_path("web", 1), None):
        assert not verify(Store(store.root), "web@2").ok


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_what_may_not_be_read_is_unverifiable(store: Store) -> None:
    path = store.object_path(store.manifest("web", 1).revisits.sha256)
    with restored(store.root):
        path.chmod(0)
        assert kinds(verify(Store(store.root))) == {"unverifiable"}


def test_a_sample_reads_that_share_and_still_misses_no_file(store: Store) -> None:
    whole = verify(store, "web@1")
    none, half, all_of = (verify(store, "web@1", sample=share) for share in (0.0, 0.4, 1.0))
    assert none.checked_bytes < half.checked_bytes < all_of.checked_bytes == whole.checked_bytes
    assert half == verify(store, "web@1", sample=0.4)
    assert half.ok
    assert half.sample == 0.4
    assert half.content_roots == {}
    victim = store.object_path(store.manifest("web", 1).parts[0].ledger.sha256)
    with damaged(store, victim, None):
        assert kinds(verify(Store(store.root), "web@1", sample=0.0)) == {"missing"}


def test_reports_are_merged(store: Store) -> None:
    report = verify(store)
    finding = Finding("corrupt", "x", "a", "b")
    assert report.merged([finding]).findings == (finding,)
    assert not report.merged([finding]).ok
    assert report.merged([]) == report


# Files whose bytes are as recorded, made wrong


Wrong = Callable[[list[Row], list[Row]], None]


def _leaf(documents: list[Row], ledger: list[Row]) -> None:
    documents[2]["text"] = "another text"


def _document_order(documents: list[Row], ledger: list[Row]) -> None:
    documents[0], documents[1] = documents[1], documents[0]


def _ledger_order(documents: list[Row], ledger: list[Row]) -> None:
    ledger[-1], ledger[-2] = ledger[-2], ledger[-1]


def _gap(documents: list[Row], ledger: list[Row]) -> None:
    ledger[1]["length"] -= 1


def _overlap(documents: list[Row], ledger: list[Row]) -> None:
    ledger[1]["length"] += 1


def _short(documents: list[Row], ledger: list[Row]) -> None:
    ledger[-1]["length"] -= 1


def _other_source(documents: list[Row], ledger: list[Row]) -> None:
    ledger[1]["source"] = "6" * 64


def _documents_source(documents: list[Row], ledger: list[Row]) -> None:
    other = document("6" * 64, documents[1]["offset"], "x")
    documents[1].update(other)
    ledger[2]["document"] = other["id"]


def _kept_of_nothing(documents: list[Row], ledger: list[Row]) -> None:
    ledger[0]["document"] = "0" * 64


def _kept_without(documents: list[Row], ledger: list[Row]) -> None:
    ledger[0]["document"] = None


def _document_of_padding(documents: list[Row], ledger: list[Row]) -> None:
    ledger[1]["document"] = documents[0]["id"]


def _other_place(documents: list[Row], ledger: list[Row]) -> None:
    other = document(SOURCE, 0, "Text", length=99)
    documents[0].update(other)
    ledger[0]["document"] = other["id"]


def rows(count: int = 5) -> tuple[list[Row], list[Row]]:
    documents = [document(SOURCE, 107 * i, f"Text {i}") for i in range(count)]
    ledger = []
    for i, row in enumerate(documents):
        ledger.append(ledger_row(SOURCE, 107 * i, 100, "kept", document=row["id"]))
        ledger.append(ledger_row(SOURCE, 107 * i + 100, 7, "padding", type=""))
    return documents, ledger


def committed(folder: Path, documents: list[Row], ledger: list[Row], size: int = 535) -> Store:
    made = Store.create(folder / "store")
    draft = Draft(folder / "staged")
    draft.add_part("a.warc.gz", SOURCE, size, documents, ledger)
    draft.commit(made)
    return made


def test_rows_made_right_are_sound(tmp_path: Path) -> None:
    assert verify(committed(tmp_path, *rows())).findings == ()


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        (_leaf, "id "),
        (_document_order, "rows in order"),
        (_ledger_order, "a row for the bytes from"),
        (_gap, "a row for the bytes from"),
        (_overlap, "a row for the bytes from"),
        (_short, "rows for all bytes"),
        (_other_source, "source "),
        (_documents_source, "source "),
        (_kept_of_nothing, "kept rows like its documents"),
        (_kept_without, "kept rows like its documents"),
        (_document_of_padding, "no document of a row"),
        (_other_place, "kept rows like its documents"),
    ],
)
def test_a_part_made_wrong_is_corrupt(wrong: Wrong, told: str, tmp_path: Path) -> None:
    documents, ledger = rows()
    wrong(documents, ledger)
    report = verify(committed(tmp_path, documents, ledger))
    assert kinds(report) == {"corrupt"}
    assert any(finding.expected.startswith(told) for finding in report.findings), report.findings


def remade(folder: Path, change: Callable[[Manifest, Draft], Manifest]) -> Report:
    made = Store.create(folder / "store")
    draft = fill(Draft(folder / "staged"), 6, 1)
    made.commit(change(draft.manifest(), draft), draft.staged, "a" * 64)
    return verify(made, independent=True)


def _part(manifest: Manifest, **changes: Any) -> tuple[Part, ...]:
    return (replace(manifest.parts[0], **changes), *manifest.parts[1:])


def test_a_wrong_content_root_is_found_twice(tmp_path: Path) -> None:
    report = remade(tmp_path, lambda m, draft: replace(m, content_root="0" * 64))
    assert len(report.findings) == 2
    assert all("0" * 64 in finding.expected for finding in report.findings)
    assert sum("by SQL" in finding.found for finding in report.findings) == 1
    assert report.content_roots == {}


def test_counts_of_another_outcome_are_found(tmp_path: Path) -> None:
    def change(m: Manifest, draft: Draft) -> Manifest:
        outcomes = {**m.parts[0].outcomes}
        outcomes["not-ok"] = outcomes.pop("supporting")
        summed = {**m.outcomes}
        summed["not-ok"] = summed.pop("supporting")
        return replace(m, parts=_part(m, outcomes=outcomes), outcomes=summed)

    (finding,) = remade(tmp_path, change).findings
    assert finding.expected.startswith("outcomes")


def test_a_table_of_another_schema_or_no_table_at_all_is_found(tmp_path: Path) -> None:
    def documents_for_ledger(m: Manifest, draft: Draft) -> Manifest:
        ref = write(draft.folder / "wrong", "revisits", [])
        path = draft.folder / "wrong"
        rubbish = replace(ref, rows=m.parts[0].ledger.rows)
        draft.staged[ref.sha256] = path
        return replace(m, parts=_part(m, ledger=rubbish))

    def rubbish_for_ledger(m: Manifest, draft: Draft) -> Manifest:
        sha256 = draft.keep(b"PAR1 no Parquet PAR1")
        ref = replace(m.parts[0].ledger, sha256=sha256, bytes=20)
        return replace(m, parts=_part(m, ledger=ref))

    for number, change in enumerate((documents_for_ledger, rubbish_for_ledger)):
        report = remade(tmp_path / str(number), change)
        assert kinds(report) == {"corrupt"}
        assert any("ledger" in finding.expected for finding in report.findings)


def _point_nowhere(draft: Draft) -> None:
    draft.revisits[0]["document"] = "0" * 64


def _another_revisit(draft: Draft) -> None:
    draft.revisits[0]["offset"] += 1


def _resolved(draft: Draft) -> None:
    draft.revisits[1]["offset"] = draft.revisits[0]["offset"]


@pytest.mark.parametrize("wrong", [_point_nowhere, _another_revisit, _resolved])
def test_revisits_that_agree_with_no_ledger_are_found(
    wrong: Callable[[Draft], None], tmp_path: Path
) -> None:
    made = Store.create(tmp_path / "store")
    draft = fill(Draft(tmp_path / "staged"), 6, 1)
    wrong(draft)
    revisits = draft.commit(made).revisits
    (finding,) = verify(made).findings
    assert finding.path.endswith(revisits.sha256)


def test_the_count_of_unresolved_revisits_is_compared(tmp_path: Path) -> None:
    def change(m: Manifest, draft: Draft) -> Manifest:
        outcomes = {**m.outcomes, "revisit": m.outcomes["revisit"] + m.outcomes["unresolved"]}
        del outcomes["unresolved"]
        return replace(m, outcomes=outcomes)

    (finding,) = remade(tmp_path, change).findings
    assert finding.expected.startswith("unresolved revisits")


def test_sql_that_cannot_run_says_nothing_of_the_data(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = make_store(tmp_path, documents=6)

    def fails(documents: list[Path]) -> str:
        raise MemoryError("no memory")

    monkeypatch.setattr("archive.verify.versions.content_root_by_sql", fails)
    assert kinds(verify(made, independent=True)) == {"unverifiable"}
    assert content_root_by_sql([]) == verify_empty_root()


def verify_empty_root() -> str:
    return "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
