"""Training data of a config, built without its transforms."""

import argparse
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from mmdet.registry import DATASETS, TRANSFORMS
from mmengine.config import Config
from mmengine.dataset import BaseDataset, Compose
from mmengine.registry import init_default_scope

from mmhcm.datasets import ChipDataset, seeded_globals
from mmhcm.datasets.sources import VisDroneAnnotations
from mmhcm.structures.archives import unpack_tar
from mmhcm.structures.images import read_image_sizes, read_sizes_csv
from mmhcm.structures.type_names import type_name


def build_training_data(
    cfg: Config,
    annotations: str | Path | None = None,
    sizes_csv: str | Path | None = None,
) -> ChipDataset:
    """Build a config's training data set without its transforms.

    Args:
        cfg: A config whose training data is a ``ChipDataset``, or whole
            images, which count as one chip each.
        annotations: Folder of VisDrone annotation files to use instead of the
            config's images.
        sizes_csv: File of image sizes for the annotations. Defaults to None:
            sizes are read from the config's images if the images exist, or
            else derived from the extent of the boxes.

    Raises:
        FileNotFoundError: no images or annotations.
        ValueError: a malformed file or config.
    """
    # MMDetection's scope has names such as VisDroneDataset.
    init_default_scope(cfg.get('default_scope', 'mmdet'))
    chip_cfg, image_cfg = training_cfgs(cfg)
    # Pixels are the same without partial decoding, which reads every file.
    settings = {
        'type': 'ChipDataset',
        **chip_cfg,
        'partial_decoding': False,
        'lazy_init': False,
        'pipeline': [],
    }
    if annotations is None:
        images: Any = {**image_cfg, 'pipeline': []}
    else:
        sizes = (
            _config_sizes(image_cfg)
            if sizes_csv is None
            else read_sizes_csv(sizes_csv)
        )
        images = VisDroneAnnotations(
            annotations,
            sizes,
            filter_cfg=image_cfg.get('filter_cfg'),
        )
        settings['cache_dir'] = None
    dataset = DATASETS.build({**settings, 'dataset': images})
    assert isinstance(dataset, ChipDataset), 'built as one'
    return dataset


def chosen_training_data(cfg: Config, args: argparse.Namespace) -> ChipDataset:
    """Build the training data chosen on a command line.

    Args:
        cfg: See :func:`build_training_data`.
        args: Namespace with ``annotations`` and ``sizes``, None or paths.
    """
    if args.annotations is None:
        return build_training_data(cfg)
    with annotation_folder(args.annotations) as folder:
        return build_training_data(cfg, folder, args.sizes)


def training_cfgs(cfg: Config) -> tuple[dict, dict]:
    """Return the configs of the ``ChipDataset`` ({} if none) and images."""
    node: Any = cfg.train_dataloader.dataset
    chip_cfg: dict = {}
    while 'dataset' in node:
        if type_name(node) == 'ChipDataset':
            chip_cfg = dict(node)
        node = node['dataset']
    return chip_cfg, dict(node)


def training_pipeline(cfg: Config) -> list[dict]:
    """Return the transforms of one training sample."""
    chip_cfg, image_cfg = training_cfgs(cfg)
    return list((chip_cfg or image_cfg).get('pipeline', []))


@contextmanager
def annotation_folder(path: str | Path) -> Iterator[Path]:
    """Yield the folder, or a temporary folder with a tar's content.

    Raises:
        FileNotFoundError: the path does not exist.
        ValueError: the path is neither a folder nor a tar.
    """
    path = Path(path)
    if path.is_dir():
        yield path
        return
    if not path.exists():
        raise FileNotFoundError(f'no annotations at {path}')
    with tempfile.TemporaryDirectory() as folder:
        unpack_tar(path, folder)
        yield Path(folder)


def min_visible_of(pipeline: Sequence[Mapping[str, Any]]) -> float:
    """Return the least visible share of ``CropChip``, default 0.5."""
    for transform in pipeline:
        if type_name(transform) == 'CropChip':
            return float(transform.get('min_visible', 0.5))
    return 0.5


class InputResizing:
    """Resizing of a pipeline after cropping, applied to sizes alone.

    Runs the pipeline's own transforms on a blank image, so that the rules of
    the transforms are not duplicated. Random sizes depend on the seed and the
    number of the call.

    Args:
        pipeline: Transforms of one sample.
        seed: Defaults to 0.
    """

    def __init__(
        self, pipeline: Sequence[Mapping[str, Any]], seed: int = 0
    ) -> None:
        resizing = [
            TRANSFORMS.build(dict(transform))
            for transform in pipeline
            if 'Resize' in type_name(transform)
        ]
        self.is_random = any('Random' in type(t).__name__ for t in resizing)
        self.transforms = Compose(resizing) if resizing else None
        self.seed = seed
        self._known: dict[tuple[int, int], tuple[np.ndarray, np.ndarray]] = {}
        self._calls = 0

    def __call__(
        self, image_wh: tuple[int, int]
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return factors (2,) and the resized (width, height), pixels."""
        if self.transforms is None:
            return np.ones(2), np.array(image_wh)
        if image_wh in self._known and not self.is_random:
            return self._known[image_wh]
        width, height = image_wh
        blank = np.zeros((height, width), dtype=np.uint8)
        self._calls += 1
        with seeded_globals(self.seed, self._calls):
            results = self.transforms(
                {'img': blank, 'img_shape': blank.shape, 'ori_shape': 0}
            )
        resized_wh = np.array(results['img'].shape[1::-1])
        self._known[image_wh] = resized_wh / (width, height), resized_wh
        return self._known[image_wh]


def _config_sizes(image_cfg: dict) -> dict[str, tuple[int, int]]:
    """Read the sizes of the existing images of a data set config."""
    built = DATASETS.build({**image_cfg, 'pipeline': [], 'lazy_init': True})
    assert isinstance(built, BaseDataset), 'images are a BaseDataset'
    folder = Path(built.data_prefix.get('img_path') or 'absent')
    return read_image_sizes(folder) if folder.is_dir() else {}
