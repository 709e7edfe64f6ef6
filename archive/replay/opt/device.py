"""Where OPT models run, and chance that is set for one piece of work and put back after it."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from multiprocessing import current_process
from typing import Any

import torch


def device() -> torch.device:
    """The GPU of this worker, workers being numbered from 1 on; the CPU where there is none."""
    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if not count:
        return torch.device("cpu")
    number = current_process().name.rpartition("-")[2]
    return torch.device("cuda", (int(number) - 1) % count if number.isdigit() else 0)


def most_workers() -> int | None:
    """One worker a GPU; on CPUs as many as are asked for."""
    return torch.cuda.device_count() if torch.cuda.is_available() else None


def precision(where: torch.device) -> AbstractContextManager[Any]:
    """bfloat16 where matrices are on a GPU, single precision elsewhere."""
    if where.type == "cuda":
        return torch.autocast("cuda", torch.bfloat16)
    return nullcontext()


@contextmanager
def settled(seed: int, where: torch.device) -> Iterator[None]:
    """Chance from `seed`, steady algorithms, one thread: two workers do not fight over the cores,
    and sums come in one order whatever their number. All is as it was afterwards."""
    # cuBLAS is reproducible only with a workspace of fixed size, which it reads once.
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    threads, steady = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()
    warns = torch.is_deterministic_algorithms_warn_only_enabled()
    held = random.getstate()
    with torch.random.fork_rng([where] if where.type == "cuda" else []):
        try:
            torch.set_num_threads(1)
            # With one thread a CPU's algorithms are steady anyway, and faster.
            torch.use_deterministic_algorithms(where.type == "cuda", warn_only=True)
            torch.manual_seed(seed % (1 << 63))
            yield
        finally:
            torch.set_num_threads(threads)
            torch.use_deterministic_algorithms(steady, warn_only=warns)
            random.setstate(held)
