"""What the detector gets wrong on canvases, covered with chips."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from mmdet.registry import METRICS
from mmengine.logging import print_log

from mmhcm.functional.boxes import as_bboxes, box_wh, clip_boxes, contains
from mmhcm.functional.chips import (
    Chips,
    count_taught_objects,
    generate_chips,
    valid_objects,
)
from mmhcm.structures.rounds import (
    BACKGROUND,
    CLASS,
    ERROR_KINDS,
    ErrorBox,
    find_errors,
)

from .chip_metric import ChipMetric, distinct_canvases, seen_images


@METRICS.register_module()
class HardChipMetric(ChipMetric):
    """Find mistakes on canvases and cover them with hard chips.

    ``process`` compares one canvas' detections with all its objects, pasted
    ones included. Misclassified are background taken for an object and an
    object given the wrong class (paper section 3.3), and by configuration an
    object that is missed. An error is valid at the scales whose range holds
    its box, as an object is, and the cover is joint over the scales.

    Args:
        kinds (Sequence[str]): Of 'background', 'class' and 'missed'. Defaults
            to ('background', 'class').
        score_thr (float): Lowest score of a detection that counts. Defaults
            to 0.3.
        fg_thr (float): IoU from which a detection is on an object. Defaults
            to 0.5.
        bg_thr (float): IoU below which it is on background. Defaults to 0.1.
        ignored_iof_thr (float): Share of a detection in ignored pixels from
            which it is no error. Defaults to 0.5.
        min_objects (int): Chips with fewer objects to learn, which are those
            of the scale's sizes and at least half visible, are left out.
            Around errors on background there may be none: many such chips
            teach little but to be silent. Defaults to 0.
        kwargs: Arguments of ``ChipMetric``.
    """

    default_prefix = 'hard_chip'

    def __init__(
        self,
        *args: Any,
        kinds: Sequence[str] = (BACKGROUND, CLASS),
        score_thr: float = 0.3,
        fg_thr: float = 0.5,
        bg_thr: float = 0.1,
        ignored_iof_thr: float = 0.5,
        min_objects: int = 0,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        unknown = sorted(set(kinds) - set(ERROR_KINDS))
        if unknown or not kinds:
            raise ValueError(
                f'kinds must be some of {ERROR_KINDS}, got {tuple(kinds)}'
            )
        if min_objects < 0:
            raise ValueError(
                f'min_objects must be 0 or more, got {min_objects}'
            )
        self.kinds = tuple(kinds)
        self.min_objects = min_objects
        self.thresholds = {
            'score_thr': score_thr,
            'fg_thr': fg_thr,
            'bg_thr': bg_thr,
            'ignored_iof_thr': ignored_iof_thr,
        }

    def process(self, data_batch: Any, data_samples: Sequence[dict]) -> None:
        """Find the errors of canvases and cover them."""
        for sample in data_samples:
            instances = sample['instances']
            pasted = [item for item in instances if item.get('pasted')]
            found = self._find_errors(sample)
            errors = [error for error in found if error.kind in self.kinds]
            chips = self._cover(errors, sample)
            covered = [
                error
                for error, is_covered in zip(
                    errors, chips.covered, strict=True
                )
                if is_covered
            ]
            known = set(covered)
            canvas = replace(
                sample['canvas'],
                windows=[tuple(row) for row in chips.windows.tolist()],
                scale_inds=chips.scale_inds.tolist(),
                errors=covered,
                other_errors=[e for e in found if e not in known],
            )
            self.results.append(
                {
                    'canvas': canvas,
                    'errors': Counter(
                        (
                            error.kind,
                            error.det_label
                            if error.gt_label < 0
                            else error.gt_label,
                        )
                        for error in found
                    ),
                    'objects': Counter(
                        item['bbox_label']
                        for item in instances
                        if not item['ignore_flag']
                    ),
                    'pasted': Counter(item['bbox_label'] for item in pasted),
                    'skipped': sample.get('num_skipped_pastes', 0),
                    'skipped_labels': Counter(
                        sample.get('skipped_labels', ())
                    ),
                }
            )

    def _cover(self, errors: Sequence[ErrorBox], sample: dict) -> Chips:
        """Chips around errors, those with too few objects left out."""
        bboxes = as_bboxes([error.bbox for error in errors])
        height, width = sample['ori_shape'][:2]
        chips = generate_chips(
            bboxes,
            (width, height),
            self.scales,
            max_chips=None if self.min_objects else self.max_chips_per_canvas,
        )
        if not self.min_objects:
            return chips
        objects = as_bboxes(
            [
                item['bbox']
                for item in sample['instances']
                if not item['ignore_flag']
            ]
        )
        taught = count_taught_objects(
            clip_boxes(objects, (0, 0, width, height)),
            chips.windows,
            chips.scale_inds,
            (width, height),
            self.scales,
        )
        keep = np.flatnonzero(taught >= self.min_objects)
        keep = keep[: self.max_chips_per_canvas]
        valid = valid_objects(bboxes, (width, height), self.scales)
        held = contains(chips.windows[keep], bboxes)  # (m, n)
        held &= valid[:, chips.scale_inds[keep]].T
        return Chips(
            windows=chips.windows[keep],
            scale_inds=chips.scale_inds[keep],
            covered=np.any(held, axis=0),
            num_excluded=chips.num_excluded,
        )

    def _find_errors(self, sample: dict) -> list[ErrorBox]:
        """Errors of all kinds on one canvas."""
        pred = sample['pred_instances']
        height, width = sample['ori_shape'][:2]
        # NumPy has no bfloat16, which CPUs' mixed precision is.
        det_bboxes = clip_boxes(
            as_bboxes(pred['bboxes'].float().cpu().numpy()),
            (0, 0, width, height),
        )
        # Outside the image there is nothing to be wrong about.
        inside = box_wh(det_bboxes).min(axis=1, initial=np.inf) > 0
        return find_errors(
            sample['instances'],
            sample['ignored_regions'],
            det_bboxes[inside],
            pred['scores'].float().cpu().numpy()[inside],
            pred['labels'].cpu().numpy()[inside],
            **self.thresholds,
        )

    def compute_metrics(self, results: list[dict]) -> dict[str, float]:
        """Put the round together and count; runs on the main process."""
        results = distinct_canvases(results)
        errors: Counter = Counter()
        objects: Counter = Counter()
        pasted: Counter = Counter()
        skipped: Counter = Counter()
        for result in results:
            errors.update(result['errors'])
            objects.update(result['objects'])
            pasted.update(result['pasted'])
            skipped.update(result['skipped_labels'])
        num_classes = len(self.dataset_meta['classes'])
        self.counts = {
            'canvases': len(results),
            'skipped_pastes': sum(result['skipped'] for result in results),
            'objects': [objects[label] for label in range(num_classes)],
            'pasted': [pasted[label] for label in range(num_classes)],
            'skipped': [skipped[label] for label in range(num_classes)],
            'kinds': list(self.kinds),
            'images': seen_images([result['canvas'] for result in results]),
            'errors': {
                kind: [errors[kind, label] for label in range(num_classes)]
                for kind in ERROR_KINDS
            },
            'chips_per_scale': self.keep_canvases(
                [result['canvas'] for result in results]
            ),
        }
        print_log(
            'errors by type and class (types taken: '
            f'{", ".join(self.kinds)})\n' + self._table(),
            logger='current',
        )
        return {
            'chips': float(sum(self.counts['chips_per_scale'])),
            'canvases': float(len(results)),
            **{
                kind: float(sum(self.counts['errors'][kind]))
                for kind in ERROR_KINDS
            },
        }

    def _table(self) -> str:
        """Errors, objects and pasted objects by class, as text."""
        columns = {
            'objects': self.counts['objects'],
            'pasted': self.counts['pasted'],
            **self.counts['errors'],
        }
        names = self.dataset_meta['classes']
        width = max(map(len, names))
        lines = [' ' * width + ''.join(f'{name:>12}' for name in columns)]
        for label, name in enumerate(names):
            cells = ''.join(
                f'{column[label]:12d}' for column in columns.values()
            )
            lines.append(f'{name:<{width}}{cells}')
        return '\n'.join(lines)
