"""Data sets of whole images."""

from .annotated_images import AnnotatedImages
from .annotation_folder import VisDroneAnnotations
from .checked_coco import CheckedCocoDataset
from .dota import DOTADataset
from .visdrone import VisDroneDataset

__all__ = [
    'AnnotatedImages',
    'CheckedCocoDataset',
    'DOTADataset',
    'VisDroneAnnotations',
    'VisDroneDataset',
]
