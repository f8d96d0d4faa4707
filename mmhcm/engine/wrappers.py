"""Models and detectors inside their wrappers."""

from typing import Any, cast

from mmengine.model import BaseTTAModel, is_model_wrapper
from torch import nn


def unwrap(model: nn.Module) -> nn.Module:
    """Return the detector inside a distributed wrapper."""
    if is_model_wrapper(model):
        return cast(nn.Module, model.module)
    return model


def innermost_model(model: nn.Module) -> nn.Module:
    """The detector inside wrappers of processes and of test modes."""
    inner: Any = model
    while is_model_wrapper(inner) or isinstance(inner, BaseTTAModel):
        inner = inner.module
    return inner
