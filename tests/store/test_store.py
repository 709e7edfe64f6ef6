"""Laws of the store: old or new and nothing between, whatever dies, fills up or comes at once."""

from __future__ import annotations

import errno
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import pytest

from archive.digest import sha256_hex
from archive.errors import CheckFailed, Corrupt, UnknownName, UsageError
from archive.manifest import Manifest, ObjectRef
from archive.packs import COMPACT, pack
from archive.store.disk import Disk
from archive.store.local import Store, spec_bytes
from archive.store.objects import aside
from archive.verify import verify
from tests.disks import CountingDisk, failing, kill
from tests.stores import Draft, add_kept, fill, make_store

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Ready:
    """A build that only needs to be committed, to be copied and tried as often as one likes."""

    folder: Path  # has `staged`, and `store` where there is one already
    manifest: Manifest
    files: dict[str, str]  # SHA-256 to name

    def copy(self, folder: Path) -> Path:
        shutil.copytree(self.folder, folder)
        return folder

    def commit(self, folder: Path, disk: Disk) -> Manifest:
        staged = {sha256: folder / "staged" / name for sha256, name in self.files.items()}
        return Store.create(folder / "store", disk).commit(self.manifest, staged, "c" * 64)

    def operations(self, folder: Path) -> int:
        disk = CountingDisk()
        self.commit(self.copy(folder), disk)
        return disk.count


@pytest.fixture(params=["fresh", "second", "packed"], scope="module")
def ready(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Ready:
    """The first version of a store that is not there yet, or the second one of one that is: with
    other parts, or with the same ones in fewer files."""
    folder = tmp_path_factory.mktemp(request.param)
    if request.param == "packed":
        return packed(make_store(folder / "old", documents=6), folder / "ready")
    if request.param == "second":
        shutil.copytree(make_store(folder / "old", documents=6).root, folder / "ready" / "store")
    draft = second(folder / "ready" / "staged")
    manifest = draft.manifest()
    return Ready(folder / "ready", manifest, {s: path.name for s, path in draft.staged.items()})


def packed(store: Store, folder: Path) -> Ready:
    """The draft of a version whose parts share their files."""
    old = store.manifest("web", 1)
    parts, staged = pack(old.parts, store.check, folder / "staged", COMPACT)
    shutil.copytree(store.root, folder / "store")
    files = {s: str(path.relative_to(folder / "staged")) for s, path in staged.items()}
    return Ready(folder, replace(old, parts=tuple(parts)), files)


def second(folder: Path) -> Draft:
    """The draft of another version, its files staged in `folder`."""
    draft = fill(Draft(folder), 4, 1, seed=9)
    add_kept(draft, b"kept by the second version")
    return draft


def state(root: Path) -> int:
    """The number of versions; a store that is not made yet has none."""
    return len(Store(root).versions("web")) if (root / "FORMAT").exists() else 0


def found(store: Store) -> list[str]:
    return [f"{f.kind} {f.path}: {f.expected}, {f.found}" for f in verify(store).findings]


# Kill -9 and faults, at every operation


def killed_at(ready: Ready, folder: Path, at: int) -> int:
    """Commits in a process of its own that is killed before operation `at`; its exit code."""
    pid = os.fork()
    if pid == 0:
        try:
            ready.commit(folder, CountingDisk(at, kill))
            os._exit(0)
        finally:
            os._exit(1)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def test_a_commit_killed_at_any_operation_leaves_old_or_new(ready: Ready, tmp_path: Path) -> None:
    old, states = state(ready.folder / "store"), []
    for at in range(1, ready.operations(tmp_path / "count") + 1):
        case = ready.copy(tmp_path / str(at))
        assert killed_at(ready, case, at) == -signal.SIGKILL
        states.append(state(case / "store"))
        if (case / "store" / "FORMAT").exists():
            assert found(Store(case / "store")) == []
        # The same build again, its files staged anew where the first had moved them already.
        shutil.copytree(ready.folder / "staged", case / "staged", dirs_exist_ok=True)
        ready.commit(case, CountingDisk())
        assert found(Store(case / "store")) == []
        assert state(case / "store") == states[-1] + 1
        shutil.rmtree(case)
    assert states == sorted(states), "once new, new for ever"
    assert set(states) == {old, old + 1}


@pytest.mark.parametrize(
    "errors",
    [
        pytest.param((errno.ENOSPC, errno.EIO, errno.EACCES, errno.EMFILE), id="in turn"),
        *(pytest.param((e,), id=errno.errorcode[e], marks=pytest.mark.slow) for e in (5, 13, 28)),
    ],
)
def test_a_fault_at_any_operation_surfaces_and_leaves_nothing_half_there(
    errors: tuple[int, ...], ready: Ready, tmp_path: Path
) -> None:
    old, silent = state(ready.folder / "store"), 0
    total = ready.operations(tmp_path / "count")
    for at in range(1, total + 1):
        case, number = ready.copy(tmp_path / str(at)), errors[at % len(errors)]
        disk = failing(number, at)
        if raised := _errno_of(partial(ready.commit, case, disk)):
            assert raised == number
        else:
            silent += 1
            assert disk.done[at - 1] == "unlink", "only tidying up may fail in silence"
        after = state(case / "store")
        assert after in (old, old + 1)
        if (case / "store" / "FORMAT").exists():
            assert found(Store(case / "store")) == []
        shutil.copytree(ready.folder / "staged", case / "staged", dirs_exist_ok=True)
        ready.commit(case, CountingDisk())  # the disk is well again
        assert found(Store(case / "store")) == []
        assert state(case / "store") == after + 1
        shutil.rmtree(case)
    assert 0 < silent < total / 3


def _errno_of(call: Callable[[], object]) -> int | None:
    try:
        call()
    except OSError as error:
        return error.errno
    return None


# Many at once

WRITER = """
import sys
from pathlib import Path
from archive.store.local import Store
from tests.stores import Draft, fill
folder, writer, commits = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
store = Store.create(folder / "store")
for number in range(commits):
    draft = fill(Draft(folder / f"{writer}-{number}"), 2, 1, seed=100 * writer + number)
    draft.commit(store, "web" if writer % 4 else "other")
"""


def test_eight_writers_at_once_lose_no_commit(tmp_path: Path) -> None:
    commits = 4
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, str(tmp_path), str(w), str(commits)], cwd=ROOT
        )
        for w in range(8)
    ]
    assert [writer.wait() for writer in writers] == [0] * 8
    store = Store(tmp_path / "store")
    assert len(store.versions("other")) == 2 * commits
    assert len(store.versions("web")) == 6 * commits
    assert found(store) == []
    names = {
        entry.name
        for name in store.names()
        for version in store.versions(name)
        for entry in store.manifest(name, version).inputs
    }
    assert len(names) == 8 * commits


