"""Random background chips, a comparator of hard chips."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from mmdet.registry import METRICS

from mmhcm.functional.boxes import as_bboxes
from mmhcm.functional.chips import ChipScale, background_chips

from .chip_metric import ChipMetric, image_size, with_chips


@METRICS.register_module()
class BackgroundChipMetric(ChipMetric):
    """Metric that draws background windows at random, of any scale.

    Needs no detections: mine with ``predict='nothing'`` and without
    pasting. The draw depends only on (seed, round, image).

    Args:
        max_chips_per_canvas (int): Maximum number of chips of a canvas, as in
            ``NegativeChipMetric``. Defaults to 2.
        max_masked (float): Highest share of a window in ignored regions.
            Defaults to 0.5.
        kwargs: Arguments of ``ChipMetric``.
    """

    default_prefix = 'background_chip'

    def __init__(
        self,
        scales: Sequence[ChipScale | Mapping[str, Any]],
        max_chips_per_canvas: int = 2,
        max_masked: float = 0.5,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            scales, max_chips_per_canvas=max_chips_per_canvas, **kwargs
        )
        if max_chips_per_canvas < 1:
            raise ValueError(
                'max_chips_per_canvas must be positive, got '
                f'{max_chips_per_canvas}'
            )
        if not 0 <= max_masked <= 1:
            raise ValueError(f'max_masked must be in 0..1, got {max_masked}')
        self.num_chips = max_chips_per_canvas
        self.max_masked = max_masked

    def choose(self, sample: dict) -> dict:
        """Draw the background chips of a canvas."""
        chips = background_chips(
            as_bboxes([item['bbox'] for item in sample['instances']]),
            as_bboxes(sample['ignored_regions']),
            image_size(sample),
            self.scales,
            max_chips=self.num_chips,
            max_masked=self.max_masked,
            rng=np.random.default_rng(list(sample['draw_key'])),
        )
        return {'canvas': with_chips(sample['canvas'], chips)}
