"""Assigners, region features and test-time augmentation."""

from .bag_roi_extractor import BagRoIExtractor
from .multi_scale_tta import MultiScaleTTA
from .proposal_model import ProposalModel
from .refinedet import RefineDetHead, RefineVGG, TransferConnectionNeck
from .rrnet import RRNetHead
from .slice_tta import SliceTTA
from .true_ignore_assigner import TrueIgnoreAssigner

__all__ = [
    'BagRoIExtractor',
    'MultiScaleTTA',
    'ProposalModel',
    'RRNetHead',
    'RefineDetHead',
    'RefineVGG',
    'SliceTTA',
    'TransferConnectionNeck',
    'TrueIgnoreAssigner',
]
