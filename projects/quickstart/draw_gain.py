"""Draw the objects of scenes, and the detections of two detectors."""

import argparse
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

# A script's own folder is on the path, the repository's root is not.
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from mmhcm.cli.user_errors import report_user_errors
from mmhcm.functional.boxes import as_bboxes
from mmhcm.functional.scoring import (
    DetectionType,
    ErrorTypes,
    ImageRecord,
    best_f1_threshold,
    judged_detections,
    rows_to_xyxy,
)
from mmhcm.structures.annotations import CLASSES, IGNORED_CATEGORY
from mmhcm.structures.pool import read_image
from mmhcm.structures.results import read_records, read_split
from mmhcm.structures.rounds import DetectedImage
from mmhcm.visualization.box_styles import MASKED, BoxStyle
from mmhcm.visualization.figures import (
    Drawing,
    Photo,
    PhotoRow,
    class_boxes,
    draw_photos,
    figure_style,
    save_drawing,
)

#: Lowest threshold that may be chosen.
_MIN_SCORE = 0.05
RIGHT = BoxStyle('right', (255, 255, 255))
ALONE = BoxStyle('right, here alone', (0, 255, 64))
WRONG_CLASS = BoxStyle('wrong class', (240, 228, 66))
WRONG_PLACE = BoxStyle('wrong place', (242, 138, 198))
BACKGROUND = BoxStyle('background', (213, 94, 0))
MISSED = BoxStyle('missed', (227, 18, 11), (1, 1))
_ERROR_STYLES = {
    DetectionType.CLASS: WRONG_CLASS,
    DetectionType.LOCALIZATION: WRONG_PLACE,
    DetectionType.BOTH: WRONG_PLACE,
    DetectionType.DUPLICATE: WRONG_PLACE,
    DetectionType.BACKGROUND: BACKGROUND,
}


@dataclass(frozen=True)
class Judged:
    """Scene with its detections, and their types of error."""

    image: DetectedImage
    types: ErrorTypes

    @property
    def found(self) -> set[int]:
        """Indices of the objects that were found."""
        right = self.types.det_types == DetectionType.TRUE_POSITIVE
        return set(self.types.det_gt_inds[right].tolist())

    def boxes(self, other: 'Judged') -> list[tuple[BoxStyle, np.ndarray]]:
        """Return boxes by style, ALONE for objects that ``other`` missed."""
        types, bboxes = self.types, self.image.det_bboxes
        right = types.det_types == DetectionType.TRUE_POSITIVE
        alone = right & ~np.isin(types.det_gt_inds, list(other.found))
        return [
            (MISSED, self.image.gt_bboxes[types.missed]),
            *(
                (style, bboxes[types.det_types == kind])
                for kind, style in _ERROR_STYLES.items()
            ),
            (RIGHT, bboxes[right & ~alone]),
            (ALONE, bboxes[alone]),
        ]


def draw_gain(
    results: Mapping[str, str | Path],
    data_root: str | Path,
    num: int = 2,
    images: Sequence[str] = (),
) -> Drawing:
    """Draw a row of scenes with their objects, and a row for each result.

    Detections below the score of the result's best F1, over all scenes of the
    split, are left out.

    Args:
        results: Zip or folder of the results before and after, by name.
        data_root: Folder with ``images`` and ``annotations``.
        num: Number of scenes to draw. Scenes are ranked by the number of
            additional objects in the second result, and drawn at equal steps
            from the median scene to the scene with the largest gain.
        images: Stems of scenes to draw instead.

    Returns:
        The drawing; its text counts the boxes of each style.

    Raises:
        ValueError: no such scene, not two results, or a file is malformed.
        OSError: a file cannot be read.
    """
    if len(results) != 2:
        raise ValueError(f'two results are compared, got {len(results)}')
    before, after = _judge_all(results, data_root)
    stems = list(images) or _choose(before, after, num)
    unknown = sorted(set(stems) - set(before))
    if unknown:
        raise ValueError(f'{data_root}: no image {unknown[0]}')
    paths = {path.stem: path for path in Path(data_root, 'images').iterdir()}
    pictures = [read_image(str(paths[stem])) for stem in stems]
    objects = [_objects(before[stem].image) for stem in stems]
    rows = [PhotoRow(list(map(Photo, pictures, objects)), 'objects')]
    lines = [f'on {", ".join(stems)}']
    for name, own, other in zip(
        results, (before, after), (after, before), strict=True
    ):
        boxes = [own[stem].boxes(other[stem]) for stem in stems]
        rows.append(PhotoRow(list(map(Photo, pictures, boxes)), name))
        lines.append(f'{name}: {_counts(boxes)}')
    return Drawing(draw_photos(rows), text='\n'.join(lines))


