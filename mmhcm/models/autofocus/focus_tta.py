"""Test from coarse to fine, where the detector finds small objects."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from mmdet.registry import MODELS
from mmdet.structures import DetDataSample

from mmhcm.functional.focus import focus_chips, join_overlapping
from mmhcm.functional.merging import touch_inner_borders

from ..slice_tta import SliceableImage, SliceTTA
from .focus_head import FocusHead

# Defaults of AutoFocus for the second scale, and for later scales.
_FOCUS_THRS = (0.02, 0.2)
_MIN_SIDES = (16, 20)


@MODELS.register_module()
class FocusTTA(SliceTTA):
    """Multi-scale test at finer scales around focus pixels (AutoFocus).

    1. The whole image is tested at the coarsest scale.
    2. Windows around the focus pixels of a scale are the images of the next
       scale, see ``functional.focus.focus_chips``.
    3. Detections that touch an inner border of their window are dropped: the
       object is cut there, or belongs to a coarser scale.
    4. Detections in the valid range of their scale are merged by (soft-)NMS.

    The detector has a ``FocusRPNHead``.

    Args:
        scales (Sequence[dict]): Scales from coarse to fine, each a dict of
            arguments of ``ResizeToScale`` (``scale_factor``, or ``chip_size``
            and ``window``; ``valid_range``), and from the second scale on
            ``focus_thr``, the probability above which a cell of the previous
            scale is a focus pixel (0.02, then 0.2), and ``min_side``, the
            smallest side of a window in cells of the previous scale (16, then
            20).
        batch_size (int, optional): Windows in a batch. Defaults to None: 4 on
            a GPU, and 1 on a CPU.
        border_margin (float): Largest distance from a border to a cut
            detection, source pixels. Defaults to 2.
        kwargs: Arguments of ``MultiScaleTTA``; ``max_per_view`` is the limit
            of one window.

    Raises:
        ValueError: an argument is out of range, the scales do not go from
            coarse to fine, or the detector has no focus head.
    """

    def __init__(
        self,
        scales: Sequence[Mapping[str, Any]],
        batch_size: int | None = None,
        border_margin: float = 2.0,
        **kwargs: Any,
    ) -> None:
        options = [dict(scale) for scale in scales]
        self.focus_settings = [
            _pop_focus_settings(scale, index)
            for index, scale in enumerate(options)
        ]
        super().__init__(
            options,
            batch_size=batch_size,
            border_margin=border_margin,
            **kwargs,
        )
        factors = [_factor(scale) for scale in options]
        if factors != sorted(set(factors)):
            raise ValueError(
                f'scales must go from coarse to fine, got factors {factors}'
            )
        # The window of a scale only sets the scale's factor.
        self.passes = [item._replace(window=None) for item in self.passes]
        if not any(isinstance(m, FocusHead) for m in self.module.modules()):
            raise ValueError(
                'FocusTTA needs a detector that predicts focus pixels: set '
                "model.rpn_head.type to 'FocusRPNHead' and train it"
            )

    def _test_view(
        self, image: SliceableImage, sample: DetDataSample, min_score: float
    ) -> Iterator[tuple[int, DetDataSample]]:
        """Test a view from coarse to fine."""
        height, width = image.shape[:2]
        windows = np.array([[0, 0, width, height]])
        for index, item in enumerate(self.passes):
            if not len(windows):
                return
            outputs = self._outputs(item, windows, image, sample)
            chips: list[np.ndarray] = []
            if index + 1 < len(self.passes):
                settings = self.focus_settings[index + 1]
                outputs = self._watch(outputs, windows, settings, chips)
            rows = self._rows(outputs, windows, min_score)
            yield (
                len(windows),
                self._as_view(item, rows, windows, image, sample),
            )
            windows = _join_chips(chips, width, height)

    def _watch(
        self,
        outputs: Iterator[tuple[int, DetDataSample]],
        windows: np.ndarray,
        settings: tuple[float, int],
        chips: list[np.ndarray],
    ) -> Iterator[tuple[int, DetDataSample]]:
        """Pass outputs on, and append their focus chips, source pixels."""
        for ind, output in outputs:
            focus_map = output.focus_map.float().cpu().numpy()
            cells = focus_chips(focus_map, *settings)
            cell_wh = self._stride / np.asarray(output.scale_factor)
            chips.append(
                cells * np.tile(cell_wh, 2) + np.tile(windows[ind, :2], 2)
            )
            yield ind, output

    @property
    def _stride(self) -> int:
        return next(
            m.stride for m in self.module.modules() if isinstance(m, FocusHead)
        )

    def _is_cut(
        self,
        bboxes: np.ndarray,
        window_inds: np.ndarray,
        windows: np.ndarray,
        image_wh: tuple[int, int],
    ) -> np.ndarray:
        """Find the detections (n,) that touch an inner border."""
        return touch_inner_borders(
            bboxes, window_inds, windows, image_wh, self.border_margin
        )


def _pop_focus_settings(scale: dict, index: int) -> tuple[float, int]:
    """Pop the threshold and the smallest side from a scale's settings."""
    later = min(max(index - 1, 0), 1)
    focus_thr = scale.pop('focus_thr', _FOCUS_THRS[later])
    min_side = scale.pop('min_side', _MIN_SIDES[later])
    if not 0 <= focus_thr < 1:
        raise ValueError(f'focus_thr must be in [0, 1), got {focus_thr}')
    if min_side < 1:
        raise ValueError(f'min_side must be positive, got {min_side}')
    return focus_thr, min_side


def _factor(scale: Mapping[str, Any]) -> float:
    """Compute the input pixels per source pixel of a scale."""
    if 'scale_factor' in scale:
        return scale['scale_factor']
    if scale.get('window') is None:
        raise ValueError(
            f'a scale needs scale_factor, or chip_size and window: {scale}'
        )
    return scale['chip_size'] / scale['window']


def _join_chips(
    chips: Sequence[np.ndarray], width: int, height: int
) -> np.ndarray:
    """Join the chips of all windows to windows (n, 4) in whole pixels."""
    if not chips:
        return np.zeros((0, 4), dtype=np.int64)
    bboxes = np.concatenate(chips)
    # Rounded before joining, because rounded windows may overlap.
    bboxes[:, :2] = np.floor(bboxes[:, :2])
    bboxes[:, 2:] = np.minimum(np.ceil(bboxes[:, 2:]), [width, height])
    return join_overlapping(bboxes).astype(np.int64)
