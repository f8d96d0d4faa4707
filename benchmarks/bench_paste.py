"""Pasting 15 patches into a 2000 x 1500 canvas, against CopyPaste.

Input: ``--canvases`` canvases that a mining round draws from the real training
images of 2000 x 1500 pixels, with up to 60 objects each (the peer needs a mask
of the whole canvas for each object); 15 pastes each; the object pool of the
557 images with the full-size config's settings. Planning chooses patches and
positions, data info included; rendering warps and blends. The peer is
MMDetection's ``CopyPaste`` on the same canvases with precomputed masks, which
copies 15 whole boxes of the next canvas to the same positions, without
scaling, rotation or soft edges. Ours pastes into the image in place, as in the
pipeline; the times with a copy and of the copy alone are printed too.

    python benchmarks/bench_paste.py --data-root data

One thread. Also prints the time to open a pool of 343,205 patches: its index
repeats the index of the pool above, and its pixels are a sparse file of the
right length, which needs no disk space.
"""

import tempfile
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from mmdet.datasets.transforms import CopyPaste
from mmdet.registry import DATASETS
from mmdet.structures.bbox import HorizontalBoxes
from mmdet.structures.mask import BitmapMasks
from mmengine.registry import init_default_scope
from timing import alternate, parse_data_root, ratio_line, time_once

from mmhcm.datasets import CanvasDataset
from mmhcm.functional.pasting import apply_pastes
from mmhcm.structures.pool import (
    INDEX,
    PIXELS,
    ObjectPool,
    build_pool,
    read_image,
    read_index,
    write_index,
)

CANVAS_WH = (2000, 1500)
NUM_PATCHES = 343_205


def main() -> None:
    """Run the benchmark."""
    args = parse_data_root(
        str(__doc__),
        ('--canvases', {'type': int, 'default': 4}),
        ('--turns', {'type': int, 'default': 5}),
    )
    cv2.setNumThreads(0)
    torch.set_num_threads(1)
    init_default_scope('mmdet')
    dataset = DATASETS.build(
        {
            'type': 'VisDroneDataset',
            'data_root': str(
                args.data_root / 'visdrone/VisDrone2019-DET-train'
            ),
            'filter_cfg': {'filter_empty_gt': True},
        }
    )
    images = [dataset.get_data_info(ind) for ind in range(len(dataset))]
    with tempfile.TemporaryDirectory() as folder:
        pool = build_pool(
            Path(folder, 'pool'), images, num_classes=10, max_per_class=2000
        )
        canvases = CanvasDataset([dataset], [], pool=pool, num_pastes=15)
        inds = [
            ind
            for ind in range(len(canvases))
            if is_input(canvases.get_data_info(ind))
        ][: args.canvases]
        compare(canvases, inds, args.turns)
        open_large(pool, Path(folder, 'large'))


def is_input(info: dict) -> bool:
    """Test if a canvas has the benchmark's size and is not crowded."""
    num_objects = len(info['instances']) - len(info['pastes'])
    return (info['width'], info['height']) == CANVAS_WH and num_objects <= 60


def compare(canvases: CanvasDataset, inds: list[int], turns: int) -> None:
    """Time planning, rendering and the peer over all canvases."""
    infos = [canvases.get_data_info(ind) for ind in inds]
    pixels = [read_image(info['img_path']) for info in infos]
    peer_inputs = [
        peer_input(*pair) for pair in zip(infos, pixels, strict=True)
    ]
    pasting = CopyPaste(max_num_pasted=16)
    pasting._get_selected_inds = lambda num: np.arange(min(num, 15))

    def run_peer() -> None:
        for number, results in enumerate(peer_inputs):
            other = peer_inputs[(number + 1) % len(peer_inputs)]
            pasting.transform(
                {**fresh(results), 'mix_results': [fresh(other)]}
            )

    def render(in_place: bool) -> None:
        for info, image in zip(infos, pixels, strict=True):
            pool, pastes = info['pool'], info['pastes']
            apply_pastes(
                image,
                [pool.patch(paste.patch_id) for paste in pastes],
                [pool.bboxes[paste.patch_id] for paste in pastes],
                pastes,
                in_place=in_place,
            )

    def both() -> None:
        for ind in inds:
            canvases.get_data_info(ind)
        render(True)

    timed = alternate(
        {
            'peer': run_peer,
            'plan': lambda: [canvases.get_data_info(ind) for ind in inds],
            'render': lambda: render(True),
            'both': both,
            'render a copy': lambda: render(False),
            'copy': lambda: [image.copy() for image in pixels],
        },
        turns,
    )
    num_pastes = sum(len(info['pastes']) for info in infos) / len(infos)
    print(
        f'{len(inds)} canvases of {CANVAS_WH[0]} x {CANVAS_WH[1]}, '
        f'{num_pastes:.1f} pastes each'
    )
    for name in ('plan', 'render', 'both', 'render a copy', 'copy'):
        print(ratio_line(name, timed['peer'], timed[name], len(inds)))


def peer_input(info: dict, image: np.ndarray) -> dict[str, Any]:
    """Convert a canvas to the input of ``CopyPaste``."""
    boxes = [item['bbox'] for item in info['instances']]
    return {
        'img': image,
        'gt_bboxes': HorizontalBoxes(np.array(boxes, np.float32)),
        'gt_bboxes_labels': np.array(
            [item['bbox_label'] for item in info['instances']]
        ),
        'gt_ignore_flags': np.zeros(len(boxes), dtype=bool),
        'gt_masks': HorizontalBoxes(np.array(boxes, np.float32)).create_masks(
            image.shape[:2]
        ),
    }


def fresh(results: dict) -> dict:
    """Copy an input of ``CopyPaste``, which replaces masks in place."""
    masks = results['gt_masks']
    return {
        **results,
        'gt_masks': BitmapMasks(masks.masks, masks.height, masks.width),
    }


def open_large(pool: ObjectPool, path: Path) -> None:
    """Time opening a pool as large as VisDrone's, which repeats ``pool``."""
    path.mkdir()
    index = read_index(pool.path / INDEX)
    digest = str(index.pop('fingerprint'))
    index.pop('offsets')
    times, rest = divmod(NUM_PATCHES, len(pool))
    chosen = np.concatenate(
        [np.tile(np.arange(len(pool)), times), np.arange(rest)]
    )
    foreign = np.split(
        index.pop('foreign_bboxes'), np.cumsum(index['foreign_counts'])[:-1]
    )
    num_bytes = int(index['shapes'][chosen].prod(axis=1).sum()) * 3
    with (path / PIXELS).open('wb') as file:
        file.write(digest.encode())
        file.truncate(len(digest) + num_bytes)
    repeated = {
        name: values[chosen] if len(values) == len(pool) else values
        for name, values in index.items()
    }
    repeated['foreign_bboxes'] = np.concatenate([foreign[i] for i in chosen])
    write_index(path / INDEX, digest, repeated)
    seconds = []
    for _ in range(5):
        large, elapsed = time_once(lambda: ObjectPool.open(path))
        seconds.append(elapsed)
    gigabytes = (path / PIXELS).stat().st_size / 1e9
    print(
        f'object pool of {len(large):,} patches, {gigabytes:.2f} GB: opened '
        f'in {min(seconds) * 1e3:.0f} ms'
    )


if __name__ == '__main__':
    main()
