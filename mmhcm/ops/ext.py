"""Module ``mmcv._ext`` of an mmcv without compiled operators.

``mmhcm.operator_finder`` loads this module under that name. Operators without
a stand-in can be imported, as mmcv does, but raise ``ImportError`` when
called.
"""

from collections.abc import Callable
from typing import NoReturn

from mmhcm.ops import (
    deform_conv_backward_input,
    deform_conv_backward_parameters,
    deform_conv_forward,
    modulated_deform_conv_backward,
    modulated_deform_conv_forward,
    ms_deform_attn_backward,
    ms_deform_attn_forward,
    nms,
    refuse,
    roi_align_backward,
    roi_align_forward,
    sigmoid_focal_loss_backward,
    sigmoid_focal_loss_forward,
    softnms,
)

STAND_INS = (
    deform_conv_backward_input,
    deform_conv_backward_parameters,
    deform_conv_forward,
    modulated_deform_conv_backward,
    modulated_deform_conv_forward,
    ms_deform_attn_backward,
    ms_deform_attn_forward,
    nms,
    roi_align_backward,
    roi_align_forward,
    sigmoid_focal_loss_backward,
    sigmoid_focal_loss_forward,
    softnms,
)


def get_compiler_version() -> str:
    """Return a placeholder for MMEngine's list of versions: no compiler."""
    return 'none (stand-ins of mmhcm)'


def get_compiling_cuda_version() -> str:
    """Return a placeholder for the version: no CUDA compiler."""
    return 'none (stand-ins of mmhcm)'


def __getattr__(name: str) -> Callable[..., NoReturn]:
    """Return an operator that raises ``ImportError`` when called."""
    if name.startswith('__'):
        raise AttributeError(name)

    def operator(*_: object, **__: object) -> NoReturn:
        refuse(name)

    return operator
