"""Scores and errors of detections."""

from .confusion import confusion_matrix
from .errors import DetectionType, ErrorTypes, classify_errors
from .f1_threshold import best_f1_threshold, judged_detections
from .matched_objects import is_class, rows_to_xyxy
from .matching import IOU_THRS
from .size_scores import COCO_EDGES, SizeScores, score_sizes
from .tide import ERROR_TYPES, FIXES, ErrorCosts, error_costs
from .visdrone import MAX_DETS, METRICS, ImageRecord, Scores, evaluate

__all__ = [
    'COCO_EDGES',
    'ERROR_TYPES',
    'FIXES',
    'IOU_THRS',
    'MAX_DETS',
    'METRICS',
    'DetectionType',
    'ErrorCosts',
    'ErrorTypes',
    'ImageRecord',
    'Scores',
    'SizeScores',
    'best_f1_threshold',
    'classify_errors',
    'confusion_matrix',
    'error_costs',
    'evaluate',
    'is_class',
    'judged_detections',
    'rows_to_xyxy',
    'score_sizes',
]
