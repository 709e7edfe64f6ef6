"""Files at bases as a file system that DuckDB reads from: names of ours, byte ranges, no network
rules of its own."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar

from fsspec.spec import AbstractBufferedFile, AbstractFileSystem

from archive.commoncrawl.places import facts_of, read_ranges
from archive.errors import EnvironmentFailed, LowbgError
from archive.remote import polite, politely

T = TypeVar("T")

PROTOCOL: Final = "lowbg-index"
BLOCK: Final = 1 << 18  # read at least so much at once: footers, and pages beside each other


class Files(AbstractFileSystem):  # type: ignore[misc]  # fsspec has no types
    """The files of `named`, name -> location, and no others.

    What goes wrong is kept in `error`, because DuckDB hands on the words of an exception alone.
    """

    protocol = PROTOCOL
    cachable = False

    def __init__(self, named: Mapping[str, str], **options: Any) -> None:
        super().__init__(**options)
        self._named = dict(named)
        self._sizes: dict[str, int] = {}
        self._politeness = polite()  # DuckDB reads in threads of its own
        self.error: LowbgError | None = None

    def info(self, path: str, **_: Any) -> dict[str, Any]:
        name = self._strip_protocol(path)
        if name not in self._named:
            raise FileNotFoundError(path)
        if name not in self._sizes:
            self._sizes[name] = self._kept(lambda: _known_size(self._named[name]))
        return {"name": name, "size": self._sizes[name], "type": "file"}

    def exists(self, path: str, **_: Any) -> bool:
        return self._strip_protocol(path) in self._named

    def glob(self, path: str, **_: Any) -> list[str]:
        """The name itself: DuckDB asks of every path whether it is a pattern."""
        return [self._strip_protocol(path)] if self.exists(path) else []

    def modified(self, path: str) -> dt.datetime:
        """Never: DuckDB asks, to know whether what it has in memory is stale."""
        return dt.datetime(1970, 1, 1, tzinfo=dt.UTC)

    def read(self, name: str, start: int, stop: int) -> bytes:
        """The bytes from `start` up to `stop` of a file."""
        return self._kept(lambda: b"".join(read_ranges(self._named[name], [(start, stop - start)])))

    def _kept(self, action: Callable[[], T]) -> T:
        try:
            with politely(self._politeness):
                return action()
        except LowbgError as error:
            self.error = self.error or error
            raise

    def _open(self, path: str, mode: str = "rb", **_: Any) -> _File:
        name = self._strip_protocol(path)
        return _File(self, name, mode, block_size=BLOCK, size=self.info(name)["size"])


class _File(AbstractBufferedFile):  # type: ignore[misc]
    def _fetch_range(self, start: int, stop: int) -> bytes:
        data: bytes = self.fs.read(self.path, start, stop)
        return data


def _known_size(location: str) -> int:
    size = facts_of(location).size
    if size is None:
        raise EnvironmentFailed(
            f"the server does not tell the size of {location}, so its end cannot be read first",
            next_step="use another --cc-base, or download the index and name its folder",
        )
    return size
