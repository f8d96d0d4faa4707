"""Chips around all objects of pasted canvases: pasting without mining."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from mmdet.registry import METRICS

from mmhcm.functional.boxes import as_bboxes
from mmhcm.functional.chips import generate_chips

from .chip_metric import ChipMetric, distinct_canvases


@METRICS.register_module()
class ObjectChipMetric(ChipMetric):
    """Cover all objects of canvases with chips, as normal chips do.

    What hard chips are compared with to tell what the mistakes add to the
    pasting. Pasted objects count as any other, ignored ones are not covered.
    Asks for no detections: mine with ``predict='nothing'``.
    """

    default_prefix = 'object_chip'

    def process(self, data_batch: Any, data_samples: Sequence[dict]) -> None:
        """Cover the objects of canvases."""
        for sample in data_samples:
            objects = [
                item for item in sample['instances'] if not item['ignore_flag']
            ]
            height, width = sample['ori_shape'][:2]
            chips = generate_chips(
                as_bboxes([item['bbox'] for item in objects]),
                (width, height),
                self.scales,
                max_chips=self.max_chips_per_canvas,
            )
            canvas = replace(
                sample['canvas'],
                windows=[tuple(row) for row in chips.windows.tolist()],
                scale_inds=chips.scale_inds.tolist(),
            )
            self.results.append(
                {
                    'canvas': canvas,
                    'objects': Counter(item['bbox_label'] for item in objects),
                    'skipped': sample.get('num_skipped_pastes', 0),
                }
            )

    def compute_metrics(self, results: list[dict]) -> dict[str, float]:
        """Put the round together and count; runs on the main process."""
        results = distinct_canvases(results)
        objects: Counter = Counter()
        pasted: Counter = Counter()
        for result in results:
            objects.update(result['objects'])
            pasted.update(paste.label for paste in result['canvas'].pastes)
        num_classes = len(self.dataset_meta['classes'])
        self.counts = {
            'canvases': len(results),
            'skipped_pastes': sum(result['skipped'] for result in results),
            'objects': [objects[label] for label in range(num_classes)],
            'pasted': [pasted[label] for label in range(num_classes)],
            'chips_per_scale': self.keep_canvases(
                [result['canvas'] for result in results]
            ),
        }
        return {
            'chips': float(sum(self.counts['chips_per_scale'])),
            'canvases': float(len(results)),
            'objects': float(sum(self.counts['objects'])),
            'pasted': float(sum(self.counts['pasted'])),
        }
