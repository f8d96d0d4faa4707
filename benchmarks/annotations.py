"""VisDrone annotations shared by several benchmarks."""

from pathlib import Path

import numpy as np

from mmhcm.structures.annotations import read_annotations
from mmhcm.structures.archives import unpack_tar
from mmhcm.structures.images import read_image_sizes

ARCHIVE = 'visdrone/annotations-train-6471.tar.xz'
VAL = 'visdrone/VisDrone2019-DET-val'
Image = tuple[np.ndarray, tuple[int, int]]


def unpack_train(data_root: Path, folder: Path) -> list[Path]:
    """Unpack all 6,471 training annotations; return their sorted paths."""
    unpack_tar(data_root / ARCHIVE, folder)
    return sorted(folder.rglob('*.txt'))


def learned_boxes(rows: np.ndarray) -> np.ndarray:
    """Select boxes (n, 4) xyxy of objects that are not ignored, pixels."""
    rows = rows[(rows[:, 5] % 11 > 0) & (rows[:, 4] > 0)].astype(float)
    return np.hstack([rows[:, :2], rows[:, :2] + rows[:, 2:4]])


def reach(rows: np.ndarray) -> tuple[int, int]:
    """Estimate an image's (width, height) as the extent of its rows."""
    rows = rows.astype(float)
    corners = np.ceil((rows[:, :2] + rows[:, 2:4]).max(axis=0, initial=1))
    return int(corners[0]), int(corners[1])


def read_val(data_root: Path) -> list[Image]:
    """Read boxes and (width, height) of the images of VisDrone2019-DET-val."""
    sizes = read_image_sizes(data_root / VAL / 'images')
    paths = sorted((data_root / VAL / 'annotations').glob('*.txt'))
    return [
        (learned_boxes(read_annotations(path)), sizes[path.stem])
        for path in paths
    ]
