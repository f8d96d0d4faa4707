"""What a config's mining hook says, outside of a training run."""

from collections.abc import Sequence
from typing import Any, cast

import numpy as np
from mmdet.registry import DATASETS
from mmengine.config import Config
from mmengine.dataset import BaseDataset

from mmhcm.datasets import MAX_USES, CanvasDataset, ChipDataset
from mmhcm.functional.boxes import as_bboxes
from mmhcm.structures.pool import (
    ObjectPool,
    PoolOptions,
    class_statistics,
    filter_objects,
    image_aspects,
    list_objects,
)


class PoolSizes:
    """The object pool without its pixels: enough to plan pastes.

    Patches are chosen by size and shape alone, since nothing is known of the
    light that they were seen in. The classes that are drawn for a canvas are
    those of the whole pool; which patch, and with it the height and width of
    a box and now and then whether it finds a place, may differ.

    Args:
        images: Data infos of the pool's images.
        num_classes: Number of classes.
        options: Arguments of ``PoolOptions``.

    Attributes:
        bboxes: float32 (p, 4), as large as the objects are.
        labels: int64 (p,).
        class_counts: int64 (c,), objects before filters.
        class_log_sizes: float64 (c,), their mean log sqrt(area).
        image_inds: int64 (p,), images of the objects.
        aspect_sums: float64 (images, 2, c), see ``ObjectPool``.
        looks: None.
    """

    def __init__(
        self, images: Sequence[dict], num_classes: int, **options: Any
    ) -> None:
        everything = list_objects(images)
        objects = filter_objects(everything, images, PoolOptions(**options))
        self.bboxes = objects.bboxes
        self.labels = objects.labels
        self.image_inds = objects.image_inds
        self.looks = None
        self.aspect_sums = image_aspects(everything, len(images), num_classes)
        statistics = class_statistics(everything, num_classes)
        self.class_counts = statistics['class_counts']
        self.class_log_sizes = statistics['class_log_sizes']

    def foreign(self, _: int) -> np.ndarray:
        """Return no boxes: what is ignored on canvases is not counted."""
        return as_bboxes([])

    def __len__(self) -> int:
        """Number of objects."""
        return len(self.labels)


def build_canvases(
    cfg: Config,
    dataset: ChipDataset,
    num_canvases: int,
    pool: ObjectPool | None = None,
) -> CanvasDataset:
    """Canvases of the config's first mining round.

    Args:
        cfg: A config that mines hard chips.
        dataset: Its training data.
        num_canvases: How many to draw.
        pool: The object pool; without it classes and their numbers are the
            same, but not the patches, see ``PoolSizes``.

    Raises:
        ValueError: the config mines no hard chips, or pastes nothing.
    """
    hook = mining_settings(cfg)
    images: BaseDataset = dataset.dataset
    # Planning pastes asks a pool for no pixels.
    used = pool or cast(
        ObjectPool,
        PoolSizes(
            [images.get_data_info(index) for index in range(len(images))],
            len(dataset.metainfo['classes']),
            **pool_options(cfg),
        ),
    )
    settings = {
        'seed': cfg.get('randomness', {}).get('seed') or 0,
        'max_uses': MAX_USES,
        **hook.get('canvases', {}),
        'pipeline': [],
    }
    # In a part of the round, a part of a patch's uses: the same recipes.
    total = settings.get('num_canvases') or len(images)
    settings |= {
        'num_canvases': num_canvases,
        'max_uses': settings['max_uses'] * num_canvases / total,
    }
    external = [DATASETS.build(item) for item in hook.get('external', [])]
    return CanvasDataset(sources=[images, *external], pool=used, **settings)


def pool_settings(cfg: Config) -> dict[str, Any]:
    """What the config says of its object pool.

    Raises:
        ValueError: it has none.
    """
    settings = dict(mining_settings(cfg).get('pool') or {})
    if not settings:
        raise ValueError(f'{cfg.filename} has no object pool to paste from')
    return settings


def pool_options(cfg: Config) -> dict[str, Any]:
    """Which objects go into the config's object pool.

    Raises:
        ValueError: the config has none.
    """
    options = pool_settings(cfg)
    for name in ('cache_dir', 'num_workers'):
        options.pop(name, None)
    return options


def mining_settings(cfg: Config) -> dict:
    """Arguments of the config's mining hook.

    Raises:
        ValueError: it has none.
    """
    for hook in cfg.get('custom_hooks', []):
        if hook['type'].split('.')[-1] == 'HardChipMiningHook':
            return dict(hook)
    raise ValueError(f'{cfg.filename} has no HardChipMiningHook')
