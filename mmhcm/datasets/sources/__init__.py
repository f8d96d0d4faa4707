"""Data sets of whole images."""

from .annotated_images import AnnotatedImages
from .annotation_folder import VisDroneAnnotations
from .checked_coco import CheckedCocoDataset
from .checked_voc import CheckedVOCDataset
from .dota import DOTADataset
from .visdrone import VisDroneDataset
from .yolo import YOLODataset

__all__ = [
    'AnnotatedImages',
    'CheckedCocoDataset',
    'CheckedVOCDataset',
    'DOTADataset',
    'VisDroneAnnotations',
    'VisDroneDataset',
    'YOLODataset',
]
