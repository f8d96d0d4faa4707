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
#: for what OpenCV cannot decode and passes OpenCV's own error on for an empty
#: file. CropChip raises ValueError for an image of another size than its data
#: set recorded.
IMAGE_ERRORS = (OSError, AssertionError, ValueError, cv2.error)
_MAX_REFETCH = 100


def describe_fault(img_path: str, error: Exception) -> str:
    """Describe the fault of an image in one line."""
    reason = one_line(error, None)
    return reason if img_path in reason else f'{img_path}: {reason}'


class SampleReader:
    """Reader of samples; a broken image gives way to the next one.

    A worker process counts broken images for itself. In a worker, the first
    sample takes all objects that were there before out of garbage collection.

    Args:
        kind: Name of an image in warnings.
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
        """Run a pipeline on a sample, or on the next one that is not broken.

        Args:
            index: Position of the sample.
            get_data_info: Gives the data info of a position.
            run: Runs the pipeline; None asks for another sample.
            next_index: Gives the position that follows a failed one.

        Raises:
            ValueError: 100 samples in a row failed.
            PoolError: a patch is damaged, which is in many samples.
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
        # The disk of the images has gone, or the pipeline fits none.
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
        """Keep a worker's garbage collector off objects from before the fork.

        A collection writes into every object that it visits, and each page
        that is written to becomes a copy: some 80 MB a worker of modules
        alone. The main process reads samples too, where it has no workers.
        """
        if not self._is_frozen and get_worker_info() is not None:
            gc.freeze()
            self._is_frozen = True
