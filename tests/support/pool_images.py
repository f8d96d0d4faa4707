"""Small images whose objects are cut into pools."""

import cv2
import numpy as np

from mmhcm.structures.pool import build_pool


def make_instance(bbox, label=0, ignore=0, **kwargs):
    return {
        'bbox': list(bbox),
        'bbox_label': label,
        'ignore_flag': ignore,
        **kwargs,
    }


def make_images(folder, num=5):
    folder.mkdir(exist_ok=True)
    rng = np.random.default_rng(0)
    infos = []
    for ind in range(num):
        image = rng.integers(0, 256, (60, 80, 3), dtype=np.uint8)
        path = folder / f'img_{ind}.png'
        cv2.imwrite(str(path), image)
        infos.append(
            {
                'img_path': str(path),
                'img_id': f'img_{ind}',
                'height': 60,
                'width': 80,
                'instances': [
                    make_instance([10, 12, 30 + ind, 28], 0, occlusion=ind),
                    make_instance([60.5, 40, 80, 60], 1, truncation=ind % 2),
                    make_instance([0, 0, 12, 12], 2, ignore=1),
                    make_instance([40, 10, 44, 50], 2),
                ],
                'ignored_regions': [],
            }
        )
    return infos


def build(path, images, **kwargs):
    kwargs = {'max_occlusion': 9, 'max_truncation': 9, **kwargs}
    return build_pool(path, images, num_classes=3, **kwargs)
