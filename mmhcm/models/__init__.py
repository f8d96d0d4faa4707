"""Assigners, detectors' parts and test-time augmentation."""

from .autofocus import FocusRPNHead, FocusTTA
from .backbones import DetNet, SpatialGroupEnhance
from .bag_roi_extractor import BagRoIExtractor
from .fixed_ssd_head import FixedSSDHead
from .multi_scale_tta import MultiScaleTTA, as_detections
from .position_sensitive import (
    LargeSeparableConv,
    LastMapRPNHead,
    LightHeadBBoxHead,
    PSRoIAlign,
    PSRoIExtractor,
    RFCNBBoxHead,
    RFCNNeck,
)
from .proposal_model import ProposalModel
from .slice_tta import SliceTTA
from .true_ignore_assigner import TrueIgnoreAssigner

__all__ = [
    'BagRoIExtractor',
    'DetNet',
    'FixedSSDHead',
    'FocusRPNHead',
    'FocusTTA',
    'LargeSeparableConv',
    'LastMapRPNHead',
    'LightHeadBBoxHead',
    'MultiScaleTTA',
    'PSRoIAlign',
    'PSRoIExtractor',
    'ProposalModel',
    'RFCNBBoxHead',
    'RFCNNeck',
    'SliceTTA',
    'SpatialGroupEnhance',
    'TrueIgnoreAssigner',
    'as_detections',
]
