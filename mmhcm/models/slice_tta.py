"""Test in slices: windows over the image, in batches, merged."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from mmdet.registry import MODELS, TRANSFORMS
from mmdet.structures import DetDataSample
from torch import Tensor

from mmhcm.functional.merging import (
    Detections,
    check_slices,
    cut_detections,
    slice_windows,
)

from .multi_scale_tta import (
    MultiScaleTTA,
    as_detections,
    as_instances,
    raised_cap,
)

BORDERS = ('drop', 'keep')
# What a slice knows of its image, and a pass of its view.
_IMAGE_KEYS = ('img_id', 'img_path')
_VIEW_KEYS = ('flip', 'flip_direction', 'valid_range')


class SlicePass(NamedTuple):
    """One way to cut an image into slices.

    Attributes:
        window: Side of a slice, source pixels; None for the whole image.
        overlap: Share of a slice that its neighbour sees too.
        resize: ``ResizeToScale``, built.
        valid_range: sqrt(area) in source pixels; None for that of the view.
    """

    window: int | None
    overlap: float
    resize: Any
    valid_range: tuple[float, float] | None


@MODELS.register_module()
class SliceTTA(MultiScaleTTA):
    """Test windows over the image, and merge their detections by NMS.

    1. The image, as it was decoded, is cut into overlapping windows.
    2. ``batch_size`` of them at a time are resized and go through the
       detector, whose own preprocessor makes them floats. No more than these
       exist beside the image, whatever its size.
    3. Detections that a border cuts and a neighbour sees whole are dropped.
    4. What is in its pass' valid range is merged by (soft-)NMS over all
       slices and passes, and the best ``max_per_img`` are kept.

    An image that is one window goes through as in a plain test, with the same
    result. Give it images by ``PackImage``, which does not copy them; views
    by ``TestTimeAug`` are taken too.

    Args:
        slices (Sequence[dict]): The passes, each a dict of ``window`` (source
            pixels; None or absent for the whole image), ``overlap`` (share of
            the window, by default 0.2) and arguments of ``ResizeToScale``:
            ``scale_factor`` or ``chip_size``, ``valid_range``, ``max_side``.
        batch_size (int, optional): Slices that the detector sees at once.
            Defaults to None: 4 on a GPU, and 1 on a CPU, whose caches a
            batch overflows.
        border (str): 'drop' drops a detection that ends at the inner border
            of its slice when another slice of the pass holds it and sees
            beyond; 'keep' leaves it to the merge. Defaults to 'drop'.
        border_margin (float): How near a border a cut detection ends, source
            pixels. Defaults to 2.
        kwargs: Arguments of ``MultiScaleTTA``; ``max_per_view`` is that of a
            slice.

    Raises:
        ValueError: no passes, or settings out of range.
    """

    def __init__(
        self,
        slices: Sequence[Mapping[str, Any]],
        batch_size: int | None = None,
        border: str = 'drop',
        border_margin: float = 2.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if not slices:
            raise ValueError('slices must name at least one pass, got none')
        if batch_size is not None and batch_size < 1:
            raise ValueError(f'batch_size must be positive, got {batch_size}')
        if border not in BORDERS:
            raise ValueError(f'border must be one of {BORDERS}: {border!r}')
        if border_margin < 0:
            raise ValueError(
                f'border_margin must be 0 or more, got {border_margin}'
            )
        self.passes = [_build_pass(item) for item in slices]
        self.batch_size = batch_size
        self.border = border
        self.border_margin = border_margin

    @torch.no_grad()
    def test_step(self, data: Any) -> list[DetDataSample]:
        """Detect on the slices of every image of a batch, and merge.

        Args:
            data: ``inputs``, images (3, h, w), uint8, and ``data_samples``;
                or, from ``TestTimeAug``, a list of such batches, one a view.
        """
        images, samples = data['inputs'], data['data_samples']
        if isinstance(samples[0], DetDataSample):
            images, samples = [images], [samples]
        return [
            self._test_image(views, view_samples)
            for views, view_samples in zip(
                zip(*images, strict=True),
                zip(*samples, strict=True),
                strict=True,
            )
        ]

    def _test_image(
        self, views: Sequence[Tensor], samples: Sequence[DetDataSample]
    ) -> DetDataSample:
        """Merge all passes over all views of one image."""
        found: list[DetDataSample] = []
        num_windows = 0
        with raised_cap(self.module, self.max_per_view):
            for view, sample in zip(views, samples, strict=True):
                image = view.cpu().permute(1, 2, 0).numpy()
                for item in self.passes:
                    windows = _windows(item, image)
                    num_windows += len(windows)
                    found.append(self._test_pass(item, windows, image, sample))
        merged = samples[0]
        # The detector itself suppresses the duplicates of a single window.
        merged.pred_instances = self._merge(found, duplicates=num_windows > 1)
        return merged

    def _test_pass(
        self,
        item: SlicePass,
        windows: np.ndarray,
        image: np.ndarray,
        view: DetDataSample,
    ) -> DetDataSample:
        """Detections in all windows (k, 4) of an image, in source pixels."""
        # One buffer: small arrays that stay, between large ones that go,
        # would leave holes that the next large one does not fit.
        buffer = bytearray()
        batch_size = self.batch_size or (4 if self._on_gpu() else 1)
        for begin in range(0, len(windows), batch_size):
            batch = windows[begin : begin + batch_size]
            slices = [_cut(item, image, window, view) for window in batch]
            outputs = self.module.test_step(
                {
                    'inputs': [pixels for pixels, _ in slices],
                    'data_samples': [sample for _, sample in slices],
                }
            )
            for ind, output in enumerate(outputs, begin):
                found = as_detections(output.pred_instances)
                rows = np.empty((len(found.labels), 7), dtype=np.float32)
                rows[:, :4] = found.bboxes + np.tile(windows[ind, :2], 2)
                rows[:, 4], rows[:, 5], rows[:, 6] = *found[1:], ind
                buffer.extend(rows.tobytes())
        rows = np.frombuffer(buffer, dtype=np.float32).reshape(-1, 7)
        bboxes, scores, labels = rows[:, :4], rows[:, 4], rows[:, 5]
        if self.border == 'drop':
            keep = ~cut_detections(
                bboxes,
                rows[:, 6].astype(np.int64),
                windows,
                (image.shape[1], image.shape[0]),
                self.border_margin,
            )
            bboxes, scores, labels = bboxes[keep], scores[keep], labels[keep]
        meta = view.metainfo
        scale_wh = meta.get('scale_factor', (1.0, 1.0))
        scale = np.tile(scale_wh, 2).astype(np.float32)
        sample = DetDataSample(
            metainfo={
                **{k: meta[k] for k in _VIEW_KEYS if k in meta},
                'ori_shape': meta.get('ori_shape', image.shape[:2]),
            }
        )
        if item.valid_range is not None:
            sample.set_metainfo({'valid_range': item.valid_range})
        sample.pred_instances = as_instances(
            Detections(bboxes / scale, scores.copy(), labels.astype(np.int64))
        )
        return sample

    def _on_gpu(self) -> bool:
        weight = next(self.module.parameters(), None)
        return weight is not None and weight.device.type != 'cpu'


def _build_pass(settings: Mapping[str, Any]) -> SlicePass:
    options = dict(settings)
    window, overlap = options.get('window'), options.pop('overlap', 0.2)
    if window is not None:
        check_slices(window, overlap)
    if 'chip_size' not in options:
        # Beside a factor, the size of the window says nothing of the scale.
        options.pop('window', None)
    low_high = options.pop('valid_range', None)
    if low_high is not None:
        low, high = low_high
        low_high = (low, np.inf if high is None else high)
    resize = TRANSFORMS.build({'type': 'ResizeToScale', **options})
    return SlicePass(window, overlap, resize, low_high)


def _windows(item: SlicePass, image: np.ndarray) -> np.ndarray:
    height, width = image.shape[:2]
    window = item.window or max(height, width)
    return slice_windows(width, height, window, item.overlap)


def _cut(
    item: SlicePass, image: np.ndarray, window: np.ndarray, view: DetDataSample
) -> tuple[Tensor, DetDataSample]:
    """Pixels (3, h, w) of a slice, uint8, and its sample."""
    x1, y1, x2, y2 = window.tolist()
    pixels = np.ascontiguousarray(image[y1:y2, x1:x2])
    results = item.resize({'img': pixels, 'img_shape': pixels.shape[:2]})
    meta = view.metainfo
    sample = DetDataSample(
        metainfo={
            **{k: meta[k] for k in _IMAGE_KEYS if k in meta},
            'ori_shape': pixels.shape[:2],
            'img_shape': results['img_shape'],
            'scale_factor': results['scale_factor'],
        }
    )
    inputs = torch.from_numpy(results['img']).permute(2, 0, 1).contiguous()
    return inputs, sample
