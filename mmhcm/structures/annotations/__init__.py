"""Annotation files and their faults."""

from .faults import IN_TRAINING, note_odd_rows, read_what_can_be_read
from .visdrone_txt import (
    CLASSES,
    IGNORED_CATEGORY,
    MAX_COORDINATE,
    MAX_DETS,
    OTHERS_CATEGORY,
    SCORE_DECIMALS,
    SUPERCATEGORIES,
    AnnotationError,
    decode,
    format_results,
    parse_number,
    parse_results,
    read_annotation_files,
    read_annotations,
    split_rows,
)

__all__ = [
    'CLASSES',
    'IGNORED_CATEGORY',
    'IN_TRAINING',
    'MAX_COORDINATE',
    'MAX_DETS',
    'OTHERS_CATEGORY',
    'SCORE_DECIMALS',
    'SUPERCATEGORIES',
    'AnnotationError',
    'decode',
    'format_results',
    'note_odd_rows',
    'parse_number',
    'parse_results',
    'read_annotation_files',
    'read_annotations',
    'read_what_can_be_read',
    'split_rows',
]
