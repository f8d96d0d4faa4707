"""Checks for 16-bit images that would be nearly black in 8 bits."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from PIL import Image

_NUM_LOOKED_AT = 3
_SUFFIXES = ('.png', '.tif', '.tiff')
#: Value below which 16-bit pixels are nearly black in 8 bits.
_DARK = 2**13
_FLAGS = cv2.IMREAD_UNCHANGED | cv2.IMREAD_IGNORE_ORIENTATION


def check_brightness(dataset: Any, key: str) -> None:
    """Make sure that 16-bit images are not nearly black in 8 bits.

    Only the upper eight of 16 bits are read, but 12-bit sensors fill the
    lower bits.

    Args:
        dataset: A data set of images, of which a few are checked.
        key: Config key of the data set.

    Raises:
        ValueError: all checked images of 16 bits are dark.
    """
    inds = np.linspace(0, len(dataset) - 1, min(len(dataset), _NUM_LOOKED_AT))
    paths = [
        str(dataset.get_data_info(int(ind)).get('img_path')) for ind in inds
    ]
    found = [(path, brightest(path)) for path in paths if is_16_bit(path)]
    if found and max(value for _, value in found) < _DARK:
        path, value = found[0]
        raise ValueError(
            f'{key}: {path} has 16 bits a channel, of which the upper eight '
            f'are read, but no value above {value}: it would be nearly black; '
            'convert the images to 8 bits'
        )


def is_16_bit(path: str) -> bool:
    """Test by its header if a file is an image of 16 bits per channel."""
    if not path.lower().endswith(_SUFFIXES) or not Path(path).is_file():
        return False
    with Path(path).open('rb') as file:
        head = file.read(25)
    if head.startswith(b'\x89PNG'):
        return head[24:25] == b'\x10'
    try:
        with Image.open(path) as image:
            bits: Sequence[int] = getattr(image, 'tag_v2', {}).get(258, ())
    # Damaged headers make Pillow's readers fail in many ways.
    except Exception:
        return False
    return 16 in (bits if isinstance(bits, tuple) else (bits,))


def brightest(path: str) -> int:
    """Return the largest value of a 16-bit image; 65535 for other files."""
    try:
        image = cv2.imread(path, _FLAGS)
    except cv2.error:
        image = None
    if image is None or image.dtype != np.uint16:
        return 2**16 - 1
    # A fourth channel is opacity.
    return int(image[..., :3].max() if image.ndim == 3 else image.max())
