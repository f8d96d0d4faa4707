"""Settings of mining, read from configs, and canvases of these settings.

Training and the commands that inspect a config build canvases here.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, cast

import numpy as np
from mmengine.config import Config
from mmengine.dataset import BaseDataset

from mmhcm.datasets import (
    MAX_USES,
    CanvasDataset,
    ChipDataset,
    scale_settings,
)
from mmhcm.functional.boxes import as_bboxes
from mmhcm.functional.pixels import CAFFE_MEAN
from mmhcm.structures.files import fingerprint
from mmhcm.structures.pool import (
    ObjectPool,
    PoolOptions,
    class_statistics,
    filter_objects,
    image_aspects,
    list_objects,
)
from mmhcm.structures.type_names import type_name

from .digests import plain_settings
from .pipelines import mining_pipeline, recipe_pipeline
from .sources import MiningSources


@dataclass
class MiningSettings:
    """Settings of a mining round.

    Attributes:
        canvases (dict): Arguments of ``CanvasDataset`` except ``sources``,
            ``pool`` and ``round_number``. Defaults to {}.
        metric (dict): Config of a chip metric; the data set's scales are
            added. Defaults to ``dict(type='HardChipMetric')``.
        test_scales (Sequence[dict], optional): Arguments of
            ``ResizeToScale``, one dict per scale. Defaults to None: the chip
            scales with their valid ranges, so that sizes that a detector was
            trained to ignore are not counted as errors.
        mask_color (Sequence[float]): Colour of masked pixels. Defaults to
            the Caffe mean (103.53, 116.28, 123.675), BGR.
        external (Sequence[dict]): Configs of external data sets. Defaults to
            none; None also means none.
        pool (dict, optional): Arguments of ``build_pool``, and ``cache_dir``,
            the folder of the pool (by default ``<work_dir>/hcm/pool``).
            Defaults to None: no pool and no pastes.
        dataloader (dict): ``batch_size`` (1), ``num_workers`` (2) and further
            arguments of the loader of canvases. Defaults to {}.
        predict (str): 'detections', 'proposals' for ``NegativeChipMetric``,
            or 'nothing' for ``BackgroundChipMetric`` and ``ObjectChipMetric``,
            which need no network. Defaults to 'detections'.
        tta_model (dict): Wrapper of the detector that merges test scales.
            Defaults to ``dict(type='MultiScaleTTA')``.
        fp16 (bool): Mine in mixed precision. Defaults to False.
    """

    canvases: Mapping[str, Any] = field(default_factory=dict)
    metric: Mapping[str, Any] = field(default_factory=dict)
    test_scales: Sequence[Mapping[str, Any]] | None = None
    mask_color: Sequence[float] = CAFFE_MEAN
    external: Sequence[dict] = ()
    pool: Mapping[str, Any] | None = None
    dataloader: Mapping[str, Any] = field(default_factory=dict)
    predict: str = 'detections'
    tta_model: Mapping[str, Any] = field(default_factory=dict)
    fp16: bool = False

    def __post_init__(self) -> None:
        self.metric = {'type': 'HardChipMetric', **self.metric}
        self.tta_model = {'type': 'MultiScaleTTA', **self.tta_model}
        self.mask_color = tuple(self.mask_color)
        self.external = list(self.external or ())

    @property
    def has_pastes(self) -> bool:
        """True if objects are pasted into canvases."""
        num_pastes = self.canvases.get('num_pastes', 1)
        return self.pool is not None and bool(num_pastes)

    def pipeline(self, chips: ChipDataset) -> list[dict]:
        """Return the transforms of one canvas.

        Args:
            chips: The training data, for its scales.
        """
        if self.predict == 'nothing':
            return recipe_pipeline()
        scales = self.test_scales
        if scales is None:
            scales = [
                {
                    'chip_size': chips.chip_size,
                    'window': scale.window,
                    'valid_range': scale.valid_range,
                }
                for scale in chips.scales or ()
            ]
        return mining_pipeline(scales, self.mask_color)

    def build_canvases(
        self, sources: MiningSources, round_number: int = 1, **defaults: Any
    ) -> CanvasDataset:
        """Build the canvases of a round.

        Args:
            sources: Sources of images and patches.
            round_number: Number of the round, from 1.
            **defaults: Arguments of ``CanvasDataset`` that ``canvases`` may
                override.
        """
        return CanvasDataset(
            sources=sources.datasets,
            pool=sources.pool,
            round_number=round_number,
            **{**defaults, **self.canvases},
        )

    def loader(self, canvases: CanvasDataset) -> dict[str, Any]:
        """Return the config of the loader of canvases."""
        return {
            'batch_size': 1,
            'num_workers': 2,
            'persistent_workers': False,
            'sampler': {'type': 'DefaultSampler', 'shuffle': False},
            **self.dataloader,
            'dataset': canvases,
        }

    def inputs_digest(
        self, chips: ChipDataset, sources: MiningSources, seed: int
    ) -> str:
        """Return a fingerprint of all inputs of a round except the weights."""
        return fingerprint(
            plain_settings(self.canvases),
            plain_settings(self.metric),
            plain_settings(self.pipeline(chips)),
            plain_settings(self.external),
            plain_settings(self.tta_model),
            self.predict,
            [scale_settings(scale) for scale in chips.scales or ()],
            seed,
            '' if sources.pool is None else sources.pool.fingerprint,
            self.fp16,
            # Canvases of one batch are padded to one size.
            self.dataloader.get('batch_size', 1),
            sources.images,
        )


class PoolSizes:
    """Object pool without pixels, sufficient to plan pastes.

    Patches are chosen only by size and shape, because their looks are
    unknown. A canvas gets the same classes as with the whole pool, but the
    patches may differ, and with the patches the height and width of boxes
    and, rarely, whether a position is found.

    Args:
        images: Data infos of the pool's images.
        num_classes: Number of classes.
        options: Arguments of ``PoolOptions``.

    Attributes:
        bboxes: float32 (p, 4) of the objects, source pixels.
        origins: float32 (p, 2), zeros.
        labels: int64 (p,).
        class_counts: int64 (c,), objects before filters.
        class_log_sizes: float64 (c,), mean log sqrt(area) of these objects.
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
        self.origins = np.zeros((len(self.bboxes), 2), np.float32)
        self.labels = objects.labels
        self.image_inds = objects.image_inds
        self.looks = None
        self.aspect_sums = image_aspects(everything, len(images), num_classes)
        statistics = class_statistics(everything, num_classes)
        self.class_counts = statistics['class_counts']
        self.class_log_sizes = statistics['class_log_sizes']

    def foreign(self, _: int) -> np.ndarray:
        """Return no boxes: objects ignored on canvases are not counted."""
        return as_bboxes([])

    def __len__(self) -> int:
        """Return the number of objects."""
        return len(self.labels)


