"""AutoFocus: focus pixels, and a test from coarse to fine."""

from .focus_head import FocusHead, FocusRPNHead
from .focus_tta import FocusTTA

__all__ = ['FocusHead', 'FocusRPNHead', 'FocusTTA']
