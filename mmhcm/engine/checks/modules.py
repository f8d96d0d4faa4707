"""Modules of a detector that need certain data or weights."""

from torch import nn

from mmhcm.models.autofocus import FocusHead
from mmhcm.models.backbones import SpatialGroupEnhance


def needed_meta_keys(model: nn.Module) -> tuple[str, ...]:
    """Return the keys of meta information that a detector's loss needs."""
    has_focus = any(isinstance(part, FocusHead) for part in model.modules())
    return ('ignored_but_counted',) if has_focus else ()


def check_enhanced_stages(model: nn.Module) -> None:
    """Make sure that no SGE module is frozen at its initial weights.

    The frozen module would always multiply its stage by sigmoid(1) = 0.731.
    Trained weights may be frozen.

    Args:
        model: The detector with the weights that training starts from.

    Raises:
        ValueError: a module is frozen.
    """
    for name, part in model.named_modules():
        if not isinstance(part, SpatialGroupEnhance):
            continue
        is_frozen = not any(p.requires_grad for p in part.parameters())
        is_new = not part.weight.any() and bool((part.bias == 1).all())
        if is_frozen and is_new:
            raise ValueError(
                f'model.backbone.plugins: SpatialGroupEnhance in {name} is '
                'frozen before it has learned: leave frozen stages out, such '
                'as by stages=(False, True, True, True) with frozen_stages=1, '
                'or load weights with SGE'
            )
