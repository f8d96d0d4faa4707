"""Whole images of a config's data sets, for an export."""

from collections import Counter
from pathlib import Path

import numpy as np
from mmdet.registry import DATASETS
from mmengine.config import Config
from mmengine.dataset import BaseDataset, Compose
from mmengine.registry import init_default_scope

from mmhcm.engine.launching import innermost_dataset
from mmhcm.functional.boxes import as_bboxes
from mmhcm.structures.choices import IMAGE_FORMATS
from mmhcm.structures.instances import instance_arrays, instance_labels

from .export_files import ExportedSample

#: Transforms that fill ignored regions, as in training.
_MASKED = (
    {'type': 'LoadImage'},
    {'type': 'MaskIgnoredRegions'},
)


class WholeImages:
    """All images of a training, validation or test set.

    Args:
        cfg: The config.
        split: 'train', 'val' or 'test', prefix of the set's dataloader.
        masked: Load images that have ignored regions or objects, and fill
            the regions; ``YoloFiles`` fills the objects. If False, and for
            all other images, the image is the file to copy.

    Raises:
        OSError: the images or annotations cannot be read.
        ValueError: the config has no dataloader of the split, or two images
            have the same name without suffix.
    """

    def __init__(self, cfg: Config, split: str, masked: bool) -> None:
        loader = cfg.get(f'{split}_dataloader')
        if loader is None:
            raise ValueError(f'{cfg.filename} has no {split}_dataloader')
        init_default_scope(cfg.get('default_scope', 'mmdet'))
        settings = dict(innermost_dataset(loader.dataset))
        # Keep images without objects.
        settings.update(pipeline=[], filter_cfg=None, lazy_init=False)
        self.dataset: BaseDataset = DATASETS.build(settings)
        self._read = Compose(_MASKED) if masked else None
        self._names = self._unique_names()

    def __len__(self) -> int:
        return len(self.dataset)

    def sample(self, ind: int) -> ExportedSample:
        """Describe an image; read its pixels only if some must be filled."""
        info = self.dataset.get_data_info(ind)
        bboxes, ignored = instance_arrays(info['instances'])
        regions = as_bboxes(info.get('ignored_regions', []))
        image: np.ndarray | Path = Path(info['img_path'])
        name = self._names[ind]
        if self._read is not None and (len(regions) or ignored.any()):
            image = self._read(dict(info))['img']
            regions = as_bboxes([])
            if Path(name).suffix.lower() not in IMAGE_FORMATS:
                name = f'{Path(name).stem}.png'
        return ExportedSample(
            name,
            (int(info['width']), int(info['height'])),
            image,
            bboxes,
            instance_labels(info['instances']),
            ignored,
            regions=regions,
        )

    def _unique_names(self) -> list[str]:
        paths = [self.path(ind) for ind in range(len(self))]
        names = [Path(path).name for path in paths]
        # Label files have the name without the suffix.
        (stem, count), *_ = Counter(
            Path(name).stem for name in names
        ).most_common(1) or [('', 0)]
        if count > 1:
            first, second, *_ = (p for p in paths if Path(p).stem == stem)
            raise ValueError(
                f'{second} has the name of {first}: an export puts all images '
                'of a set into one folder; rename one of them'
            )
        return names

    def path(self, ind: int) -> str:
        """Return the path of an image."""
        return self.dataset.get_data_info(ind)['img_path']
