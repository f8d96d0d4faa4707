"""VisDrone's data infos, built from flat arrays on each access."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from mmhcm.datasets.data_info import ImageBoxes, ignore_masked
from mmhcm.functional.regions import find_masked
from mmhcm.structures.annotations import IGNORED_CATEGORY, OTHERS_CATEGORY

# Number of images whose boxes are found together, some MB of boxes.
_IMAGES_AT_ONCE = 1024


@dataclass(frozen=True)
class AnnotatedImages(Sequence):
    """Data infos of images, built from shared arrays on each access.

    A list of dicts would take seconds to build, and every worker would end up
    with a copy of the list.

    Attributes:
        img_paths: Path of each of n images.
        ann_paths: Path of each image's annotation file, or None.
        image_whs: int (n, 2) widths and heights, pixels.
        starts: int64 (n,), first row of each image.
        stops: int64 (n,), end of each image's rows, exclusive.
        rows: (r, 8) annotation rows, see ``visdrone_txt``.
        use_ignored_regions: Use rows of category 0.
        ignore_masked: Ignore objects with at least half of their area in
            ignored regions, as in training.
    """

    img_paths: Sequence[str]
    ann_paths: Sequence[str | None]
    image_whs: np.ndarray
    starts: np.ndarray
    stops: np.ndarray
    rows: np.ndarray
    use_ignored_regions: bool = True
    ignore_masked: bool = False

    def __len__(self) -> int:
        """Return the number of images."""
        return len(self.img_paths)

    def __getitem__(self, index: Any) -> Any:
        """Return the data info of an image, or the images of a slice."""
        if isinstance(index, slice):
            return self.select(range(len(self))[index])
        index = range(len(self))[index]
        width, height = self.image_whs[index].tolist()
        rows = self.rows[self.starts[index] : self.stops[index]]
        info = {
            'img_path': self.img_paths[index],
            'img_id': Path(self.img_paths[index]).stem,
            'width': width,
            'height': height,
            'ann_path': self.ann_paths[index],
            **annotations_of(rows, (width, height), self.use_ignored_regions),
        }
        if self.ignore_masked:
            ignore_masked(info)
        return info

    def __deepcopy__(self, _memo: dict) -> 'AnnotatedImages':
        """Return the object itself, which is immutable."""
        return self

    def select(self, inds: Sequence[int] | np.ndarray) -> 'AnnotatedImages':
        """Return a subset of the images, with shared rows."""
        chosen = np.asarray(inds, dtype=np.int64)
        return replace(
            self,
            img_paths=[self.img_paths[ind] for ind in chosen],
            ann_paths=[self.ann_paths[ind] for ind in chosen],
            image_whs=self.image_whs[chosen],
            starts=self.starts[chosen],
            stops=self.stops[chosen],
        )

    def boxes(self) -> ImageBoxes:
        """Return the boxes of all instances, without a dict for each image."""
        parts = [
            self._boxes_of(slice(start, start + _IMAGES_AT_ONCE))
            for start in range(0, max(1, len(self)), _IMAGES_AT_ONCE)
        ]
        counts, bboxes, ignored = zip(*parts, strict=True)
        return ImageBoxes(
            image_whs=self.image_whs.astype(np.int64),
            offsets=np.concatenate([[0], np.cumsum(np.concatenate(counts))]),
            bboxes=np.concatenate(bboxes),
            ignored=np.concatenate(ignored),
        )

    def _boxes_of(
        self, images: slice
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return the instance count of each image, and all boxes and flags."""
        starts = self.starts[images]
        counts = self.stops[images] - starts
        image_inds = np.repeat(np.arange(len(counts)), counts)
        # Rows of image i start at starts[i], but are consecutive here.
        shift = np.repeat(starts - np.cumsum(counts) + counts, counts)
        rows = self.rows[np.arange(len(image_inds)) + shift]
        bboxes = _clipped(rows, self.image_whs[images][image_inds])
        is_instance = _has_area(bboxes) & (rows[:, 5] != IGNORED_CATEGORY)
        ignored = _is_ignored(rows)
        if self.ignore_masked and self.use_ignored_regions:
            _add_masked(ignored, bboxes, rows[:, 5], image_inds)
        return (
            np.bincount(image_inds[is_instance], minlength=len(counts)),
            bboxes[is_instance].astype(np.float32),
            ignored[is_instance],
        )


def annotations_of(
    rows: np.ndarray, image_wh: tuple[int, int], use_ignored_regions: bool
) -> dict:
    """Convert an image's rows to ``instances`` and ``ignored_regions``.

    Args:
        rows: (k, 8) annotation rows, pixels of the image.
        image_wh: (width, height) of the image, pixels.
        use_ignored_regions: False leaves out the rows of category 0.
    """
    bboxes = _clipped(rows, np.array([image_wh]))
    has_area = _has_area(bboxes)
    is_region = has_area & (rows[:, 5] == IGNORED_CATEGORY)
    is_instance = has_area & ~is_region
    rows = rows[is_instance]
    labels = np.where(rows[:, 5] == OTHERS_CATEGORY, 0, rows[:, 5] - 1)
    columns = np.column_stack([labels, _is_ignored(rows), rows[:, 6:8]])
    return {
        'instances': [
            {
                'bbox': bbox,
                'bbox_label': label,
                'ignore_flag': ignored,
                'truncation': truncation,
                'occlusion': occlusion,
            }
            for bbox, (label, ignored, truncation, occlusion) in zip(
                bboxes[is_instance].tolist(),
                columns.astype(np.int64).tolist(),
                strict=True,
            )
        ],
        'ignored_regions': bboxes[is_region].tolist()
        if use_ignored_regions
        else [],
    }


def _add_masked(
    ignored: np.ndarray,
    bboxes: np.ndarray,
    categories: np.ndarray,
    image_inds: np.ndarray,
) -> None:
    """Set the flags (k,) of masked boxes (k, 4), image by image."""
    is_region = categories == IGNORED_CATEGORY
    owners = np.unique(image_inds[is_region])
    starts = np.searchsorted(image_inds, owners, 'left')
    stops = np.searchsorted(image_inds, owners, 'right')
    for start, stop in zip(starts, stops, strict=True):
        own = np.arange(start, stop)
        regions, objects = own[is_region[own]], own[~is_region[own]]
        ignored[objects] |= find_masked(bboxes[objects], bboxes[regions])


def _clipped(rows: np.ndarray, image_whs: np.ndarray) -> np.ndarray:
    """Clip the boxes of rows to their images: (k, 4) xyxy, float64."""
    rows = rows[:, :4].astype(np.float64)
    xyxy = np.concatenate([rows[:, :2], rows[:, :2] + rows[:, 2:4]], axis=1)
    limits = np.tile(image_whs, 2)  # (k, 4) or (1, 4)
    return np.minimum(np.maximum(xyxy, 0.0), limits)


def _has_area(bboxes: np.ndarray) -> np.ndarray:
    return np.asarray((bboxes[:, :2] < bboxes[:, 2:]).all(axis=1))


def _is_ignored(rows: np.ndarray) -> np.ndarray:
    """Mark instances (k,) that are neither learned nor background."""
    return np.asarray((rows[:, 5] == OTHERS_CATEGORY) | (rows[:, 4] == 0))
