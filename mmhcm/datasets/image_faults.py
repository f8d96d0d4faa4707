"""What can be wrong with one image, in contrast to the program."""

import cv2

#: LoadImage raises ValueError. MMCV's LoadImageFromFile raises AssertionError
#: for what OpenCV cannot decode and passes OpenCV's own error on for an empty
#: file. CropChip raises ValueError for an image of another size than its data
#: set recorded.
IMAGE_ERRORS = (OSError, AssertionError, ValueError, cv2.error)


def describe_fault(img_path: str, error: Exception) -> str:
    """Say in one line what is wrong with an image."""
    reason = ' '.join(str(error).split()) or type(error).__name__
    return reason if img_path in reason else f'{img_path}: {reason}'


class BrokenImages:
    """Images that were broken when they were read, each told of once.

    A process counts for itself: workers of a loader share no memory.
    """

    def __init__(self) -> None:
        self._img_paths: set[str] = set()

    def __len__(self) -> int:
        return len(self._img_paths)

    def is_new(self, img_path: str) -> bool:
        """Count an image, and say whether it was met for the first time."""
        num_known = len(self)
        self._img_paths.add(img_path)
        return len(self) > num_known
