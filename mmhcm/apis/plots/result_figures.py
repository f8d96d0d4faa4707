"""Figures of result files, without a detector and without torch."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mmhcm.functional.scoring import (
    COCO_EDGES,
    ERROR_TYPES,
    FIXES,
    ErrorCosts,
    ImageRecord,
    confusion_matrix,
    error_costs,
    evaluate,
    is_class,
    rows_to_xyxy,
    score_sizes,
)
from mmhcm.structures.annotations import CLASSES, parse_results
from mmhcm.structures.images import IMAGE_SUFFIXES, is_apple_double
from mmhcm.structures.pool import read_image
from mmhcm.structures.results import read_records, read_split, read_submission
from mmhcm.visualization.figures import (
    Drawing,
    Photo,
    bin_names,
    choose_images,
    class_boxes,
    class_means,
    detections_text,
    draw_confusion,
    draw_errors,
    draw_photos,
    draw_size_scores,
    photo_rows,
    row_shares,
)

Records = Mapping[str, Sequence[ImageRecord]]


def read_results(
    paths: Sequence[str | Path],
    data_root: str | Path,
    names: Sequence[str] | None = None,
    sizes_path: str | Path | None = None,
) -> dict[str, list[ImageRecord]]:
    """Read results of one split, by name.

    Args:
        paths: Zips or folders.
        data_root: Folder with ``annotations`` and ``images``.
        names: One name for each path. Defaults to None, the stems of the
            files.
        sizes_path: Table of image sizes, used instead of the images.

    Raises:
        ValueError: the names are not distinct, or not as many as ``paths``; a
            file is malformed.
        OSError: a file or folder cannot be read.
    """
    names = list(names or [Path(path).stem for path in paths])
    if len(names) != len(paths) or len(set(names)) != len(names):
        raise ValueError(
            f'{len(paths)} results need as many different names, got '
            f'{", ".join(names)}'
        )
    split = read_split(data_root, sizes_path)
    return {
        name: list(read_records(path, split).values())
        for name, path in zip(names, paths, strict=True)
    }


def errors_figure(
    results: Records, width: str = 'single', official: bool = True
) -> Drawing:
    """Draw the costs of types of errors in each result; see scoring.tide.

    Args:
        results: Records by name.
        width: 'single' or 'double'.
        official: Weight classes by the number of images that contain them,
            as in the official scores. False is the plain class mean.
    """
    costs = {name: error_costs(images) for name, images in results.items()}
    _check_objects(any(cost.num_images.any() for cost in costs.values()))
    prices = {name: cost.costs(official) for name, cost in costs.items()}
    aps = {name: cost.mean_ap(official) for name, cost in costs.items()}
    numbers = {
        'mean': 'official' if official else 'class mean',
        'iou_thrs': {'foreground': 0.5, 'background': 0.1},
        'results': {
            name: {
                'AP50': aps[name],
                'costs': prices[name],
                'counts': dict(
                    zip(ERROR_TYPES, cost.counts.tolist(), strict=True)
                ),
            }
            for name, cost in costs.items()
        },
    }
    return Drawing(
        draw_errors(prices, aps, width),
        numbers,
        _errors_text(costs, prices, aps, official),
    )


def confusion_figure(
    images: Sequence[ImageRecord],
    width: str = 'single',
    score_thr: float = 0.3,
    iou_thr: float = 0.5,
) -> Drawing:
    """Draw the confusion matrix of one result; see scoring.confusion."""
    matrix = confusion_matrix(
        images, len(CLASSES), score_thr=score_thr, iou_thr=iou_thr
    )
    found = np.diag(matrix)[:-1].sum()
    objects = matrix[:-1].sum()
    numbers = {
        'score_thr': score_thr,
        'iou_thr': iou_thr,
        'rows': [*CLASSES, 'background'],
        'columns': [*CLASSES, 'missed'],
        'counts': matrix.tolist(),
    }
    shares = row_shares(matrix)
    lines = [
        f'from score {score_thr:g}, at IoU {iou_thr:g}: of {objects:,} '
        f'objects {found:,} found, {matrix[:-1, -1].sum():,} missed, '
        f'{objects - found - matrix[:-1, -1].sum():,} taken for another '
        f'class; {matrix[-1].sum():,} detections of background'
    ]
    for name, row, share in zip(numbers['rows'], matrix, shares, strict=True):
        cells = ''.join(
            f'{value:7.1f}' if np.isfinite(value) else '      -'
            for value in share
        )
        lines.append(f'{name:<16}{row.sum():8,}{cells}')
    figure = draw_confusion(matrix, CLASSES, width)
    return Drawing(figure, numbers, '\n'.join(lines))


def sizes_figure(
    results: Records,
    width: str = 'double',
    edges: Sequence[float] = COCO_EDGES,
    score_name: str = 'AP',
) -> Drawing:
    """Draw AP by class and size; see scoring.size_scores.

    Args:
        results: Records by name.
        width: 'single' or 'double'.
        edges: Edges of the bins of sqrt(area), source pixels. Defaults to
            COCO's.
        score_name: 'AP' or 'AP50'.
    """
    column = ('AP', 'AP50').index(score_name)
    scores = {n: score_sizes(images, edges) for n, images in results.items()}
    _check_objects(any(part.num_objects.any() for part in scores.values()))
    overall = {
        name: evaluate(images).per_class[:, column]
        for name, images in results.items()
    }
    first = next(iter(scores.values()))
    bins = ['all', *bin_names(first.edges)]
    tables = {
        name: np.vstack([overall[name], (s.ap, s.ap50)[column]])
        for name, s in scores.items()
    }
    numbers = {
        'score': score_name,
        'bins_sqrt_area_px': bins,
        'classes': list(CLASSES),
        'objects': first.num_objects.tolist(),
        'results': {name: _plain(table) for name, table in tables.items()},
    }
    lines = []
    for name, table in tables.items():
        lines.append(f'{name} ({score_name}, %)')
        lines.append(' ' * 18 + ''.join(f'{title:>12}' for title in bins))
        for label, class_name in enumerate(CLASSES):
            lines.append(f'{class_name:<18}' + _cells(table[:, label]))
        lines.append(f'{"class mean":<18}' + _cells(class_means(table)))
    figure = draw_size_scores(scores, overall, CLASSES, score_name, width)
    return Drawing(figure, numbers, '\n'.join(lines))


def detections_figure(
    results_path: str | Path,
    images_dir: str | Path,
    num: int = 4,
    seed: int = 0,
    images: Sequence[str] = (),
    score_thr: float = 0.3,
    columns: int = 2,
    width: str = 'double',
) -> Drawing:
    """Draw the detections of a result file on the images.

    Args:
        results_path: Zip or folder.
        images_dir: Folder of the images; annotations are not needed.
        num: Number of images, chosen at random.
        seed: Seed of the random choice.
        images: Stems of images to draw instead of random images.
        score_thr: Lowest score of the detections drawn.
        columns: Pictures in a row.
        width: 'single' or 'double'.

    Raises:
        ValueError: an image is missing, or a result is malformed.
        OSError: a file or folder cannot be read.
    """
    texts = read_submission(results_path)
    paths = {
        path.stem: path
        for path in sorted(Path(images_dir).iterdir())
        if path.suffix.lower() in IMAGE_SUFFIXES
        and not is_apple_double(path.name)
    }
    stems = choose_images(sorted(texts), num, seed, images)
    photos, counts = [], []
    for stem in stems:
        if stem not in paths:
            raise ValueError(f'{images_dir}: no image {stem}')
        rows = parse_results(texts[stem], f'{results_path}: {stem}.txt')
        shown = is_class(rows, len(CLASSES)) & (rows[:, 4] >= score_thr)
        boxes = class_boxes(
            rows_to_xyxy(rows[shown]), rows[shown, 5] - 1, CLASSES
        )
        counts.append(int(shown.sum()))
        photos.append(Photo(read_image(str(paths[stem])), boxes))
    return Drawing(
        draw_photos(photo_rows(photos, columns), width),
        text=detections_text(stems, counts, score_thr),
    )


def _errors_text(
    costs: Mapping[str, ErrorCosts],
    prices: Mapping[str, Mapping[str, float]],
    aps: Mapping[str, float],
    official: bool,
) -> str:
    width = max(len(name) for name in costs)
    mean = 'official mean' if official else 'class mean'
    lines = [
        f'points of AP50 ({mean}) that fixing a type of error adds',
        f'{"":{width}}{"AP50":>8}' + ''.join(f'{fix:>8}' for fix in FIXES),
    ]
    for name, row in prices.items():
        cells = ''.join(f'{row[fix]:8.2f}' for fix in FIXES)
        lines.append(f'{name:{width}}{aps[name]:8.2f}{cells}')
    lines.append('number of errors, at all scores')
    for name, cost in costs.items():
        cells = ''.join(f'{count:8,}' for count in cost.counts)
        lines.append(f'{name:{width}}{"":8}{cells}')
    return '\n'.join(lines)


def _check_objects(present: bool) -> None:
    if not present:
        raise ValueError(
            'no object of the ten classes, outside of ignored regions, in '
            'the annotations'
        )


def _plain(table: np.ndarray) -> list[list[Any]]:
    """Return the rows of a table with None in place of NaN."""
    return [
        [None if np.isnan(value) else value for value in row]
        for row in table.tolist()
    ]


def _cells(values: np.ndarray) -> str:
    return ''.join(
        f'{"-":>12}' if np.isnan(value) else f'{value:12.2f}'
        for value in values
    )
