"""Contents of data sets, and what training sees of a sample."""

from pathlib import Path
from typing import Any

from mmdet.structures.bbox import HorizontalBoxes

from mmhcm.structures.pool import ObjectPool, build_pool


def infos_of(dataset: Any) -> list[dict]:
    """Give the data infos of all images, or chips."""
    return [dataset.get_data_info(ind) for ind in range(len(dataset))]


def pool_of(dataset: Any, folder: Path, **options: Any) -> ObjectPool:
    """Build the object pool of a data set of ten classes."""
    options = {'num_classes': 10, 'min_size': 4, **options}
    return build_pool(folder, infos_of(dataset), **options)


def packed(sample: dict) -> tuple[bytes | str, ...]:
    """Everything that training sees of a sample, as bytes, and its image."""
    data_sample = sample['data_samples']
    parts = [sample['inputs'].numpy().tobytes()]
    for instances in (data_sample.gt_instances, data_sample.ignored_instances):
        bboxes = instances.bboxes
        if isinstance(bboxes, HorizontalBoxes):
            bboxes = bboxes.tensor
        parts += [bboxes.numpy().tobytes(), instances.labels.numpy().tobytes()]
    return (*parts, data_sample.img_id)
