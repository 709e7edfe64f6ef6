"""What a build has been measured to cost. The only place of these numbers; each says whence.

They hold for one machine and one crawl of 2008. Whoever plans more than a sample measures first:
build one file, and give what it took to `lowbg plan`. The memory and the work of finding duplicates
over all documents, at the end of a build, are not in them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

MACHINE: Final = "one core of a shared Xeon, x86-64 Linux, Python 3.11"


@dataclass(frozen=True, slots=True)
class Rate:
    """A measured number, and how it was come by. `command` is None for one that the user gave."""

    value: float
    unit: str
    command: str | None
    day: str | None = None
    machine: str | None = None

    def to_json(self) -> dict[str, Any]:
        if self.command is None:
            return {"value": self.value, "unit": self.unit, "from": "given"}
        told = {"value": self.value, "unit": self.unit, "from": self.command}
        return {**told, "day": self.day, "machine": self.machine}


_BUILD: Final = ("python -m tests.bench.build", "2026-11-23", MACHINE)
_PLAN: Final = ("python -m tests.bench.plan", "2026-11-23", MACHINE)

PAGES: Final = Rate(211, "HTML pages a second and core, --no-annotate", *_BUILD)
PAGES_ANNOTATED: Final = Rate(166, "HTML pages a second and core, with signals", *_BUILD)
MEMORY: Final = Rate(195e6, "bytes a worker at its peak, --no-annotate", *_PLAN)
MEMORY_ANNOTATED: Final = Rate(367e6, "bytes a worker at its peak, with signals", *_PLAN)
STORE: Final = Rate(0.15, "bytes of the store for each byte read, --no-annotate", *_PLAN)
STORE_ANNOTATED: Final = Rate(0.21, "bytes of the store for each byte read, with signals", *_PLAN)


def given(value: float, unit: str) -> Rate:
    """A number of the user's own."""
    return Rate(value, unit, None)
