"""Size and speed of detectors: parameters, GFLOPs, seconds of training.

    python benchmarks/bench_detectors.py configs/baselines/*_visdrone.py

Operations of backbone, neck and heads are counted for an image of
``--input-wh`` and, in two-stage detectors, 1000 regions. As in MMDetection,
a multiplication with its addition is one FLOP. Operators without a count,
such as RoIAlign and the sampling of deformable attention, are left out.
Networks with operators that need real tensors, such as deformable
convolution, are not supported. Transformers use real tensors and take longer.

A training iteration is a forward pass, a backward pass and an SGD step at
batch size 1, on one random image with a side of ``--train-side`` pixels and
eight objects. Its time is the median of three iterations after a warm-up
iteration, in CPU seconds of one thread.
"""

import argparse
import logging
import statistics
import time
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import torch
from mmdet.registry import MODELS
from mmdet.structures import DetDataSample
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmengine.structures import InstanceData
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

import mmhcm.models  # noqa: F401

NUM_REGIONS = 1000
NUM_OBJECTS = 8


def main() -> None:
    """Print a line for each config."""
    args = parse_args()
    torch.set_num_threads(1)
    logging.disable(logging.WARNING)
    init_default_scope('mmdet')
    for path in args.configs:
        model_cfg = without_weights(Config.fromfile(path).model)
        # Building a detector modifies its config.
        size = describe_size(deepcopy(model_cfg), tuple(args.input_wh))
        print(f'{path}: {size}', end='', flush=True)
        seconds = time_iteration(model_cfg, args.train_side)
        print(f', {seconds:.2f} s', flush=True)


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('configs', nargs='+')
    parser.add_argument('--input-wh', nargs=2, type=int, default=(1280, 800))
    parser.add_argument('--train-side', type=int, default=256)
    return parser.parse_args()


def without_weights(values: Any) -> Any:
    """Remove the checkpoints of initial weights from a config, in place."""
    if isinstance(values, dict):
        if 'checkpoint' in (values.get('init_cfg') or {}):
            values['init_cfg'] = None
        for value in values.values():
            without_weights(value)
    return values


def describe_size(model_cfg: Any, input_wh: tuple[int, int]) -> str:
    """Format parameters (GFLOPs) of a detector and of its backbone."""
    # Transformers select queries by values, which meta tensors do not have.
    device = 'cpu' if 'decoder' in model_cfg else 'meta'
    with torch.device(device):
        model = MODELS.build(model_cfg).to(device).eval()
        image = torch.zeros(1, 3, input_wh[1], input_wh[0])
    parts = [
        f'{count(part):,} ({giga:.2f})'
        for part, giga in (
            (model, count_giga(lambda: run(model, image))),
            (model.backbone, count_giga(lambda: model.backbone(image))),
        )
    ]
    return f'{parts[0]}, backbone {parts[1]}'


def count(module: nn.Module) -> int:
    """Count the parameters of a module."""
    return sum(p.numel() for p in module.parameters())


def count_giga(call: Any) -> float:
    """Count the multiplications with additions of a call, in billions."""
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        call()
    return counter.get_total_flops() / 2e9


def run(model: Any, image: Tensor) -> None:
    """Run all layers of a detector once."""
    feats = model.extract_feat(image)
    if hasattr(model, 'forward_transformer'):
        shape = tuple(image.shape[2:])
        whole = DetDataSample(
            metainfo={'img_shape': shape, 'batch_input_shape': shape}
        )
        model.bbox_head(**model.forward_transformer(feats, [whole]))
        return
    if not hasattr(model, 'roi_head'):
        model.bbox_head(feats)
        return
    model.rpn_head(feats)
    if hasattr(model.rpn_head, 'focus_head'):
        model.rpn_head.focus_head(feats[model.rpn_head.focus_level])
    for extractor, head in roi_stages(model.roi_head):
        side = extractor.roi_layers[0].output_size
        head(image.new_zeros(NUM_REGIONS, extractor.out_channels, *side))


def roi_stages(roi_head: Any) -> Iterator[tuple[Any, Any]]:
    """Yield extractor and head of each stage."""
    extractors, heads = roi_head.bbox_roi_extractor, roi_head.bbox_head
    if not isinstance(heads, nn.ModuleList):
        extractors, heads = [extractors], [heads]
    yield from zip(extractors, heads, strict=True)


def time_iteration(model_cfg: Any, side: int) -> float:
    """Measure the CPU seconds of a training iteration."""
    torch.manual_seed(0)
    # Random sizes depend on the iteration of a running training.
    model_cfg.data_preprocessor.pop('batch_augments', None)
    model = MODELS.build(model_cfg)
    model.init_weights()
    model.train()
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-4)
    seconds = []
    for _ in range(4):
        data = {'inputs': [make_image(side)], 'data_samples': [sample(side)]}
        start = time.process_time()
        data = model.data_preprocessor(data, True)
        loss, _ = model.parse_losses(model(**data, mode='loss'))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        seconds.append(time.process_time() - start)
    return statistics.median(seconds[1:])


def make_image(side: int) -> Tensor:
    """Make an image of noise."""
    return torch.randint(0, 256, (3, side, side), dtype=torch.uint8)


def sample(side: int) -> DetDataSample:
    """Make a data sample with objects of 16 to 48 pixels."""
    corner = torch.rand(NUM_OBJECTS, 2) * (side - 48)
    bboxes = torch.cat(
        [corner, corner + 16 + 32 * torch.rand(NUM_OBJECTS, 2)], dim=1
    )
    shape = {'img_shape': (side, side), 'ori_shape': (side, side)}
    found = DetDataSample(
        metainfo={
            **shape,
            'scale_factor': (1.0, 1.0),
            'ignored_but_counted': [],
        }
    )
    found.gt_instances = InstanceData(
        bboxes=bboxes, labels=torch.randint(0, 10, (NUM_OBJECTS,))
    )
    found.ignored_instances = InstanceData(
        bboxes=torch.zeros(0, 4), labels=torch.zeros(0, dtype=torch.long)
    )
    return found


if __name__ == '__main__':
    main()
