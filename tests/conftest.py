"""What every test may use: the folder of real web archives, where the machine has it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

# Where a failure blocks others, the same examples every time; elsewhere new ones are looked for.
settings.register_profile("steady", derandomize=True, deadline=None)
if os.environ.get("CI"):
    settings.load_profile("steady")

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real archives and text (LOWBG_TEST_DATA); never part of this repository."""
    folder = Path(os.environ.get("LOWBG_TEST_DATA", ROOT / "../shared/data")).resolve()
    if not folder.is_dir():
        pytest.skip(f"no real data at {folder}: set LOWBG_TEST_DATA to a folder that has it")
    return folder
