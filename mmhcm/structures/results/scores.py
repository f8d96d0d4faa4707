"""Official scores of result files, as tables and as a file."""

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mmhcm.functional.scoring import METRICS, ImageRecord, Scores, evaluate
from mmhcm.structures.annotations import (
    CLASSES,
    MAX_DETS,
    note_odd_rows,
    parse_results,
    read_annotations,
    split_rows,
)
from mmhcm.structures.fault_counter import FaultCounter
from mmhcm.structures.files import atomic_write
from mmhcm.structures.images import (
    is_apple_double,
    read_image_sizes,
    read_sizes_csv,
)

from .submission import read_submission

PROTOCOL = (
    'VisDrone-DET protocol: per cent; IoU 0.50:0.05:0.95, all-point AP over '
    'the first 500 rows of an image, ARn over the first n; boxes at least '
    'half in ignored regions dropped'
)
#: Minimum shares of rows that are valid as corners, and that reach beyond
#: their image as widths and heights, in results that look like corners.
_CORNERS, _BEYOND = 0.98, 0.2
OFFICIAL = 'official (classes weighted by the images that hold them)'
CLASS_MEAN = 'class mean (plain, over the classes with objects)'


@dataclass(frozen=True)
class AnnotatedSplit:
    """Annotations of a split, for one result or several.

    Attributes:
        annotations: Rows (n, 8) by image stem.
        image_whs: (width, height) by image stem, pixels; also of images
            without annotations.

    Raises:
        ValueError: the size of an annotated image is missing.
    """

    annotations: Mapping[str, np.ndarray]
    image_whs: Mapping[str, tuple[int, int]]

    def __post_init__(self) -> None:
        _check_none(
            set(self.annotations) - set(self.image_whs),
            'images have no known size',
        )

    @property
    def stems(self) -> list[str]:
        """Annotated images in the order of their files' names."""
        # Stems sort differently: '-' is before the '.' of the suffix.
        return sorted(self.annotations, key=lambda stem: f'{stem}.txt')


def read_split(
    data_root: str | Path,
    sizes_path: str | Path | None = None,
    counter: FaultCounter | None = None,
) -> AnnotatedSplit:
    """Read the annotations and image sizes of a split on disk.

    Args:
        data_root: Folder with ``annotations`` and ``images``.
        sizes_path: Table of image sizes that replaces the images.
        counter: Counts suspicious rows, images without annotations, and files
            without the suffix of an image.

    Raises:
        ValueError: a file is malformed, there are no annotations, or the size
            of an image is unknown.
        OSError: a file or folder cannot be read.
    """
    folder = Path(data_root) / 'annotations'
    paths = sorted(
        path
        for path in folder.iterdir()
        if path.suffix == '.txt' and not is_apple_double(path.name)
    )
    if not paths:
        raise ValueError(f'{folder}: no annotation files')
    image_whs = read_split_sizes(data_root, sizes_path, counter)
    annotations = {path.stem: read_annotations(path) for path in paths}
    split = AnnotatedSplit(annotations, image_whs)
    if counter is not None:
        for stem in sorted(set(image_whs) - set(annotations)):
            counter.add(
                'images without annotation and result, not scored', stem
            )
        note_odd_rows(
            np.concatenate([*annotations.values()]),
            np.array([len(rows) for rows in annotations.values()]),
            np.array([image_whs[path.stem] for path in paths]),
            paths,
            counter,
        )
    return split


def read_split_sizes(
    data_root: str | Path,
    sizes_path: str | Path | None = None,
    counter: FaultCounter | None = None,
) -> dict[str, tuple[int, int]]:
    """Read (width, height) by image stem, from a table or the images.

    Args:
        data_root: Folder with ``images``.
        sizes_path: The table.
        counter: Counts files without the suffix of an image.
    """
    if sizes_path is not None:
        return read_sizes_csv(sizes_path)
    return read_image_sizes(Path(data_root) / 'images', counter)


def read_records(
    results_path: str | Path, split: AnnotatedSplit
) -> dict[str, ImageRecord]:
    """Read a zip or folder of results of a split.

    Returns:
        A record an image by its stem, in the order of file names.

    Raises:
        ValueError: the results are not of the split's images, or malformed.
        OSError: ``results_path`` cannot be read.
    """
    return pair_results(read_submission(results_path), split, results_path)


def pair_results(
    results: Mapping[str, str],
    split: AnnotatedSplit,
    results_path: str | Path = '',
) -> dict[str, ImageRecord]:
    """Parse the text of result files and pair it with annotations.

    Args:
        results: Text of each image's result file, by the image's stem.
        split: The annotations.
        results_path: Zip or folder of the results, named in errors.

    Returns:
        A record an image by its stem, in the order of file names.

    Raises:
        ValueError: the results are not of the split's images, or malformed.
    """
    where = f'{results_path}: ' if results_path else ''
    stems = set(split.annotations)
    _check_none(stems - set(results), 'images have no result file', where)
    _check_none(set(results) - stems, 'results have no annotation file', where)
    return {
        stem: ImageRecord(
            *split.image_whs[stem],
            split.annotations[stem],
            parse_results(results[stem], f'{where}{stem}.txt'),
        )
        for stem in split.stems
    }


def score_records(records: Mapping[str, ImageRecord]) -> Scores:
    """Score the records of a split.

    Raises:
        ValueError: no image holds an object of the ten classes.
    """
    scores = evaluate([*records.values()], num_classes=len(CLASSES))
    if np.isnan(scores.official).any():
        raise ValueError(
            f'no object of the ten classes, outside of ignored regions, in '
            f'{len(records)} annotation files'
        )
    return scores


