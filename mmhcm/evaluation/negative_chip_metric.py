"""Conventional negative chips, the comparator of hard chips."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from mmdet.registry import METRICS

from mmhcm.functional.boxes import as_bboxes, clip_boxes
from mmhcm.functional.chips import ChipScale, generate_chips, negative_chips

from .chip_metric import ChipMetric, image_size, with_chips


@METRICS.register_module()
class NegativeChipMetric(ChipMetric):
    """Metric that finds background windows dense in proposals (SNIPER).

    Expects proposals instead of detections: mine with
    ``predict='proposals'`` and without pasting.

    Args:
        min_proposals (int): Smallest number of proposals that a chip newly
            covers. Defaults to 10.
        score_thr (float): Lowest objectness of a proposal. Defaults to 0.
        max_chips_per_canvas (int): Maximum number of chips of a canvas.
            Defaults to 2.
        kwargs: Arguments of ``ChipMetric``.
    """

    default_prefix = 'negative_chip'

    def __init__(
        self,
        scales: Sequence[ChipScale | Mapping[str, Any]],
        min_proposals: int = 10,
        score_thr: float = 0.0,
        max_chips_per_canvas: int = 2,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            scales, max_chips_per_canvas=max_chips_per_canvas, **kwargs
        )
        if min_proposals < 1:
            raise ValueError(
                f'min_proposals must be positive, got {min_proposals}'
            )
        self.min_proposals = min_proposals
        self.score_thr = score_thr

    def choose(self, sample: dict) -> dict:
        """Choose the negative chips of an image."""
        image_wh = image_size(sample)
        objects = as_bboxes(
            [
                item['bbox']
                for item in sample['instances']
                if not item['ignore_flag']
            ]
        )
        positive = generate_chips(objects, image_wh, self.scales)
        pred = sample['pred_instances']
        shown = pred['scores'].float().cpu().numpy() >= self.score_thr
        proposals = as_bboxes(pred['bboxes'].float().cpu().numpy()[shown])
        chips = negative_chips(
            clip_boxes(proposals, (0, 0, *image_wh)),
            positive.windows,
            image_wh,
            self.scales,
            min_proposals=self.min_proposals,
            max_chips=self.max_chips_per_canvas or len(proposals),
        )
        return {
            'canvas': with_chips(sample['canvas'], chips),
            'proposals': int(np.sum(chips.covered)),
        }

    def count(self, results: Sequence[dict]) -> dict[str, Any]:
        """Count the proposals that the chips hold."""
        return {'proposals': sum(result['proposals'] for result in results)}

    def scalars(self) -> dict[str, float]:
        """Return the number of proposals."""
        return {'proposals': float(self.counts['proposals'])}
