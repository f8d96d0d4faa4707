"""VisDrone's annotation files without their images, for statistics."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from mmdet.registry import DATASETS

from mmhcm.structures import visdrone_txt

from .visdrone import VisDroneDataset


@DATASETS.register_module()
class VisDroneAnnotations(VisDroneDataset):
    """Boxes alone: what can be counted needs no pixels.

    An image whose size is not given is as large as its rows reach: ignored
    regions and ignored objects included.

    Args:
        ann_dir (str | Path): Folder of annotation files, or a folder above
            them.
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

    def load_data_list(self) -> list[dict]:
        """Read the files in name order.

        Raises:
            FileNotFoundError: no such folder, or no file in it.
            ValueError: a malformed row, or two files of one name.
        """
        paths = sorted(self.ann_dir.rglob('*.txt'), key=lambda p: p.stem)
        if not paths:
            raise FileNotFoundError(f'no annotation files in {self.ann_dir}')
        data_list = []
        previous = None
        for path in paths:
            if path.stem == previous:
                raise ValueError(f'two files are named {path.name!r}: {path}')
            previous = path.stem
            width, height = self.sizes.get(path.stem) or extent(path)
            data_list.append(
                {
                    'img_path': f'{path.stem}.jpg',
                    'img_id': path.stem,
                    'ann_path': str(path),
                    'width': width,
                    'height': height,
                    **self.parse_annotation(str(path), width, height),
                }
            )
        return data_list


def extent(path: str | Path) -> tuple[int, int]:
    """Smallest (width, height), pixels, that holds all rows of a file."""
    rows = visdrone_txt.read_annotations(path)
    corners = rows[:, :2] + rows[:, 2:4]
    width, height = np.ceil(corners.max(axis=0, initial=1)).astype(int)
    return int(width), int(height)
