"""Loops over pixels and symbols, compiled where Numba is installed."""

from collections.abc import Callable
from functools import cache, wraps
from typing import Any


@cache
def compiled(
    function: Callable[..., Any],
    signature: str | None = None,
    finite: bool = False,
) -> Callable[..., Any] | None:
    """Compile a function of arrays and numbers, once a process.

    Args:
        function: what Numba can compile as it is.
        signature: of the arguments; without one the first call decides.
        finite: promise that nothing is NaN, and that zeros need no sign; the
            results are the same, and minima can be found several at a time.

    Returns:
        The same function, fast, or None without Numba.

    Examples:
        >>> def add(first, second):
        ...     return first + second
        ...
        >>> fast_add = compiled(add) or add
        >>> fast_add(1, 2)
        3
    """
    try:
        import numba
    except ImportError:
        return None
    signatures = None if signature is None else [signature]
    options: dict[str, Any] = {
        'fastmath': {'nnan', 'nsz'} if finite else False,
        # Checks for a division by zero keep loops one element at a time.
        'error_model': 'numpy',
    }
    try:
        kept = numba.njit(signatures, cache=True, **options)(function)
    except (RuntimeError, OSError):
        # Neither beside the module nor in the home folder can be written, or
        # the disk is full.
        return numba.njit(signatures, **options)(function)
    return kept if signatures else _use_unkept(kept)


def _use_unkept(function: Callable[..., Any]) -> Callable[..., Any]:
    """Call what is compiled at its first call, also if no disk takes it."""

    @wraps(function)
    def call(*args: Any) -> Any:
        try:
            return function(*args)
        except OSError:
            # It was compiled before it was written.
            return function(*args)

    return call