def build_canvases(
    cfg: Config,
    dataset: ChipDataset,
    num_canvases: int,
    pool: ObjectPool | None = None,
) -> CanvasDataset:
    """Build canvases of the config's first mining round.

    Args:
        cfg: A config that mines hard chips.
        dataset: Training data of the config.
        num_canvases: Number of canvases to draw.
        pool: The object pool. Without a pool, the number of objects of each
            class is the same, but patches may differ, see ``PoolSizes``.

    Raises:
        ValueError: the config mines no hard chips, or pastes nothing.
    """
    settings = mining_settings(cfg)
    images: BaseDataset = dataset.dataset
    # Pastes are planned without the pixels of the pool.
    used = pool or cast(
        ObjectPool,
        PoolSizes(
            [images.get_data_info(index) for index in range(len(images))],
            len(dataset.metainfo['classes']),
            **pool_options(cfg),
        ),
    )
    # A part of the round has an equal part of each patch's uses, so that the
    # recipes are the same.
    total = settings.canvases.get('num_canvases') or len(images)
    uses = settings.canvases.get('max_uses', MAX_USES)
    settings.canvases = {
        'seed': cfg.get('randomness', {}).get('seed') or 0,
        **settings.canvases,
        'num_canvases': num_canvases,
        'max_uses': uses * num_canvases / total,
        'pipeline': [],
    }
    sources = MiningSources(images, settings.external, None, cfg.work_dir)
    sources.pool = used
    return settings.build_canvases(sources)


def pool_settings(cfg: Config) -> dict[str, Any]:
    """Return the settings of the config's object pool.

    Raises:
        ValueError: the config has no object pool.
    """
    settings = dict(mining_settings(cfg).pool or {})
    if not settings:
        raise ValueError(f'{cfg.filename} has no object pool to paste from')
    return settings


def pool_options(cfg: Config) -> dict[str, Any]:
    """Return the arguments of ``PoolOptions`` of the config's object pool.

    Raises:
        ValueError: the config has no object pool.
    """
    options = pool_settings(cfg)
    for name in ('cache_dir', 'num_workers'):
        options.pop(name, None)
    return options


def mining_settings(cfg: Config) -> MiningSettings:
    """Return the settings of the config's mining hook.

    Raises:
        ValueError: the config has no mining hook, or a hook that never mines.
    """
    values = hook_settings(cfg, 'HardChipMiningHook')
    if not values.get('epochs') and not values.get('iters'):
        raise ValueError(
            f'{cfg.filename} mines no hard chips: no HardChipMiningHook with '
            'epochs or iters'
        )
    names = {item.name for item in fields(MiningSettings)}
    return MiningSettings(**{k: values[k] for k in names & values.keys()})


def hook_settings(cfg: Config, name: str) -> dict[str, Any]:
    """Find the arguments of a hook in a config.

    Args:
        cfg: The config.
        name: Name of the hook's class.

    Returns:
        Arguments and ``type`` of the first hook of this class; {} if the
        config has no such hook.
    """
    return next((hook for _, hook in _find_hooks(cfg, name)), {})


def hook_key(cfg: Config, name: str) -> str:
    """Return a hook's key in a config; the class' name if there is no hook."""
    return next((key for key, _ in _find_hooks(cfg, name)), name)


def _find_hooks(cfg: Config, name: str) -> Iterator[tuple[str, dict]]:
    """Yield keys and arguments of the hooks of a class."""
    hooks = [
        *(
            (f'default_hooks.{key}', hook)
            for key, hook in (cfg.get('default_hooks') or {}).items()
        ),
        *(
            (f'custom_hooks[{ind}]', hook)
            for ind, hook in enumerate(cfg.get('custom_hooks') or ())
        ),
    ]
    for key, hook in hooks:
        if isinstance(hook, dict) and type_name(hook) == name:
            yield key, dict(hook)
