"""What a config's mining hook says, outside of a training run."""

from collections.abc import Sequence
from typing import Any, cast

from mmdet.registry import DATASETS
from mmengine.config import Config
from mmengine.dataset import BaseDataset

from mmhcm.datasets import CanvasDataset, ChipDataset
from mmhcm.structures.pool import (
    ObjectPool,
    PoolOptions,
    class_statistics,
    filter_objects,
    list_objects,
)


class PoolSizes:
    """The object pool without its pixels: enough to plan pastes.

    Args:
        images: Data infos of the pool's images.
        num_classes: Number of classes.
        options: Arguments of ``PoolOptions``.

    Attributes:
        bboxes: float32 (p, 4), as large as the objects are.
        labels: int64 (p,).
        class_counts: int64 (c,), objects before filters.
        class_log_sizes: float64 (c,), their mean log sqrt(area).
    """

    def __init__(
        self, images: Sequence[dict], num_classes: int, **options: Any
    ) -> None:
        everything = list_objects(images)
        objects = filter_objects(everything, images, PoolOptions(**options))
        self.bboxes = objects.bboxes
        self.labels = objects.labels
        statistics = class_statistics(everything, num_classes)
        self.class_counts = statistics['class_counts']
        self.class_log_sizes = statistics['class_log_sizes']

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
        pool: The object pool; without it the recipes are the same, but
            cannot be painted.

    Raises:
        ValueError: the config mines no hard chips, or pastes nothing.
    """
    hook = mining_settings(cfg)
    images: BaseDataset = dataset.dataset
    # Planning pastes asks a pool for sizes and labels alone.
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
        **hook.get('canvases', {}),
        'num_canvases': num_canvases,
        'pipeline': [],
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
