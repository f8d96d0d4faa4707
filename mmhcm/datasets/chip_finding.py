"""Chips of all images of a data set, found once and cached."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from mmengine.dataset import BaseDataset
from mmengine.dist import is_main_process
from tqdm import tqdm

from mmhcm.functional.boxes import as_bboxes
from mmhcm.functional.chips import ChipScale, generate_chips
from mmhcm.structures.files import (
    fingerprint,
    have_layout,
    map_arrays,
    write_arrays,
)

from .data_info import ImageBoxes, dataset_boxes
from .scale_config import scale_settings
from .shared_work import write_cache

VERSION = 2
_LAYOUT: dict[str, tuple[str, tuple[int | str, ...]]] = {
    'image_inds': ('i8', ('m',)),
    'windows': ('f4', ('m', 4)),
    'scale_inds': ('i8', ('m',)),
    'num_excluded': ('i8', ()),
}


@dataclass(frozen=True)
class ChipIndex:
    """Chips in image order.

    Attributes:
        image_inds: int64 (m,), image of each chip.
        windows: float32 (m, 4) xyxy, source pixels.
        scale_inds: int64 (m,).
        num_excluded: int64 (), objects without area inside their image.
    """

    image_inds: np.ndarray
    windows: np.ndarray
    scale_inds: np.ndarray
    num_excluded: np.ndarray


def write_chip_index(
    path: str | Path, index: ChipIndex, fingerprint: str
) -> None:
    """Write a cache file atomically."""
    arrays = {name: getattr(index, name) for name in _LAYOUT}
    write_arrays(path, f'chips {VERSION}', fingerprint, arrays)


def read_chip_index(path: str | Path, fingerprint: str) -> ChipIndex | None:
    """Map a cache file; return None if it is absent, damaged or stale.

    Raises:
        ArrayFileError: the file is not a cache file.
    """
    arrays = map_arrays(path, f'chips {VERSION}', fingerprint)
    if arrays is None or not have_layout(arrays, _LAYOUT):
        return None
    return ChipIndex(**arrays)


def find_chips(
    dataset: BaseDataset,
    scales: Sequence[ChipScale],
    *,
    max_chips: int | None,
    cache_dir: str | None,
) -> ChipIndex:
    """Find the chips of each image, or read them from the cache.

    Args:
        dataset: The data set of whole images.
        scales: The chip scales.
        max_chips: Maximum number of chips of an image; None for no limit.
        cache_dir: Folder of the cache, None for no cache. If the cache cannot
            be written, a warning is logged.
    """
    boxes = dataset_boxes(dataset)
    digest = fingerprint(
        'chips 2',
        [scale_settings(scale) for scale in scales],
        max_chips,
        boxes.image_whs,
        boxes.offsets,
        boxes.bboxes,
        boxes.ignored,
    )
    path = None
    if cache_dir is not None:
        path = Path(cache_dir) / f'chips_{digest[:16]}.bin'
        index = read_chip_index(path, digest)
        if index is not None:
            return index
    index = _cover_all(boxes, scales, max_chips)
    if path is not None and is_main_process():
        write_cache(path, lambda: write_chip_index(path, index, digest))
    return index


def whole_images(dataset: BaseDataset) -> ChipIndex:
    """Return one chip for each image, the whole image."""
    image_whs = dataset_boxes(dataset).image_whs
    num_images = len(image_whs)
    return ChipIndex(
        image_inds=np.arange(num_images),
        windows=as_bboxes(np.hstack([np.zeros_like(image_whs), image_whs])),
        scale_inds=np.zeros(num_images, dtype=np.int64),
        num_excluded=np.zeros((), dtype=np.int64),
    )


def _cover_all(
    boxes: ImageBoxes,
    scales: Sequence[ChipScale],
    max_chips: int | None,
) -> ChipIndex:
    image_inds, windows, scale_inds, num_excluded = [], [], [], 0
    progress = tqdm(
        boxes.image_whs.tolist(),
        'finding chips',
        disable=not is_main_process(),
        leave=False,
    )
    for index, (width, height) in enumerate(progress):
        own = slice(*boxes.offsets[index : index + 2])
        chips = generate_chips(
            boxes.bboxes[own][~boxes.ignored[own]],
            (width, height),
            scales,
            max_chips=max_chips,
        )
        image_inds.append(np.full(len(chips.windows), index))
        windows.append(chips.windows)
        scale_inds.append(chips.scale_inds)
        num_excluded += chips.num_excluded
    return ChipIndex(
        image_inds=np.concatenate([*image_inds, np.zeros(0, np.int64)]),
        windows=np.concatenate([*windows, as_bboxes([])]),
        scale_inds=np.concatenate([*scale_inds, np.zeros(0, np.int64)]),
        num_excluded=np.asarray(num_excluded),
    )
