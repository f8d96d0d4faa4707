"""Stand-ins for mmcv's operators against the compiled ones.

Input: random boxes and features, with the sizes that the configs have for an
image of 1344 x 800 pixels. The peer is mmcv's compiled operator; for the focal
loss, which mmcv compiles for GPUs only, the peer is MMDetection's loss in
PyTorch. Ours are the plain stand-ins and, if torchvision works, torchvision's
operators. Results are compared first. Times are processor time of one thread,
so that other processes on a busy machine are not counted.
"""

import sys
import time
from collections.abc import Callable
from contextlib import contextmanager
from functools import partial
from typing import Any

import torch
from mmcv.ops import (
    deform_conv2d,
    modulated_deform_conv2d,
    nms,
    roi_align,
    soft_nms,
)
from mmdet.models.losses.focal_loss import py_sigmoid_focal_loss
from timing import alternate, parse_data_root, ratio_line
from torch import Tensor

from mmhcm.ops import (
    backend,
    ext,
    name_backend,
    sigmoid_focal_loss_backward,
    sigmoid_focal_loss_forward,
)

IMAGE_WH = (1344, 800)
RNG = torch.Generator().manual_seed(0)


def draw_bboxes(num: int, side: float) -> Tensor:
    """Draw boxes (num, 4) with sides around ``side`` pixels."""
    centers = torch.rand(num, 2, generator=RNG) * torch.tensor(IMAGE_WH)
    wh = side * (0.5 + torch.rand(num, 2, generator=RNG))
    return torch.cat([centers - wh / 2, centers + wh / 2], 1)


def draw_scores(num: int) -> Tensor:
    """Draw distinct scores (num,), because equal scores have no order."""
    return (1 + torch.randperm(num, generator=RNG)) / (num + 1)


def draw_regions(num: int, side: float) -> Tensor:
    """Draw (num, 5) regions of the first image."""
    return torch.cat([torch.zeros(num, 1), draw_bboxes(num, side)], 1)


def draw(*shape: int) -> Tensor:
    """Draw normally distributed values that require gradients."""
    return torch.randn(*shape, generator=RNG).requires_grad_()


def suppression_runs() -> dict[str, Callable[[], Any]]:
    """List runs of NMS on proposals and detections."""
    runs: dict[str, Callable[[], Any]] = {}
    for label, num in (('train', 8000), ('test', 12000), ('slice', 1000)):
        bboxes = draw_bboxes(num, 40)
        scores = draw_scores(num)
        # Separate the levels as in batched_nms.
        bboxes += torch.randint(0, 5, (num, 1), generator=RNG) * 1400
        runs[f'nms, {num} proposals ({label})'] = partial(
            nms, bboxes, scores, 0.7
        )
    bboxes, scores = draw_bboxes(1000, 80), draw_scores(1000)
    runs['soft_nms, 1000 detections'] = partial(
        soft_nms, bboxes, scores, 0.5, method='gaussian'
    )
    return runs


def region_runs() -> dict[str, Callable[[], Any]]:
    """List runs of RoIAlign with many and few regions."""
    runs: dict[str, Callable[[], Any]] = {}
    for channels, stride, num, side in (
        *((256, 4, 1000, 40), (256, 4, 512, 40), (256, 16, 50, 250)),
        *((256, 4, 8, 40), (32, 8, 64, 60)),
    ):
        shape = IMAGE_WH[1] // stride, IMAGE_WH[0] // stride
        feats = draw(1, channels, *shape)
        arguments = (feats, draw_regions(num, side), 7, 1 / stride)
        what = (
            f'roi_align, {num} regions, {channels} x {shape[0]} x {shape[1]}'
        )
        runs[what] = partial(roi_align, *arguments)
        runs[f'{what}, backward'] = backward_of(roi_align, *arguments)
    return runs


