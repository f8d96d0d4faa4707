"""Parts of a mining round other than the network's forward passes.

Input: ``--canvases`` canvases of the 557 real training images, with the mining
settings of the full-size config (20 pastes, the three chip scales, a pool of
at most 2,000 patches per class), and simulated detections of a mediocre
detector: a third of the objects is missed, the others are slightly shifted, a
sixth of the detections has a wrong class, and there are as many detections on
background as objects. The workers' part is a ``CanvasDataset`` sample: read,
mask, plan, paste, resize to the scales, pack. Each rank's part is
``HardChipMetric.process``: compare. The main process' part, at the end of the
round, is ``compute_metrics``: choose the score threshold, find errors, cover.

    python benchmarks/bench_mining.py --data-root data

One thread. Prints canvases per second and the milliseconds of each step. The
peer of a sample is MMDetection's ``TestTimeAug`` and ``PackDetInputs`` instead
of ``ViewsOfImage`` and ``PackChipInputs``. Compare both parts with the time
that a GPU needs for the same canvases.
"""

import tempfile
from collections import defaultdict
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from mmdet.registry import DATASETS
from mmengine.dataset import Compose
from mmengine.registry import init_default_scope
from mmengine.structures import InstanceData
from timing import alternate, parse_data_root, ratio_line, time_once

from mmhcm.datasets import CanvasDataset, build_scales
from mmhcm.engine.mining.pipelines import mining_pipeline
from mmhcm.evaluation import HardChipMetric
from mmhcm.functional.pixels import CAFFE_MEAN
from mmhcm.structures.pool import build_pool

SCALES = [
    dict(window=256, valid_range=(0, 40), stride=28),
    dict(window=512, valid_range=(28, 85), stride=56),
    dict(window=1024, valid_range=(56, None), stride=112),
]
CHIP_SIZE = 640


def main() -> None:
    """Run the benchmark."""
    args = parse_data_root(
        str(__doc__), ('--canvases', {'type': int, 'default': 60})
    )
    cv2.setNumThreads(0)
    torch.set_num_threads(1)
    init_default_scope('mmdet')
    own = DATASETS.build(
        {
            'type': 'VisDroneDataset',
            'data_root': str(
                args.data_root / 'visdrone/VisDrone2019-DET-train'
            ),
            'filter_cfg': {'filter_empty_gt': True},
        }
    )
    images = [own.get_data_info(ind) for ind in range(len(own))]
    pipeline = mining_pipeline(
        [
            {
                'chip_size': CHIP_SIZE,
                'window': scale['window'],
                'valid_range': scale['valid_range'],
            }
            for scale in SCALES
        ],
        CAFFE_MEAN,
    )
    with tempfile.TemporaryDirectory() as folder:
        pool = build_pool(
            Path(folder, 'pool'), images, num_classes=10, max_per_class=2000
        )
        canvases = CanvasDataset([own], pipeline, pool=pool, num_pastes=20)
        inds = np.random.default_rng(0).permutation(len(canvases))
        chosen = inds[: args.canvases].tolist()
        compare(canvases, chosen[:10])
        measure(canvases, chosen)


def compare(canvases: CanvasDataset, inds: list[int]) -> None:
    """Time samples against MMDetection's transforms, in turn."""
    ours = canvases.pipeline
    steps = mining_pipeline(
        [
            {
                'chip_size': CHIP_SIZE,
                'window': scale['window'],
                'valid_range': scale['valid_range'],
            }
            for scale in SCALES
        ],
        CAFFE_MEAN,
    )
    views = steps[-1]
    views['type'] = 'TestTimeAug'
    views['transforms'][-1][0]['type'] = 'PackDetInputs'

    def run(pipeline: Compose) -> None:
        canvases.pipeline = pipeline
        for ind in inds:
            canvases[ind]

    peer = Compose(steps)
    times = alternate({'peer': lambda: run(peer), 'ours': lambda: run(ours)})
    canvases.pipeline = ours
    print(ratio_line('a sample', times['peer'], times['ours'], len(inds)))
    rate = len(inds) / times['ours'].median
    print(f'samples: {rate:.1f} canvases a second and core')


def measure(canvases: CanvasDataset, inds: list[int]) -> None:
    """Time all steps over the canvases and print them."""
    metric = HardChipMetric(scales=build_scales(SCALES))
    metric.dataset_meta = canvases.metainfo
    seconds: dict[str, list[float]] = defaultdict(list)
    megapixels = 0.0
    for ind in inds:
        results: Any = timed(seconds, 'plan', canvases.get_data_info, ind)
        for transform in canvases.pipeline.transforms:
            results = timed(
                seconds, type(transform).__name__, transform, results
            )
        megapixels += sum(img[0].numel() for img in results['inputs']) / 1e6
        data = result_of(results['data_samples'][0], ind)
        timed(seconds, 'compare', metric.process, None, [data])
    print(
        f'{len(inds)} canvases, {megapixels / len(inds):.1f} megapixels of '
        'network input each'
    )
    for name, values in seconds.items():
        print(f'  {name}: {np.mean(values) * 1e3:.2f} ms')
    timed(seconds, 'cover', metric.compute_metrics, metric.results)
    for step, per_call in (('compare', 1), ('cover', len(inds))):
        rate = per_call / np.mean(seconds[step])
        print(f'{step}: {rate:.0f} canvases a second and core')


def timed(
    seconds: dict[str, list[float]], name: str, run: Any, *args: Any
) -> Any:
    """Run a step and record its time."""
    result, elapsed = time_once(lambda: run(*args))
    seconds[name].append(elapsed)
    return result


def result_of(data_sample: Any, seed: int) -> dict:
    """Build a metric's input: a sample with simulated detections."""
    rng = np.random.default_rng(seed)
    instances = data_sample.metainfo['instances']
    boxes = np.array([item['bbox'] for item in instances], np.float32)
    labels = np.array([item['bbox_label'] for item in instances])
    boxes, labels = boxes.reshape(-1, 4), labels.astype(np.int64)
    height, width = data_sample.metainfo['ori_shape']
    found = rng.random(len(boxes)) > 1 / 3
    moved = boxes[found] + rng.normal(0, 1, (found.sum(), 4))
    wrong = rng.random(found.sum()) < 1 / 6
    names = np.where(wrong, (labels[found] + 1) % 10, labels[found])
    wh = np.repeat(boxes[:, 2:] - boxes[:, :2], 1, axis=0)
    corners = rng.random((len(boxes), 2)) * (width, height)
    bboxes = np.concatenate(
        [moved, np.concatenate([corners, corners + wh], 1)]
    )
    pred = InstanceData(
        bboxes=torch.from_numpy(bboxes.astype(np.float32)),
        scores=torch.from_numpy(rng.random(len(bboxes)).astype(np.float32)),
        labels=torch.from_numpy(
            np.concatenate([names, rng.integers(0, 10, len(boxes))])
        ),
    )
    return {**data_sample.metainfo, 'pred_instances': pred}


if __name__ == '__main__':
    main()
