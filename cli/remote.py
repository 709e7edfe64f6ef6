"""What commands that read from elsewhere share: how hard servers are worked, and what is kept."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import wraps
from typing import Any, Final, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])

_SIZE: Final = re.compile(r"(\d+(?:\.\d+)?)\s*([kmgt]?)(i?)b?", re.IGNORECASE | re.ASCII)


class _Bytes(click.ParamType[int]):
    """Bytes, as 1500, 20MB or 512KiB."""

    name = "size"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        if isinstance(value, int):
            return value
        found = _SIZE.fullmatch(str(value).strip())
        if found is None:
            self.fail(f"{value!r} is no size: write 1500, 20MB or 512KiB", param, ctx)
        number, prefix, binary = found.groups()
        power = "kmgt".index(prefix.lower()) + 1 if prefix else 0
        size = int(float(number) * (1024 if binary else 1000) ** power)
        if not size and float(number):  # none at all means something else
            self.fail(f"{value!r} is less than a byte: write 1500, 20MB or 512KiB", param, ctx)
        return size


_OPTIONS: Final = (
    click.option(
        "--connections",
        default=4,
        show_default=True,
        type=click.IntRange(1, 64),
        help="Requests to servers at once, of all workers together.",
    ),
    click.option(
        "--rate",
        default="20MB",
        show_default=True,
        metavar="SIZE",
        type=_Bytes(),
        help="Bytes a second from servers, of all workers together; 0: no limit.",
    ),
    click.option(
        "--cache-bytes",
        default="0",
        show_default=True,
        metavar="SIZE",
        type=_Bytes(),
        help="Keep remote inputs for later builds, up to so much, in $LOWBG_CACHE.",
    ),
    click.option(
        "--anonymous",
        is_flag=True,
        help="Do not sign S3 requests ($LOWBG_S3_ANONYMOUS=1 for every command).",
    ),
)


def remote_options(command: F) -> F:
    """`--connections`, `--rate`, `--cache-bytes` and `--anonymous`, obeyed while a command runs."""

    @wraps(command)
    def obeying(
        *args: Any, connections: int, rate: int, cache_bytes: int, anonymous: bool, **kwargs: Any
    ) -> Any:
        from archive.remote import Politeness, polite, politely

        politeness = Politeness(
            connections=connections,
            bytes_per_second=rate or None,
            cache_bytes=cache_bytes,
            anonymous=anonymous or polite().anonymous,
        )
        with politely(politeness):
            return command(*args, **kwargs)

    decorated: Any = obeying
    for option in reversed(_OPTIONS):
        decorated = option(decorated)
    return decorated  # type: ignore[no-any-return]
