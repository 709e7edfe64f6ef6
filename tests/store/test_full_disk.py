"""A disk that fills up in the middle of a build: exit code 3, and a store as it was."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import archive
from archive.store.local import Store
from archive.verify import verify
from tests.archives import page, write_crawl


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 512 KiB; skips where this user may not mount one."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=512k", "lowbackground-test", str(folder)]
    try:
        done = subprocess.run(mount, capture_output=True, text=True)
    except FileNotFoundError:
        pytest.skip("no mount command here")
    if done.returncode:
        pytest.skip(f"may not mount a small disk here: {done.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def build(inputs: list[str], store: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "archive", "build", *inputs, "--name", "web"]
    command += ["--store", str(store), "--workers", "1"]
    return subprocess.run(command, capture_output=True, text=True)


@pytest.mark.parametrize("room", [0, 20, 60, 120, 200])
def test_a_full_disk_leaves_the_store_as_it_was(
    small_disk: Path, tmp_path: Path, room: int
) -> None:
    first = tmp_path / "first.warc"
    first.write_bytes(page("tide"))
    store = small_disk / "store"
    assert build([str(first)], store).returncode == 0
    fill(small_disk, room)
    done = build(write_crawl(tmp_path / "crawl"), store)
    assert done.returncode in (0, 3), done.stderr
    if done.returncode:
        assert "No space left" in done.stderr
        assert "disk space" in done.stderr
    versions = Store(store).versions("web")
    assert versions == ([1] if done.returncode else [1, 2])
    (small_disk / "filler").unlink()
    assert verify(Store(store)).findings == ()
    assert archive.build(write_crawl(tmp_path / "crawl"), "web", store).verify().findings == ()


def fill(disk: Path, room: int) -> None:
    """Leaves `room` KiB on a disk."""
    with (disk / "filler").open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(1024))
        except OSError:
            file.truncate(max(0, file.tell() - (room << 10)))
