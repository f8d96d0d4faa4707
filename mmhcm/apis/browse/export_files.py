"""Files of an export: images, and COCO or YOLO annotations."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from mmdet.structures.bbox import HorizontalBoxes

from mmhcm.datasets.transforms import MaskIgnoredInstances
from mmhcm.functional.boxes import as_bboxes
from mmhcm.structures.coco_export import (
    annotation_records,
    image_record,
    write_coco,
)
from mmhcm.structures.files import atomic_write
from mmhcm.structures.yolo_export import write_yolo_yaml, yolo_rows

from .pictures import write_picture


@dataclass(frozen=True)
class ExportedSample:
    """An image to export.

    Attributes:
        name: File name of the image.
        image_wh: Width and height, pixels.
        image: uint8 (h, w, 3) BGR, or the path of a file to copy.
        bboxes: (n, 4) xyxy, pixels of the image.
        labels: (n,).
        ignored: bool (n,).
        pasted: bool (n,), or None if unknown.
        regions: (r, 4) xyxy, ignored regions of the image.
        extra: Further keys of the image in a COCO file.
    """

    name: str
    image_wh: tuple[int, int]
    image: np.ndarray | Path
    bboxes: np.ndarray
    labels: np.ndarray
    ignored: np.ndarray
    pasted: Sequence[bool] | None = None
    regions: np.ndarray = field(default_factory=lambda: as_bboxes([]))
    extra: dict[str, Any] = field(default_factory=dict)


class CocoFiles:
    """Images in ``out_dir/part/`` and ``out_dir/part.json``."""

    def __init__(
        self, out_dir: str | Path, part: str, classes: Sequence[str]
    ) -> None:
        self._folder = Path(out_dir)
        self._part = part
        self._classes = classes
        self._records: list[tuple[int, dict[str, Any]]] = []

    def add(self, number: int, sample: ExportedSample) -> None:
        """Write an image; keep the annotations under an id.

        An ignored region becomes a crowd of every class, which has the same
        effect on COCO's scores.
        """
        _write_image(self._folder / self._part / sample.name, sample.image)
        annotations = annotation_records(
            sample.bboxes, sample.labels, sample.ignored, sample.pasted
        )
        crowds = annotation_records(
            np.repeat(sample.regions, len(self._classes), axis=0),
            np.tile(np.arange(len(self._classes)), len(sample.regions)),
            np.ones(len(self._classes) * len(sample.regions), dtype=bool),
        )
        record = image_record(
            sample.name,
            sample.image_wh,
            [*annotations, *crowds],
            **sample.extra,
        )
        self._records.append((number, record))

    def finish(self, description: str) -> Path:
        """Write the annotations of all images."""
        path = self._folder / f'{self._part}.json'
        write_coco(path, self._records, self._classes, description)
        return path


class YoloFiles:
    """``out_dir/images/part/``, ``out_dir/labels/part/``, ``data.yaml``.

    A label file cannot mark an object as ignored, so ignored objects are
    filled with one colour and are neither foreground nor background.
    """

    def __init__(
        self, out_dir: str | Path, part: str, classes: Sequence[str]
    ) -> None:
        self._folder = Path(out_dir)
        self._part = part
        self._classes = classes

    def add(self, number: int, sample: ExportedSample) -> None:
        """Write an image and its labels; the number is not used."""
        path = self._folder / 'images' / self._part / sample.name
        _write_image(path, _without_ignored(sample))
        text = yolo_rows(
            sample.bboxes[~sample.ignored],
            sample.labels[~sample.ignored],
            sample.image_wh,
        )
        labels = self._folder / 'labels' / self._part / path.name
        with atomic_write(labels.with_suffix('.txt')) as file:
            file.write(text.encode())

    def finish(self, description: str) -> Path:
        """Write the names of the classes; the description is not used."""
        return write_yolo_yaml(self._folder, self._classes)


def _write_image(path: Path, image: np.ndarray | Path) -> None:
    if isinstance(image, np.ndarray):
        write_picture(path, image)
        return
    with atomic_write(path) as file, image.open('rb') as source:
        shutil.copyfileobj(source, file)


def _without_ignored(sample: ExportedSample) -> np.ndarray | Path:
    if isinstance(sample.image, Path) or not sample.ignored.any():
        return sample.image
    filled = MaskIgnoredInstances().transform(
        {
            'img': sample.image,
            'gt_bboxes': HorizontalBoxes(sample.bboxes),
            'gt_ignore_flags': sample.ignored,
        }
    )
    return filled['img']
