"""Objects, masked regions and errors to draw on a picture."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import compress
from typing import Any

import numpy as np

from mmhcm.functional.boxes import as_bboxes, box_wh, clip_boxes
from mmhcm.structures.rounds import BOTH, LOCALIZATION, MISSED, ErrorBox


@dataclass(frozen=True)
class ObjectMarks:
    """Objects or detections to draw.

    Attributes:
        bboxes: (n, 4) xyxy, pixels of the picture.
        labels: int (n,).
        ignored: bool (n,). Defaults to all False.
        pasted: bool (n,). Defaults to all False.
    """

    bboxes: np.ndarray
    labels: np.ndarray
    ignored: np.ndarray = field(default_factory=lambda: np.zeros(0, bool))
    pasted: np.ndarray = field(default_factory=lambda: np.zeros(0, bool))

    def __post_init__(self) -> None:
        none = np.zeros(len(self.labels), dtype=bool)
        for name in ('ignored', 'pasted'):
            flags = np.asarray(getattr(self, name), dtype=bool)
            object.__setattr__(self, name, flags if len(flags) else none)

    @classmethod
    def of(cls, instances: Sequence[Mapping[str, Any]]) -> 'ObjectMarks':
        """Build the marks of a data info's objects, in pixels of its image."""
        return cls(
            as_bboxes([item['bbox'] for item in instances]),
            np.array([i['bbox_label'] for i in instances], dtype=np.int64),
            np.array([i['ignore_flag'] for i in instances], dtype=bool),
            np.array([i.get('pasted') for i in instances], dtype=bool),
        )


@dataclass(frozen=True)
class ErrorMarks:
    """Errors to draw.

    Attributes:
        bboxes: (n, 4) xyxy, pixels of the picture.
        kinds: One of ``ERROR_KINDS`` for each error.
        texts: Tag of each error, such as 'car as van'; '' for none.
    """

    bboxes: np.ndarray
    kinds: Sequence[str]
    texts: Sequence[str]

    @classmethod
    def of(
        cls,
        errors: Sequence[ErrorBox],
        classes: Sequence[str],
        bboxes: np.ndarray | None = None,
        tag_missed: bool = True,
    ) -> 'ErrorMarks':
        """Build the marks of errors, with their texts as tags.

        Args:
            errors: The errors.
            classes: Name of each label.
            bboxes: (n, 4) xyxy. Defaults to None, the boxes of the errors.
            tag_missed: Also tag missed objects, of which a crowded picture
                has many. Defaults to True.
        """
        return cls(
            as_bboxes([error.bbox for error in errors])
            if bboxes is None
            else bboxes,
            [error.kind for error in errors],
            [
                error_text(error, classes)
                if tag_missed or error.kind != MISSED
                else ''
                for error in errors
            ],
        )


@dataclass(frozen=True)
class Marks:
    """Everything to draw on one picture.

    Attributes:
        objects: Objects or detections.
        regions: (r, 4) xyxy, masked pixels.
        errors: Errors of the detector.
        title: Start of the legend.
    """

    objects: ObjectMarks | None = None
    regions: Sequence[Sequence[float]] | np.ndarray = field(
        default_factory=list
    )
    errors: ErrorMarks | None = None
    title: str = ''

    def inside(self, window: tuple[int, int, int, int]) -> 'Marks':
        """Return the marks in a window (xyxy), in pixels of the window."""
        objects, errors = self.objects, self.errors
        if objects is not None:
            bboxes, keep = _shown(objects.bboxes, window)
            objects = ObjectMarks(
                bboxes,
                objects.labels[keep],
                objects.ignored[keep],
                objects.pasted[keep],
            )
        if errors is not None:
            bboxes, keep = _shown(errors.bboxes, window)
            errors = ErrorMarks(
                bboxes,
                list(compress(errors.kinds, keep)),
                list(compress(errors.texts, keep)),
            )
        regions, _ = _shown(as_bboxes(self.regions), window)
        return type(self)(objects, regions, errors, self.title)


def _shown(
    bboxes: np.ndarray, window: tuple[int, int, int, int]
) -> tuple[np.ndarray, np.ndarray]:
    """Select boxes (k, 4) in a window, in its pixels; mask bool (n,)."""
    keep = box_wh(clip_boxes(bboxes, window)).min(axis=1) > 0
    return bboxes[keep] - np.array(window[:2] * 2, np.float32), keep


def error_text(error: ErrorBox, classes: Sequence[str]) -> str:
    """Name the error, such as 'car as van'."""
    if error.kind == MISSED:
        return f'missed {classes[error.gt_label]}'
    if error.kind == LOCALIZATION:
        return f'misplaced {classes[error.gt_label]}'
    true = 'background' if error.gt_label < 0 else classes[error.gt_label]
    where = 'misplaced ' if error.kind == BOTH else ''
    return f'{where}{true} as {classes[error.det_label]}'
