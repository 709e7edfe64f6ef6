"""Starts the command line: `lowbg` and `python -m archive`."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec


def main() -> None:
    # In the wheel cli/ is nested here, because a root package of that name is easily overwritten.
    home = "archive.cli" if find_spec("archive.cli") else "cli"
    import_module(home).main()


if __name__ == "__main__":
    main()
