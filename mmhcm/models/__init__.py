"""Detectors, assigners, region features and test-time augmentation."""

from .bag_roi_extractor import BagRoIExtractor
from .conv_next import ConvNeXt
from .ignoring_assigner import IgnoringAssigner
from .ignoring_dino_head import IgnoringDINOHead
from .multi_scale_tta import MultiScaleTTA
from .proposal_model import ProposalModel
from .refinedet import RefineDetHead, RefineVGG, TransferConnectionNeck
from .rrnet import RRNetHead
from .slice_tta import SliceTTA
from .true_ignore_assigner import TrueIgnoreAssigner
from .wasserstein_distance import NormalizedWassersteinDistance

__all__ = [
    'BagRoIExtractor',
    'ConvNeXt',
    'IgnoringAssigner',
    'IgnoringDINOHead',
    'MultiScaleTTA',
    'NormalizedWassersteinDistance',
    'ProposalModel',
    'RRNetHead',
    'RefineDetHead',
    'RefineVGG',
    'SliceTTA',
    'TransferConnectionNeck',
    'TrueIgnoreAssigner',
]
