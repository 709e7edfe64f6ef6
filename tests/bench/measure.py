"""Runs a piece of work in a fresh process and says what it took: seconds, CPU, peak memory."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Cost:
    """`peak` is the largest resident size of any one process of the run, in bytes."""

    seconds: float
    cpu: float
    peak: int
    answer: dict[str, int]


def run(command: Sequence[str], env: dict[str, str] | None = None) -> Cost:
    """Runs a command whose last line of output is a JSON object of counts."""
    started, before = time.monotonic(), os.times()
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, env=os.environ | (env or {}), text=True
    )
    watch = _Watch(process.pid)
    out, _ = process.communicate()
    peak = watch.stop()
    seconds, after = time.monotonic() - started, os.times()
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {process.returncode}")
    cpu = (
        after.children_user + after.children_system - before.children_user - before.children_system
    )
    lines = out.strip().splitlines()
    return Cost(seconds, cpu, peak, json.loads(lines[-1]) if lines else {})


def python(function: str, *arguments: str) -> Cost:
    """Runs `module:function(*arguments)`, which returns counts, in a fresh interpreter."""
    module, _, name = function.partition(":")
    code = (
        f"import json, sys; from {module} import {name} as f; print(json.dumps(f(*sys.argv[1:])))"
    )
    return run([sys.executable, "-c", code, *arguments])


class _Watch:
    """Samples the resident size of a process and its descendants until stopped (Linux)."""

    def __init__(self, pid: int) -> None:
        self._pid, self._peak, self._ended = pid, 0, threading.Event()
        self._thread = threading.Thread(target=self._sample, daemon=True)
        self._thread.start()

    def stop(self) -> int:
        self._ended.set()
        self._thread.join()
        return self._peak

    def _sample(self) -> None:
        while not self._ended.wait(0.05):
            for pid in _family(self._pid):
                self._peak = max(self._peak, _resident(pid))


def _family(pid: int) -> list[int]:
    family = [pid]
    for each in family:
        try:
            listed = Path(f"/proc/{each}/task/{each}/children").read_text()
        except OSError:
            continue
        family += [int(child) for child in listed.split()]
    return family


def _resident(pid: int) -> int:
    try:
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    return 0
