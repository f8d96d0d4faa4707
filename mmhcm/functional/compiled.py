"""Loops over pixels and symbols, compiled by Numba."""

from collections.abc import Callable
from functools import cache, wraps
from typing import Any


@cache
def compiled(
    function: Callable[..., Any],
    signature: str | None = None,
    finite: bool = False,
) -> Callable[..., Any]:
    """Compile a function of arrays and numbers, once per process.

    Args:
        function: Function that Numba can compile without changes.
        signature: Types of the arguments. Defaults to None: the types of the
            first call.
        finite: Allow the compiler to assume that no value is NaN and that the
            sign of zeros does not matter. Results stay the same; minima are
            vectorised.

    Examples:
        >>> def add(first, second):
        ...     return first + second
        ...
        >>> fast_add = compiled(add)
        >>> fast_add(1, 2)
        3
    """
    # Importing Numba takes a second, and most commands run no loop.
    import numba

    signatures = None if signature is None else [signature]
    options: dict[str, Any] = {
        'fastmath': {'nnan', 'nsz'} if finite else False,
        # Checks for division by zero prevent vectorised loops.
        'error_model': 'numpy',
    }
    try:
        kept = numba.njit(signatures, cache=True, **options)(function)
    except (RuntimeError, OSError):
        # No cache folder (next to the module, or in the home folder) is
        # writable, or the disk is full.
        return numba.njit(signatures, **options)(function)
    return kept if signatures else _use_unkept(kept)


def _use_unkept(function: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap a lazily compiled function, to ignore errors of its cache."""

    @wraps(function)
    def call(*args: Any) -> Any:
        try:
            return function(*args)
        except OSError:
            # Numba compiles before writing the cache: the function is ready.
            return function(*args)

    return call
