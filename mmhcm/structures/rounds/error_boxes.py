"""A detector's errors on one image, as records."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mmhcm.functional.boxes import as_bboxes
from mmhcm.functional.scoring import ErrorTypes, classify_errors
from mmhcm.structures.instances import instance_arrays, instance_labels

from .error_kinds import ERROR_KINDS, MISSED, ErrorKind
from .hard_chips import ErrorBox, as_bbox


@dataclass(frozen=True)
class DetectedImage:
    """Detections and annotations of one image, as arrays.

    Attributes:
        det_bboxes: float32 (n, 4) xyxy, in the same pixels as the objects.
        det_scores: (n,).
        det_labels: int (n,).
        gt_bboxes: float32 (m, 4) xyxy.
        gt_labels: int64 (m,).
        gt_ignore: bool (m,).
        ignored_regions: float32 (r, 4) xyxy, masked.
    """

    det_bboxes: np.ndarray
    det_scores: np.ndarray
    det_labels: np.ndarray
    gt_bboxes: np.ndarray
    gt_labels: np.ndarray
    gt_ignore: np.ndarray
    ignored_regions: np.ndarray

    @classmethod
    def of(
        cls,
        instances: Sequence[Mapping[str, Any]],
        ignored_regions: Sequence[Sequence[float]],
        det_bboxes: np.ndarray,
        det_scores: np.ndarray,
        det_labels: np.ndarray,
    ) -> 'DetectedImage':
        """Build the record from the objects and regions of a data info."""
        gt_bboxes, gt_ignored = instance_arrays(instances)
        return cls(
            as_bboxes(det_bboxes),
            np.asarray(det_scores),
            np.asarray(det_labels),
            gt_bboxes,
            instance_labels(instances),
            gt_ignored,
            as_bboxes(ignored_regions),
        )

    def classify(self, **thresholds: float) -> ErrorTypes:
        """Classify the detections, see ``scoring.errors.classify_errors``."""
        return classify_errors(
            self.det_bboxes,
            self.det_scores,
            self.det_labels,
            self.gt_bboxes,
            self.gt_labels,
            self.gt_ignore,
            self.ignored_regions,
            **thresholds,
        )


def find_errors(image: DetectedImage, types: ErrorTypes) -> list[ErrorBox]:
    """List the errors of all kinds on one image.

    Args:
        image: The image.
        types: Result of ``image.classify``.

    Returns:
        Errors by kind in the order of ``ERROR_KINDS``; errors of a kind in the
        order of the detections, missed objects in the order of the objects.
    """
    return [
        _error(kind, image, det, gt)
        for kind in ERROR_KINDS.values()
        for det, gt in _places(kind, types)
    ]


def _places(kind: ErrorKind, types: ErrorTypes) -> list[tuple[int, int]]:
    """Return the indices of each error's detection and object, -1 for none."""
    if kind.det_type is None:
        return [(-1, gt) for gt in np.flatnonzero(types.missed).tolist()]
    dets = np.flatnonzero(types.det_types == kind.det_type)
    gts = types.det_gt_inds[dets]
    return list(zip(dets.tolist(), gts.tolist(), strict=True))


def _error(
    kind: ErrorKind, image: DetectedImage, det: int, gt: int
) -> ErrorBox:
    if kind.name == MISSED:
        bbox = as_bbox(image.gt_bboxes[gt].tolist())
        return ErrorBox(bbox, MISSED, -1, int(image.gt_labels[gt]), 0.0)
    found = as_bbox(image.det_bboxes[det].tolist())
    label, score = int(image.det_labels[det]), float(image.det_scores[det])
    if not kind.has_object:
        return ErrorBox(found, kind.name, label, -1, score)
    bbox = as_bbox(image.gt_bboxes[gt].tolist())
    true = int(image.gt_labels[gt])
    return ErrorBox(bbox, kind.name, label, true, score, found)
