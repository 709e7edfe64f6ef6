"""The store: a folder of objects by SHA-256 and of refs that name manifests.

Objects come first, the manifest after them, the ref last, by `link()`: a build that is killed or
meets a full disk leaves the store as it was. manifests/README.md specifies every file.
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import stat
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

from archive.consistency import inconsistencies
from archive.digest import canonical_json, sha256_hex
from archive.errors import CheckFailed, Corrupt, LowbgError, UnknownName, UsageError
from archive.manifest import Manifest, Part, packs_of, valid_name
from archive.store.disk import Disk
from archive.store.objects import Objects, make_folders, status_of, write_aside
from archive.strict_json import MAX_BYTES

FORMAT: Final = "lowbackground-store 1"
SPEC: Final = Path("spec") / "format-v1.md"
REF_NAME: Final = re.compile(r"[0-9]{8}")
_FORMAT_FILE: Final = re.compile(rf"{FORMAT}\nspec ([0-9a-f]{{64}})\n")
_PREFIX: Final = re.compile(r"[0-9a-f]{6,64}")
_OWN: Final = frozenset({"FORMAT", "spec", "objects", "refs", "work"})


def spec_bytes() -> bytes:
    """The specification of the format: beside the package, or in a checkout in manifests/."""
    package = Path(__file__).parents[1]
    packaged = package / "format-v1.md"
    return (packaged if packaged.exists() else package.parent / "manifests/README.md").read_bytes()


def read_format(root: Path) -> str:
    """The SHA-256 that FORMAT states of the specification; refuses a format that is not known."""
    path = root / "FORMAT"
    if not path.exists():
        if any((root / folder).exists() for folder in ("objects", "refs")):
            raise Corrupt(path, FORMAT, "no such file")
        raise UsageError(f"no store at {root}", next_step="'lowbg build' makes one; see --store")
    return stated_spec(path.read_bytes(), root)


def stated_spec(data: bytes, root: object) -> str:
    """What the bytes of the file FORMAT say of the specification; `root` is for messages."""
    text = data[:4096].decode(errors="replace")
    if found := _FORMAT_FILE.fullmatch(text):
        return found[1]
    first = text.partition("\n")[0]
    if re.fullmatch(r"lowbackground-store [0-9]+", first) and first != FORMAT:
        raise CheckFailed(
            f"{root} has the format {first!r}, which is not known",
            next_step=f"this version reads {FORMAT!r}: install the one that wrote it",
        )
    raise Corrupt(f"{root}/FORMAT", f"{FORMAT!r} and a spec line", repr(text[:80]))


class Store(Objects):
    """A store that is there. Opening and reading it writes nothing."""

    def __init__(self, root: Path, disk: Disk | None = None) -> None:
        super().__init__(root, disk or Disk())
        self._manifests: dict[str, Manifest] = {}
        self._require_format()

    @classmethod
    def create(cls, root: Path, disk: Disk | None = None) -> Store:
        """Opens the store at `root`, made first where there is none. Two at once are fine."""
        if not (root / "FORMAT").exists():
            _make(root, disk or Disk())
        return cls(root, disk)

    def names(self) -> list[str]:
        """The snapshots of the store, sorted."""
        return sorted(n for n in self._listed("refs") if valid_name(n) and self.versions(n))

    def versions(self, name: str) -> list[int]:
        """1, 2, ... up to the highest version that has all before it."""
        _require_name(name)
        listed = self._listed(f"refs/{name}")
        version = 0
        while f"{version + 1:08d}" in listed:
            version += 1
        return list(range(1, version + 1))

    def ref_path(self, name: str, version: int) -> Path:
        """The file that names the manifest of a version."""
        _require_name(name)
        return self.root / "refs" / name / f"{version:08d}"

    def manifest_sha256(self, name: str, version: int) -> str:
        """What a ref says: the SHA-256 of a version's manifest."""
        line = self._ref_line(name, version)
        if line is None:
            raise UnknownName("snapshot", f"{name}@{version}", self._references())
        text = line.decode(errors="replace")
        if not re.fullmatch(r"[0-9a-f]{64}\n", text):
            path = self.shown(self.ref_path(name, version))
            raise Corrupt(path, "one line: a SHA-256 in lower-case hex", repr(text))
        return text[:64]

    def manifest(self, name: str, version: int) -> Manifest:
        """The manifest of a version, its bytes verified against the ref."""
        manifest = self.read_manifest(self.manifest_sha256(name, version))
        if (manifest.name, manifest.version) != (name, version):
            found = f"that of {manifest.name}@{manifest.version}"
            path = self.shown(self.ref_path(name, version))
            raise Corrupt(path, f"the manifest of {name}@{version}", found)
        return manifest

    def read_manifest(self, sha256: str) -> Manifest:
        """The manifest that is the object of this SHA-256."""
        if sha256 not in self._manifests:
            path = self.object_path(sha256)
            status = status_of(path)
            if status is None or not stat.S_ISREG(status.st_mode) or status.st_size > MAX_BYTES:
                raise Corrupt(path, "a manifest", "nothing" if status is None else "none")
            data = path.read_bytes()
            if (found := sha256_hex(data)) != sha256:
                raise Corrupt(path, f"sha256 {sha256}", f"sha256 {found}")
            self._manifests[sha256] = Manifest.from_bytes(data)
        return self._manifests[sha256]

    def resolve(self, reference: str) -> tuple[str, int]:
        """Name and version of `web`, `web@3`, `web@latest`, or of the beginning of a hash.

        The hash (6 digits or more) is a content root or a manifest's; where several versions of
        one snapshot have that content root, the latest is meant.
        """
        name, at, version = reference.partition("@")
        versions = self.versions(name) if valid_name(name) else []
        if versions and (not at or version == "latest"):
            return name, versions[-1]
        if version.isascii() and version.isdigit() and int(version[:9]) in versions:
            return name, int(version)
        if not at and _PREFIX.fullmatch(reference):
            return self._resolve_hash(reference)
        raise UnknownName("snapshot", reference, self._references())

    def require_writable(self) -> None:
        """Raises UsageError for a store that is there to be read only."""

    def shown(self, path: Path) -> str:
        """What people call a file of the store."""
        return str(path)

    def known_parts(self, wanted: Collection[str] | None = None) -> dict[str, Part]:
        """Part key to part, over all versions; only parts whose objects are there, at their size.

        Their bytes are not read here: `check` does that. Where a part is in several files, one
        comes first all of whose parts are `wanted` (None: all are), the one with the most parts,
        and the newer one: so a pack is used as it is rather than copied from.
        """
        files = [each for parts in self._newest_first() for each in packs_of(parts)]
        there = sorted((each for each in files if self._are_there(each[0])), key=len, reverse=True)
        parts: dict[str, Part] = {}
        for whole in (True, False):
            for each in there:
                new = [
                    p for p in each if p.key not in parts and (wanted is None or p.key in wanted)
                ]
                if len(new) == len(each) or not whole:
                    parts.update((part.key, part) for part in new)
        return parts

    def _newest_first(self) -> Iterator[tuple[Part, ...]]:
        """The parts of every version; of each snapshot the newest version is first."""
        for name in self.names():
            for version in reversed(self.versions(name)):
                yield self._parts(name, version)

    def _are_there(self, part: Part) -> bool:
        return all(map(self.present, (part.documents, part.ledger)))

    def _parts(self, name: str, version: int) -> tuple[Part, ...]:
        """Of a version that cannot be read there is nothing to reuse: verify tells of it."""
        try:
            return self.manifest(name, version).parts
        except LowbgError:
            return ()

    def commit(self, draft: Manifest, staged: Mapping[str, Path], build_key: str) -> Manifest:
        """Makes a draft the next version of its snapshot; returns the manifest as committed.

        `staged` are the files (SHA-256 to path) that the store does not have yet; one that the
        draft does not name stays where it is. Where another build takes the version first, the
        next one is taken, with that one as parent.
        """
        named = draft.objects()
        staged = {sha256: path for sha256, path in staged.items() if sha256 in named}
        intent = self.work / "intents" / f"{build_key}.{secrets.token_hex(4)}.json"
        promised = set(staged)
        while True:
            manifest = self._next(draft)
            data = manifest.to_bytes()
            _refuse_unsound(data)
            promised.add(sha256_hex(data))
            self._promise(intent, manifest.name, promised)
            for sha256, path in staged.items():
                self._adopt(path, sha256)
            self._require_objects(manifest)
            sha256 = self.put_bytes(data)
            if self._point(manifest, sha256):
                break
            # Nothing will ever name this manifest, unless a twin of this build was first with it.
            if self.manifest_sha256(manifest.name, manifest.version) != sha256:
                self._tidy([self.object_path(sha256)])
        self._tidy([intent])
        return manifest

    def _require_format(self) -> None:
        read_format(self.root)

    def _listed(self, folder: str) -> set[str]:
        """The names in a folder of refs; none where there is no such folder."""
        try:
            return set(os.listdir(self.root / folder))
        except (FileNotFoundError, NotADirectoryError):
            return set()

    def _ref_line(self, name: str, version: int) -> bytes | None:
        """The first bytes of a ref, more than it should have; None if it is not there."""
        try:
            with self.ref_path(name, version).open("rb") as file:
                return file.read(66)
        except (FileNotFoundError, NotADirectoryError):
            return None

    def _next(self, draft: Manifest) -> Manifest:
        versions = self.versions(draft.name)
        version = len(versions) + 1
        with contextlib.suppress(FileNotFoundError):
            for name in os.listdir(self.root / "refs" / draft.name):
                if not REF_NAME.fullmatch(name) or int(name) > version:
                    path = self.ref_path(draft.name, version)
                    raise Corrupt(path, "a ref, as there are later ones", "nothing")
        parent = self.manifest_sha256(draft.name, version - 1) if versions else None
        return replace(draft, version=version, parent=parent)

    def _promise(self, intent: Path, name: str, objects: Iterable[str]) -> None:
        """Says which objects are about to come, so that nobody takes them for strays."""
        data = canonical_json({"name": name, "objects": sorted(objects)})
        make_folders(intent.parent, self.root, self._disk)
        self._disk.replace(write_aside(self.work, data, self._disk), intent)
        self._disk.sync_folder(intent.parent)

    def _point(self, manifest: Manifest, sha256: str) -> bool:
        """Creates the ref; False if the version is taken."""
        path = self.ref_path(manifest.name, manifest.version)
        temporary = write_aside(self.work, f"{sha256}\n".encode(), self._disk)
        try:
            self._disk.protect(temporary)
            self._disk.mkdir(path.parent)
            self._disk.link(temporary, path)
            self._disk.sync_folder(path.parent)
        except FileExistsError:
            return False
        finally:
            self._tidy([temporary])
        return True

    def _require_objects(self, manifest: Manifest) -> None:
        for sha256, size in manifest.objects().items():
            path = self.object_path(sha256)
            status = status_of(path)
            if status is None or (size is not None and status.st_size != size):
                found = "nothing" if status is None else f"{status.st_size} bytes"
                raise Corrupt(path, "an object that the manifest names", found)

    def _resolve_hash(self, prefix: str) -> tuple[str, int]:
        found: dict[tuple[str, str], int] = {}  # (what is meant, name) -> latest version
        for name in self.names():
            for version in self.versions(name):
                manifest, sha256 = self.manifest(name, version), self.manifest_sha256(name, version)
                if manifest.content_root.startswith(prefix):
                    found[manifest.content_root, name] = version
                elif sha256.startswith(prefix):
                    found[sha256, name] = version
        if not found:
            raise UnknownName("snapshot", prefix, self._references())
        if len(found) > 1:
            meant = ", ".join(sorted(f"{name}@{version}" for (_, name), version in found.items()))
            raise UsageError(
                f"{prefix!r} is the beginning of several: {meant}", next_step="name one"
            )
        (((_, name), version),) = found.items()
        return name, version

    def _references(self) -> list[str]:
        held = {name: self.versions(name) for name in self.names()}
        return [n if v == [1] else f"{n}@{each}" for n, v in held.items() for each in v]


