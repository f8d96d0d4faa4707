"""What keeps the memory of workers shared with the main process."""

import gc

from torch.utils.data import get_worker_info


class SharedHeap:
    """Keeps a worker's garbage collector off what it was forked with.

    A collection writes into every object that it looks at, and each page
    that is written to becomes a copy: some 80 MB a worker of modules alone.
    Data sets hold one and call `keep` with each sample.
    """

    def __init__(self) -> None:
        self._is_kept = False

    def keep(self) -> None:
        """In a worker, the first time: take all objects out of collection."""
        if self._is_kept:
            return
        # The main process comes by too, where it has no workers.
        if get_worker_info() is not None:
            gc.freeze()
            self._is_kept = True
