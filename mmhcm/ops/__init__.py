"""Operators of detectors, without a compiler.

``ext.py`` has the stand-ins for mmcv's compiled operators. The stand-ins use
torchvision if its operators run, otherwise PyTorch and NumPy.
"""

from .backend import name_backend, refuse, uses_torchvision
from .bag_roi_align import BagRoIAlign
from .deform_attention import ms_deform_attn_backward, ms_deform_attn_forward
from .deform_conv import (
    deform_conv_backward_input,
    deform_conv_backward_parameters,
    deform_conv_forward,
    modulated_deform_conv_backward,
    modulated_deform_conv_forward,
)
from .focal_loss import (
    sigmoid_focal_loss_backward,
    sigmoid_focal_loss_forward,
)
from .roi_align import roi_align_backward, roi_align_forward
from .suppression import nms, softnms

__all__ = [
    'BagRoIAlign',
    'deform_conv_backward_input',
    'deform_conv_backward_parameters',
    'deform_conv_forward',
    'modulated_deform_conv_backward',
    'modulated_deform_conv_forward',
    'ms_deform_attn_backward',
    'ms_deform_attn_forward',
    'name_backend',
    'nms',
    'refuse',
    'roi_align_backward',
    'roi_align_forward',
    'sigmoid_focal_loss_backward',
    'sigmoid_focal_loss_forward',
    'softnms',
    'uses_torchvision',
]
