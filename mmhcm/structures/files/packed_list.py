"""Records in one buffer, which forked workers share."""

import pickle
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np


class PackedList(Sequence[Any]):
    """List whose items are unpickled anew on each access.

    Python stores an object's reference count in the object, so that a worker
    that reads a list of objects ends up with its own copy. One buffer of bytes
    stays shared.

    Args:
        items: picklable objects.
    """

    def __init__(self, items: Iterable[Any] = ()) -> None:
        parts = [pickle.dumps(item, pickle.HIGHEST_PROTOCOL) for item in items]
        self._starts = np.cumsum([0, *map(len, parts)])
        self._bytes = np.frombuffer(b''.join(parts), dtype=np.uint8)

    def __len__(self) -> int:
        return len(self._starts) - 1

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return [self[ind] for ind in range(len(self))[index]]
        ind = range(len(self))[index]
        start, end = self._starts[ind : ind + 2]
        return pickle.loads(self._bytes[start:end].data)
