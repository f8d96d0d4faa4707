"""Chips around all objects of pasted canvases: pasting without mining."""

from collections.abc import Sequence
from typing import Any

from mmdet.registry import METRICS

from mmhcm.functional.boxes import as_bboxes
from mmhcm.functional.chips import generate_chips

from .chip_metric import ChipMetric, image_size, with_chips


@METRICS.register_module()
class ObjectChipMetric(ChipMetric):
    """Metric that covers all objects of canvases, as normal chips do.

    A comparator of hard chips: the difference shows the effect of mining in
    addition to pasting. Pasted objects count as any other; ignored objects are
    not covered. Needs no detections: mine with ``predict='nothing'``.
    """

    default_prefix = 'object_chip'

    def choose(self, sample: dict) -> dict:
        """Cover the objects of a canvas."""
        objects = [
            item for item in sample['instances'] if not item['ignore_flag']
        ]
        chips = generate_chips(
            as_bboxes([item['bbox'] for item in objects]),
            image_size(sample),
            self.scales,
            max_chips=self.max_chips_per_canvas,
        )
        return {
            'canvas': with_chips(sample['canvas'], chips),
            'labels': [item['bbox_label'] for item in objects],
            'skipped': sample.get('num_skipped_pastes', 0),
        }

    def count(self, results: Sequence[dict]) -> dict[str, Any]:
        """Count objects and pasted objects by class."""
        labels = [label for result in results for label in result['labels']]
        pasted = [p.label for r in results for p in r['canvas'].pastes]
        return {
            'skipped_pastes': sum(result['skipped'] for result in results),
            'objects': self.class_counts(labels).tolist(),
            'pasted': self.class_counts(pasted).tolist(),
        }

    def scalars(self) -> dict[str, float]:
        """Return the numbers of objects and of pasted objects."""
        return {
            name: float(sum(self.counts[name]))
            for name in ('objects', 'pasted')
        }
