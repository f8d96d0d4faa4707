"""Assigners, region features and test-time augmentation."""

from .bag_roi_extractor import BagRoIExtractor
from .multi_scale_tta import MultiScaleTTA, as_detections
from .proposal_model import ProposalModel
from .slice_tta import SliceTTA
from .true_ignore_assigner import TrueIgnoreAssigner

__all__ = [
    'BagRoIExtractor',
    'MultiScaleTTA',
    'ProposalModel',
    'SliceTTA',
    'TrueIgnoreAssigner',
    'as_detections',
]
