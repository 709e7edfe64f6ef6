"""The content root under the oldest and the newest pyarrow and duckdb that pyproject admits.

    python -m tests.matrix

Makes an environment for each pair in a temporary folder (needs a package registry), builds the
bundled sample in it, verifies it by both implementations, and prints the roots. Exit code 1 if
they differ.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
import tomllib
import venv
from pathlib import Path

ROOT = Path(__file__).parent.parent
SWEPT = ("pyarrow", "duckdb")


def bounds() -> dict[str, str]:
    """The lowest version that pyproject admits of each package that is swept."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    lowest = {}
    for requirement in project["dependencies"]:
        found = re.match(r"([a-z]+)>=([0-9.]+)", requirement)
        if found and found[1] in SWEPT:
            lowest[found[1]] = found[2]
    return lowest


def environments() -> dict[str, list[str]]:
    """Name of each environment -> what it pins."""
    oldest = [f"{name}=={version}" for name, version in bounds().items()]
    return {"oldest": oldest, "newest": [], **{pin: [pin] for pin in oldest}}


def root_under(pins: list[str], folder: Path) -> dict[str, str]:
    """The root and the versions, from a build in an environment of its own."""
    venv.create(folder / "env", with_pip=True)
    python = str(folder / "env/bin/python")
    install = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", str(ROOT)]
    subprocess.run([*install, *pins], check=True)
    for arguments in (
        ["sample", "s.warc.gz"],
        ["build", "s.warc.gz", "--name", "s", "--json"],
        ["verify", "s", "--independent"],
    ):
        subprocess.run(
            [python, "-P", "-m", "archive", *arguments],
            cwd=folder,
            check=True,
            stdout=subprocess.DEVNULL,
        )
    code = (
        "import archive, duckdb, json, pyarrow; print(json.dumps({'pyarrow': pyarrow.__version__,"
    )
    code += "'duckdb': duckdb.__version__, 'root': archive.open('s').content_root}))"
    done = subprocess.run(
        [python, "-P", "-c", code], cwd=folder, check=True, capture_output=True, text=True
    )
    answer: dict[str, str] = json.loads(done.stdout)
    return answer


def main() -> int:
    roots = set()
    for name, pins in environments().items():
        with tempfile.TemporaryDirectory() as folder:
            answer = root_under(pins, Path(folder))
        print(f"{name:<20} pyarrow {answer['pyarrow']:<10} duckdb {answer['duckdb']:<8}", end="")
        print(answer["root"], flush=True)
        roots.add(answer["root"])
    print("one root" if len(roots) == 1 else f"{len(roots)} ROOTS")
    return 0 if len(roots) == 1 else 1


if __name__ == "__main__":
    sys.exit(main())