def test_the_same_draft_committed_by_many_threads_is_as_many_versions(tmp_path: Path) -> None:
    store = make_store(tmp_path, documents=6)
    draft = store.manifest("web", 1)
    with ThreadPoolExecutor(8) as pool:
        done = list(pool.map(lambda _: store.commit(draft, {}, "f" * 64).version, range(24)))
    assert sorted(done) == list(range(2, 26))
    assert found(store) == []


def test_a_commit_that_loses_its_version_takes_the_next_one(tmp_path: Path) -> None:
    store = make_store(tmp_path, documents=6)
    other = Store(store.root)

    class Overtaken(Disk):
        def __init__(self) -> None:
            self.left = 2

        def link(self, path: Path, new: Path) -> None:
            if new.name == "00000002" or (new.parent.name == "web" and self.left):
                self.left -= 1
                other.commit(other.manifest("web", 1), {}, "e" * 64)
            super().link(path, new)

    late = second(tmp_path / "late").commit(Store(store.root, Overtaken()))
    assert late.version == 4
    assert late.parent == store.manifest_sha256("web", 3)
    assert found(store) == []


def test_many_makers_of_a_store_make_one(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        stores = list(pool.map(lambda _: Store.create(tmp_path / "store"), range(24)))
    assert found(stores[0]) == []
    assert (tmp_path / "store/spec/format-v1.md").read_bytes() == spec_bytes()


# Objects


def test_an_object_is_kept_under_its_hash_and_cannot_be_written_to(tmp_path: Path) -> None:
    store = Store.create(tmp_path / "store")
    sha256 = store.put_bytes(b"steel")
    path = store.check(ObjectRef(sha256, 5, 0))
    assert path == store.object_path(sha256)
    assert path.read_bytes() == b"steel"
    assert path.stat().st_mode & 0o777 == 0o444
    assert store.put_bytes(b"steel") == sha256
    assert list((store.work / "tmp").iterdir()) == []


def test_a_file_is_moved_into_the_objects_and_one_of_other_bytes_is_refused(tmp_path: Path) -> None:
    store = Store.create(tmp_path / "store")
    path = aside(store.work)
    path.write_bytes(b"steel")
    with pytest.raises(Corrupt):
        store.put_file(path, sha256_hex(b"iron"))
    assert path.exists()
    assert not store.object_path(sha256_hex(b"iron")).exists()
    store.put_file(path, sha256_hex(b"steel"))
    assert not path.exists()
    assert store.object_path(sha256_hex(b"steel")).read_bytes() == b"steel"


def test_a_damaged_object_is_replaced_when_its_bytes_come_again(tmp_path: Path) -> None:
    store = Store.create(tmp_path / "store")
    sha256 = store.put_bytes(b"steel")
    damage(store.object_path(sha256), b"steal")
    store.put_bytes(b"steel")
    assert store.object_path(sha256).read_bytes() == b"steel"


def damage(path: Path, data: bytes) -> None:
    path.chmod(0o644)
    path.write_bytes(data)


def test_bytes_are_read_once_for_a_file_and_again_when_it_was_touched(tmp_path: Path) -> None:
    store = Store.create(tmp_path / "store")
    ref = ObjectRef(store.put_bytes(b"steel"), 5, 0)
    path = store.check(ref)
    times = path.stat()
    for data in (b"steal", b"stee", b"steel and more", b""):
        damage(path, data)
        os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))  # a clock set back hides nothing
        with pytest.raises(Corrupt):
            store.check(ref)
    path.unlink()
    with pytest.raises(Corrupt, match="nothing"):
        store.check(ref)
    path.symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere").write_bytes(b"steel")
    with pytest.raises(Corrupt):
        store.check(ref)


