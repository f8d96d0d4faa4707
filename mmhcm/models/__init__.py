"""Detectors, their parts, assigners and test-time augmentation."""

from .autofocus import FocusRPNHead, FocusTTA
from .backbones import DetNet, SpatialGroupEnhance
from .bag_roi_extractor import BagRoIExtractor
from .conv_next import ConvNeXt
from .fixed_ddq_detr import FixedDDQDETR
from .fixed_ssd_head import FixedSSDHead
from .ignoring_assigner import IgnoringAssigner
from .ignoring_detr_heads import IgnoringDDQDETRHead, IgnoringDINOHead
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
from .refinedet import (
    AnchorRefinementHead,
    RefineDetHead,
    RefineVGG,
    TransferConnectionNeck,
)
from .rrnet import RRNetHead
from .slice_tta import SliceTTA
from .true_ignore_assigner import TrueIgnoreAssigner
from .wasserstein_distance import NormalizedWassersteinDistance

__all__ = [
    'AnchorRefinementHead',
    'BagRoIExtractor',
    'ConvNeXt',
    'DetNet',
    'FixedDDQDETR',
    'FixedSSDHead',
    'FocusRPNHead',
    'FocusTTA',
    'IgnoringAssigner',
    'IgnoringDDQDETRHead',
    'IgnoringDINOHead',
    'LargeSeparableConv',
    'LastMapRPNHead',
    'LightHeadBBoxHead',
    'MultiScaleTTA',
    'NormalizedWassersteinDistance',
    'PSRoIAlign',
    'PSRoIExtractor',
    'ProposalModel',
    'RFCNBBoxHead',
    'RFCNNeck',
    'RRNetHead',
    'RefineDetHead',
    'RefineVGG',
    'SliceTTA',
    'SpatialGroupEnhance',
    'TransferConnectionNeck',
    'TrueIgnoreAssigner',
    'as_detections',
]
