"""The specification of the format says what the code does: tables, example, commands."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from archive.manifest import PACKED_FORMAT, UNRESOLVED, ObjectRef
from archive.packs import COMPACT, pack
from archive.records import Outcome
from archive.schema import TABLES
from archive.store.local import Store, spec_bytes
from archive.verify.versions import SQL
from tests.stores import Draft, add_kept, fill, make_store

ROOT = Path(__file__).parent.parent
SPEC = (ROOT / "manifests" / "README.md").read_text()


def block(heading: str, language: str) -> str:
    """The first code block of a language after a heading."""
    found = re.search(rf"{heading}\n.*?```{language}\n(.*?)```", SPEC, re.DOTALL)
    assert found, heading
    return found[1]


def shell(script: str, folder: Path) -> str:
    done = subprocess.run(["sh", "-c", script], cwd=folder, capture_output=True, text=True)
    return done.stdout + done.stderr


@pytest.mark.parametrize("table", ["documents", "ledger", "revisits", "duplicates", "inputs"])
def test_it_has_every_column_of(table: str) -> None:
    lines = [
        f"| `{c.name}` | {c.type} | {'yes' if c.nullable else 'no'} | {c.unit} | {c.meaning} |"
        for c in TABLES[table]
    ]
    assert "\n".join(lines) + "\n" in SPEC.partition(f"### {table}\n")[2].partition("\n#")[0]


def test_it_has_every_outcome_with_its_meaning_and_no_other() -> None:
    table = SPEC.partition("| outcome | meaning |\n|---|---|\n")[2].partition("\n\n")[0]
    lines = [re.fullmatch(r"\| `([a-z-]+)` \| (\S.*) \|", line) for line in table.splitlines()]
    assert all(lines)
    assert sorted(line[1] for line in lines if line) == sorted([*Outcome, UNRESOLVED])


def test_its_sql_is_the_statement_that_verify_runs() -> None:
    assert block("## The content root in SQL", "sql") == (ROOT / "archive/verify" / SQL).read_text()


def test_its_worked_example_is_the_first_golden_row() -> None:
    golden = json.loads((ROOT / "tests/golden/rows-v1.jsonl").read_text().splitlines()[0])
    example = SPEC.partition("### Worked by hand")[2]
    assert bytes.fromhex(golden["encoded"]).decode() in example.replace("\n", "")
    assert golden["encoded"] in example.replace("\n", "")
    assert shell(block("### Worked by hand", "sh"), ROOT).split()[0] == golden["leaf"]
    assert golden["leaf"] in example


def test_the_store_holds_the_specification(tmp_path: Path) -> None:
    store = make_store(tmp_path)
    assert (store.root / "spec/format-v1.md").read_bytes() == spec_bytes() == SPEC.encode()


@pytest.mark.skipif(not shutil.which("jq"), reason="no jq on this machine")
def test_its_commands_are_silent_on_a_sound_store_and_speak_of_damage(tmp_path: Path) -> None:
    script = block("## Checking a store with sha256sum and jq", "sh")
    store = make_store(tmp_path, versions=2)
    assert shell(script, store.root) == ""
    manifest = store.manifest("web", 2)
    victim = store.object_path(manifest.parts[0].documents.sha256)
    sound = victim.read_bytes()
    victim.chmod(0o644)
    for damaged in (sound[:-1], sound[:50] + b"?" + sound[51:], b""):
        victim.write_bytes(damaged)
        assert victim.name in shell(script, store.root)
    victim.unlink()
    assert victim.name in shell(script, store.root)
    victim.write_bytes(sound)
    assert shell(script, store.root) == ""
    (store.root / "refs/web/00000001").write_text("0" * 64 + "\n")
    assert "refs/web/00000001" in shell(script, store.root)


@pytest.mark.skipif(not shutil.which("jq"), reason="no jq on this machine")
def test_its_commands_know_packs(tmp_path: Path) -> None:
    script = block("## Checking a store with sha256sum and jq", "sh")
    store = make_store(tmp_path)
    old = store.manifest("web", 1)
    parts, staged = pack(old.parts, store.check, tmp_path / "packs", COMPACT)
    packed = store.commit(replace(old, parts=tuple(parts)), staged, "0" * 64)
    assert packed.format == PACKED_FORMAT
    assert shell(script, store.root) == ""
    (victim,) = packed.files("ledger")
    store.object_path(victim.sha256).unlink()
    told = shell(script, store.root)
    assert told.count(f"refs/web/00000002: {victim.sha256} is not whole") == 1, "once for all"


@pytest.mark.skipif(not shutil.which("jq"), reason="no jq on this machine")
def test_its_commands_miss_every_object_that_a_manifest_names(tmp_path: Path) -> None:
    script = block("## Checking a store with sha256sum and jq", "sh")
    store = annotated_store(tmp_path)
    manifest = store.manifest("web", 1)
    assert None not in (manifest.duplicates, manifest.parts[0].signals, manifest.recipe["attest"])
    assert shell(script, store.root) == ""
    for sha256 in manifest.objects():
        victim = store.object_path(sha256)
        victim.rename(tmp_path / "aside")
        assert f"refs/web/00000001: {sha256} is not whole" in shell(script, store.root)
        (tmp_path / "aside").rename(victim)


def annotated_store(folder: Path) -> Store:
    """A store with signals, duplicates and a digest list; what the tables say is no matter here."""
    draft = fill(Draft(folder / "staged"), documents=4, parts=2)
    add_kept(draft, b"An input that is no web archive, but kept.\n")
    draft.recipe["attest"] = draft.keep(b"sha256:00  a.warc.gz\n")
    duplicates = ObjectRef(draft.keep(b"duplicates"), 10, 0)
    draft.parts = [
        replace(part, signals=ObjectRef(draft.keep(data), len(data), part.documents.rows))
        for part in draft.parts
        if (data := f"signals of {part.key}".encode())
    ]
    store = Store.create(folder / "store")
    manifest = replace(draft.manifest(), duplicates=duplicates)
    store.commit(manifest, draft.staged, "0" * 64)
    return store
