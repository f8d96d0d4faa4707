"""Metric that covers a detector's errors on canvases with chips."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
from mmdet.registry import METRICS
from mmengine.logging import print_log

from mmhcm.functional.boxes import as_bboxes, box_wh, clip_boxes
from mmhcm.functional.chips import (
    choose_chips,
    class_weights,
    count_learned_objects,
    generate_chips,
)
from mmhcm.functional.scoring import best_f1_threshold, judged_detections
from mmhcm.structures.rounds import (
    BACKGROUND,
    CLASS,
    ERROR_KINDS,
    MISSED,
    DetectedImage,
    MinedCanvas,
)

from .chip_metric import ChipMetric, image_size, seen_images
from .covered_canvas import CoveredCanvas, LearnedCounts, cover_canvas

BEST_F1 = 'best_f1'


@METRICS.register_module()
class HardChipMetric(ChipMetric):
    """Metric that finds errors on canvases and covers them with hard chips.

    Compares the detections of each canvas with all its objects, pasted ones
    included. By default hard chips are made for objects with the wrong class,
    for missed objects, and for background that is detected as an object (paper
    section 3.3). Chips cover the errors that can be learned in them, jointly
    over the scales, and are placed where they hold the most objects to learn.

    Each rank compares its canvases; the main process then computes the score
    threshold, errors and chips over all canvases.

    Args:
        kinds (Sequence[str]): Kinds of errors that chips are made for, of
            'class', 'missed', 'background', 'both' (the detection overlaps an
            object of another class too little, or is a part of the object) and
            'localization' (the same for an object of the detected class).
            Defaults to ('class', 'missed', 'background').
        score_thr (float | str): Lowest score of a detection that counts, or
            'best_f1': the threshold with the best F1 over all canvases of the
            round, all classes together. Defaults to 'best_f1'.
        min_score (float): Lowest threshold that 'best_f1' may choose.
            Defaults to 0.05.
        fg_thr (float): IoU from which a detection is on an object. Defaults
            to 0.5.
        bg_thr (float): IoU below which a detection is on background, unless
            the detection is a part of an object. Defaults to 0.1.
        ignored_iof_thr (float): Share of a detection in ignored pixels from
            which the detection is not an error. Defaults to 0.5.
        part_thr (float): Share of a detection in an object from which the
            detection is a part of that object. Defaults to 0.5.
        background_share (float): Highest share of the round's chips whose
            errors are all on background; the chips with the highest scores are
            kept. Chips of only background errors hold few objects. Ignored if
            'background' is the only kind. Defaults to 0.25.
        min_objects (int): Chips with fewer objects to learn are left out.
            Objects to learn are in the scale's valid range and at least half
            visible. Defaults to 0.
        class_power (float): Exponent of the class weights.
            ``max_chips_per_canvas`` keeps the chips with the most to learn,
            where an error or object of a class has the weight (number of
            objects of the class on the canvases) ** -``class_power``. Defaults
            to 0: equal weights.
        kwargs: Arguments of ``ChipMetric``.
    """

    default_prefix = 'hard_chip'

    def __init__(
        self,
        *args: Any,
        kinds: Sequence[str] = (CLASS, MISSED, BACKGROUND),
        score_thr: float | str = BEST_F1,
        min_score: float = 0.05,
        fg_thr: float = 0.5,
        bg_thr: float = 0.1,
        ignored_iof_thr: float = 0.5,
        part_thr: float = 0.5,
        background_share: float = 0.25,
        min_objects: int = 0,
        class_power: float = 0.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        unknown = sorted(set(kinds) - set(ERROR_KINDS))
        if isinstance(kinds, str) or unknown or not kinds:
            raise ValueError(
                f'kinds must be some of {tuple(ERROR_KINDS)}, got '
                f'{kinds if isinstance(kinds, str) else tuple(kinds)!r}'
            )
        if isinstance(score_thr, str) and score_thr != BEST_F1:
            raise ValueError(
                f'score_thr must be a number or {BEST_F1!r}, got {score_thr!r}'
            )
        if min_objects < 0:
            raise ValueError(
                f'min_objects must be 0 or more, got {min_objects}'
            )
        if not 0 <= background_share <= 1:
            raise ValueError(
                f'background_share must be in 0..1, got {background_share}'
            )
        self.kinds = tuple(kinds)
        self.score_thr = score_thr
        self.min_score = min_score if isinstance(score_thr, str) else score_thr
        self.background_share = (
            background_share if set(kinds) - {BACKGROUND} else 1.0
        )
        self.min_objects = min_objects
        self.class_power = class_power
        self.thresholds = {
            'fg_thr': fg_thr,
            'bg_thr': bg_thr,
            'ignored_iof_thr': ignored_iof_thr,
            'part_thr': part_thr,
        }

    def choose(self, sample: dict) -> dict:
        """Compare the detections of a canvas with its objects."""
        image_wh = image_size(sample)
        image = _detected_image(sample, self.min_score)
        types = image.classify(score_thr=self.min_score, **self.thresholds)
        return {
            'canvas': sample['canvas'],
            'image': image,
            'image_wh': image_wh,
            'judged': judged_detections(
                image.det_scores, types, self.min_score
            ),
            'expected': int(types.expected.sum()),
            'normal': self._count_normal(image, image_wh),
            'pasted': [
                item['bbox_label']
                for item in sample['instances']
                if item.get('pasted')
            ],
            'skipped': sample.get('num_skipped_pastes', 0),
            'skipped_labels': list(sample.get('skipped_labels', ())),
        }

    def finish(
        self, results: Sequence[dict]
    ) -> tuple[Sequence[MinedCanvas], dict[str, Any]]:
        """Cover the errors of all canvases with chips; keep the best chips."""
        score_thr, f1 = self._find_score_thr(results)
        objects = self.class_counts(
            [
                label
                for r in results
                for label in r['image'].gt_labels[~r['image'].gt_ignore]
            ]
        )
        covered = [
            cover_canvas(
                result['canvas'],
                result['image'],
                result['image_wh'],
                self.scales,
                kinds=self.kinds,
                min_objects=self.min_objects,
                score_thr=score_thr,
                **self.thresholds,
            )
            for result in results
        ]
        covered = self._choose(covered, objects)
        counts = {
            **self.count(results),
            **self._count_chips(covered),
            'objects': objects.tolist(),
            'score_thr': score_thr,
            'f1': f1,
            'learned': {
                'normal': LearnedCounts.total(r['normal'] for r in results),
                **{
                    name: LearnedCounts.total(
                        canvas.count_learned(name) for canvas in covered
                    )
                    for name in ('hard', *self.kinds)
                },
            },
        }
        print_log(self._text(counts), logger='current')
        return [canvas.record() for canvas in covered], counts

    def count(self, results: Sequence[dict]) -> dict[str, Any]:
        """Count pasted and skipped objects."""
        return {
            'skipped_pastes': sum(result['skipped'] for result in results),
            'pasted': self._add_up(results, 'pasted'),
            'skipped': self._add_up(results, 'skipped_labels'),
        }

    def scalars(self) -> dict[str, float]:
        """Return the threshold, objects per chip and errors of each kind."""
        return {
            'score_thr': self.counts['score_thr'],
            'objects_per_chip': _mean(self.counts['learned']['hard']),
            **{
                kind: float(sum(self.counts['errors'][kind]))
                for kind in ERROR_KINDS
            },
        }

    def _count_chips(self, covered: Sequence[CoveredCanvas]) -> dict[str, Any]:
        """Count errors, parts, and errors without a chip."""
        chipless = [
            canvas.canvas
            for canvas in covered
            if canvas.num_mined and not len(canvas.chips.windows)
        ]
        return {
            'kinds': list(self.kinds),
            'images': seen_images([canvas.canvas for canvas in covered]),
            'unknown_images': seen_images(chipless),
            'errors': self._count_errors(covered),
            'parts': sum(canvas.num_parts for canvas in covered),
            'unlearned': sum(canvas.num_unlearned for canvas in covered),
            'left_out': sum(canvas.num_left_out for canvas in covered),
        }

    def _find_score_thr(
        self, results: Sequence[dict]
    ) -> tuple[float, float | None]:
        """Return the round's threshold, and its F1 with 'best_f1'."""
        if not isinstance(self.score_thr, str):
            return float(self.score_thr), None
        judged = [result['judged'] for result in results]
        return best_f1_threshold(
            np.concatenate([np.zeros(0, np.float32), *(s for s, _ in judged)]),
            np.concatenate(
                [np.zeros(0, bool), *(right for _, right in judged)]
            ),
            sum(result['expected'] for result in results),
        )

    def _choose(
        self, covered: Sequence[CoveredCanvas], objects: np.ndarray
    ) -> list[CoveredCanvas]:
        """Keep the chips with the most to learn; limit background chips."""
        weights = class_weights(objects, self.class_power)
        owners = np.repeat(
            np.arange(len(covered)), [len(c.chips.windows) for c in covered]
        )
        empty = np.zeros(0)
        kept = choose_chips(
            owners,
            np.concatenate([empty, *(c.values(weights) for c in covered)]),
            np.concatenate([empty, *(c.background_scores() for c in covered)]),
            max_per_canvas=self.max_chips_per_canvas,
            background_share=self.background_share,
        )
        is_kept = np.isin(np.arange(len(owners)), kept)
        ends = np.searchsorted(owners, np.arange(len(covered)), 'right')
        return [
            canvas.keep(is_kept[end - len(canvas.chips.windows) : end])
            for canvas, end in zip(covered, ends.tolist(), strict=True)
        ]

    def _count_normal(
        self, image: DetectedImage, image_wh: tuple[int, int]
    ) -> LearnedCounts:
        """Count the objects to learn in chips around all objects."""
        bboxes = image.gt_bboxes[~image.gt_ignore]
        bboxes = clip_boxes(bboxes, (0, 0, *image_wh))
        chips = generate_chips(bboxes, image_wh, self.scales)
        return LearnedCounts.of(
            count_learned_objects(
                bboxes, chips.windows, chips.scale_inds, image_wh, self.scales
            )
        )

    def _add_up(self, results: Sequence[dict], name: str) -> list[int]:
        labels = [label for result in results for label in result[name]]
        return self.class_counts(labels).tolist()

    def _count_errors(
        self, covered: Sequence[CoveredCanvas]
    ) -> dict[str, list[int]]:
        """Count errors by kind and class, of the object or else detection."""
        numbers = Counter(
            (error.kind, error.label)
            for canvas in covered
            for error in canvas.errors
        )
        num_classes = len(self.dataset_meta['classes'])
        return {
            kind: [numbers[kind, label] for label in range(num_classes)]
            for kind in ERROR_KINDS
        }

    def _text(self, counts: dict[str, Any]) -> str:
        """Describe the round's counts for the log."""
        f1 = '' if counts['f1'] is None else f', best F1 {counts["f1"]:.3f}'
        num_away = sum(counts['errors'][BACKGROUND]) + counts['parts']
        lines = [
            f'errors from score {counts["score_thr"]:.3f}{f1}, by kind and '
            f'class (kinds taken: {", ".join(self.kinds)})',
            self._table(counts),
            f'{counts["parts"]} of {num_away} detections that overlap no '
            'object by IoU are parts of one',
            f'{counts["unlearned"]} errors of the kinds taken are learned in '
            f'no chip; chips of {counts["left_out"]} are left out',
            'objects to learn in a chip: '
            + ', '.join(
                f'{_mean(learned):.1f} {name} ({learned["chips"]} chips, '
                f'{learned["empty"]} without)'
                for name, learned in counts['learned'].items()
            ),
        ]
        return '\n'.join(lines)

    def _table(self, counts: dict[str, Any]) -> str:
        """List errors, objects and pasted objects by class, as text."""
        columns = {
            'objects': counts['objects'],
            'pasted': counts['pasted'],
            **counts['errors'],
        }
        names = self.dataset_meta['classes']
        width = max(map(len, names))
        lines = [' ' * width + ''.join(f'{name:>13}' for name in columns)]
        for label, name in enumerate(names):
            cells = ''.join(
                f'{column[label]:13d}' for column in columns.values()
            )
            lines.append(f'{name:<{width}}{cells}')
        return '\n'.join(lines)


def _detected_image(sample: dict, min_score: float) -> DetectedImage:
    """Return a canvas' objects, and detections of at least ``min_score``."""
    pred = sample['pred_instances']
    height, width = sample['ori_shape'][:2]
    # NumPy has no bfloat16, the type of mixed precision on CPUs.
    bboxes = clip_boxes(
        as_bboxes(pred['bboxes'].float().cpu().numpy()), (0, 0, width, height)
    )
    scores = pred['scores'].float().cpu().numpy()
    # Detections outside the image are not errors.
    shown = box_wh(bboxes).min(axis=1, initial=np.inf) > 0
    shown &= scores >= min_score
    return DetectedImage.of(
        sample['instances'],
        sample['ignored_regions'],
        bboxes[shown],
        scores[shown],
        pred['labels'].cpu().numpy()[shown],
    )


def _mean(learned: dict[str, int]) -> float:
    return learned['objects'] / max(learned['chips'], 1)
