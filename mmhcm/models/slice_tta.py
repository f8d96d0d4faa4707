"""Test in slices of the image, processed in batches and merged."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

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
)

BORDERS = ('drop', 'keep')
# Meta keys copied from an image to its slices, and from a view to a pass.
_IMAGE_KEYS = ('img_id', 'img_path')
_VIEW_KEYS = ('flip', 'flip_direction', 'valid_range')


class SliceableImage(Protocol):
    """Array (h, w, 3), or an image whose parts are read as arrays."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Height, width and channels."""

    def __getitem__(self, rows_columns: tuple[slice, slice], /) -> np.ndarray:
        """Read a part, (rows, columns)."""


class SlicePass(NamedTuple):
    """Settings of one pass of slices over an image.

    Attributes:
        window: Side of a slice, source pixels; None for the whole image.
        overlap: Share of a slice that overlaps the next slice.
        resize: ``ResizeToScale`` transform.
        valid_range: Valid range of sqrt(area), source pixels; None for the
            range of the view.
    """

    window: int | None
    overlap: float
    resize: Any
    valid_range: tuple[float, float] | None


@MODELS.register_module()
class SliceTTA(MultiScaleTTA):
    """Test in overlapping slices of the image, merged by (soft-)NMS.

    1. The decoded image is cut into overlapping slices.
    2. ``batch_size`` slices at a time are resized and passed to the detector,
       whose preprocessor converts the slices to floats. Memory beyond the
       image is therefore bounded for images of any size.
    3. A detection that is cut by a border and complete in a neighbouring
       slice is dropped.
    4. Detections in the valid range of their pass are merged by (soft-)NMS
       over all slices and passes, and the best ``max_per_img`` are kept.

    For an image that is a single slice, the result equals that of a plain
    test. Load images with ``PackImage``, which does not copy images; views of
    ``TestTimeAug`` are accepted too.

    Args:
        slices (Sequence[dict]): Passes, each a dict of ``window`` (source
            pixels; None or absent for the whole image), ``overlap`` (share of
            the window; defaults to 0.2) and arguments of ``ResizeToScale``:
            ``scale_factor`` or ``chip_size``, ``valid_range``, ``max_side``.
        batch_size (int, optional): Slices in a batch. Defaults to None: 4 on a
            GPU, and 1 on a CPU, whose caches are too small for a batch.
        border (str): 'drop' drops a detection that ends at an inner border of
            its slice if another slice of the pass shows more of the object,
            see ``merging.slices.cut_detections``; 'keep' leaves all detections
            to the merging. Defaults to 'drop'.
        border_margin (float): Largest distance from a border to a cut
            detection, source pixels. Defaults to 2.
        kwargs: Arguments of ``MultiScaleTTA``; ``max_per_view`` is the limit
            of one slice.

    Raises:
        ValueError: If there is no pass, or an argument is out of range.
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
        """Detect objects in all slices of a batch of images and merge them.

        Args:
            data: ``inputs``, images (3, h, w), uint8, and ``data_samples``;
                or, from ``TestTimeAug``, lists of both with an item for each
                view.
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
        images = [view.cpu().permute(1, 2, 0).numpy() for view in views]
        return self.test_views(images, samples)

    @torch.no_grad()
    def test_views(
        self,
        views: Sequence[SliceableImage],
        samples: Sequence[DetDataSample],
        min_score: float = 0.0,
    ) -> DetDataSample:
        """Merge all passes over all views of one image.

        Args:
            views: Arrays, or images that are read slice by slice.
            samples: Meta information of each view.
            min_score: Lowest score of a detection. Defaults to 0.
        """
        found: list[DetDataSample] = []
        num_windows = 0
        with self.view_settings():
            for image, sample in zip(views, samples, strict=True):
                for number, result in self._test_view(
                    image, sample, min_score
                ):
                    num_windows += number
                    found.append(result)
        merged = samples[0]
        # The detector itself suppresses the duplicates of a single slice.
        merged.pred_instances = self._merge(found, duplicates=num_windows > 1)
        return merged

    def count_slices(self, image: SliceableImage) -> int:
        """Count the slices of all passes over an image."""
        return sum(len(_windows(item, image)) for item in self.passes)

    def _test_view(
        self, image: SliceableImage, sample: DetDataSample, min_score: float
    ) -> Iterator[tuple[int, DetDataSample]]:
        """Test all passes; yield the number of windows and the detections."""
        for item in self.passes:
            windows = _windows(item, image)
            outputs = self._outputs(item, windows, image, sample)
            rows = self._rows(outputs, windows, min_score)
            yield (
                len(windows),
                self._as_view(item, rows, windows, image, sample),
            )

    def _outputs(
        self,
        item: SlicePass,
        windows: np.ndarray,
        image: SliceableImage,
        view: DetDataSample,
    ) -> Iterator[tuple[int, DetDataSample]]:
        """Yield the detector's output for each of the windows (k, 4)."""
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
            yield from enumerate(outputs, begin)

    def _rows(
        self,
        outputs: Iterable[tuple[int, DetDataSample]],
        windows: np.ndarray,
        min_score: float,
    ) -> np.ndarray:
        """Gather box, score, label and window of detections (n, 7)."""
        # One buffer, because many small arrays that stay in memory between
        # large temporary arrays would fragment the heap.
        buffer = bytearray()
        for ind, output in outputs:
            found = as_detections(output.pred_instances)
            rows = np.empty((len(found.labels), 7), dtype=np.float32)
            rows[:, :4] = found.bboxes + np.tile(windows[ind, :2], 2)
            rows[:, 4], rows[:, 5], rows[:, 6] = *found[1:], ind
            buffer.extend(rows[found.scores >= min_score].tobytes())
        return np.frombuffer(buffer, dtype=np.float32).reshape(-1, 7)

    def _as_view(
        self,
        item: SlicePass,
        rows: np.ndarray,
        windows: np.ndarray,
        image: SliceableImage,
        view: DetDataSample,
    ) -> DetDataSample:
        """Drop cut detections, and convert the rest to pixels of the image."""
        if self.border == 'drop':
            image_wh = image.shape[1], image.shape[0]
            inds = rows[:, 6].astype(np.int64)
            rows = rows[~self._is_cut(rows[:, :4], inds, windows, image_wh)]
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
            Detections(
                rows[:, :4] / scale,
                rows[:, 4].copy(),
                rows[:, 5].astype(np.int64),
            )
        )
        return sample

    def _is_cut(
        self,
        bboxes: np.ndarray,
        window_inds: np.ndarray,
        windows: np.ndarray,
        image_wh: tuple[int, int],
    ) -> np.ndarray:
        """Find detections (n,) that another window shows more completely."""
        return cut_detections(
            bboxes, window_inds, windows, image_wh, self.border_margin
        )

    def _on_gpu(self) -> bool:
        weight = next(self.module.parameters(), None)
        return weight is not None and weight.device.type != 'cpu'


def _build_pass(settings: Mapping[str, Any]) -> SlicePass:
    options = dict(settings)
    window, overlap = options.get('window'), options.pop('overlap', 0.2)
    if window is not None:
        check_slices(window, overlap)
    if 'chip_size' not in options:
        # With ``scale_factor``, the scale does not depend on the window.
        options.pop('window', None)
    low_high = options.pop('valid_range', None)
    if low_high is not None:
        low, high = low_high
        low_high = (low, np.inf if high is None else high)
    resize = TRANSFORMS.build({'type': 'ResizeToScale', **options})
    return SlicePass(window, overlap, resize, low_high)


def _windows(item: SlicePass, image: SliceableImage) -> np.ndarray:
    height, width = image.shape[:2]
    window = item.window or max(height, width)
    return slice_windows(width, height, window, item.overlap)


def _cut(
    item: SlicePass,
    image: SliceableImage,
    window: np.ndarray,
    view: DetDataSample,
) -> tuple[Tensor, DetDataSample]:
    """Cut a slice: pixels (3, h, w), uint8, and its data sample."""
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
