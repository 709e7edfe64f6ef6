"""What all commands share: the options every one has, printing, errors, exit codes."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import select
import traceback
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

import click

from archive.errors import EnvironmentFailed, LowbgError

F = TypeVar("F", bound=Callable[..., Any])

STDOUT = 1
CHECK_FAILED, WRONG_USE, ENVIRONMENT_FAILED, INTERRUPTED = 1, 2, 3, 130

_ENVIRONMENT_ERRNOS = {
    errno.ENOSPC: "free some disk space",
    errno.EDQUOT: "free some of your disk quota",
    errno.EROFS: "the file system is read-only: choose another --store",
    errno.EIO: "the disk failed: check the machine",
    errno.EMFILE: "raise the limit on open files (ulimit -n)",
    errno.EACCES: "check the permissions",
}


def default_store() -> str:
    """The store that is meant where --store is not given."""
    return os.environ.get("LOWBG_STORE") or "./lowbg-store"


def store_option(command: F) -> F:
    """`--store`, the same on every command that reads or writes one."""
    return click.option(
        "--store",
        default=default_store,
        show_default="$LOWBG_STORE, else ./lowbg-store",
        type=click.Path(file_okay=False),
        metavar="FOLDER",
        help="Folder of the store, or a URL to read one from.",
    )(command)


def no_store_option(command: F) -> F:
    """`--store` on a command that needs none, so that scripts can give it to every command."""
    return click.option(
        "--store",
        metavar="FOLDER",
        expose_value=False,
        help="Changes nothing here: this command needs no store.",
    )(command)


def json_option(command: F) -> F:
    """`--json`, the same on every command."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON for scripts.")(command)


def workers_option(command: F) -> F:
    """`--workers`, the same on every command that has it."""
    return click.option(
        "--workers",
        default=os.cpu_count() or 1,
        show_default="one a core",
        type=click.IntRange(1),
        help="Processes that work at once.",
    )(command)


def print_json(value: Any) -> None:
    click.echo(json.dumps(value, ensure_ascii=False, default=str))


def print_table(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Columns padded to their widest cell; numbers to the right."""
    cells = [[_cell(value) for value in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(header, *cells, strict=True)]
    numeric = [
        bool(cells) and all(c[i].replace(",", "").lstrip("-").isdigit() for c in cells)
        for i in range(len(header))
    ]
    for row in [list(header), *cells]:
        padded = (
            cell.rjust(width) if right else cell.ljust(width)
            for cell, width, right in zip(row, widths, numeric, strict=True)
        )
        click.echo("  ".join(padded).rstrip())


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)


def run(group: click.Command) -> int:
    """Runs the command line and returns its exit code: 0, 1, 2, 3 or 130 (Ctrl-C)."""
    try:
        code = group.main(standalone_mode=False)
        return code if isinstance(code, int) else 0
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except click.ClickException as error:
        error.show()
        return WRONG_USE
    except (click.Abort, KeyboardInterrupt):
        click.echo("\nstopped; what was finished is kept, nothing is half there", err=True)
        return INTERRUPTED
    except LowbgError as error:
        return _report(error)
    except MemoryError:
        return _report(EnvironmentFailed("out of memory", next_step="use fewer --workers"))
    except OSError as error:
        step = _ENVIRONMENT_ERRNOS.get(error.errno or 0, "check the path and the machine")
        return _report(EnvironmentFailed(str(error), next_step=step))
    except Exception as error:
        if os.environ.get("LOWBG_DEBUG") == "1":
            traceback.print_exc()
        step = "this is a defect: please report it with the command (LOWBG_DEBUG=1 says where)"
        return _report(EnvironmentFailed(f"{type(error).__name__}: {error}", next_step=step))


def after_broken_pipe() -> LowbgError | click.exceptions.Exit:
    """What a broken pipe means: success if the reader of standard output has what it wanted."""
    output = select.poll()
    output.register(STDOUT, 0)  # errors and hang-ups are told without being asked for
    if output.poll(0):
        os.dup2(os.open(os.devnull, os.O_WRONLY), STDOUT)  # what is left in buffers has to go
        return click.exceptions.Exit(0)
    return EnvironmentFailed(
        "the pipe to another process broke",
        next_step="finished parts are kept: run the same command again to go on",
    )


def _report(error: LowbgError) -> int:
    with contextlib.suppress(BrokenPipeError):  # nobody reads it: the exit code still tells
        click.echo(f"lowbg: {error}", err=True)
        if error.next_step:
            click.echo(f"       {error.next_step}", err=True)
    return error.exit_code