def _make(root: Path, disk: Disk) -> None:
    if root.exists() and (strangers := sorted(set(os.listdir(root)) - _OWN)):
        raise UsageError(
            f"{root} is no store and not empty: it has {', '.join(strangers[:3])}",
            next_step="choose another --store",
        )
    if (root / "refs").is_dir() and os.listdir(root / "refs"):
        raise Corrupt(root / "FORMAT", FORMAT, "no such file")
    root.mkdir(parents=True, exist_ok=True)
    for folder in ("objects/sha256", "refs", "spec", "work/tmp"):
        make_folders(root / folder, root, disk)
    _create(root / SPEC, spec_bytes(), root / "work", disk)
    stated = sha256_hex((root / SPEC).read_bytes())  # of what is there: another may have been first
    _create(root / "FORMAT", f"{FORMAT}\nspec {stated}\n".encode(), root / "work", disk)


def _create(path: Path, data: bytes, work: Path, disk: Disk) -> None:
    """Puts a whole file where there is none; one that is there stays."""
    temporary = write_aside(work, data, disk)
    try:
        with contextlib.suppress(FileExistsError):
            disk.link(temporary, path)
        disk.sync_folder(path.parent)
    finally:
        with contextlib.suppress(OSError):
            disk.unlink(temporary)


def _require_name(name: str) -> None:
    if not valid_name(name):
        raise UsageError(
            f"not a snapshot name: {name!r}",
            next_step="use 1 to 64 of a-z 0-9 . _ - beginning with a letter or digit, such as web",
        )


def _refuse_unsound(data: bytes) -> None:
    if wrong := inconsistencies(Manifest.from_bytes(data)):
        raise CheckFailed(
            "the manifest to be committed contradicts itself: " + "; ".join(wrong[:3]),
            next_step="this is a defect of the builder: please report it",
        )
