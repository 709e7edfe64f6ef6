"""Compiled code is kept, found again, and never stands in the way."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MODULE = """
from archive.signals.kernels.compiled import helper, kernel

@helper
def twice(n):
    return 2 * n

@kernel("int64(int64)")
def answer(n):
    return twice(n)

print(answer(21))
"""


@pytest.fixture
def module(tmp_path: Path) -> Path:
    path = tmp_path / "package" / "small.py"
    path.parent.mkdir()
    path.write_text(MODULE)
    return path


def start(module: Path, **more: str) -> subprocess.Popen[str]:
    env = {name: value for name, value in os.environ.items() if not name.startswith("NUMBA_")}
    env |= {"PYTHONPATH": str(ROOT), "NUMBA_DEBUG_CACHE": "1", "PYTHONDONTWRITEBYTECODE": "1"}
    env |= {"XDG_CACHE_HOME": str(module.parents[1] / "home")} | more
    return subprocess.Popen(
        [sys.executable, "-c", "import small"],
        cwd=module.parent,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def run(module: Path, **more: str) -> str:
    """What importing the module prints: its answer, and what numba says of its cache."""
    process = start(module, **more)
    printed = process.communicate()[0]
    assert process.returncode == 0, printed
    assert "42" in printed.split(), printed
    return printed


def kept(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("small.*") if path.suffix in (".nbi", ".nbc"))


def test_code_is_compiled_once_and_loaded_from_then_on(module: Path) -> None:
    assert "data saved" in run(module)
    assert len(kept(module.parent / "__pycache__")) == 2
    again = run(module)
    assert "data loaded" in again
    assert "data saved" not in again


def test_another_folder_can_be_named(module: Path, tmp_path: Path) -> None:
    run(module, NUMBA_CACHE_DIR=str(tmp_path / "named"))
    assert kept(tmp_path / "named")
    assert not kept(module.parent)
    assert "data loaded" in run(module, NUMBA_CACHE_DIR=str(tmp_path / "named"))


def test_where_the_package_cannot_be_written_the_users_folder_serves(module: Path) -> None:
    (module.parent / "__pycache__").write_text("no folder")
    run(module)
    assert kept(module.parents[1] / "home")
    assert "data loaded" in run(module)


def test_where_nothing_can_be_written_code_is_compiled_each_time(module: Path) -> None:
    (module.parent / "__pycache__").write_text("no folder")
    (module.parents[1] / "home").write_text("no folder either")
    assert "saved" not in run(module)


DAMAGE: dict[str, tuple[str, Callable[[bytes], bytes]]] = {
    "index emptied": (".nbi", lambda data: b""),
    "index overwritten": (".nbi", lambda data: b"no pickle at all"),
    "code cut off": (".nbc", lambda data: data[: len(data) // 2]),
    "code of another kind": (".nbc", lambda data: b"\x80\x04N."),
}


def test_a_damaged_cache_is_made_anew(module: Path) -> None:
    run(module)
    for name, (suffix, damage) in DAMAGE.items():
        for path in kept(module.parent):
            if path.suffix == suffix:
                path.write_bytes(damage(path.read_bytes()))
        assert "data saved" in run(module), name
    assert "data loaded" in run(module)


def test_processes_that_begin_at_once_do_not_get_in_each_others_way(module: Path) -> None:
    begun = [start(module) for _ in range(2)]
    for process in begun:
        printed = process.communicate()[0]
        assert process.returncode == 0, printed
        assert "42" in printed.split()
    assert "data loaded" in run(module)


def test_no_kernel_is_loaded_before_a_signal_is_computed() -> None:
    code = "import sys, archive.derived; from archive import signals\n"
    code += "signals.columns(); signals.versions(); assert 'numba' not in sys.modules\n"
    code += "signals.compute([{'id': '', 'text': 'a'}]); assert 'numba' in sys.modules"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)