def deformable_runs() -> dict[str, Callable[[], Any]]:
    """List runs of both deformable convolutions.

    The modulated convolutions have the shapes of most layers of
    ResNeXt-101-64x4d on chips of 640 pixels, and of CenterNet's neck on crops
    of 512 pixels.
    """
    runs: dict[str, Callable[[], Any]] = {}
    for name, channels, outs, groups, (height, width) in (
        ('deform_conv', 256, 256, 1, (50, 84)),
        ('modulated_deform_conv', 1024, 1024, 64, (40, 40)),
        ('modulated_deform_conv', 512, 256, 1, (16, 16)),
    ):
        feats = draw(1, channels, height, width)
        weight = draw(outs, channels // groups, 3, 3)
        offset, mask = draw(1, 18, height, width), draw(1, 9, height, width)
        steps = (1, 1, 1, groups, 1)
        operator, arguments = (
            (deform_conv2d, (feats, offset, weight, *steps))
            if name == 'deform_conv'
            else (
                modulated_deform_conv2d,
                (feats, offset, mask, weight, None, *steps),
            )
        )
        what = f'{name}, {channels} x {height} x {width}, {groups} groups'
        runs[what] = partial(operator, *arguments)
        runs[f'{what}, backward'] = backward_of(operator, *arguments)
    return runs


def backward_of(function: Callable[..., Tensor], *args: Any) -> Callable:
    """Return a callable that runs a function and its backward pass."""
    leaves = [x for x in args if torch.is_tensor(x) and x.requires_grad]

    def run() -> tuple[Tensor, ...]:
        output = function(*args)
        return torch.autograd.grad(output, leaves, torch.ones_like(output))

    return run


@contextmanager
def operators(stand_ins: bool, torchvision: bool = False) -> Any:
    """Switch mmcv to compiled operators or to stand-ins."""
    modules: list[Any] = [
        module
        for name, module in sys.modules.items()
        if name.startswith('mmcv.ops.') and hasattr(module, 'ext_module')
    ]
    compiled = [module.ext_module for module in modules]
    users: list[Any] = [
        module
        for name, module in sys.modules.items()
        if name.startswith('mmhcm.ops.')
        and hasattr(module, 'uses_torchvision')
    ]
    for module in modules if stand_ins else ():
        module.ext_module = ext
    for module in users:
        module.uses_torchvision = lambda _: torchvision
    try:
        yield
    finally:
        for module, before in zip(modules, compiled, strict=True):
            module.ext_module = before
        for module in users:
            module.uses_torchvision = backend.uses_torchvision


def compare(what: str, run: Callable[[], Any], turns: int) -> None:
    """Compare the results of one operator, then print its times."""

    def use(**options: bool) -> Any:
        with operators(**options):
            return run()

    contestants: dict[str, Callable[[], object]] = {
        'compiled': partial(use, stand_ins=False),
        'plain': partial(use, stand_ins=True),
    }
    if backend.uses_torchvision('cpu'):
        contestants['torchvision'] = partial(
            use, stand_ins=True, torchvision=True
        )
    results: dict[str, Any] = {
        name: run_() for name, run_ in contestants.items()
    }
    times = alternate(contestants, turns, time.process_time)
    for name in [*contestants][1:]:
        gap = largest_gap(results['compiled'], results[name])
        line = ratio_line(f'{what}, {name}', times['compiled'], times[name])
        print(f'{line}; differs by {gap:.1g}')


def largest_gap(one: Any, two: Any) -> float:
    """Find the largest difference, relative to the largest value."""
    pairs = (
        [(one, two)] if torch.is_tensor(one) else zip(one, two, strict=True)
    )
    return max(
        float((a - b).abs().max() / a.abs().max().clamp_min(1))
        for a, b in pairs
    )


def compare_focal_loss(turns: int) -> None:
    """Compare our focal loss with MMDetection's loss in PyTorch."""
    logits = draw(100_000, 10)
    target = torch.randint(0, 11, (100_000,), generator=RNG)
    none, output = torch.zeros(0), torch.zeros(100_000, 10)

    def theirs() -> Any:
        one_hot = torch.nn.functional.one_hot(target, 11)[:, :10].float()
        loss = py_sigmoid_focal_loss(logits, one_hot, reduction='sum')
        return torch.autograd.grad(loss, logits)

    def ours() -> Any:
        with torch.no_grad():
            arguments = (logits, target, none, output, 2.0, 0.25)
            sigmoid_focal_loss_forward(*arguments)
            sigmoid_focal_loss_backward(*arguments)
        return (output,)

    gap = largest_gap(theirs(), ours())
    times = alternate(
        {'theirs': theirs, 'ours': ours}, turns, time.process_time
    )
    line = ratio_line(
        'sigmoid_focal_loss and gradient, 100,000 x 10',
        *(times['theirs'], times['ours']),
    )
    print(f'{line}; differs by {gap:.1g}')


def main() -> None:
    """Print the ratio of the peer's time to ours for each operator."""
    args = parse_data_root(
        __doc__,
        ('--turns', {'type': int, 'default': 5}),
        ('--only', {'default': '', 'help': 'how the names begin'}),
    )
    if name_backend('cpu') != 'compiled mmcv':
        sys.exit('mmcv has no compiled operators here: make .venv MMCV=full')
    torch.set_num_threads(1)
    runs = {**suppression_runs(), **region_runs(), **deformable_runs()}
    for what, run in runs.items():
        if what.startswith(args.only):
            compare(what, run, args.turns)
    if 'sigmoid_focal_loss'.startswith(args.only):
        compare_focal_loss(args.turns)


if __name__ == '__main__':
    main()
