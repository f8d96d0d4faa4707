"""Base of the metrics that turn canvases into chips."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import groupby
from typing import Any

import numpy as np
from mmengine.evaluator import BaseMetric

from mmhcm.functional.chips import Chips, ChipScale, ErrorChips, check_scales
from mmhcm.structures.rounds import MinedCanvas


class ChipMetric(BaseMetric):
    """Base of the metrics that produce a mining round.

    A subclass chooses the chips of one canvas in ``choose``, on every rank,
    and counts all canvases in ``count``, on the main process. After evaluation
    ``canvases`` and ``counts`` hold the round on the main process.

    Args:
        scales (list[ChipScale] | list[dict]): The chip scales.
        max_chips_per_canvas (int, optional): Maximum number of chips of a
            canvas; the fullest chips are kept. Defaults to None, which covers
            every error.
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

    def process(self, data_batch: Any, data_samples: Sequence[dict]) -> None:
        """Choose the chips of canvases."""
        self.results.extend(map(self.choose, data_samples))

    def compute_metrics(self, results: list[dict]) -> dict[str, float]:
        """Assemble the round and its counts; runs on the main process."""
        results = distinct_canvases(results)
        canvases, counts = self.finish(results)
        self.counts = {
            'canvases': len(results),
            **counts,
            'chips_per_scale': self._keep_canvases(canvases),
        }
        return {
            'chips': float(sum(self.counts['chips_per_scale'])),
            'canvases': float(len(results)),
            **self.scalars(),
        }

    @abstractmethod
    def choose(self, sample: dict) -> dict:
        """Choose the chips of one canvas.

        Args:
            sample: A data sample of ``process``: ``canvas``, ``ori_shape``,
                ``instances``, ``ignored_regions`` and predictions.

        Returns:
            ``canvas``, the ``MinedCanvas``, and the values for ``count``.
        """

    def finish(
        self, results: Sequence[dict]
    ) -> tuple[Sequence[MinedCanvas], dict[str, Any]]:
        """Return the canvases of all records, and their ``count``."""
        return [result['canvas'] for result in results], self.count(results)

    def count(self, results: Sequence[dict]) -> dict[str, Any]:
        """Compute entries of ``counts`` from the records of ``choose``."""
        return {}

    def scalars(self) -> dict[str, float]:
        """Return the metrics for the log, from ``counts``."""
        return {}

    def class_counts(self, labels: Any) -> np.ndarray:
        """Count labels by class, int64 (c,)."""
        return np.bincount(
            np.asarray(labels, dtype=np.int64),
            minlength=len(self.dataset_meta['classes']),
        )

    def _keep_canvases(self, canvases: Sequence[MinedCanvas]) -> list[int]:
        """Keep the canvases with chips, in order; return chips by scale."""
        self.canvases = [canvas for canvas in canvases if canvas.windows]
        scale_inds = [
            ind for canvas in self.canvases for ind in canvas.scale_inds
        ]
        # One entry more than scales: the whole image as last resort.
        return np.bincount(
            np.array(scale_inds, dtype=np.int64),
            minlength=len(self.scales) + 1,
        ).tolist()


def with_chips(canvas: MinedCanvas, chips: Chips | ErrorChips) -> MinedCanvas:
    """Return a canvas with other chips."""
    return replace(
        canvas,
        windows=[tuple(row) for row in chips.windows.tolist()],
        scale_inds=chips.scale_inds.tolist(),
    )


def image_size(sample: dict) -> tuple[int, int]:
    """Return the (width, height) of a sample's canvas, pixels."""
    height, width = sample['ori_shape'][:2]
    return width, height


def distinct_canvases(results: Sequence[dict]) -> list[dict]:
    """Sort results by image; keep one result of equal ``canvas`` values.

    The canvas after a broken canvas is processed twice.
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
    """List the distinct (data set, image) pairs of canvases, in order.

    A round keeps only the canvases with chips; the pairs distinguish an image
    without errors from an image that was not mined.
    """
    pairs = dict.fromkeys((c.source, c.image) for c in canvases)
    return [list(pair) for pair in pairs]
