"""What a feed and a mix share: shards, the position, and how a training loop takes them.

A stream is a sequence with a fixed order. A shard of it is a pure function of position: positions
are dealt out in chunks, round by round, to the consumers. So any number of ranks and of DataLoader
workers together take every position once, and one integer says where they all are.
"""

from __future__ import annotations

import copy
import sys
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from archive.errors import CheckFailed, UsageError
from archive.feed.order import Ints

if TYPE_CHECKING:
    from archive.feed.loader import Loader

FORMAT: Final = "lowbackground-feed 1"

Document = dict[str, Any]
Mine = Callable[[Ints], NDArray[np.bool_]]
"""Told positions of a stream, which of them are wanted."""


@dataclass(frozen=True, slots=True)
class Shard:
    """Consumer `rank` of `world`. From `origin` on it takes each world-th chunk of positions."""

    rank: int = 0
    world: int = 1
    chunk: int = 1
    origin: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.rank < self.world or self.chunk < 1:
            raise UsageError(
                f"no shard {self.rank} of {self.world} in chunks of {self.chunk}",
                next_step="ranks count from 0 and are below the world size",
            )

    def mine(self, positions: Ints) -> NDArray[np.bool_]:
        """Which positions are this consumer's."""
        found: NDArray[np.bool_] = (positions - self.origin) // self.chunk % self.world == self.rank
        return found

    def nth(self, taken: int) -> int:
        """The position that this consumer takes after `taken` others."""
        rounds, offset = divmod(taken, self.chunk)
        return self.origin + (rounds * self.world + self.rank) * self.chunk + offset

    def position(self, taken: int) -> int:
        """Where all consumers are when each has taken `taken`: they go in step."""
        rounds, offset = divmod(taken, self.chunk)
        return self.origin + rounds * self.world * self.chunk + offset

    def taken(self, position: int) -> int:
        """The inverse of `position`."""
        rounds, offset = divmod(position - self.origin, self.world * self.chunk)
        if position < self.origin or offset >= self.chunk:
            raise UsageError(
                f"position {position:,} is inside a round of {self.world} consumers",
                next_step="save the state of each rank, or only after whole chunks",
            )
        return rounds * self.chunk + offset


@dataclass(frozen=True, slots=True)
class _Loaded:
    """The part of a saved state that says where: who saved it, and at which position."""

    saved: Shard
    position: int

    def resume(self, shard: Shard, end: int | None) -> tuple[Shard, int]:
        """How a consumer goes on: its shard, with the origin to count from, and what it has taken.

        Raises UsageError where the state is from inside a chunk and the consumers have changed.
        """
        if self.position == end:
            return replace(shard, origin=self.position), 0
        if (self.saved.world, self.saved.chunk) == (shard.world, shard.chunk):
            return replace(shard, origin=self.saved.origin), self.saved.taken(self.position)
        if self.saved.world > 1 and self.saved.taken(self.position) % self.saved.chunk:
            raise UsageError(
                f"position {self.position:,} is inside a chunk of {self.saved.chunk} that one of"
                f" {self.saved.world} consumers has begun",
                next_step="change the world size at a state saved after whole chunks",
            )
        return replace(shard, origin=self.position), 0


