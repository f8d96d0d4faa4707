"""A trained detector for single images."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmdet.registry import DATASETS, MODELS, TRANSFORMS
from mmdet.structures import DetDataSample
from mmengine.config import Config
from mmengine.dataset import Compose, pseudo_collate
from mmengine.device import get_device
from mmengine.model.utils import revert_sync_batchnorm
from mmengine.registry import init_default_scope
from mmengine.runner import load_checkpoint

from mmhcm.datasets import IMAGE_ERRORS, describe_fault
from mmhcm.engine.checkpoints import check_checkpoint
from mmhcm.engine.launching import innermost_dataset
from mmhcm.engine.wrappers import unwrap
from mmhcm.functional.merging import Detections
from mmhcm.models import SliceTTA, as_detections
from mmhcm.structures.geotiff import GeoTiff
from mmhcm.structures.images import ImageError

#: Most detections of an image in slices, instead of a benchmark's limit.
_MAX_DETS = 1_000_000


class Detector:
    """Model and test pipeline of a config, with the weights of a checkpoint.

    Args:
        cfg: The config, switched to its test mode; see
            ``mmhcm.engine.launching.use_mode``.
        checkpoint: File or address of the weights.
        score_thr: Lowest score of a detection.
        device: Device of the model. Defaults to None, a GPU if there is one.

    Raises:
        ValueError: the checkpoint is not of this model, or the pipeline does
            not begin with the loading of an image.
    """

    def __init__(
        self,
        cfg: Config,
        checkpoint: str | Path,
        score_thr: float,
        device: str | None = None,
    ) -> None:
        init_default_scope(cfg.get('default_scope', 'mmdet'))
        self.score_thr = score_thr
        self._load, self._prepare = _build_pipeline(cfg)
        # Drawing needs uint8; ``_run_pipeline`` converts to float32.
        self._to_float32 = getattr(self._load, 'to_float32', False)
        self._load.to_float32 = False
        self.model, recorded = _load_model(cfg, str(checkpoint))
        self.model.to(device or get_device()).eval()
        classes = recorded or _config_classes(cfg)
        self.classes = (classes,) if isinstance(classes, str) else classes
        self.in_slices = isinstance(self.model, SliceTTA)
        if self.in_slices:
            self.model.max_per_img = _MAX_DETS

    def load(self, path: str | Path) -> np.ndarray:
        """Load an image as in the config's test, uint8 (h, w, 3) BGR.

        Raises:
            ImageError: the file cannot be read or is no image.
        """
        try:
            return np.asarray(self._load({'img_path': str(path)})['img'])
        except IMAGE_ERRORS as error:
            raise ImageError(describe_fault(str(path), error)) from error

    def count_slices(self, image: np.ndarray | GeoTiff) -> int:
        """Count the slices of an image; 1 in other test modes."""
        return self.model.count_slices(image) if self.in_slices else 1

    @torch.no_grad()
    def detect(
        self,
        image: np.ndarray | GeoTiff,
        path: str | Path,
        on_slice: Callable[[], object] | None = None,
    ) -> Detections:
        """Detect objects, with boxes in pixels of the image.

        Args:
            image: (h, w, 3) BGR. In slices, a ``GeoTiff`` is read in parts.
            path: File of the image, for the model's meta information.
            on_slice: Called for each slice. Defaults to None.

        Raises:
            ImageError: a part of the file cannot be read.
            ValueError: the model has more labels than classes, or the
                pipeline of slices cannot read a ``GeoTiff`` in parts.
        """
        if self.in_slices:
            sample = self._detect_slices(image, path, on_slice)
        else:
            data = self._run_pipeline(image[:, :], path)
            (sample,) = self.model.test_step(pseudo_collate([data]))
        found = as_detections(sample.pred_instances)
        keep = found.scores >= self.score_thr
        found = Detections(*(array[keep] for array in found))
        if len(found.labels) and found.labels.max() >= len(self.classes):
            raise ValueError(
                f'the model detects label {found.labels.max()}, but only '
                f'{len(self.classes)} classes are named: set '
                'test_dataloader.dataset.metainfo.classes'
            )
        return found

    def _run_pipeline(self, image: np.ndarray, path: str | Path) -> dict:
        """Run the transforms after the loading of an image."""
        pixels = image.astype(np.float32) if self._to_float32 else image
        shape = image.shape[:2]
        return self._prepare(
            {
                'img': pixels,
                'img_path': str(path),
                'img_id': 0,
                'img_shape': shape,
                'ori_shape': shape,
            }
        )

    def _detect_slices(
        self,
        image: np.ndarray | GeoTiff,
        path: str | Path,
        on_slice: Callable[[], object] | None,
    ) -> DetDataSample:
        view: Any = image
        if isinstance(image, np.ndarray):
            data = self._run_pipeline(image, path)
            view = data['inputs'].permute(1, 2, 0).numpy()
        elif len(self._prepare.transforms) > 1:
            raise ValueError(
                f'{path} is read part by part, but slice_pipeline has more '
                'transforms than the loading and the packing one'
            )
        watched = _Watched(view, on_slice or (lambda: None))
        shape = image.shape[:2]
        meta = {'img_path': str(path), 'ori_shape': shape, 'img_shape': shape}
        return self.model.test_views(
            [watched], [DetDataSample(metainfo=meta)], self.score_thr
        )


class _Watched:
    """Image that calls a function for each part that is read."""

    def __init__(self, image: Any, on_read: Callable[[], object]) -> None:
        self._image, self._on_read = image, on_read
        self.shape = image.shape

    def __getitem__(self, rows_columns: tuple[slice, slice]) -> np.ndarray:
        self._on_read()
        return np.asarray(self._image[rows_columns])


def _build_pipeline(cfg: Config) -> tuple[Any, Compose]:
    """Build the loading and the other transforms of a test pipeline."""
    pipeline = innermost_dataset(cfg.test_dataloader.dataset).pipeline
    first = pipeline[0]
    if not str(first['type']).split('.')[-1].startswith('LoadImage'):
        raise ValueError(
            f'{cfg.filename}: the test pipeline begins with {first["type"]}; '
            'predict needs one that begins with LoadImageFromFile'
        )
    return TRANSFORMS.build(first), Compose(pipeline[1:])


def _load_model(cfg: Config, checkpoint: str) -> tuple[Any, Any]:
    """Build a model with weights; also return the checkpoint's classes."""
    model = revert_sync_batchnorm(MODELS.build(cfg.model))
    check_checkpoint(checkpoint, model)
    content = load_checkpoint(unwrap(model), checkpoint, map_location='cpu')
    meta = content.get('meta') or {}
    # MMDetection 2 wrote CLASSES into the meta information itself.
    known = {**meta, **(meta.get('dataset_meta') or {})}
    return model, known.get('classes') or known.get('CLASSES')


def _config_classes(cfg: Config) -> Any:
    """Read the classes of a config's test data without the data's files."""
    dataset = innermost_dataset(cfg.test_dataloader.dataset).copy()
    dataset.lazy_init = True
    return DATASETS.build(dataset).metainfo.get('classes', ())