@pytest.mark.parametrize("sha256", ["", "../../x", "A" * 64, "a" * 63, "a" * 65, "a" * 64 + "\n"])
def test_no_object_lies_at(sha256: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="not a SHA-256"):
        Store.create(tmp_path / "store").object_path(sha256)


# Names


@pytest.fixture(scope="module")
def named(tmp_path_factory: pytest.TempPathFactory) -> Store:
    folder = tmp_path_factory.mktemp("named")
    store = make_store(folder, documents=6, versions=3)
    fill(Draft(folder / "more"), 4, 1, seed=50).commit(store, "cafe")
    return store


def test_a_reference_names_one_version(named: Store) -> None:
    assert named.resolve("web") == named.resolve("web@latest") == ("web", 3)
    assert named.resolve("web@2") == ("web", 2)
    assert named.resolve("cafe") == ("cafe", 1)
    for version in (1, 2, 3):
        manifest, sha256 = named.manifest("web", version), named.manifest_sha256("web", version)
        assert manifest.version == version
        for whole in (manifest.content_root, sha256):
            assert named.resolve(whole) == named.resolve(whole[:12]) == ("web", version)


@pytest.mark.parametrize(
    "reference",
    ["", "nope", "web@0", "web@4", "web@-1", "web@", "web@\u00b2", "@1", "../web", "web@1@1"],
)
def test_what_names_nothing_is_answered_with_what_there_is(reference: str, named: Store) -> None:
    with pytest.raises(UnknownName) as unknown:
        named.resolve(reference)
    assert unknown.value.exit_code == 2
    assert "web@3" in unknown.value.next_step


def test_a_content_root_that_two_snapshots_share_names_neither(tmp_path: Path) -> None:
    store = make_store(tmp_path, documents=6)
    again = store.commit(store.manifest("web", 1), {}, "a" * 64)
    assert store.resolve(again.content_root) == ("web", 2)
    store.commit(replace(again, name="twin"), {}, "b" * 64)
    with pytest.raises(UsageError, match="twin@1, web@2"):
        store.resolve(again.content_root)


