"""Data infos of images, as arrays and with pasted objects."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from mmengine.dataset import BaseDataset

from mmhcm.functional.boxes import as_bboxes, clip_boxes
from mmhcm.functional.pasting import Paste, paste_boxes
from mmhcm.functional.regions import find_masked
from mmhcm.structures.instances import instance_arrays, instance_labels
from mmhcm.structures.pool import ObjectPool
from mmhcm.structures.rounds import MinedCanvas


@dataclass(frozen=True)
class ImageBoxes:
    """Boxes of all instances of a data set, image after image.

    Attributes:
        image_whs: int64 (n, 2) widths and heights, pixels.
        offsets: int64 (n + 1,); image i has the boxes
            ``offsets[i]:offsets[i + 1]``.
        bboxes: float32 (b, 4) xyxy, source pixels.
        ignored: bool (b,).
    """

    image_whs: np.ndarray
    offsets: np.ndarray
    bboxes: np.ndarray
    ignored: np.ndarray


def image_data_info(dataset: BaseDataset, index: int) -> dict:
    """Return an image's data info with boxes clipped to the image.

    In COCO files, boxes may extend beyond the image, and the outer part would
    count as cut off by every chip.
    """
    info = dataset.get_data_info(index)
    bboxes, _ = instance_arrays(info['instances'])
    cut = clip_boxes(bboxes, (0, 0, info['width'], info['height']))
    for ind in np.flatnonzero((cut != bboxes).any(axis=1)):
        info['instances'][ind]['bbox'] = cut[ind].tolist()
    return info


def canvas_data_info(
    sources: Sequence[BaseDataset],
    canvas: MinedCanvas,
    pool: ObjectPool | None,
) -> dict:
    """Return an image's data info with its pasted objects and patches.

    Raises:
        ValueError: the canvas' data set or image does not exist, or the image
            at the canvas' index has another id.
    """
    if canvas.source >= len(sources):
        raise ValueError(
            f'hard chips speak of data set {canvas.source}, there are '
            f'{len(sources)}'
        )
    source = sources[canvas.source]
    if canvas.image >= len(source):
        raise ValueError(
            f'hard chips speak of image {canvas.image}, the data set has '
            f'{len(source)}'
        )
    info = image_data_info(source, canvas.image)
    if str(info['img_id']) != canvas.img_id:
        raise ValueError(
            f'hard chips speak of {canvas.img_id!r} as image {canvas.image}, '
            f'the data set has {info["img_id"]!r} there'
        )
    return add_pastes(info, canvas, pool)


def add_pastes(
    info: dict, canvas: MinedCanvas, pool: ObjectPool | None
) -> dict:
    """Return a data info with the pasted objects and patches of a canvas.

    Args:
        info: Data info of the canvas' image, see ``image_data_info``.
        canvas: The canvas.
        pool: The pool of the patches. Parts of other objects that cover a
            pasted object in its patch become ignored instances.
    """
    info['instances'] = info['instances'] + [
        {
            'bbox': list(paste.bbox),
            'bbox_label': paste.label,
            'ignore_flag': 0,
            'truncation': 0,
            'occlusion': 0,
            'pasted': 1,
        }
        for paste in canvas.pastes
    ]
    if pool is not None:
        for paste in canvas.pastes:
            info['instances'] += _foreign_instances(paste, pool)
    info['pastes'] = list(canvas.pastes)
    info['pool'] = pool
    return info


def ignore_masked(info: dict) -> None:
    """Ignore an image's objects whose pixels are masked in training.

    Ignored regions are painted over. An object with at least half of its area
    in ignored regions would be learned without its pixels.
    """
    instances, regions = info['instances'], info.get('ignored_regions', [])
    if instances and regions:
        bboxes, _ = instance_arrays(instances)
        for ind in np.flatnonzero(find_masked(bboxes, regions)):
            instances[ind]['ignore_flag'] = 1


def _foreign_instances(paste: Paste, pool: ObjectPool) -> list[dict]:
    """List other objects' parts on a pasted object, as ignored instances."""
    foreign = pool.foreign(paste.patch_id)
    if not len(foreign):
        return []
    bboxes = paste_boxes(foreign, pool.bboxes[paste.patch_id], paste)
    return [
        {
            'bbox': bbox,
            'bbox_label': paste.label,
            'ignore_flag': 1,
            'truncation': 0,
            'occlusion': 0,
        }
        for bbox in bboxes.tolist()
    ]


def guide_arrays(info: dict) -> tuple[np.ndarray, np.ndarray]:
    """Return boxes (g, 4), source pixels, and labels (g,) of the guides."""
    guides = info.get('guides', [])
    bboxes = as_bboxes([guide['bbox'] for guide in guides])
    return bboxes, instance_labels(guides)


def dataset_arrays(
    dataset: BaseDataset, index: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the (width, height), boxes and ignore flags of one image."""
    info = image_data_info(dataset, index)
    image_wh = np.array([info['width'], info['height']])
    return (image_wh, *instance_arrays(info['instances']))


def dataset_boxes(dataset: BaseDataset) -> ImageBoxes:
    """Collect the boxes of all images; use the data set's ``boxes`` if any."""
    if hasattr(dataset, 'boxes'):
        return dataset.boxes()
    arrays = [dataset_arrays(dataset, ind) for ind in range(len(dataset))]
    counts = [len(bboxes) for _, bboxes, _ in arrays]
    image_whs = np.array([image_wh for image_wh, *_ in arrays], dtype=np.int64)
    none = np.zeros(0, dtype=bool)
    return ImageBoxes(
        image_whs.reshape(-1, 2),
        np.concatenate([[0], np.cumsum(counts, dtype=np.int64)]),
        np.concatenate([as_bboxes([]), *(item[1] for item in arrays)]),
        np.concatenate([none, *(item[2] for item in arrays)]),
    )