class Stream(ABC):
    """An iterable of documents with `state_dict`, `load_state_dict` and `shard`.

    An iteration begins where a loaded state says, once; else at the beginning.
    """

    def __init__(self) -> None:
        self._rank, self._world, self._chunk = 0, 1, 1
        self._loaded: _Loaded | None = None  # where the next iteration begins
        self._shard = Shard()  # of the iteration under way
        self._taken = 0  # documents that this consumer has taken in it
        self._ended = False

    @property
    @abstractmethod
    def end(self) -> int | None:
        """The number of positions; None where it is not known or there is no end."""

    @abstractmethod
    def facts(self) -> dict[str, Any]:
        """What the order depends on. Equal facts and positions mean equal documents."""

    @abstractmethod
    def walk(self, first: int, mine: Mine | None) -> Iterator[Document]:
        """The wanted documents from position `first` on, in order; all of them without `mine`."""

    def __iter__(self) -> Iterator[Document]:
        self._begin()
        shard = self._shard
        for document in self.walk(shard.nth(self._taken), shard.mine if shard.world > 1 else None):
            self._taken += 1  # before the yield: who asks for the state has this document
            yield document
        self._ended = True

    def __len__(self) -> int:
        """Documents that this consumer takes from the beginning to the end."""
        if self.end is None:
            raise TypeError("this stream has no known end")
        rounds, rest = divmod(self.end, self._world * self._chunk)
        own = min(max(rest - self._rank * self._chunk, 0), self._chunk)
        return rounds * self._chunk + own

    def shard(self, rank: int, world: int, *, chunk: int = 1) -> Self:
        """The part that consumer `rank` of `world` takes, as a stream of its own.

        Chunks of positions are dealt out in turn, from the position that this stream is at.
        """
        Shard(rank, world, chunk)  # refuses what is no shard
        made, position = copy.copy(self), self.position
        made._rank, made._world, made._chunk = rank, world, chunk
        made._loaded = _Loaded(Shard(), position) if position else None
        made._shard, made._taken, made._ended = made._consumer(), 0, False
        return made

    @property
    def position(self) -> int:
        """How many positions all consumers have taken, if they go in step with this one."""
        if self._loaded:
            return self._loaded.position
        reached = self._shard.position(self._taken)
        if self.end is None:
            return reached
        return self.end if self._ended else min(reached, self.end)

    def state_dict(self) -> dict[str, Any]:
        """Where this stream is, as JSON: one integer, and the facts it has a meaning under."""
        shard = self._loaded.saved if self._loaded else self._shard
        return self._state(self.position, shard)

    def state_after(self, first: int, rounds: int) -> dict[str, Any]:
        """The state when every rank has taken `rounds` whole chunks from position `first` on."""
        position = first + rounds * self._world * self._chunk
        position = position if self.end is None else min(position, self.end)
        return self._state(position, Shard(self._rank, self._world, self._chunk, position))

    def _state(self, position: int, shard: Shard) -> dict[str, Any]:
        state = {
            "format": FORMAT,
            "position": position,
            "world": shard.world,
            "chunk": shard.chunk,
            # Whoever has come to the end has no round to be in the middle of.
            "origin": position if position == self.end else shard.origin,
            "order": self.facts(),
        }
        known = self.known(position)
        return state if known is None else state | {"known": known}

    def known(self, position: int) -> Any:
        """What is known of a position besides its number, as JSON: it spares work on resuming."""
        return None

    def learn(self, known: Any) -> None:  # noqa: B027 - nothing to learn is the usual case
        """Takes up what `known` told of a position that is not after the one to go on from."""

    def endlessly(self) -> Self:
        """This stream, begun again whenever it ends; UsageError if it cannot be."""
        raise UsageError(
            f"a {type(self).__name__} cannot be repeated", next_step="repeat what it is made of"
        )

    @property
    def endless(self) -> bool:
        """Whether it is known to have no end."""
        return False

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """The next iteration goes on where `state` was taken, at any world size.

        Raises CheckFailed if the state is of another order. A state taken between two whole chunks
        fits every world; one from inside a chunk only the world it was taken in.
        """
        self._require_same_order(state)
        saved = Shard(0, state["world"], state["chunk"], state["origin"])
        loaded = _Loaded(saved, int(state["position"]))
        loaded.resume(self._consumer(), self.end)  # raises now what would fail later
        self._loaded = loaded
        self.learn(state.get("known"))

    def _begin(self) -> None:
        shard = self._consumer()
        loaded, self._loaded = self._loaded, None
        self._shard, self._taken = loaded.resume(shard, self.end) if loaded else (shard, 0)
        self._ended = False

    def torch(self, batch_size: int = 1) -> Self:
        """The same stream as a torch IterableDataset, for a DataLoader of this batch size.

        Workers take whole batches in turn, so the batches are the same for every `num_workers`.
        """
        made = self.shard(self._rank, self._world, chunk=batch_size)
        made.__class__ = torch_class(type(made))
        return made

    def loader(self, batch_size: int, num_workers: int = 0, **options: Any) -> Loader:
        """A torch DataLoader over this stream that has `state_dict` and `load_state_dict` too."""
        from archive.feed.loader import Loader

        return Loader(self.torch(batch_size), batch_size, num_workers, options)

    def _consumer(self) -> Shard:
        """This process's shard: inside a DataLoader worker, that worker's share of the rank's."""
        rank, world = self._rank, self._world
        if info := _worker_info():
            rank, world = rank + world * info.id, world * info.num_workers
        return Shard(rank, world, self._chunk)

    def _require_same_order(self, state: dict[str, Any]) -> None:
        if (found := state.get("format")) != FORMAT:
            raise CheckFailed(
                f"not the state of a feed: format {found!r}", next_step=f"expected {FORMAT!r}"
            )
        here, there = self.facts(), state["order"]
        if here != there:
            keys = sorted(k for k in here.keys() | there.keys() if here.get(k) != there.get(k))
            differ = "; ".join(f"{k} {there.get(k)!r}, here {here.get(k)!r}" for k in keys)
            raise CheckFailed(
                f"the state is of another order: {differ}",
                next_step="open the snapshot, cut, seed and window that the state names",
            )


def _worker_info() -> Any:
    """torch's word on which DataLoader worker this process is, if torch is there at all."""
    data = sys.modules.get("torch.utils.data")
    return data.get_worker_info() if data else None


@cache
def torch_class(kind: type[Stream]) -> Any:
    """A stream class that is a torch IterableDataset as well."""
    from torch.utils.data import IterableDataset

    if issubclass(kind, IterableDataset):
        return kind
    # The name of its base, under which no pickle finds it: hence the reduction below.
    body = {"__reduce__": _reduce, "_plain": kind, "__module__": kind.__module__}
    return type(kind.__name__, (kind, IterableDataset), body)


def for_torch(stream: Stream) -> None:
    """Makes a stream a torch IterableDataset, where torch is loaded: a DataLoader asks for one."""
    if "torch.utils.data" in sys.modules:
        stream.__class__ = torch_class(type(stream))


def _reduce(stream: Any) -> tuple[Any, ...]:
    return _revive, (stream._plain, stream.__dict__)


def _revive(kind: type[Stream], state: dict[str, Any]) -> Stream:
    stream: Stream = object.__new__(torch_class(kind))
    stream.__dict__.update(state)
    return stream
