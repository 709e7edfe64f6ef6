"""What a store holds by its own account: FORMAT, refs, manifests; and what it holds besides."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from archive.consistency import inconsistencies
from archive.digest import sha256_file, sha256_hex
from archive.errors import Corrupt, LowbgError
from archive.manifest import Manifest, valid_name
from archive.store.local import REF_NAME, SPEC, Store, read_format
from archive.strict_json import MAX_BYTES
from archive.verify.findings import (
    CORRUPT,
    EXTRA,
    RESTORE,
    UNVERIFIABLE,
    Finding,
    check_size,
    kind_of,
    unreadable,
)

_HEX: Final = re.compile(rb"(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])")
_SHARD: Final = re.compile(r"[0-9a-f]{2}")


@dataclass(frozen=True, slots=True)
class Version:
    """A version whose ref and manifest can be read."""

    sha256: str
    manifest: Manifest

    @property
    def reference(self) -> str:
        return f"{self.manifest.name}@{self.manifest.version}"


@dataclass(slots=True)
class Survey:
    """The versions of a store, every object they name (SHA-256 to size), and what is wrong."""

    store: Store
    versions: list[Version] = field(default_factory=list)
    objects: dict[str, int | None] = field(default_factory=dict)
    manifests: set[str] = field(default_factory=set)  # those that a ref or a child names
    findings: list[Finding] = field(default_factory=list)
    checked_objects: int = 0
    checked_bytes: int = 0
    names: set[str] = field(default_factory=set)  # snapshots that have a ref
    unread: int = 0  # refs and manifests that cannot say which objects they name

    def object_name(self, sha256: str) -> str:
        return self.shown(self.store.object_path(sha256))

    def shown(self, path: Path) -> str:
        return path.relative_to(self.store.root).as_posix()


def survey(store: Store) -> Survey:
    """Reads everything but the data: whole, whatever version is asked for."""
    found = Survey(store)
    found.findings += _format(store)
    refs = store.root / "refs"
    for name in sorted(os.listdir(refs)) if refs.is_dir() else []:
        if valid_name(name) and _is_folder(refs / name):
            _snapshot(found, name)
    _strays(found)
    return found


def _format(store: Store) -> Iterator[Finding]:
    try:
        if wrong := check_size(store.root / "FORMAT", None, "FORMAT"):
            yield wrong
            return
        stated = read_format(store.root)
        if wrong := check_size(store.root / SPEC, None, SPEC.as_posix()):
            yield wrong
        elif (found := sha256_file(store.root / SPEC)) != stated:
            yield Finding(
                CORRUPT, SPEC.as_posix(), f"sha256 {stated}, as FORMAT states", f"sha256 {found}"
            )
    except LowbgError as error:
        yield _finding("FORMAT", error)
    except OSError as error:
        yield unreadable("FORMAT", error)


def _snapshot(found: Survey, name: str) -> None:
    """All versions of one snapshot: the line of each ref, each manifest, the chain of parents."""
    refs = found.store.root / "refs" / name
    numbers = sorted(int(n) for n in os.listdir(refs) if REF_NAME.fullmatch(n) and int(n))
    if numbers:
        found.names.add(name)
    child: Manifest | None = None
    for number in range(numbers[-1] if numbers else 0, 0, -1):  # children tell of their parents
        ref = found.store.ref_path(name, number)
        expected = child.parent if child else None
        sha256 = _ref(found, ref, expected)
        if sha256 and expected and sha256 != expected:
            found.findings.append(
                Finding(CORRUPT, found.shown(ref), f"{expected}, the parent of the next", sha256)
            )
        named = expected or sha256  # with a damaged ref the child still knows the manifest
        child = _manifest(found, named) if named else None
        found.unread += child is None
        if child is None or named is None:
            continue
        found.objects.update(child.objects())
        if (child.name, child.version) != (name, number):
            what = f"the manifest of {child.name}@{child.version}"
            found.findings.append(
                Finding(CORRUPT, found.shown(ref), f"the manifest of {name}@{number}", what)
            )
            found.unread += 1
        elif (number == 1) != (child.parent is None):
            wanted = "no parent" if number == 1 else "a parent"
            found.findings.append(_wrong(found, named, wanted, str(child.parent)))
        else:
            found.versions.append(Version(named, child))


def _ref(found: Survey, path: Path, expected: str | None) -> str | None:
    shown = found.shown(path)
    fix = f"write the line {expected}" if expected else RESTORE
    try:
        if wrong := check_size(path, 65, shown):
            found.findings.append(
                Finding(wrong.kind, shown, expected or wrong.expected, wrong.found, fix)
            )
            return None
        return found.store.manifest_sha256(path.parent.name, int(path.name))
    except Corrupt as error:
        found.findings.append(Finding(CORRUPT, shown, error.expected, error.found, fix))
    except OSError as error:
        found.findings.append(unreadable(shown, error))
    return None


def _manifest(found: Survey, sha256: str) -> Manifest | None:
    """Reads a manifest anew, whatever the store remembers of it."""
    path, shown = found.store.object_path(sha256), found.object_name(sha256)
    found.manifests.add(sha256)
    try:
        if wrong := check_size(path, None, shown):
            found.findings.append(wrong)
            return None
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
        if sha256_hex(data) != sha256:
            found.findings.append(_wrong(found, sha256, sha256, sha256_hex(data)))
            return None
        manifest = Manifest.from_bytes(data)
    except LowbgError as error:
        found.findings.append(_finding(shown, error))
        return None
    except OSError as error:
        found.findings.append(unreadable(shown, error))
        return None
    found.checked_objects += 1
    found.checked_bytes += len(data)
    for contradiction in inconsistencies(manifest):
        found.findings.append(_wrong(found, sha256, "sums that agree", contradiction))
    return manifest


def _strays(found: Survey) -> None:
    """Everything in the store's folder that nothing names. The work folder is not looked at."""
    pending, building = _pending(found.store.work)
    refs = {f"refs/{name}" for name in found.names | building}
    folders = {"spec", "objects", "objects/sha256", "refs", "work"} | refs
    for path, entry in _walk(found.store.root, ""):
        parent, _, name = path.rpartition("/")
        if entry.is_dir(follow_symlinks=False):
            # An empty shard is what a build that was killed may leave; it means nothing.
            known = path in folders or (parent == "objects/sha256" and _SHARD.fullmatch(name))
        elif parent == f"objects/sha256/{name[:2]}":
            known = any(name in s for s in (found.objects, found.manifests, pending))
        elif parent in refs:
            known = bool(REF_NAME.fullmatch(name)) and int(name) > 0
        else:
            known = path in ("FORMAT", SPEC.as_posix())
        if not known:
            found.findings.append(_stray(found, path, entry))


