"""Hard chips of one canvas: a cover of errors (paper 3.3).

Boxes and windows are (n, 4) xyxy in pixels of the canvas.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mmhcm.functional.boxes import (
    as_bboxes,
    box_iof,
    box_iou,
    clip_boxes,
    contains,
    intersection_areas,
)

from .object_cover import generate_chips
from .projection import find_learned_objects
from .scales import ChipScale, valid_objects


@dataclass(frozen=True)
class ErrorChips:
    """Chips around errors, in the order in which they were chosen.

    Attributes:
        windows: float32 (m, 4), whole numbers inside the canvas.
        scale_inds: int64 (m,), as in ``Chips``.
        errors: bool (m, n), errors that are learned in each chip; at least
            one error per chip.
        objects: bool (m, g), objects that are learned in each chip.
    """

    windows: np.ndarray
    scale_inds: np.ndarray
    errors: np.ndarray
    objects: np.ndarray

    def keep(self, is_kept: np.ndarray) -> 'ErrorChips':
        """Select the chips where ``is_kept``, bool (m,), is True."""
        return ErrorChips(
            *(getattr(self, name)[is_kept] for name in vars(self))
        )


def cover_errors(
    bboxes: np.ndarray,
    on_background: np.ndarray,
    gt_bboxes: np.ndarray,
    gt_ignore: np.ndarray,
    image_wh: tuple[int, int],
    scales: Sequence[ChipScale],
    *,
    ignored_iof_thr: float = 0.5,
    ignored_iou_thr: float = 0.3,
) -> ErrorChips:
    """Cover errors with chips in which they are learned, over all scales.

    An error about an object is learned in a chip if the object's size is in
    the scale's range, and at least half of the object is in the window. An
    error on background is learned if the detection has a size in the scale's
    range, is completely in the window, and is not on an object that the chip
    ignores.

    Errors about objects are covered first. Errors on background that are not
    learned in these chips are covered by further chips, which come last.
    Windows are moved to the position with the most objects to learn. An error
    that is learned in no window has no chip.

    Args:
        bboxes: (n, 4), the object of each error; the detection of an error on
            background.
        on_background: bool (n,).
        gt_bboxes: (g, 4), all objects.
        gt_ignore: bool (g,), objects that are ignored in all chips.
        image_wh: (width, height) of the canvas, pixels.
        scales: The chip scales.
        ignored_iof_thr: Share of a detection in an ignored object from which
            training ignores the detection, as in ``TrueIgnoreAssigner``.
            Defaults to 0.5.
        ignored_iou_thr: IoU with an ignored object from which training
            ignores the detection. Defaults to 0.3.

    Examples:
        >>> objects = np.array([[10, 10, 40, 40], [60, 20, 90, 50]])
        >>> chips = cover_errors(
        ...     objects[:1],
        ...     on_background=[False],
        ...     gt_bboxes=objects,
        ...     gt_ignore=[False, False],
        ...     image_wh=(800, 600),
        ...     scales=[ChipScale(256, (0, np.inf))],
        ... )
        >>> chips.windows
        array([[  0.,   0., 256., 256.]], dtype=float32)
        >>> chips.objects
        array([[ True,  True]])
    """
    canvas = _Canvas(
        clip_boxes(as_bboxes(gt_bboxes), (0, 0, *image_wh)),
        np.asarray(gt_ignore, dtype=bool),
        image_wh,
        scales,
        {
            'ignored_iof_thr': ignored_iof_thr,
            'ignored_iou_thr': ignored_iou_thr,
        },
    )
    bboxes = clip_boxes(as_bboxes(bboxes), (0, 0, *image_wh))
    on_background = np.asarray(on_background, dtype=bool)
    valid = valid_objects(bboxes, image_wh, scales)
    valid[on_background] &= canvas.open_scales(bboxes[on_background])
    chips = canvas.cover(bboxes, on_background, valid, ~on_background)
    missing = on_background & ~chips.errors.any(axis=0)
    further = canvas.cover(bboxes, on_background, valid, missing)
    both = ErrorChips(
        *(
            np.concatenate([getattr(part, name) for part in (chips, further)])
            for name in vars(chips)
        )
    )
    return both.keep(np.asarray(both.errors.any(axis=1)))


@dataclass(frozen=True)
class _Canvas:
    """Objects (g, 4) of a canvas, and the rules of ignoring in training."""

    gt_bboxes: np.ndarray
    gt_ignore: np.ndarray
    image_wh: tuple[int, int]
    scales: Sequence[ChipScale]
    thrs: dict[str, float]

    def open_scales(self, bboxes: np.ndarray) -> np.ndarray:
        """Find scales, bool (n, K + 1), without ignored objects on a box."""
        learned = valid_objects(self.gt_bboxes, self.image_wh, self.scales)
        learned &= ~self.gt_ignore[:, None]
        over = box_iof(bboxes, self.gt_bboxes) >= self.thrs['ignored_iof_thr']
        over |= box_iou(bboxes, self.gt_bboxes) >= self.thrs['ignored_iou_thr']
        # matrix products of numbers are faster than of booleans
        return np.asarray(over.astype(np.float32) @ ~learned == 0)

    def cover(
        self,
        bboxes: np.ndarray,
        on_background: np.ndarray,
        valid: np.ndarray,
        wanted: np.ndarray,
    ) -> ErrorChips:
        """Cover the wanted errors; find all errors learned in the chips."""
        kept = np.flatnonzero(~self.gt_ignore)
        chips = generate_chips(
            bboxes[wanted],
            self.image_wh,
            self.scales,
            valid=valid[wanted],
            neighbours=self.gt_bboxes[kept],
        )
        where = chips.windows, chips.scale_inds, self.image_wh, self.scales
        objects = np.zeros((len(chips.windows), len(self.gt_bboxes)), bool)
        objects[:, kept] = find_learned_objects(self.gt_bboxes[kept], *where)
        errors = find_learned_objects(bboxes, *where)
        errors[:, on_background] = find_learned_errors(
            bboxes[on_background],
            chips.windows,
            valid[on_background][:, chips.scale_inds].T,
            self.gt_bboxes,
            objects,
            **self.thrs,
        )
        return ErrorChips(chips.windows, chips.scale_inds, errors, objects)


def find_learned_errors(
    bboxes: np.ndarray,
    windows: np.ndarray,
    valid: np.ndarray,
    gt_bboxes: np.ndarray,
    gt_kept: np.ndarray,
    *,
    ignored_iof_thr: float = 0.5,
    ignored_iou_thr: float = 0.3,
) -> np.ndarray:
    """Find the background errors that are learned in each chip.

    A detection on background is learned as an error in a chip if the detection
    is valid at the chip's scale, is completely in the window, and does not
    overlap an object that the chip ignores: ``TrueIgnoreAssigner`` counts
    pixels of ignored objects neither as foreground nor as background. The
    thresholds are the assigner's.

    Args:
        bboxes: (n, 4) xyxy, detections on background; pixels of the image.
        windows: (m, 4) xyxy of the chips, same pixels.
        valid: bool (m, n), detections that are valid at the chip's scale.
        gt_bboxes: (g, 4) xyxy, all objects inside the image, ignored ones
            included.
        gt_kept: bool (m, g), objects that the chip does not ignore.
        ignored_iof_thr: Share of the detection in an object that is ignored.
            Defaults to 0.5.
        ignored_iou_thr: IoU with the visible part of an object that is
            ignored. Defaults to 0.3.

    Returns:
        bool (m, n).
    """
    bboxes, windows = as_bboxes(bboxes), as_bboxes(windows)
    gt_bboxes = as_bboxes(gt_bboxes)
    learned = contains(windows, bboxes) & valid  # (m, n)
    touching = intersection_areas(bboxes, gt_bboxes) > 0  # (n, g)
    for ind in np.flatnonzero(learned.any(axis=1)).tolist():
        dets = np.flatnonzero(learned[ind])
        gts = np.flatnonzero(touching[dets].any(axis=0) & ~gt_kept[ind])
        cut = clip_boxes(gt_bboxes[gts], tuple(windows[ind]))
        hidden = box_iof(bboxes[dets], cut) >= ignored_iof_thr
        hidden |= box_iou(bboxes[dets], cut) >= ignored_iou_thr
        learned[ind, dets[hidden.any(axis=1)]] = False
    return learned
