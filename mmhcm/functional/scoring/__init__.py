"""Scores and errors of detections."""

from .confusion import confusion_matrix
from .errors import DetectionType, classify_errors
from .matched_objects import is_class, rows_to_xyxy
from .matching import IOU_THRS
from .size_scores import COCO_EDGES, SizeScores, score_sizes
from .tide import ERROR_TYPES, FIXES, ErrorCosts, error_costs
from .visdrone import FIGURES, MAX_DETS, ImageRecord, Scores, evaluate

__all__ = [
    'COCO_EDGES',
    'ERROR_TYPES',
    'FIGURES',
    'FIXES',
    'IOU_THRS',
    'MAX_DETS',
    'DetectionType',
    'ErrorCosts',
    'ImageRecord',
    'Scores',
    'SizeScores',
    'classify_errors',
    'confusion_matrix',
    'error_costs',
    'evaluate',
    'is_class',
    'rows_to_xyxy',
    'score_sizes',
]
