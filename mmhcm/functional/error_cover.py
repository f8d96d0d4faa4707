"""Hard chips of one canvas: windows that teach errors (paper 3.3).

Boxes and windows are (n, 4) xyxy in pixels of the canvas.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .boxes import as_bboxes, box_iof, box_iou, clip_boxes
from .chips import ChipScale, generate_chips, valid_objects
from .taught_objects import find_taught_errors, find_taught_objects


@dataclass(frozen=True)
class ErrorChips:
    """Chips around errors, in the order in which they were chosen.

    Attributes:
        windows: float32 (m, 4), whole numbers inside the canvas.
        scale_inds: int64 (m,), as in ``Chips``.
        errors: bool (m, n), errors that each chip teaches; at least one.
        objects: bool (m, g), objects that each chip lets the detector learn.
    """

    windows: np.ndarray
    scale_inds: np.ndarray
    errors: np.ndarray
    objects: np.ndarray


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
    """Cover errors with chips that teach them, jointly over the scales.

    An error that is about an object is taught where the object is learned: at
    a scale whose range holds it, with at least half of it in the window. An
    error on background is taught where the detection is of the scale's sizes,
    whole in the window, and not on an object that the chip ignores. Windows
    are moved to where they hold the most objects to learn. Errors that no
    window teaches have no chip.

    Args:
        bboxes: (n, 4), the object of each error; the detection of an error on
            background.
        on_background: bool (n,).
        gt_bboxes: (g, 4), all objects.
        gt_ignore: bool (g,), those that training ignores everywhere.
        image_wh: (width, height) of the canvas, pixels.
        scales: The chip scales.
        ignored_iof_thr: Share of a detection in an ignored object from which
            training ignores it, as ``TrueIgnoreAssigner`` does. Defaults to
            0.5.
        ignored_iou_thr: IoU, likewise. Defaults to 0.3.
    """
    inside = (0, 0, *image_wh)
    bboxes = clip_boxes(as_bboxes(bboxes), inside)
    gt_bboxes = clip_boxes(as_bboxes(gt_bboxes), inside)
    on_background = np.asarray(on_background, dtype=bool)
    learnable = valid_objects(gt_bboxes, image_wh, scales)
    learnable &= ~np.asarray(gt_ignore, dtype=bool)[:, None]
    thrs = {
        'ignored_iof_thr': ignored_iof_thr,
        'ignored_iou_thr': ignored_iou_thr,
    }
    valid = valid_objects(bboxes, image_wh, scales)
    valid[on_background] &= _not_hidden(
        bboxes[on_background], gt_bboxes, learnable, **thrs
    )
    kept = np.flatnonzero(~np.asarray(gt_ignore, dtype=bool))
    chips = generate_chips(
        bboxes, image_wh, scales, valid=valid, neighbours=gt_bboxes[kept]
    )
    where = chips.windows, chips.scale_inds
    objects = np.zeros((len(chips.windows), len(gt_bboxes)), dtype=bool)
    objects[:, kept] = find_taught_objects(
        gt_bboxes[kept], *where, image_wh, scales
    )
    errors = find_taught_objects(bboxes, *where, image_wh, scales)
    errors[:, on_background] = find_taught_errors(
        bboxes[on_background],
        chips.windows,
        valid[on_background][:, chips.scale_inds].T,
        gt_bboxes,
        objects,
        **thrs,
    )
    useful = errors.any(axis=1)
    return ErrorChips(
        windows=chips.windows[useful],
        scale_inds=chips.scale_inds[useful],
        errors=errors[useful],
        objects=objects[useful],
    )


def _not_hidden(
    bboxes: np.ndarray,
    gt_bboxes: np.ndarray,
    learnable: np.ndarray,
    *,
    ignored_iof_thr: float,
    ignored_iou_thr: float,
) -> np.ndarray:
    """Scales, bool (n, K + 1), with no ignored object over a detection."""
    over = box_iof(bboxes, gt_bboxes) >= ignored_iof_thr  # (n, g)
    over |= box_iou(bboxes, gt_bboxes) >= ignored_iou_thr
    return np.asarray((over[:, :, None] & ~learnable).sum(axis=1) == 0)
