"""Faults of single images, and the memory of worker processes."""

import gc
import logging

import cv2
from mmengine.logging import print_log
from torch.utils.data import get_worker_info

from mmhcm.structures.files import one_line

#: LoadImage raises ValueError. MMCV's LoadImageFromFile raises AssertionError
#: for what OpenCV cannot decode and passes OpenCV's own error on for an empty
#: file. CropChip raises ValueError for an image of another size than its data
#: set recorded.
IMAGE_ERRORS = (OSError, AssertionError, ValueError, cv2.error)


def describe_fault(img_path: str, error: Exception) -> str:
    """Say in one line what is wrong with an image."""
    reason = one_line(error, None)
    return reason if img_path in reason else f'{img_path}: {reason}'


class BrokenImages:
    """Images that were broken when they were read, each told of once.

    A process counts for itself: workers of a loader share no memory.

    Args:
        kind: What they are, for the warnings.
    """

    def __init__(self, kind: str) -> None:
        self._kind = kind
        self._img_paths: set[str] = set()

    def report(self, img_path: str, error: Exception) -> str:
        """Warn of an image that is met for the first time; give its fault."""
        fault = describe_fault(img_path, error)
        if img_path not in self._img_paths:
            self._img_paths.add(img_path)
            print_log(
                f'left out broken {self._kind} {len(self._img_paths)}: '
                f'{fault}',
                logger='current',
                level=logging.WARNING,
            )
        return fault


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
