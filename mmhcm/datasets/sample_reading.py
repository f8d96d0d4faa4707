"""Reading of samples whose images may be broken."""

import gc
import logging
from collections.abc import Callable

import cv2
from mmengine.logging import print_log
from torch.utils.data import get_worker_info

from mmhcm.structures.files import one_line
from mmhcm.structures.pool import PoolError

#: LoadImage raises ValueError. MMCV's LoadImageFromFile raises AssertionError
#: for files that OpenCV cannot decode and passes on OpenCV's error for an
#: empty file. CropChip raises ValueError for an image whose size differs from
#: the recorded size.
IMAGE_ERRORS = (OSError, AssertionError, ValueError, cv2.error)
_MAX_REFETCH = 100


def describe_fault(img_path: str, error: Exception) -> str:
    """Describe the fault of an image in one line."""
    reason = one_line(error, None)
    return reason if img_path in reason else f'{img_path}: {reason}'


class SampleReader:
    """Reader of samples that replaces a broken image by the next sample.

    Each worker process counts its own broken images. In a worker, the first
    sample excludes all earlier objects from garbage collection.

    Args:
        kind: Word for an image in warnings.
    """

    def __init__(self, kind: str) -> None:
        self._kind = kind
        self._broken_paths: set[str] = set()
        self._is_frozen = False

    def read(
        self,
        index: int,
        get_data_info: Callable[[int], dict],
        run: Callable[[dict], dict | None],
        next_index: Callable[[int], int],
    ) -> dict:
        """Run a pipeline on a sample, or on the next intact sample.

        Args:
            index: Position of the sample.
            get_data_info: Returns the data info of a position.
            run: Runs the pipeline; a result of None requests another sample.
            next_index: Returns the position after a failed position.

        Raises:
            ValueError: 100 samples in a row failed.
            PoolError: a patch is damaged, which affects many samples.
        """
        self._freeze()
        reason = 'the pipeline gave None'
        for _ in range(_MAX_REFETCH):
            info = get_data_info(index)
            img_path = str(info['img_path'])
            try:
                sample = run(info)
            except PoolError:
                raise
            except IMAGE_ERRORS as error:
                reason = self._report(img_path, error)
            else:
                if sample is not None:
                    return sample
            index = next_index(index)
        # The disk of the images is missing, or the pipeline fails for all
        # samples.
        raise ValueError(
            f'{_MAX_REFETCH} samples in a row are broken, the last: {reason}'
        )

    def _report(self, img_path: str, error: Exception) -> str:
        """Warn of an image once; return its fault."""
        fault = describe_fault(img_path, error)
        if img_path not in self._broken_paths:
            self._broken_paths.add(img_path)
            print_log(
                f'left out broken {self._kind} {len(self._broken_paths)}: '
                f'{fault}',
                logger='current',
                level=logging.WARNING,
            )
        return fault

    def _freeze(self) -> None:
        """Exclude objects from before the fork from garbage collection.

        A collection writes to every visited object, and each modified memory
        page is copied: some 80 MB per worker for modules alone. Without
        workers, the main process reads the samples.
        """
        if not self._is_frozen and get_worker_info() is not None:
            gc.freeze()
            self._is_frozen = True
