"""Small own data in COCO, YOLO and Pascal VOC format, and a tiny detector."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

from tests.support.tiny_model import MODEL

CLASSES = ('boat', 'buoy', 'swimmer')
IMAGE_WH = (160, 120)
_COLORS = ((40, 60, 220), (60, 220, 240), (230, 230, 230))

#: Lines that make a config of own data small enough to train in seconds.
TINY = (
    """
num_threads = 1
chip_size = 64
test_scale = 1.0
scales = [
    dict(window=48, valid_range=(0, 20)),
    dict(window=96, valid_range=(14, None)),
]
cache_dir = 'work_dirs/cache'
"""
    + MODEL
    + """\
train_dataloader = dict(
    num_workers=0, persistent_workers=False, sampler=dict(num_samples=4)
)
val_dataloader = dict(num_workers=0, persistent_workers=False)
test_dataloader = dict(num_workers=0, persistent_workers=False)
train_cfg = dict(max_epochs=2, val_interval=2)
default_hooks = dict(
    mining=dict(
        epochs=[1],
        canvases=dict(num_canvases=2, num_pastes=2),
        metric=dict(score_thr=0.05),
        pool=dict(min_size=4, num_workers=1),
        dataloader=dict(num_workers=0),
    )
)
"""
)


class Picture(NamedTuple):
    """Pixels (h, w, 3), BGR, and objects: label and x, y, w, h, pixels."""

    pixels: np.ndarray
    objects: Sequence[tuple[int, int, int, int, int]]


def draw_pictures(num: int, seed: int = 0) -> list[Picture]:
    """Draw pictures of a sea with a grid of objects."""
    rng = np.random.default_rng(seed)
    return [_draw_picture(rng) for _ in range(num)]


def write_coco(root: Path) -> Path:
    """Write train.json, val.json and their folders of images."""
    for seed, split in enumerate(('train', 'val')):
        pictures = draw_pictures(3, seed)
        content = {
            'images': [],
            'annotations': [],
            'categories': [
                {'id': ind + 1, 'name': name, 'supercategory': 'none'}
                for ind, name in enumerate(CLASSES)
            ],
        }
        for ind, picture in enumerate(pictures):
            name = f'{split}_{ind}.jpg'
            _write_image(root / split / name, picture)
            content['images'].append(
                {
                    'id': ind,
                    'file_name': name,
                    'width': IMAGE_WH[0],
                    'height': IMAGE_WH[1],
                }
            )
            for label, *bbox in picture.objects:
                content['annotations'].append(
                    {
                        'id': len(content['annotations']) + 1,
                        'image_id': ind,
                        'category_id': label + 1,
                        'bbox': bbox,
                        'area': bbox[2] * bbox[3],
                        'iscrowd': 0,
                    }
                )
        (root / f'{split}.json').write_text(json.dumps(content))
    return root


def write_yolo(root: Path) -> Path:
    """Write data.yaml, images/ and labels/."""
    width, height = IMAGE_WH
    for seed, split in enumerate(('train', 'val')):
        labels = root / 'labels' / split
        labels.mkdir(parents=True)
        for ind, picture in enumerate(draw_pictures(3, seed)):
            stem = f'{split}_{ind}'
            _write_image(root / 'images' / split / f'{stem}.jpg', picture)
            rows = [
                f'{label} {(x + w / 2) / width:.6f} {(y + h / 2) / height:.6f}'
                f' {w / width:.6f} {h / height:.6f}\n'
                for label, x, y, w, h in picture.objects
            ]
            (labels / f'{stem}.txt').write_text(''.join(rows))
    names = ''.join(f'  {i}: {name}\n' for i, name in enumerate(CLASSES))
    (root / 'data.yaml').write_text(
        f'path: .\ntrain: images/train\nval: images/val\nnames:\n{names}'
    )
    return root


def write_voc(root: Path) -> Path:
    """Write JPEGImages, Annotations and ImageSets/Main."""
    lists = root / 'ImageSets' / 'Main'
    lists.mkdir(parents=True)
    (root / 'Annotations').mkdir()
    for seed, split in enumerate(('train', 'val')):
        stems = [f'{split}_{ind}' for ind in range(3)]
        (lists / f'{split}.txt').write_text('\n'.join(stems) + '\n')
        for stem, picture in zip(stems, draw_pictures(3, seed), strict=True):
            _write_image(root / 'JPEGImages' / f'{stem}.jpg', picture)
            (root / 'Annotations' / f'{stem}.xml').write_text(
                voc_text(picture.objects)
            )
    return root


def voc_text(objects: Sequence[tuple[int, int, int, int, int]]) -> str:
    """Write objects as VOC does, whose pixels count from 1."""
    width, height = IMAGE_WH
    parts = [
        f'<object><name>{CLASSES[label]}</name><difficult>0</difficult>'
        f'<bndbox><xmin>{x + 1}</xmin><ymin>{y + 1}</ymin>'
        f'<xmax>{x + w + 1}</xmax><ymax>{y + h + 1}</ymax></bndbox></object>'
        for label, x, y, w, h in objects
    ]
    size = f'<width>{width}</width><height>{height}</height>'
    return f'<annotation><size>{size}</size>{"".join(parts)}</annotation>'


def _draw_picture(rng: np.random.Generator) -> Picture:
    width, height = IMAGE_WH
    pixels = rng.integers(90, 110, (height, width, 3)).astype(np.uint8)
    objects = []
    for ind, (left, top) in enumerate(
        (left, top) for left in range(4, 130, 40) for top in (4, 44, 84)
    ):
        label = ind % len(CLASSES)
        w, h = rng.integers(8, 28, 2).tolist()
        pixels[top : top + h, left : left + w] = _COLORS[label]
        objects.append((label, left, top, w, h))
    return Picture(pixels, objects)


def _write_image(path: Path, picture: Picture) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), picture.pixels)
