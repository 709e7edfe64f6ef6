"""Runs the sessions that README.md shows and writes their output into it.

A session is a fenced console block after a comment `<!-- session -->`; each line that begins with
`$ lowbg` is run in one fresh folder, and what it printed is put below it.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

README = Path(__file__).parents[2] / "README.md"
SESSION = re.compile(r"(<!-- session -->\n```console\n)(.*?)(```\n)", re.DOTALL)
VOLATILE = re.compile(r"\d+\.\d+ s\b|objects, [0-9,]+ bytes")
"""Seconds, and the size of a store, whose manifest names the machine."""


def text() -> str:
    """README.md with the sessions as they run today."""
    return SESSION.sub(_rerun, README.read_text(encoding="utf-8"))


def _rerun(found: re.Match[str]) -> str:
    lines = []
    with tempfile.TemporaryDirectory() as folder:
        for line in found[2].splitlines():
            if line.startswith("$ lowbg "):
                lines += [line, *_output(line.removeprefix("$ lowbg "), folder)]
    return found[1] + "\n".join(lines) + "\n" + found[3]


def _output(arguments: str, folder: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-m", "archive", *shlex.split(arguments)],
        cwd=folder,
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": str(README.parent), "LOWBG_STORE": "lowbg-store"},
    )
    return [line.rstrip() for line in (done.stdout + done.stderr).splitlines()]


def steady(page: str) -> str:
    """A page without what changes from run to run."""
    return VOLATILE.sub("...", page)


if __name__ == "__main__":
    README.write_text(text(), encoding="utf-8")
