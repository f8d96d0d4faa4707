"""Training iterations against MMDetection's unmodified Faster R-CNN.

Input: chips of the first images of VisDrone2019-DET-train as the project
cuts them, through the project's loader in every case, random weights. The
peer is MMDetection's faster-rcnn_r50_fpn_1x_coco.py with ten classes; ours is
configs/hcm's Faster R-CNN with ResNet-50, which has twice as many anchors,
plain and with each switch. Every contestant sees the same batches. Losses of
the first iterations are compared with those of ours without any switch.

Without a GPU it is run small, on one thread: see ``--chip-size`` and so on.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from importlib import import_module
from pathlib import Path
from types import MappingProxyType, SimpleNamespace
from typing import Any, NamedTuple

import torch
from mmdet.registry import HOOKS, MODELS
from mmengine.config import Config
from mmengine.hub import get_config
from mmengine.logging import MMLogger
from mmengine.optim import build_optim_wrapper
from mmengine.registry import init_default_scope
from mmengine.runner import Runner, set_random_seed
from timing import parse_data_root

REPO = Path(__file__).parents[1]
OURS = REPO / 'configs/hcm/faster-rcnn_r50_fpn_hcm_visdrone.py'
PEER = 'mmdet::faster_rcnn/faster-rcnn_r50_fpn_1x_coco.py'
CUDA = torch.cuda.is_available()
# Iterations that are not timed.
WARM_UP = 10 if CUDA else 1


class Switch(NamedTuple):
    """Differences of a contestant from ours without switches."""

    options: Mapping[str, Any] = MappingProxyType({})
    hooks: tuple[str, ...] = ()
    needs_gpu: bool = False


CHANNELS = ('ChannelsLastHook',)
ONE_DNN = () if CUDA else ('OneDnnHook',)
AMP = {'type': 'AmpOptimWrapper', 'dtype': 'bfloat16', 'loss_scale': 1.0}
FUSED = {'optim_wrapper.optimizer.fused': True}
# mmcv's RoIAlign is made for GPUs.
BAG = {'model.roi_head.bbox_roi_extractor.type': 'BagRoIExtractor'}
BF16 = {f'optim_wrapper.{key}': value for key, value in AMP.items()}
PREFETCH = {
    'train_dataloader.pin_memory': True,
    'model.data_preprocessor.non_blocking': True,
}
SWITCHES = {
    'none': Switch(),
    'channels-last': Switch(hooks=CHANNELS),
    'oneDNN': Switch(hooks=(*CHANNELS, 'OneDnnHook')),
    'bags': Switch(BAG),
    'fused': Switch(FUSED),
    'foreach': Switch({'optim_wrapper.optimizer.foreach': True}),
    'compile': Switch(hooks=('CompileHook',)),
    'bf16': Switch(BF16, needs_gpu=True),
    'prefetch': Switch(PREFETCH, needs_gpu=True),
    'all': Switch(
        {**FUSED, **(BF16 | PREFETCH if CUDA else BAG)},
        (*CHANNELS, *ONE_DNN, *(('CompileHook',) if CUDA else ())),
    ),
}


class Measured(NamedTuple):
    """Seconds of an iteration, peak GiB on the GPU, loss of each."""

    seconds: float
    gibibytes: float
    losses: list[float]


def our_config(args: argparse.Namespace, cache_dir: str) -> Config:
    """Build our config, with its chips cut down to the benchmark's size."""
    cfg = Config.fromfile(OURS)
    loader = cfg.train_dataloader
    loader.update(
        batch_size=args.batch_size,
        num_workers=args.workers,
        persistent_workers=args.workers > 0,
    )
    loader.sampler.num_samples = args.batch_size * (args.iterations + WARM_UP)
    chips = loader.dataset
    chips.cache_dir, chips.chip_size = cache_dir, args.chip_size
    chips.dataset.data_root = str(
        args.data_root / 'visdrone/VisDrone2019-DET-train'
    )
    chips.dataset.indices = args.images
    for step in chips.pipeline:
        if step.type == 'CropChip':
            step.chip_size = args.chip_size
    cfg.model.backbone.init_cfg = None
    # Random weights diverge at the full rate, and then losses say nothing.
    cfg.optim_wrapper.optimizer.lr = 1e-4
    return cfg


def peer_model() -> Any:
    """Build MMDetection's model, with our number of classes."""
    model = get_config(PEER).model
    model.backbone.init_cfg = None
    model.roi_head.bbox_head.num_classes = 10
    return model


