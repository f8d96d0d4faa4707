"""Run one compiled operator of mmcv per device and build an mmdet config.

A wheel of mmcv that was built for another torch, or without CUDA, imports
late and fails in the middle of a training run; this says so beforehand.
"""

import sys

REMEDY = (
    'mmcv was not built for this torch. Remove the cached wheel and build '
    'it again: .venv/bin/python -m pip cache remove mmcv; '
    'make clean-venv .venv'
)


def main() -> None:
    """Check the operators, the ``mmdet::`` bases and the project."""
    import torch

    try:
        from mmcv.ops import RoIAlign, nms
    except ImportError as error:
        sys.exit(f'{error}\n{REMEDY}')

    devices = ['cpu'] + ['cuda'] * torch.cuda.is_available()
    for device in devices:
        bboxes = torch.tensor([[0.0, 0, 9, 9], [1, 1, 9, 9]], device=device)
        scores = torch.tensor([0.9, 0.8], device=device)
        rois = torch.tensor([[0.0, 0, 0, 8, 8]], device=device)
        try:
            kept, _ = nms(bboxes, scores, iou_threshold=0.5)
            crop = RoIAlign(2, 1.0, 2)(
                torch.ones(1, 1, 9, 9, device=device), rois
            )
        except RuntimeError as error:
            sys.exit(f'{device}: {error}\n{REMEDY}')
        if len(kept) != 1 or crop.shape != (1, 1, 2, 2):
            sys.exit(f'{device}: mmcv operators give wrong results. {REMEDY}')

    from mmengine.config import Config

    import mmhcm

    # Needs pkg_resources and MMDetection's configs in the installation.
    Config.fromstring(
        "_base_ = ['mmdet::_base_/default_runtime.py']", file_format='.py'
    )
    print(
        f'mmhcm {mmhcm.__version__} is ready: torch {torch.__version__}, '
        f'mmcv operators on {" and ".join(devices)}'
    )


if __name__ == '__main__':
    main()
