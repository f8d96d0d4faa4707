"""Training iterations against MMDetection's unmodified Faster R-CNN.

Input: the project's chips of the first images of VisDrone2019-DET-train,
loaded by the project's loader for all contestants; random weights. The peer
is MMDetection's faster-rcnn_r50_fpn_1x_coco.py with ten classes; ours is the
Faster R-CNN with ResNet-50 of configs/hcm, which has twice as many anchors,
plain and with each switch. All contestants train on the same batches. Losses
are compared with the losses of ours without any switch.

Without a GPU, the benchmark runs on one thread, with smaller defaults of
``--chip-size`` and the other sizes.
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
    """Changes of a contestant to ours without switches."""

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
    """Seconds per iteration, peak GiB on the GPU, loss of each iteration."""

    seconds: float
    gibibytes: float
    losses: list[float]


def our_config(args: argparse.Namespace, cache_dir: str) -> Config:
    """Build our config with the benchmark's chip size and images."""
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
    # At the full rate, random weights diverge, and losses are not comparable.
    cfg.optim_wrapper.optimizer.lr = 1e-4
    return cfg


def peer_model() -> Any:
    """Build MMDetection's model, with our number of classes."""
    model = get_config(PEER).model
    model.backbone.init_cfg = None
    model.roi_head.bbox_head.num_classes = 10
    return model


class Contestant:
    """Model with random weights that is trained and timed batch by batch."""

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
        """Load one batch, train on it, and record loss and time."""
        set_random_seed(len(self.losses))
        start = time.perf_counter()
        log = self.model.train_step(next(self.batches), self.wrapper)
        self.losses.append(log['loss'].detach())
        if CUDA and len(self.losses) == WARM_UP:
            torch.cuda.synchronize()
        self.seconds.append(time.perf_counter() - start)

    def result(self) -> Measured:
        """Return the measurements; times are without the first iterations."""
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

    Training in turn spreads the machine's noise over all contestants;
    training one after another measures the peak memory of each contestant.
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
    """Print iterations per second of the peer, ours and each switch."""
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
