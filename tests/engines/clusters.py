"""A Ray cluster of several nodes in this machine, on 127.0.0.1 alone, without a network."""

from __future__ import annotations

import os
import secrets
import shutil
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Any, Final

TOKEN: Final = secrets.token_hex(32)
"""Who knows it may run code in the clusters of this process. One for all: Ray reads it once."""


class Loopback:
    """Nodes of one CPU each, the first of which also runs the head; `kill` ends one."""

    def __init__(self, nodes: int) -> None:
        self._nodes = nodes

    def __enter__(self) -> Loopback:
        # Short, because the paths of sockets are below it, and Linux allows those 107 bytes.
        self._folder = Path(tempfile.mkdtemp(prefix="lowbg-"))
        token = self._folder / "token"
        token.write_text(TOKEN)
        own = {
            "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",  # keeps 127.0.0.1 instead of the host's own
            "RAY_TMPDIR": str(self._folder),
            "RAY_AUTH_MODE": "token",
            "RAY_AUTH_TOKEN_PATH": str(token),
            "RAY_USAGE_STATS_ENABLED": "0",
        }
        self._before = {name: os.environ.get(name) for name in own}
        os.environ.update(own)
        try:
            self._start()
        except BaseException:
            self._restore()
            raise
        return self

    def _start(self) -> None:
        from ray.cluster_utils import Cluster

        self._cluster: Any = Cluster()
        self._added = [
            self._cluster.add_node(num_cpus=1, node_ip_address="127.0.0.1", include_dashboard=False)
            for _ in range(self._nodes)
        ]
        self._cluster.wait_for_nodes()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        import ray

        try:
            ray.shutdown()
            self._cluster.shutdown()
        finally:
            self._restore()

    def _restore(self) -> None:
        """The surroundings as they were, and no folder."""
        for name, value in self._before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
        shutil.rmtree(self._folder, ignore_errors=True)

    @property
    def address(self) -> str:
        """HOST:PORT, as --address takes it."""
        return str(self._cluster.address)

    def kill(self, number: int) -> None:
        """Ends a node, all its processes at once, as a machine that loses power."""
        self._cluster.remove_node(self._added[number], allow_graceful=False)
