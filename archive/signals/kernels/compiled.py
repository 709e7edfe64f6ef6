"""Functions compiled to machine code, once for a machine, and kept beside their module.

`kernel` is numba's `njit` with what every kernel here needs: types stated, the GIL released, no
threads, no relaxed arithmetic. Compiled code is kept in `__pycache__` (NUMBA_CACHE_DIR names
another folder; numba's own folder in the user's cache serves where the package cannot be written).
A cache that cannot be read, or nowhere to keep one, costs the time to compile and nothing else.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

from numba import njit
from numba.core.errors import NumbaWarning

F = TypeVar("F", bound=Callable[..., Any])


def kernel(signature: str) -> Callable[[F], F]:
    """Compiles a function for these types, or loads what was compiled before."""

    def made(function: F) -> F:
        try:
            kept: Any = njit(nogil=True, cache=True)(function)
        except RuntimeError:  # numba found no folder that can be written
            return _without_cache(function, signature)
        for attempt in (_load, _afresh):
            try:
                return cast(F, attempt(kept, signature))
            except Exception:
                # What unpickling or linking damaged bytes raises is anything at all.
                continue
        return _without_cache(function, signature)

    return made


def helper(function: F) -> F:
    """A helper of the kernels in its module: compiled into each of them."""
    return cast(F, njit(nogil=True)(function))


def _load(dispatcher: Any, signature: str) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NumbaWarning)
        dispatcher.compile(signature)
    dispatcher.disable_compile()
    return dispatcher


def _afresh(dispatcher: Any, signature: str) -> Any:
    """What is kept of this function is thrown away, and compiled again."""
    name = f"{Path(dispatcher.py_func.__code__.co_filename).stem}.{dispatcher.py_func.__name__}-"
    for path in Path(dispatcher.stats.cache_path).iterdir():
        if path.name.startswith(name) and path.suffix in (".nbi", ".nbc"):
            path.unlink(missing_ok=True)
    return _load(dispatcher, signature)


def _without_cache(function: F, signature: str) -> F:
    return cast(F, njit(signature, nogil=True)(function))