def _stray(found: Survey, path: str, entry: os.DirEntry[str]) -> Finding:
    what = kind_of(entry.stat(follow_symlinks=False).st_mode)
    if found.unread and path.startswith("objects/"):
        fix = "restore the damaged refs and manifests first, then verify again"
        return Finding(UNVERIFIABLE, path, "a readable manifest that names it", what, fix)
    return Finding(EXTRA, path, "nothing", what, "move it out of the store: no manifest names it")


def _walk(folder: Path | str, below: str) -> Iterator[tuple[str, os.DirEntry[str]]]:
    with os.scandir(folder) as entries:
        listed = sorted(entries, key=lambda entry: entry.name)
    for entry in listed:
        path = f"{below}{entry.name}"
        yield path, entry
        if path != "work" and entry.is_dir(follow_symlinks=False):
            yield from _walk(entry.path, f"{path}/")


def _pending(work: Path) -> tuple[set[str], set[str]]:
    """Objects and snapshots that an unfinished commit has promised."""
    objects: set[str] = set()
    names: set[str] = set()
    for folder in ("intents", "receipts"):
        for path in (work / folder).rglob("*") if (work / folder).is_dir() else ():
            if path.is_file() and not path.is_symlink():
                text = path.read_bytes()
                objects.update(sha256.decode() for sha256 in _HEX.findall(text))
                names.update(name.decode() for name in re.findall(rb'"name":"([^"]+)"', text))
    return objects, names


def _wrong(found: Survey, sha256: str, expected: str, seen: str) -> Finding:
    return Finding(CORRUPT, found.object_name(sha256), expected, seen)


def _finding(shown: str, error: LowbgError) -> Finding:
    if isinstance(error, Corrupt):
        return Finding(CORRUPT, shown, error.expected, error.found)
    return Finding(UNVERIFIABLE, shown, "a format that is known", str(error), error.next_step)


def _is_folder(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink()