def _judge_all(
    results: Mapping[str, str | Path], data_root: str | Path
) -> list[dict[str, Judged]]:
    """Classify each result's detections in all scenes, by stem."""
    split = read_split(data_root)
    judged = []
    for path in results.values():
        images = {
            stem: _detected(record)
            for stem, record in read_records(path, split).items()
        }
        threshold = best_threshold(list(images.values()))
        judged.append(
            {
                stem: Judged(image, image.classify(score_thr=threshold))
                for stem, image in images.items()
            }
        )
    return judged


def best_threshold(images: Sequence[DetectedImage]) -> float:
    """Choose the score with the best F1 over all images and classes."""
    scores, right, num_objects = [], [], 0
    for image in images:
        types = image.classify(score_thr=_MIN_SCORE)
        judged = judged_detections(image.det_scores, types, _MIN_SCORE)
        scores.append(judged[0])
        right.append(judged[1])
        num_objects += int(types.expected.sum())
    return best_f1_threshold(
        np.concatenate(scores), np.concatenate(right), num_objects
    )[0]


def _choose(
    before: Mapping[str, Judged], after: Mapping[str, Judged], num: int
) -> list[str]:
    """Choose scenes from the median gain to the highest gain."""
    ranked = sorted(
        before,
        key=lambda stem: len(after[stem].found) - len(before[stem].found),
    )
    ranks = np.linspace((len(ranked) - 1) / 2, len(ranked) - 1, num)
    return [ranked[rank] for rank in np.unique(ranks.astype(int))]


def _detected(record: ImageRecord) -> DetectedImage:
    is_region = record.gt[:, 5] == IGNORED_CATEGORY
    objects = record.gt[~is_region]
    return DetectedImage(
        as_bboxes(rows_to_xyxy(record.dets)),
        record.dets[:, 4],
        record.dets[:, 5].astype(np.int64) - 1,
        as_bboxes(rows_to_xyxy(objects)),
        objects[:, 5].astype(np.int64) - 1,
        objects[:, 4] == 0,
        as_bboxes(rows_to_xyxy(record.gt[is_region])),
    )


def _objects(image: DetectedImage) -> list[tuple[BoxStyle, np.ndarray]]:
    counted = ~image.gt_ignore
    boxes = class_boxes(
        image.gt_bboxes[counted], image.gt_labels[counted], CLASSES
    )
    return [*boxes, (MASKED, image.ignored_regions)]


def _counts(scenes: Sequence[list[tuple[BoxStyle, np.ndarray]]]) -> str:
    """Format the number of boxes of each style."""
    counts: dict[str, int] = {}
    for boxes in scenes:
        for style, bboxes in boxes:
            counts[style.name] = counts.get(style.name, 0) + len(bboxes)
    return ', '.join(f'{count} {name}' for name, count in counts.items())


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('before', type=Path, help='zip or folder of results')
    parser.add_argument('after', type=Path, help='likewise')
    parser.add_argument('--names', nargs=2, help='one for each result')
    parser.add_argument('--data-root', type=Path, required=True)
    parser.add_argument('--num', type=int, default=2, help='scenes to draw')
    parser.add_argument(
        '--images', nargs='+', default=[], help='these scenes instead'
    )
    parser.add_argument('--out', type=Path, required=True, help='png or pdf')
    return parser.parse_args()


def run(args: argparse.Namespace) -> int:
    """Draw and save the scenes."""
    paths = args.before, args.after
    names = args.names or [path.stem for path in paths]
    with figure_style():
        drawing = draw_gain(
            dict(zip(names, paths, strict=True)),
            args.data_root,
            args.num,
            args.images,
        )
        save_drawing(drawing, [args.out])
    print(f'{drawing.text}\n{args.out}')
    return 0


def main() -> int:
    """Draw the scenes; return the exit status."""
    args = parse_args()
    return report_user_errors(lambda: run(args))


if __name__ == '__main__':
    sys.exit(main())
