"""What metrics that turn canvases into chips have in common."""

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

import numpy as np
from mmengine.evaluator import BaseMetric

from mmhcm.functional.chips import ChipScale, check_scales
from mmhcm.structures.rounds import MinedCanvas


class ChipMetric(BaseMetric):
    """Base of the metrics that a mining round is made of.

    After evaluation ``canvases`` and ``counts`` hold the round on the main
    process.

    Args:
        scales (list[ChipScale] | list[dict]): The chip scales.
        max_chips_per_canvas (int, optional): The fullest are kept. Defaults
            to None, which covers every error.
        kwargs: Arguments of ``BaseMetric``.
    """

    def __init__(
        self,
        scales: Sequence[ChipScale | Mapping[str, Any]],
        max_chips_per_canvas: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.scales = [
            scale if isinstance(scale, ChipScale) else ChipScale(**scale)
            for scale in scales
        ]
        check_scales(self.scales)
        self.max_chips_per_canvas = max_chips_per_canvas
        self.canvases: list[MinedCanvas] = []
        self.counts: dict[str, Any] = {}

    def keep_canvases(self, canvases: Sequence[MinedCanvas]) -> list[int]:
        """Keep the canvases with chips, in order; chips of each scale."""
        self.canvases = [canvas for canvas in canvases if canvas.windows]
        scale_inds = [
            ind for canvas in self.canvases for ind in canvas.scale_inds
        ]
        # One more than the scales: the whole image as last resort.
        return np.bincount(
            np.array(scale_inds, dtype=np.int64),
            minlength=len(self.scales) + 1,
        ).tolist()


def distinct_canvases(results: Sequence[dict]) -> list[dict]:
    """Sort results by image; one of those whose ``canvas`` is the same.

    The canvas behind a broken one is seen twice.
    """

    def image_of(result: dict) -> tuple[int, int]:
        return result['canvas'].source, result['canvas'].image

    distinct: list[dict] = []
    for _, group in groupby(sorted(results, key=image_of), image_of):
        seen: list[MinedCanvas] = []
        for result in group:
            if result['canvas'] not in seen:
                seen.append(result['canvas'])
                distinct.append(result)
    return distinct


def seen_images(canvases: Sequence[MinedCanvas]) -> list[list[int]]:
    """Data set and image of the canvases, each once, in their order.

    A round keeps the canvases with chips alone; these tell an image without
    errors from one that was not looked at.
    """
    pairs = dict.fromkeys((c.source, c.image) for c in canvases)
    return [list(pair) for pair in pairs]
