"""`lowbg shell`: an interactive SQL prompt over a snapshot."""

from __future__ import annotations

import contextlib
import sys
from typing import TYPE_CHECKING, Final

import click

from archive.errors import LowbgError, UnknownName, UsageError

from .formats import WRITERS
from .output import json_option, store_option
from .sql import DEFAULT_MEMORY, open_snapshot, write

if TYPE_CHECKING:
    import duckdb

HELP: Final = """\
SQL ends with ; and may go over lines. Ctrl-C stops a query, Ctrl-D leaves.
.tables         the tables
.schema [TABLE] their columns: type, unit, meaning
.mode [FORM]    table, csv, json or ndjson
.quit           leave"""


@click.command(epilog="Example: lowbg shell web")
@click.argument("snapshot")
@click.option("--memory-limit", default=DEFAULT_MEMORY, show_default=True, help="Such as 500MB.")
@store_option
@json_option
def command(snapshot: str, memory_limit: str, store: str, as_json: bool) -> int:
    """Ask SNAPSHOT in SQL, one query after another; .help says what else there is.

    Standard input may be a file of queries: then nothing is prompted for, and the exit code is
    that of the first query that fails. --json is '.mode json' from the start.
    """
    from archive.query.connection import connect

    opened, manifest = open_snapshot(store, snapshot)
    con = connect(opened, manifest, memory_limit=memory_limit)
    shell = Shell(con, interactive=sys.stdin.isatty(), form="json" if as_json else "table")
    if shell.interactive:
        click.echo(f"{manifest.name}@{manifest.version}: {manifest.documents:,} documents. .help")
    return shell.run()


class Shell:
    """Reads statements and dot commands from standard input until it ends."""

    def __init__(
        self, con: duckdb.DuckDBPyConnection, *, interactive: bool, form: str = "table"
    ) -> None:
        self._con = con
        self.interactive = interactive
        self._form = form
        self._failed = 0
        if interactive:
            with contextlib.suppress(ImportError):
                import readline  # noqa: F401 - input() edits lines once it is loaded

    def run(self) -> int:
        """Answers until the input ends or .quit; 0, or the exit code of what failed first."""
        going = True
        while going:
            try:
                going = self._step()
            except LowbgError as error:
                click.echo(f"{error}\n{error.next_step}".rstrip(), err=True)
                self._failed = self._failed or error.exit_code
            except KeyboardInterrupt:
                if not self.interactive:
                    raise
                click.echo()  # what was typed so far is forgotten, and the prompt is back
        return 0 if self.interactive else self._failed

    def _step(self) -> bool:
        """Reads and answers one statement; False where there is none more."""
        statement = self._read()
        if statement.startswith("."):
            name, *arguments = statement.split()
            if name in (".quit", ".exit"):
                return False
            self._command(name, *arguments)
        elif statement.strip():
            self._answer(statement)
        elif self.interactive:
            click.echo()
        return bool(statement.strip())

    def _read(self) -> str:
        """One statement or dot command; at the end of the input what is left, or nothing."""
        held = ""
        while not is_complete(held):
            try:
                line = self._line("  ...> " if held else "lowbg> ")
            except EOFError:
                # A file's last query needs no semicolon; half a line typed is no query.
                return "" if self.interactive else held
            if not held and line.startswith("."):
                return line
            if held or line.strip():
                held += line + "\n"
        return held

    def _line(self, prompt: str) -> str:
        if self.interactive:
            return input(prompt)
        line = sys.stdin.readline()
        if not line:
            raise EOFError
        return line.rstrip("\n")

    def _answer(self, query: str) -> None:
        from archive.query.connection import stoppable, stream

        with stoppable(self._con):
            answer = stream(self._con, query)
            write(self._form, answer.columns, answer.types, answer.batches)

    def _command(self, name: str, *arguments: str) -> None:
        from archive.query import views

        from .schema import print_schema

        if name == ".help":
            click.echo(HELP)
        elif name == ".tables":
            click.echo("\n".join(views.NAMES))
        elif name == ".schema":
            print_schema(arguments[0] if arguments else None)
        elif name == ".mode":
            self._mode(*arguments[:1])
        else:
            raise UsageError(f"unknown command {name!r}", next_step=".help lists them")

    def _mode(self, form: str = "") -> None:
        if not form:
            click.echo(self._form)
        elif form not in WRITERS:
            raise UnknownName("form", form, WRITERS)
        else:
            self._form = form


def is_complete(text: str) -> bool:
    """Whether SQL ends in a semicolon that is no part of a text, a name or a comment."""
    import duckdb

    code = [place for place, kind in duckdb.tokenize(text) if kind != duckdb.token_type.comment]
    return bool(code) and text.encode()[code[-1] :].startswith(b";")
