"""VisDrone's annotation files without their images, for statistics."""

from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from mmdet.registry import DATASETS

from mmhcm.structures.annotations import visdrone_txt
from mmhcm.structures.images import is_apple_double

from .annotated_images import AnnotatedImages
from .visdrone import VisDroneDataset


@DATASETS.register_module()
class VisDroneAnnotations(VisDroneDataset):
    """VisDrone's boxes without images, for counting.

    An image of unknown size extends as far as the boxes of all its rows,
    including ignored regions and ignored objects.

    Args:
        ann_dir (str | Path): Folder of annotation files, or a parent folder.
        sizes (Mapping[str, tuple[int, int]], optional): (width, height) by
            image stem, pixels. Defaults to None.
        kwargs: Arguments of ``BaseDetDataset``.
    """

    def __init__(
        self,
        ann_dir: str | Path,
        sizes: Mapping[str, tuple[int, int]] | None = None,
        **kwargs: Any,
    ) -> None:
        self.ann_dir = Path(ann_dir)
        self.sizes = dict(sizes or {})
        super().__init__(pipeline=[], **kwargs)

    def load_data_list(self) -> AnnotatedImages:
        """Read the files in name order.

        Raises:
            FileNotFoundError: the folder does not exist or has no files.
            ValueError: a malformed row, or two files with the same name.
        """
        paths = sorted(
            (
                path
                for path in self.ann_dir.rglob('*.txt')
                if not is_apple_double(path.name)
            ),
            key=lambda path: path.stem,
        )
        if not paths:
            raise FileNotFoundError(f'no annotation files in {self.ann_dir}')
        for previous, path in pairwise(paths):
            if path.stem == previous.stem:
                raise ValueError(f'two files are named {path.name!r}: {path}')
        rows, counts = visdrone_txt.read_annotation_files(paths)
        offsets = np.concatenate([[0], np.cumsum(counts)])
        return AnnotatedImages(
            [f'{path.stem}.jpg' for path in paths],
            [str(path) for path in paths],
            np.array(
                [
                    self.sizes.get(path.stem) or extent(rows[start:stop])
                    for path, (start, stop) in zip(
                        paths, pairwise(offsets), strict=True
                    )
                ]
            ),
            offsets[:-1],
            offsets[1:],
            rows,
            self.use_ignored_regions,
            not self.test_mode,
        )


def extent(rows: np.ndarray) -> tuple[int, int]:
    """Find the smallest (width, height), pixels, around rows x, y, w, h."""
    rows = rows.astype(np.float64)  # sums of small integer types overflow
    corners = rows[:, :2] + rows[:, 2:4]
    width, height = np.ceil(corners.max(axis=0, initial=1)).astype(int)
    return int(width), int(height)