class Contestant:
    """Fresh model that trains batch by batch and is timed."""

    def __init__(self, cfg: Config, hooks: tuple[str, ...] = ()) -> None:
        set_random_seed(0)
        model = MODELS.build(cfg.model)
        model.init_weights()
        self.model = model.cuda() if CUDA else model
        for hook in hooks:
            runner = SimpleNamespace(model=self.model)
            HOOKS.build({'type': hook}).before_run(runner)
        self.model.train()
        self.wrapper = build_optim_wrapper(self.model, cfg.optim_wrapper)
        loader = Runner.build_dataloader(cfg.train_dataloader, seed=0)
        self.batches: Iterator[Any] = iter(loader)
        self.losses: list[torch.Tensor] = []
        self.seconds: list[float] = []

    def step(self) -> None:
        """Train one batch, from the loader to the weights."""
        set_random_seed(len(self.losses))
        start = time.perf_counter()
        log = self.model.train_step(next(self.batches), self.wrapper)
        self.losses.append(log['loss'].detach())
        if CUDA and len(self.losses) == WARM_UP:
            torch.cuda.synchronize()
        self.seconds.append(time.perf_counter() - start)

    def result(self) -> Measured:
        """Return the measurements, without the first iterations."""
        start = time.perf_counter()
        peak = 0.0
        if CUDA:
            torch.cuda.synchronize()
            peak = torch.cuda.max_memory_allocated() / 2**30
        rest = time.perf_counter() - start
        timed = self.seconds[WARM_UP:]
        # On a GPU iterations overlap; on a CPU the median is steadier.
        each = (sum(timed) + rest) / len(timed)
        if not CUDA:
            each = statistics.median(timed)
        return Measured(each, peak, torch.stack(self.losses).tolist())


def race(
    contestants: dict[str, Callable[[], Contestant]], iterations: int
) -> dict[str, Measured]:
    """Train all: in turn on a CPU, one after another on a GPU.

    In turn, the noise of the machine meets all of them; one after another,
    the peak memory is that of each.
    """
    results = {}
    if not CUDA:
        built = {name: build() for name, build in contestants.items()}
        for _ in range(iterations):
            for contestant in built.values():
                contestant.step()
        return {name: item.result() for name, item in built.items()}
    for name, build in contestants.items():
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()
        contestant = build()
        for _ in range(iterations):
            contestant.step()
        results[name] = contestant.result()
        del contestant
    return results


def line(name: str, one: Measured, peer: Measured, plain: Measured) -> str:
    """Format a line of the result."""
    if one is peer:
        plain = peer
    worst = max(
        abs(a - b) / abs(b)
        for a, b in zip(one.losses, plain.losses, strict=True)
    )
    return (
        f'{name:>14}: {1 / one.seconds:.3g} iterations a second, '
        f'{peer.seconds / one.seconds:.2f} of the peer, '
        f'{plain.seconds / one.seconds:.2f} of ours without'
        + (f', {one.gibibytes:.1f} GiB' if CUDA else '')
        + f'; losses differ by {worst:.1e}'
    )


def main() -> None:
    """Print iterations a second of the peer, of ours and of each switch."""
    size = {'type': int}
    args = parse_data_root(
        __doc__,
        ('--chip-size', {**size, 'default': 640 if CUDA else 320}),
        ('--batch-size', {**size, 'default': 16 if CUDA else 1}),
        ('--iterations', {**size, 'default': 200 if CUDA else 3}),
        ('--workers', {**size, 'default': 12 if CUDA else 0}),
        ('--images', {**size, 'default': 400 if CUDA else 20}),
        (
            '--switches',
            {
                'nargs': '+',
                'choices': list(SWITCHES),
                'default': [
                    name
                    for name, switch in SWITCHES.items()
                    # Compiling takes longer than everything else here.
                    if CUDA or not (switch.needs_gpu or name == 'compile')
                ],
            },
        ),
    )
    if not CUDA:
        torch.set_num_threads(1)
    MMLogger.get_instance('mmengine', log_level='ERROR')
    init_default_scope('mmdet')
    for module in Config.fromfile(OURS).custom_imports['imports']:
        import_module(module)
    with tempfile.TemporaryDirectory() as cache_dir:

        def peer() -> Contestant:
            cfg = our_config(args, cache_dir)
            cfg.model = peer_model()
            return Contestant(cfg)

        def ours(switch: Switch) -> Contestant:
            cfg = our_config(args, cache_dir)
            cfg.merge_from_dict(dict(switch.options))
            return Contestant(cfg, switch.hooks)

        chosen = {
            name: partial(ours, SWITCHES[name])
            for name in ['none', *args.switches]
            if CUDA or not SWITCHES[name].needs_gpu
        }
        results = race({'peer': peer, **chosen}, args.iterations + WARM_UP)
    for name, result in results.items():
        print(line(name, result, results['peer'], results['none']))


if __name__ == '__main__':
    main()
