"""Random background chips, a comparator of hard chips."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from mmdet.registry import METRICS

from mmhcm.functional.boxes import as_bboxes
from mmhcm.functional.chips import ChipScale, background_chips

from .chip_metric import ChipMetric, distinct_canvases


@METRICS.register_module()
class BackgroundChipMetric(ChipMetric):
    """Draw background windows at random, of any scale.

    Asks for no detections: mine with ``predict='nothing'`` and without
    pasting. What is drawn follows from (seed, round, image).

    Args:
        max_chips_per_canvas (int): As many as ``NegativeChipMetric`` takes.
            Defaults to 2.
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

    def process(self, data_batch: Any, data_samples: Sequence[dict]) -> None:
        """Draw the background chips of images."""
        for sample in data_samples:
            height, width = sample['ori_shape'][:2]
            chips = background_chips(
                as_bboxes([item['bbox'] for item in sample['instances']]),
                as_bboxes(sample['ignored_regions']),
                (width, height),
                self.scales,
                max_chips=self.num_chips,
                max_masked=self.max_masked,
                rng=np.random.default_rng(list(sample['draw_key'])),
            )
            canvas = replace(
                sample['canvas'],
                windows=[tuple(row) for row in chips.windows.tolist()],
                scale_inds=chips.scale_inds.tolist(),
            )
            self.results.append({'canvas': canvas})

    def compute_metrics(self, results: list[dict]) -> dict[str, float]:
        """Put the round together and count; runs on the main process."""
        results = distinct_canvases(results)
        self.counts = {
            'canvases': len(results),
            'chips_per_scale': self.keep_canvases(
                [result['canvas'] for result in results]
            ),
        }
        return {
            'chips': float(sum(self.counts['chips_per_scale'])),
            'canvases': float(len(results)),
        }
