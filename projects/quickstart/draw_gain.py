"""Draw the objects of a few scenes, and what detectors make of them."""

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

# A script's own folder is on the path, the repository's root is not.
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from mmhcm.functional.scoring import (
    DetectionType,
    ErrorTypes,
    ImageRecord,
    best_f1_threshold,
    judged_detections,
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
RIGHT = BoxStyle('right', (43, 217, 160))
WRONG_CLASS = BoxStyle('wrong class', (240, 228, 66))
WRONG_PLACE = BoxStyle('wrong place', (242, 138, 198))
BACKGROUND = BoxStyle('background', (213, 94, 0))
MISSED = BoxStyle('missed', (227, 18, 11), (1, 1))
_STYLES = {
    DetectionType.TRUE_POSITIVE: RIGHT,
    DetectionType.CLASS: WRONG_CLASS,
    DetectionType.LOCALIZATION: WRONG_PLACE,
    DetectionType.BOTH: WRONG_PLACE,
    DetectionType.DUPLICATE: WRONG_PLACE,
    DetectionType.BACKGROUND: BACKGROUND,
}


def draw_gain(
    results: Mapping[str, str | Path],
    data_root: str | Path,
    num: int = 2,
    images: Sequence[str] = (),
) -> Drawing:
    """Draw a row of scenes with their objects, and a row for each result.

    Detections are those from the score of the result's best F1 on, all scenes
    of the split together.

    Args:
        results: Zips or folders by name.
        data_root: Folder with ``images`` and ``annotations``.
        num: Scenes to draw: those whose objects are of the most classes, of
            several the ones with the fewest objects. No result has a say.
        images: Stems of scenes to draw instead.

    Returns:
        The drawing; its text counts what is right and wrong.

    Raises:
        ValueError: no such scene, or a file is malformed.
        OSError: a file cannot be read.
    """
    found = _read_found(results, data_root)
    scenes = next(iter(found.values()))
    stems = list(images) or _choose(scenes, num)
    unknown = sorted(set(stems) - set(scenes))
    if unknown:
        raise ValueError(f'{data_root}: no image {unknown[0]}')
    paths = {path.stem: path for path in Path(data_root, 'images').iterdir()}
    pictures = [read_image(str(paths[stem])) for stem in stems]
    objects = [_objects(scenes[stem]) for stem in stems]
    rows = [PhotoRow(list(map(Photo, pictures, objects)), 'objects')]
    lines = [f'on {", ".join(stems)}']
    for name, detected in found.items():
        threshold = best_threshold(list(detected.values()))
        boxes = [_judged(detected[stem], threshold) for stem in stems]
        rows.append(PhotoRow(list(map(Photo, pictures, boxes)), name))
        lines.append(f'{name}, from score {threshold:.2f}: {_counts(boxes)}')
    return Drawing(draw_photos(rows), text='\n'.join(lines))


def _read_found(
    results: Mapping[str, str | Path], data_root: str | Path
) -> dict[str, dict[str, DetectedImage]]:
    """Detections and objects by the name of the result and the image."""
    split = read_split(data_root)
    return {
        name: {
            stem: _detected(record)
            for stem, record in read_records(path, split).items()
        }
        for name, path in results.items()
    }


def _choose(scenes: Mapping[str, DetectedImage], num: int) -> list[str]:
    """Take images of the most classes, of several those of fewest objects."""

    def rank(stem: str) -> tuple[int, int]:
        scene = scenes[stem]
        labels = scene.gt_labels[~scene.gt_ignore]
        return -len(np.unique(labels)), len(labels)

    return sorted(scenes, key=rank)[:num]


def best_threshold(images: Sequence[DetectedImage]) -> float:
    """Choose the score of the best F1 over all images and classes."""
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


def _detected(record: ImageRecord) -> DetectedImage:
    is_region = record.gt[:, 5] == IGNORED_CATEGORY
    objects = record.gt[~is_region]
    return DetectedImage(
        _xyxy(record.dets),
        record.dets[:, 4],
        record.dets[:, 5].astype(np.int64) - 1,
        _xyxy(objects),
        objects[:, 5].astype(np.int64) - 1,
        objects[:, 4] == 0,
        _xyxy(record.gt[is_region]),
    )


def _xyxy(rows: np.ndarray) -> np.ndarray:
    corners = np.hstack([rows[:, :2], rows[:, :2] + rows[:, 2:4]])
    return corners.astype(np.float32)


Boxes = list[tuple[BoxStyle, np.ndarray]]


def _objects(image: DetectedImage) -> Boxes:
    counted = ~image.gt_ignore
    boxes = class_boxes(
        image.gt_bboxes[counted], image.gt_labels[counted], CLASSES
    )
    return [*boxes, (MASKED, image.ignored_regions)]


def _judged(image: DetectedImage, threshold: float) -> Boxes:
    types: ErrorTypes = image.classify(score_thr=threshold)
    shown = [
        (style, image.det_bboxes[types.det_types == kind])
        for kind, style in _STYLES.items()
    ]
    return [(MISSED, image.gt_bboxes[types.missed]), *shown]


def _counts(images: Sequence[Boxes]) -> str:
    """Count the boxes of each style, in words."""
    counts: dict[str, int] = {}
    for boxes in images:
        for style, bboxes in boxes:
            counts[style.name] = counts.get(style.name, 0) + len(bboxes)
    return ', '.join(f'{count} {name}' for name, count in counts.items())


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('results', nargs='+', type=Path, help='zips')
    parser.add_argument('--names', nargs='+', help='one for each result')
    parser.add_argument('--data-root', type=Path, required=True)
    parser.add_argument('--num', type=int, default=2, help='scenes to draw')
    parser.add_argument(
        '--images', nargs='+', default=[], help='these scenes instead'
    )
    parser.add_argument('--out', type=Path, required=True, help='png or pdf')
    return parser.parse_args()


def main() -> int:
    """Draw; 1 for a user's mistake."""
    args = parse_args()
    names = args.names or [path.stem for path in args.results]
    try:
        results = dict(zip(names, args.results, strict=True))
        with figure_style():
            drawing = draw_gain(results, args.data_root, args.num, args.images)
            save_drawing(drawing, [args.out])
    except (ValueError, OSError) as error:
        print(f'error: {error}', file=sys.stderr)
        return 1
    print(f'{drawing.text}\n{args.out}')
    return 0


if __name__ == '__main__':
    sys.exit(main())
