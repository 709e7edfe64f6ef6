"""The command `lowbg`: one module per command; each parses, calls once, prints."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any

import click

COMMANDS = {
    "crawls": "the crawls of Common Crawl, by name",
    "plan": "what a build of a crawl would read and cost",
    "build": "turn web archives into a snapshot",
    "rebuild": "extract again from the kept originals",
    "annotate": "compute signals and duplicates again",
    "compact": "put small parts into fewer files",
    "verify": "check every byte, leaf and sum of a snapshot",
    "sql": "answer SQL over a snapshot",
    "shell": "an interactive SQL prompt",
    "schema": "every table's columns, types and meaning",
    "log": "the versions of a snapshot",
    "show": "what a version is made of",
    "diff": "what two versions do not share",
    "cuts": "the frozen cuts, their source and deviations",
    "tails": "who survives a cut",
    "report": "a snapshot as one HTML page",
    "why": "what each rule of a cut says of a document",
    "export": "write a cut for a training stack",
    "receipt": "which documents a job has been fed",
    "audit": "how much of a corpus is human?",
    "replay": "does a data mix resist model collapse?",
    "sample": "write the bundled sample as a WARC",
}
"""Command to one-line help, so that `lowbg --help` loads no command."""


class LazyGroup(click.Group):
    """Loads the module of a command when the command is called, not before."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(f".{cmd_name}", __name__).command
        return command

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except BrokenPipeError:  # which click would end with exit code 1, wherever it came from
            from .output import after_broken_pipe

            raise after_broken_pipe() from None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.command(cls=LazyGroup, epilog="Example: lowbg build crawl/*.warc.gz --name web")
@click.version_option(package_name="lowbackground", prog_name="lowbg")
def group() -> None:
    """Keeps the human text from before language models, and puts it to use."""


def main() -> None:
    """Runs the command; an error becomes one message, one next step and its exit code."""
    from .output import run

    sys.exit(run(group))