def score_results(
    results: Mapping[str, str],
    annotations: Mapping[str, np.ndarray],
    image_whs: Mapping[str, tuple[int, int]],
) -> Scores:
    """Score the text of result files.

    Args:
        results: Text of each image's result file, by the image's stem.
        annotations: Rows (n, 8) of each image's annotation file.
        image_whs: (width, height) of, at least, each annotated image.

    Raises:
        ValueError: results and annotations are not of the same images, a
            size is missing, a row is malformed, or no image holds an object
            of the ten classes.
    """
    split = AnnotatedSplit(annotations, image_whs)
    return score_records(pair_results(results, split))


def score_folder(
    results_path: str | Path,
    data_root: str | Path,
    sizes_path: str | Path | None = None,
    counter: FaultCounter | None = None,
) -> Scores:
    """Score a folder or zip of result files against a split on disk.

    Args:
        results_path: Folder or zip with one result file per image.
        data_root: Folder with ``annotations`` and ``images``.
        sizes_path: Table of image sizes that replaces the images.
        counter: Counts suspicious rows of the files, and rows that the
            protocol does not score.

    Raises:
        ValueError: a file is missing, unknown or malformed.
        OSError: a file or folder cannot be read.
    """
    split = read_split(data_root, sizes_path, counter)
    results = read_submission(results_path)
    records = pair_results(results, split, results_path)
    if counter is not None:
        _note_odd_results(results, records, counter)
    return score_records(records)


def scores_dict(
    scores: Scores, class_names: Sequence[str] = CLASSES
) -> dict[str, dict]:
    """Name all scores, unrounded, in the layout of scores.json.

    A class without ground truth is None.
    """
    return {
        'official': _named(scores.official),
        'class_mean': _named(scores.class_mean),
        'per_class': {
            name: None if np.isnan(row).any() else _named(row)
            for name, row in zip(class_names, scores.per_class, strict=True)
        },
    }


def write_scores(path: str | Path, scores: Scores, **more: Any) -> None:
    """Write scores.json, whole or not at all.

    Args:
        path: The file.
        scores: The scores.
        more: Further values of JSON, by key.
    """
    values = {**scores_dict(scores), **more}
    content = json.dumps(values, indent=2, allow_nan=False)
    with atomic_write(path) as file:
        file.write(f'{content}\n'.encode())


def format_scores(scores: Scores, class_names: Sequence[str] = CLASSES) -> str:
    """Format the protocol, both means and the per-class table as text."""
    means = {OFFICIAL: scores.official, CLASS_MEAN: scores.class_mean}
    per_class = dict(zip(class_names, scores.per_class, strict=True))
    return '\n'.join(
        [
            PROTOCOL,
            *format_table('mean', means),
            '',
            *format_table('class ("-": no objects)', per_class),
        ]
    )


def _check_none(stems: set[str], fault: str, where: str = '') -> None:
    """Raise an error if there are images with a fault."""
    if stems:
        raise ValueError(f'{where}{len(stems)} {fault}, first {min(stems)}')


def _note_odd_results(
    results: Mapping[str, str],
    records: Mapping[str, ImageRecord],
    counter: FaultCounter,
) -> None:
    """Count results that look like corners, and rows that are not scored."""
    if look_like_corners(records.values()):
        counter.add(
            'results that are read as x, y, width, height and look like '
            'corners x1, y1, x2, y2: write width and height',
            next(f'{stem}.txt' for stem in records if len(records[stem].dets)),
        )
    for stem in sorted(records):
        rows = records[stem].dets
        if len(rows) > MAX_DETS:
            counter.add(
                f'result files of more than {MAX_DETS} rows, of which the '
                f'first {MAX_DETS} outside of ignored regions are scored',
                f'{stem}.txt',
            )
        of_class = np.isin(rows[:, 5], np.arange(1, len(CLASSES) + 1))
        for ind in np.flatnonzero(~of_class)[:1]:
            number, fields = split_rows(results[stem])[ind]
            counter.add(
                'result rows of no class of the task, not scored',
                f'{stem}.txt:{number}: {",".join(fields)[:80]!r}',
                int((~of_class).sum()),
            )


def look_like_corners(records: Iterable[ImageRecord]) -> bool:
    """Check if boxes x, y, w, h are plausible only as corners.

    As corners, nearly all boxes are in their image, with the second corner
    right of and below the first. As widths and heights, many boxes reach
    beyond their image.

    Args:
        records: Records of a split.
    """
    num_rows = num_corners = num_beyond = 0
    for record in records:
        x1, y1, x2, y2 = record.dets[:, :4].T
        width, height = record.width, record.height
        is_corners = (x2 > x1) & (y2 > y1) & (x2 <= width) & (y2 <= height)
        num_rows += len(x1)
        num_corners += int(is_corners.sum())
        num_beyond += int(((x1 + x2 > width) | (y1 + y2 > height)).sum())
    return (
        num_corners >= _CORNERS * num_rows
        and num_beyond >= _BEYOND * num_rows > 0
    )


def _named(scores: np.ndarray) -> dict[str, float]:
    return dict(zip(METRICS, scores.tolist(), strict=True))


def format_table(
    title: str, rows: Mapping[str, Sequence[float] | np.ndarray]
) -> list[str]:
    """Format scores in the order of METRICS as lines, under a heading."""
    width = max(len(name) for name in (title, *rows))
    lines = [f'{title:{width}}' + ''.join(f'{name:>8}' for name in METRICS)]
    for name, scores in rows.items():
        cells = ['-' if math.isnan(s) else f'{s:.2f}' for s in scores]
        lines.append(f'{name:{width}}' + ''.join(f'{c:>8}' for c in cells))
    return lines
