"""Light-Head R-CNN and R-FCN: regions read position-sensitive maps."""

from .bbox_heads import LightHeadBBoxHead, RFCNBBoxHead
from .last_map_rpn_head import LastMapRPNHead
from .necks import LargeSeparableConv, RFCNNeck
from .ps_roi_align import PSRoIAlign, ps_roi_align
from .ps_roi_extractor import PSRoIExtractor

__all__ = [
    'LargeSeparableConv',
    'LastMapRPNHead',
    'LightHeadBBoxHead',
    'PSRoIAlign',
    'PSRoIExtractor',
    'RFCNBBoxHead',
    'RFCNNeck',
    'ps_roi_align',
]