@pytest.mark.parametrize("name", ["../x", "a/b", "A", "con", "a.", ""])
def test_a_snapshot_is_refused_that_is_called(name: str, tmp_path: Path) -> None:
    store = make_store(tmp_path, documents=6)
    with pytest.raises(UsageError, match="not a snapshot name"):
        store.commit(replace(store.manifest("web", 1), name=name), {}, "a" * 64)
    assert found(store) == []


# What cannot be opened or committed


def test_known_parts_are_those_whose_objects_are_there(tmp_path: Path) -> None:
    store = make_store(tmp_path, documents=6)
    parts = {part.key: part for part in store.manifest("web", 1).parts}
    assert store.known_parts() == parts
    gone = next(part for part in parts.values() if part.documents.rows)
    store.object_path(gone.ledger.sha256).unlink()
    del parts[gone.key]
    assert store.known_parts() == parts


def test_a_manifest_that_names_what_is_not_there_is_not_committed(tmp_path: Path) -> None:
    store = make_store(tmp_path, documents=6)
    draft = second(tmp_path / "staged")
    manifest = draft.manifest()
    draft.staged.pop(manifest.parts[0].ledger.sha256)
    with pytest.raises(Corrupt, match="nothing"):
        store.commit(manifest, draft.staged, "a" * 64)
    with pytest.raises(CheckFailed, match="contradicts itself"):
        store.commit(replace(manifest, records=0), draft.staged, "a" * 64)
    assert state(store.root) == 1
    assert found(store) == []


def test_a_store_whose_refs_have_a_gap_takes_no_commit(tmp_path: Path) -> None:
    store = make_store(tmp_path, documents=6, versions=3)
    store.ref_path("web", 2).unlink()
    with pytest.raises(Corrupt, match="00000002"):
        second(tmp_path / "more").commit(store)


def test_a_ref_is_one_line_and_its_manifest_that_of_the_version(tmp_path: Path) -> None:
    store = make_store(tmp_path, documents=6, versions=2)
    line = store.ref_path("web", 1).read_bytes()
    for bad in (b"", line[:-1], line + b"\n", line.upper(), b"0" * 64 + b"\n", b"\xff" * 65):
        damage(store.ref_path("web", 2), bad)
        with pytest.raises(Corrupt):
            store.manifest("web", 2)
    damage(store.ref_path("web", 2), line)
    with pytest.raises(Corrupt, match="web@2"):
        store.manifest("web", 2)


def test_a_format_that_is_not_known_is_refused_with_what_to_do(tmp_path: Path) -> None:
    store = make_store(tmp_path, documents=6)
    path = store.root / "FORMAT"
    sound = path.read_bytes()
    damage(path, sound.replace(b"store 1", b"store 2"))
    with pytest.raises(CheckFailed, match="not known") as refused:
        Store(store.root)
    assert "install" in refused.value.next_step
    for bad in (b"", sound[:-1], sound + b"more\n", sound.upper(), b"\0" * 5000, b"\xff"):
        damage(path, bad)
        with pytest.raises(Corrupt):
            Store(store.root)
    path.unlink()
    for open_it in (Store, Store.create):
        with pytest.raises(Corrupt):
            open_it(store.root)


def test_what_is_no_store_is_not_opened_and_a_full_folder_does_not_become_one(
    tmp_path: Path,
) -> None:
    for root in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(UsageError, match="no store"):
            Store(root)
    (tmp_path / "thesis.tex").write_text("mine")
    with pytest.raises(UsageError, match=r"thesis\.tex"):
        Store.create(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_reading_writes_nothing(tmp_path: Path) -> None:
    store = make_store(tmp_path, documents=6)
    shutil.rmtree(store.work)
    before = sorted((path, path.lstat().st_mtime_ns) for path in store.root.rglob("*"))
    opened = Store(store.root, failing(errno.EROFS, 1))
    manifest = opened.manifest(*opened.resolve("web"))
    opened.check(manifest.revisits)
    opened.known_parts()
    assert verify(opened, independent=True).ok
    assert before == sorted((path, path.lstat().st_mtime_ns) for path in store.root.rglob("*"))
