"""Parts of images in a pipeline's results."""

import logging
from pathlib import Path

import numpy as np
from mmengine.dataset import BaseDataset
from mmengine.logging import print_log
from tqdm import tqdm

from mmhcm.datasets.shared_work import on_main_process

from .restart_offsets import (
    JpegPart,
    RestartOffsets,
    build_restart_offsets,
    offsets_digest,
    open_restart_offsets,
)

Area = tuple[int, int, int, int]


def open_or_build_restart_offsets(
    dataset: BaseDataset, cache_dir: str | Path
) -> RestartOffsets | None:
    """Open the restart offsets of a data set's images.

    The main process finds the offsets once, in about 7 milliseconds per image.

    Returns:
        None, with a warning, if the offsets cannot be found or written. Images
        are then decoded as a whole, to the same pixels.
    """
    img_paths = [
        dataset.get_data_info(index)['img_path']
        for index in range(len(dataset))
    ]
    digest = offsets_digest(img_paths)

    def build() -> str:
        if open_restart_offsets(cache_dir, digest) is None:
            try:
                with tqdm(total=len(img_paths), desc='scanning images') as bar:
                    build_restart_offsets(
                        cache_dir, img_paths, digest, bar.update
                    )
            except OSError as error:
                return str(error)
        return 'the main process has none here'

    reason = on_main_process(build)
    offsets = open_restart_offsets(cache_dir, digest)
    if offsets is None:
        print_log(
            f'no restart offsets in {cache_dir} ({reason}): images are '
            'decoded as a whole',
            logger='current',
            level=logging.WARNING,
        )
    else:
        print_log(
            f'{offsets.num_partial} of {len(offsets)} images are decoded by '
            'window',
            logger='current',
        )
    return offsets


def attach_offsets(info: dict, offsets: RestartOffsets, image: int) -> None:
    """Attach the restart offsets of an image to its data info."""
    info['restart_offsets'], info['image_ind'] = offsets, image


def has_offsets(results: dict) -> bool:
    """Check that the results contain restart offsets."""
    return 'restart_offsets' in results


def take_part(results: dict, area: Area | None) -> JpegPart | None:
    """Remove the offsets from the results; read the part around an area.

    Args:
        results: Results of a pipeline, changed in place.
        area: x1, y1, x2, y2, whole source pixels inside the image. None reads
            nothing.

    Returns:
        None without an area or offsets.
    """
    results.pop('img_origin', None)
    offsets = results.pop('restart_offsets', None)
    if offsets is None or area is None:
        return None
    return offsets.read_part(
        results['image_ind'],
        results['img_path'],
        (results['width'], results['height']),
        area,
    )


def put_part(results: dict, img: np.ndarray, origin: tuple[int, int]) -> None:
    """Store a part as the image of the results.

    Args:
        results: Results of a pipeline, changed in place.
        img: (h, w, 3), the part.
        origin: x and y of the part's first pixel, source pixels.
    """
    shape = (results['height'], results['width'])
    results['img'], results['img_origin'] = img, origin
    results['img_shape'] = results['ori_shape'] = shape


def image_origin(results: dict) -> tuple[int, int]:
    """Return x and y of the first pixel of ``img``, source pixels."""
    return results.get('img_origin', (0, 0))


def whole_shape(results: dict) -> tuple[int, int]:
    """Return height and width of the whole image that ``img`` is a part of."""
    if 'img_origin' in results:
        return results['ori_shape']
    height, width = results['img'].shape[:2]
    return height, width
