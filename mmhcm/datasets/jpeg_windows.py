"""Marks for decoding windows of a data set's JPEG files."""

import logging
from pathlib import Path

from mmengine.dataset import BaseDataset
from mmengine.logging import print_log
from tqdm import tqdm

from mmhcm.structures.jpeg_marks import (
    JpegMarks,
    build_marks,
    marks_digest,
    open_marks,
)

from .shared_work import on_main_process


def open_or_build_marks(
    dataset: BaseDataset, cache_dir: str | Path
) -> JpegMarks | None:
    """Open the marks of a data set's images; the main process makes them.

    Takes a processor some 7 milliseconds an image, once.

    Returns:
        None, with a warning, where they cannot be made or seen: then images
        are decoded as a whole, to the same pixels.
    """
    img_paths = [
        dataset.get_data_info(index)['img_path']
        for index in range(len(dataset))
    ]
    digest = marks_digest(img_paths)

    def build() -> str:
        if open_marks(cache_dir, digest) is None:
            try:
                with tqdm(total=len(img_paths), desc='marking images') as bar:
                    build_marks(cache_dir, img_paths, digest, bar.update)
            # Without Numba, or room on the disk.
            except (ImportError, OSError) as error:
                return str(error)
        return 'the main process has none here'

    reason = on_main_process(build)
    marks = open_marks(cache_dir, digest)
    if marks is None:
        print_log(
            f'no marks for images in {cache_dir} ({reason}): they are decoded '
            'as a whole',
            logger='current',
            level=logging.WARNING,
        )
    else:
        print_log(
            f'{marks.num_marked} of {len(marks)} images are decoded by window',
            logger='current',
        )
    return marks
