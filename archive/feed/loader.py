"""A torch DataLoader whose place is one integer: the batches it has given out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from archive.feed.stream import Stream


class Loader:
    """Batches of a stream, by DataLoader workers, in the order that no worker would give too.

    Workers read ahead; the state counts what was handed out, so nothing is lost or repeated when a
    job goes on, with this number of workers or another.
    """

    def __init__(
        self, stream: Stream, batch_size: int, num_workers: int, options: dict[str, Any]
    ) -> None:
        self._stream, self._batch_size = stream, batch_size
        self._num_workers, self._options = num_workers, options
        self._loaded: dict[str, Any] | None = stream.state_dict()
        self._first, self._given = stream.position, 0  # batches given from a position on

    def __iter__(self) -> Iterator[Any]:
        from torch import Generator
        from torch.utils.data import DataLoader

        stream: Any = self._stream
        stream.load_state_dict(self._loaded or stream.state_after(0, 0))
        self._loaded, self._first, self._given = None, stream.position, 0
        # A DataLoader draws a seed for its workers as it begins. From a generator of its own, so
        # that a job that begins once more has the random numbers of one that was not stopped.
        options = {"generator": Generator()} | self._options
        loader: Any = DataLoader(stream, self._batch_size, num_workers=self._num_workers, **options)
        for batch in loader:
            self._given += 1  # before the yield, as in Stream
            yield batch

    def state_dict(self) -> dict[str, Any]:
        """Where the batches given out have led; see Stream.state_dict."""
        return self._loaded or self._stream.state_after(self._first, self._given)

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """The next iteration goes on where `state` was taken."""
        self._stream.load_state_dict(state)
        self._loaded = state
