"""A detector's mistakes on one image, as records."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from mmhcm.functional.boxes import as_bboxes
from mmhcm.functional.scoring import DetectionType, classify_errors

from .hard_chips import ErrorBox, as_bbox

BACKGROUND, CLASS, MISSED = 'background', 'class', 'missed'
ERROR_KINDS = (BACKGROUND, CLASS, MISSED)

KIND_NAMES = {
    'background': 'background taken for objects',
    'class': 'wrong classes',
    'missed': 'missed objects',
}


def find_errors(
    instances: Sequence[Mapping[str, Any]],
    ignored_regions: Sequence[Sequence[float]],
    det_bboxes: np.ndarray,
    det_scores: np.ndarray,
    det_labels: np.ndarray,
    **thresholds: float,
) -> list[ErrorBox]:
    """List the errors of all kinds on one image.

    Args:
        instances: The image's objects, as a data info has them.
        ignored_regions: Masked boxes xyxy.
        det_bboxes: (n, 4) xyxy, in the pixels of the objects.
        det_scores: (n,).
        det_labels: int (n,).
        **thresholds: Of ``scoring.errors.classify_errors``.

    Returns:
        Background errors, then wrong classes, in the order of the detections,
        then missed objects.
    """
    gt_bboxes = as_bboxes([item['bbox'] for item in instances])
    gt_labels = np.array(
        [item['bbox_label'] for item in instances], dtype=np.int64
    )
    types = classify_errors(
        det_bboxes,
        det_scores,
        det_labels,
        gt_bboxes,
        gt_labels,
        np.array([item['ignore_flag'] for item in instances], dtype=bool),
        as_bboxes(ignored_regions),
        **thresholds,
    )

    def error(kind: str, bbox: np.ndarray, det: int, gt: int) -> ErrorBox:
        return ErrorBox(
            as_bbox(bbox.tolist()),
            kind,
            int(det_labels[det]) if det >= 0 else -1,
            int(gt_labels[gt]) if gt >= 0 else -1,
            float(det_scores[det]) if det >= 0 else 0.0,
            as_bbox(det_bboxes[det].tolist()) if kind == CLASS else None,
        )

    background = types.det_types == DetectionType.BACKGROUND
    wrong = types.det_types == DetectionType.CLASS
    confused = zip(
        np.flatnonzero(wrong).tolist(),
        types.det_gt_inds[wrong].tolist(),
        strict=True,
    )
    return [
        *(
            error(BACKGROUND, det_bboxes[det], det, -1)
            for det in np.flatnonzero(background).tolist()
        ),
        *(error(CLASS, gt_bboxes[gt], det, gt) for det, gt in confused),
        *(
            error(MISSED, gt_bboxes[gt], -1, gt)
            for gt in np.flatnonzero(types.missed).tolist()
        ),
    ]
