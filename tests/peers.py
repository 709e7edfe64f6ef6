"""mosaicml-streaming in this environment: its own reader, for exports and for comparison.

It asks for older versions of numpy and xxhash than this project pins, and imports torchvision and
the clients of four clouds before it reads anything. So `make test` installs its code alone, beside
the environment, and what it imports and its MDS reader never uses is made of nothing here.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Final
from unittest.mock import MagicMock

FOLDER: Final = Path(sys.prefix) / "peers"
_ABSENT: Final = {
    *("azure", "boto3", "google", "matplotlib", "oci", "paramiko", "torchvision", "transformers"),
    *("streaming.multimodal", "streaming.vision"),
}


class _Nothing(MetaPathFinder, Loader):
    """A finder that gives a module of nothing for each of the names."""

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        absent = name in _ABSENT or name.partition(".")[0] in _ABSENT
        return ModuleSpec(name, self, is_package=True) if absent else None

    def create_module(self, spec: ModuleSpec) -> MagicMock:
        return MagicMock(__path__=[], __spec__=spec)

    def exec_module(self, module: ModuleType) -> None:
        """There is nothing in it."""


def stand_in() -> None:
    """Makes `import streaming` work; for a process that does nothing else."""
    sys.path.insert(0, str(FOLDER))
    sys.meta_path.insert(0, _Nothing())
