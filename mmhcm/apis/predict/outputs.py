"""Files of detections: COCO, YOLO and VisDrone."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from mmhcm.functional.merging import Detections
from mmhcm.structures.annotations import CLASSES, format_results
from mmhcm.structures.coco_export import (
    annotation_records,
    image_record,
    write_coco,
)
from mmhcm.structures.files import atomic_write
from mmhcm.structures.prediction_files import format_yolo


class DetectionFiles(ABC):
    """Files of detections in one format.

    Args:
        out_dir: Folder of all outputs.
        classes: Name of each label.
    """

    def __init__(self, out_dir: Path, classes: Sequence[str]) -> None:
        self.out_dir, self.classes = out_dir, classes

    @abstractmethod
    def add(
        self,
        name: str,
        file_name: str,
        image_wh: tuple[int, int],
        found: Detections,
    ) -> None:
        """Write the detections of an image, or keep them for ``close``.

        Args:
            name: Path of the image's outputs, without a suffix.
            file_name: Path of the image below the common folder of all
                sources.
            image_wh: Width and height of the image, pixels.
            found: Detections, with boxes in pixels of the image.
        """

    def close(self) -> None:  # noqa: B027
        """Write the kept detections."""


class CocoFile(DetectionFiles):
    """``coco.json``: images, categories, and annotations with a score."""

    def __init__(self, out_dir: Path, classes: Sequence[str]) -> None:
        super().__init__(out_dir, classes)
        self._images: list[tuple[str, tuple[int, int], Detections]] = []

    def add(
        self,
        name: str,
        file_name: str,
        image_wh: tuple[int, int],
        found: Detections,
    ) -> None:
        """Keep the detections of an image."""
        self._images.append((file_name, image_wh, found))

    def close(self) -> None:
        """Write the file."""
        images = (
            (number, image_record(file_name, image_wh, _records(found)))
            for number, (file_name, image_wh, found) in enumerate(
                self._images, 1
            )
        )
        write_coco(
            self.out_dir / 'coco.json', images, self.classes, 'detections'
        )


class YoloFiles(DetectionFiles):
    """``yolo/labels/NAME.txt`` and ``yolo/classes.txt``."""

    def add(
        self,
        name: str,
        file_name: str,
        image_wh: tuple[int, int],
        found: Detections,
    ) -> None:
        """Write the detections of an image."""
        _write_text(
            self.out_dir / 'yolo' / 'labels' / f'{name}.txt',
            format_yolo(*found, image_wh),
        )

    def close(self) -> None:
        """Write the names of the classes."""
        text = ''.join(f'{name}\n' for name in self.classes)
        _write_text(self.out_dir / 'yolo' / 'classes.txt', text)


class VisDroneFiles(DetectionFiles):
    """``visdrone/NAME.txt``, result files of the challenge.

    Raises:
        ValueError: the classes are not those of VisDrone.
    """

    def __init__(self, out_dir: Path, classes: Sequence[str]) -> None:
        if tuple(classes) != CLASSES:
            raise ValueError(
                "VisDrone's result files are for its ten classes; this "
                f'detector has {", ".join(classes)[:100]}'
            )
        super().__init__(out_dir, classes)

    def add(
        self,
        name: str,
        file_name: str,
        image_wh: tuple[int, int],
        found: Detections,
    ) -> None:
        """Write the detections of an image."""
        _write_text(
            self.out_dir / 'visdrone' / f'{name}.txt',
            format_results(*found, image_wh),
        )


#: Class of each format's files.
FORMATS: dict[str, Callable[[Path, Sequence[str]], DetectionFiles]] = {
    'coco': CocoFile,
    'yolo': YoloFiles,
    'visdrone': VisDroneFiles,
}


def _records(found: Detections) -> list[dict]:
    records = annotation_records(
        found.bboxes, found.labels, np.zeros(len(found.labels), dtype=bool)
    )
    return [
        {**record, 'score': float(score)}
        for record, score in zip(records, found.scores, strict=True)
    ]


def _write_text(path: Path, text: str) -> None:
    with atomic_write(path) as file:
        file.write(text.encode())
