"""Training chip from file to packed sample: full against partial decoding.

Input: ``--samples`` normal chips of the 557 real training images, drawn with
seed 0, with the scales, chip size and pipeline of the full-size config
(``configs/hcm/faster-rcnn_r101_fpn_hcm_visdrone.py``). The peer decodes the
whole image, masks, pastes, crops, flips and packs (``LoadImageFromFile`` ...
``PackDetInputs``); its lower bound is decoding the whole image with OpenCV.
Ours uses ``LoadChipImage``, restart offsets and ``PackChipInputs``. Pixels and
boxes of each pair of samples are checked to be equal.

    python benchmarks/bench_chip.py --data-root data

One thread. Prints milliseconds per chip, for all chips and by scale.
"""

import copy
import tempfile
import time
from pathlib import Path

import cv2
import numpy as np
import torch
from mmdet.registry import DATASETS
from mmengine.config import Config
from mmengine.registry import init_default_scope
from timing import Timed, parse_data_root, ratio_line, time_once

from mmhcm.datasets import ChipDataset, SampleKey

CONFIG = 'configs/hcm/faster-rcnn_r101_fpn_hcm_visdrone.py'
REPO = Path(__file__).resolve().parents[1]


def main() -> None:
    """Run the benchmark."""
    args = parse_data_root(
        str(__doc__),
        ('--samples', {'type': int, 'default': 300}),
        ('--turns', {'type': int, 'default': 5}),
    )
    cv2.setNumThreads(0)
    torch.set_num_threads(1)
    init_default_scope('mmdet')
    with tempfile.TemporaryDirectory() as folder:
        root = args.data_root / 'visdrone/VisDrone2019-DET-train'
        whole = build(root, folder, partial=False)
        part, seconds = time_once(lambda: build(root, folder, partial=True))
        num_bytes = sum(
            path.stat().st_size
            for path in Path(folder).glob('restart_offsets_*')
        )
        num = len(whole.dataset)
        print(
            f'restart offsets of {num} images found in {seconds:.1f} s, '
            f'{num_bytes / num / 1e3:.1f} kB an image'
        )
        measure(whole, part, args.samples, args.turns)


def build(root: Path, cache_dir: str, partial: bool) -> ChipDataset:
    """Build the config's training data set, with partial or full decoding."""
    cfg = Config.fromfile(REPO / CONFIG).train_dataloader.dataset
    cfg = copy.deepcopy(cfg)
    cfg.dataset.data_root = str(root)
    cfg.cache_dir = cache_dir
    cfg.partial_decoding = partial
    names = {
        True: ('LoadChipImage', 'PackChipInputs'),
        False: ('LoadImageFromFile', 'PackDetInputs'),
    }
    cfg.pipeline[0].type, cfg.pipeline[-1].type = names[partial]
    return DATASETS.build(cfg)


def measure(
    whole: ChipDataset, part: ChipDataset, samples: int, turns: int
) -> None:
    """Time all chips in turn, and print the means."""
    rng = np.random.default_rng(0)
    inds = rng.permutation(whole.num_normal)[:samples]
    scales = whole.index.scale_inds[inds]
    for number, ind in enumerate(inds.tolist()):
        key = SampleKey(ind, 0, number)
        assert same(whole[key], part[key]), key
    # Each contestant goes through all chips before the next contestant
    # starts, as in a worker that does not share its caches.
    paths = [Path(whole.get_data_info(ind)['img_path']) for ind in inds]
    times = np.zeros((3, turns, len(inds)))
    for turn in range(turns):
        for row, contestant in enumerate((whole, part, None)):
            for number, ind in enumerate(inds.tolist()):
                start = time.perf_counter()
                if contestant is None:
                    decode(paths[number])
                else:
                    contestant[SampleKey(ind, 0, number)]
                times[row, turn, number] = time.perf_counter() - start
    groups = [('all chips', scales >= 0)]
    for scale, settings in enumerate(whole.scales or ()):
        groups.append((f'windows of {settings.window}', scales == scale))
    for name, chosen in groups:
        # Median (least) of all turns for each chip, then mean over chips.
        peer, ours, floor = (
            Timed(
                float(np.median(rows, axis=0)[chosen].mean()),
                float(rows.min(axis=0)[chosen].mean()),
            )
            for rows in times
        )
        print(
            ratio_line(f'{name} ({chosen.sum()})', peer, ours)
            + f'; decoding the whole alone {floor.median * 1e3:.3g} '
            f'({floor.least * 1e3:.3g}) ms'
        )


def decode(path: Path) -> np.ndarray:
    """Decode a whole image with OpenCV, the lower bound of the peer."""
    content = np.frombuffer(path.read_bytes(), np.uint8)
    flags = cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION
    img = cv2.imdecode(content, flags)
    assert img is not None, path
    return img


def same(one: dict, other: dict) -> bool:
    """Test if two samples have the same pixels and boxes."""
    boxes = [
        getattr(sample['data_samples'], name).bboxes.tensor
        for sample in (one, other)
        for name in ('gt_instances', 'ignored_instances')
    ]
    return (
        torch.equal(one['inputs'], other['inputs'])
        and torch.equal(boxes[0], boxes[2])
        and torch.equal(boxes[1], boxes[3])
    )


if __name__ == '__main__':
    main()
