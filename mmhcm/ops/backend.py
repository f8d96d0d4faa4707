"""Choice between torchvision's operators and plain ones."""

from functools import cache
from typing import NoReturn

import torch

#: Instructions for getting all operators of mmcv.
REMEDY = (
    'install mmcv with compiled operators: make .venv MMCV=full, or '
    'https://mmcv.readthedocs.io/en/latest/get_started/installation.html'
)


@cache
def uses_torchvision(device_type: str) -> bool:
    """Test whether torchvision's operators run on a kind of device.

    The operators do not run if torchvision is missing, was built for another
    torch, or was built without CUDA.

    Args:
        device_type: As in ``torch.device.type``.
    """
    try:
        import torchvision  # noqa: F401

        none = torch.zeros(0, 4, device=device_type)
        torch.ops.torchvision.nms(none, none[:, 0], 0.5)
    except (ImportError, OSError, RuntimeError, AttributeError):
        return False
    return True


def name_backend(device_type: str) -> str:
    """Name the implementation of mmcv's operators on a kind of device.

    Args:
        device_type: As in ``torch.device.type``.

    Raises:
        ImportError: If mmcv is missing, or was compiled for another torch.
    """
    import mmcv._ext

    if not hasattr(mmcv._ext, 'STAND_INS'):
        return 'compiled mmcv'
    if uses_torchvision(device_type):
        return 'stand-ins by torchvision'
    return 'stand-ins by PyTorch and NumPy'


def refuse(operator: str) -> NoReturn:
    """Raise an error for an operator without a stand-in.

    Raises:
        ImportError: always; the message contains operator and remedy.
    """
    raise ImportError(f"mmcv's operator {operator} has no stand-in: {REMEDY}")
