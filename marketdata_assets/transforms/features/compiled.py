"""How kernels are compiled: to machine code on first use, kept on disk, every operation in the order in which it is written."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

from numba import njit

F = TypeVar("F", bound=Callable[..., Any])


def compiled(function: F) -> F:
    """`function` as machine code that needs neither Python nor its lock.

    No fast math: no sum is reordered and no multiplication fused into an addition, so a result is the same bits on any machine and
    in any number of threads. x / 0 gives infinity or NaN. What was compiled is kept beside the source and known by that file's time
    stamp alone, so a kernel calls only kernels of its own file.
    """
    try:
        return cast("F", njit(cache=True, nogil=True, fastmath=False, error_model="numpy")(function))
    except RuntimeError:
        # Neither the package's folder nor the user's cache can be written: compiled anew in every process.
        return cast("F", njit(cache=False, nogil=True, fastmath=False, error_model="numpy")(function))
