"""Run operators on each device and build an mmdet config.

An mmcv that was compiled for another torch, or without CUDA, is imported late
and fails in the middle of a training run; this check fails earlier. The check
imports MMDetection before mmhcm, as in programs written without mmhcm.
"""

import sys

REBUILD = (
    'mmcv was not compiled for this torch. Remove the cached wheel and build '
    'it again (.venv/bin/python -m pip cache remove mmcv; make clean-venv '
    '.venv MMCV=full), or do without it (make .venv MMCV=lite)'
)
LITE_ALONE = (
    'mmcv has no compiled operators, and the stand-ins were not found: '
    'install mmhcm once more (pip install --no-deps -e .)'
)


def main() -> None:
    """Check the operators, the ``mmdet::`` bases and the project."""
    try:
        check_operators()
        check_project()
    except ImportError as error:
        sys.exit(explain_import(error))


def explain_import(error: ImportError) -> str:
    """Format a message with the missing module and the remedy."""
    if error.name == 'mmcv._ext':
        return LITE_ALONE
    if isinstance(error, ModuleNotFoundError):
        hint = (
            "setuptools is too new: pip install 'setuptools<81'"
            if error.name == 'pkg_resources'
            else 'install it, or everything: make .venv'
        )
        return f'no module named {error.name!r}: {hint}'
    if '_ext' in (error.path or ''):
        return f'{error}\n{REBUILD}'
    return f'{error.name or "an import"} failed: {error}'


def check_operators() -> None:
    """Run NMS and RoIAlign on each device."""
    import torch
    from mmcv.ops import RoIAlign, nms
    from mmdet.apis import init_detector  # noqa: F401  (before mmhcm)

    for device in devices():
        bboxes = torch.tensor([[0.0, 0, 9, 9], [1, 1, 9, 9]], device=device)
        scores = torch.tensor([0.9, 0.8], device=device)
        rois = torch.tensor([[0.0, 0, 0, 8, 8]], device=device)
        try:
            kept, _ = nms(bboxes, scores, iou_threshold=0.5)
            crop = RoIAlign(2, 1.0, 2)(
                torch.ones(1, 1, 9, 9, device=device), rois
            )
        except RuntimeError as error:
            sys.exit(f'{device}: {error}\n{REBUILD}')
        if len(kept) != 1 or crop.shape != (1, 1, 2, 2):
            sys.exit(f'{device}: operators give wrong results. {REBUILD}')


def check_project() -> None:
    """Build a config on MMDetection's; print versions and operators."""
    import torch
    from mmengine.config import Config

    import mmhcm
    from mmhcm.ops import name_backend

    # Needs pkg_resources and MMDetection's configs in the installation.
    Config.fromstring(
        "_base_ = ['mmdet::_base_/default_runtime.py']", file_format='.py'
    )
    operators = ', '.join(
        f'{name_backend(device)} on {device}' for device in devices()
    )
    print(
        f'mmhcm {mmhcm.__version__} is ready: torch {torch.__version__}, '
        f'operators: {operators}'
    )


def devices() -> list[str]:
    """List the devices that torch can use."""
    import torch

    return ['cpu'] + ['cuda'] * torch.cuda.is_available()


if __name__ == '__main__':
    main()
