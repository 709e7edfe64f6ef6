"""Writes docs/commands.md: the help text of every command, as the commands print it."""

from __future__ import annotations

from pathlib import Path

from click.testing import CliRunner

from cli import COMMANDS, group

PAGE = Path(__file__).parents[2] / "docs" / "commands.md"
INTRODUCTION = """# Commands

The help of every command, written by `make golden`; a test compares it with what they print.

Exit codes: 0 done; 1 the check failed (`verify` found something, a `--strict` build met damage);
2 wrong use; 3 the environment failed (disk, network, memory); 130 stopped with Ctrl-C.
"""


def text() -> str:
    """The page as it should be today."""
    sections = [INTRODUCTION]
    for name in ("", *COMMANDS):
        arguments = [name, "--help"] if name else ["--help"]
        result = CliRunner(env={"COLUMNS": "96"}).invoke(group, arguments, prog_name="lowbg")
        assert result.exit_code == 0, (name, result.output)
        title = f"lowbg {name}".strip()
        sections.append(f"## {title}\n\n```\n{result.output.rstrip()}\n```\n")
    return "\n".join(sections)


if __name__ == "__main__":
    PAGE.write_text(text(), encoding="utf-8")
