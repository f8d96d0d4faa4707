"""From result files to the official figures, their tables and their file."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mmhcm.functional.scoring import FIGURES, ImageRecord, Scores, evaluate
from mmhcm.structures.annotations import (
    CLASSES,
    MAX_DETS,
    note_odd_rows,
    parse_results,
    read_annotations,
    split_rows,
)
from mmhcm.structures.fault_counter import Tally
from mmhcm.structures.files import atomic_write
from mmhcm.structures.images import read_image_sizes, read_sizes_csv

from .submission import read_submission

PROTOCOL = (
    'VisDrone-DET protocol: per cent; IoU 0.50:0.05:0.95, all-point AP over '
    'the first 500 rows of an image, ARn over the first n; boxes at least '
    'half in ignored regions dropped'
)
OFFICIAL = 'official (classes weighted by the images that hold them)'
CLASS_MEAN = 'class mean (plain, over the classes with objects)'


def score_folder(
    results_path: str | Path,
    data_root: str | Path,
    sizes_path: str | Path | None = None,
    tally: Tally | None = None,
) -> Scores:
    """Score a folder or zip of result files against a split on disk.

    Args:
        results_path: Folder or zip, one result file an image.
        data_root: Folder with ``annotations`` and ``images``.
        sizes_path: Table of image sizes that stands in for the images.
        tally: Is told what is odd in the files, and what the protocol leaves
            out of the score.

    Raises:
        ValueError: a file is missing, unknown or malformed.
        OSError: a file or folder cannot be read.
    """
    data_root = Path(data_root)
    tally = Tally() if tally is None else tally
    image_whs = read_split_sizes(data_root, sizes_path, tally)
    paths = [
        path
        for path in sorted(data_root.joinpath('annotations').iterdir())
        if path.suffix == '.txt'
    ]
    if not paths:
        raise ValueError(f'{data_root / "annotations"}: no annotation files')
    annotations = {path.stem: read_annotations(path) for path in paths}
    results = read_submission(results_path)
    scores = score_results(results, annotations, image_whs)
    for stem in sorted(set(image_whs) - set(annotations)):
        tally.add('images without annotation and result, not scored', stem)
    note_odd_rows(
        np.concatenate([*annotations.values()]),
        np.array([len(rows) for rows in annotations.values()]),
        np.array([image_whs[path.stem] for path in paths]),
        paths,
        tally,
    )
    _note_odd_results(results, tally)
    return scores


def read_split_sizes(
    data_root: str | Path,
    sizes_path: str | Path | None = None,
    tally: Tally | None = None,
) -> dict[str, tuple[int, int]]:
    """Read (width, height) by image stem, from a table or the images.

    Args:
        data_root: Folder with ``images``.
        sizes_path: The table.
        tally: Is told of files that are no images by their names.
    """
    if sizes_path is not None:
        return read_sizes_csv(sizes_path)
    return read_image_sizes(Path(data_root) / 'images', tally)


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
    for missing, fault in (
        (set(annotations) - set(results), 'images have no result file'),
        (set(results) - set(annotations), 'results have no annotation file'),
        (set(annotations) - set(image_whs), 'images have no known size'),
    ):
        if missing:
            raise ValueError(f'{len(missing)} {fault}, first {min(missing)}')
    # By file name, not stem: '-' sorts before the '.' of the suffix.
    stems = sorted(annotations, key=lambda stem: f'{stem}.txt')
    scores = evaluate(
        [
            ImageRecord(
                *image_whs[stem],
                annotations[stem],
                parse_results(results[stem], f'{stem}.txt'),
            )
            for stem in stems
        ],
        num_classes=len(CLASSES),
    )
    if np.isnan(scores.official).any():
        raise ValueError(
            f'no object of the ten classes, outside of ignored regions, in '
            f'{len(stems)} annotation files'
        )
    return scores


def figures_dict(
    scores: Scores, class_names: Sequence[str] = CLASSES
) -> dict[str, dict]:
    """Return all figures, unrounded, in the layout of figures.json.

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


def write_figures(path: str | Path, scores: Scores) -> None:
    """Write figures.json, whole or not at all."""
    content = json.dumps(figures_dict(scores), indent=2, allow_nan=False)
    with atomic_write(path) as file:
        file.write(f'{content}\n'.encode())


def format_figures(
    scores: Scores, class_names: Sequence[str] = CLASSES
) -> str:
    """Format the protocol, both means and the per-class table as text."""
    means = {OFFICIAL: scores.official, CLASS_MEAN: scores.class_mean}
    per_class = dict(zip(class_names, scores.per_class, strict=True))
    return '\n'.join(
        [
            PROTOCOL,
            *_format_table('mean', means),
            '',
            *_format_table('class ("-": no objects)', per_class),
        ]
    )


def _note_odd_results(results: Mapping[str, str], tally: Tally) -> None:
    """Count what the protocol leaves out of result files."""
    for stem, text in sorted(results.items()):
        rows = parse_results(text, f'{stem}.txt')
        if len(rows) > MAX_DETS:
            tally.add(
                f'result files of more than {MAX_DETS} rows, of which the '
                f'first {MAX_DETS} outside of ignored regions are scored',
                f'{stem}.txt',
            )
        of_class = np.isin(rows[:, 5], np.arange(1, len(CLASSES) + 1))
        for ind in np.flatnonzero(~of_class)[:1]:
            number, fields = split_rows(text)[ind]
            tally.add(
                'result rows of no class of the task, not scored',
                f'{stem}.txt:{number}: {",".join(fields)[:80]!r}',
                int((~of_class).sum()),
            )


def _named(figures: np.ndarray) -> dict[str, float]:
    return dict(zip(FIGURES, figures.tolist(), strict=True))


def _format_table(title: str, rows: Mapping[str, np.ndarray]) -> list[str]:
    width = max(len(name) for name in (title, *rows))
    lines = [f'{title:{width}}' + ''.join(f'{name:>8}' for name in FIGURES)]
    for name, figures in rows.items():
        cells = ['-' if math.isnan(f) else f'{f:.2f}' for f in figures]
        lines.append(f'{name:{width}}' + ''.join(f'{c:>8}' for c in cells))
    return lines


@dataclass(frozen=True)
class AnnotatedSplit:
    """Annotations of a split, read once for several results.

    Attributes:
        annotations: Rows (n, 8) by image stem, in the order of file names.
        image_whs: (width, height) by image stem, pixels.
    """

    annotations: Mapping[str, np.ndarray]
    image_whs: Mapping[str, tuple[int, int]]


def read_split(
    data_root: str | Path, sizes_path: str | Path | None = None
) -> AnnotatedSplit:
    """Read the annotations and image sizes of a split on disk.

    Args:
        data_root: Folder with ``annotations`` and ``images``.
        sizes_path: Table of image sizes that stands in for the images.

    Raises:
        ValueError: a malformed file, no annotations, or an image of which no
            size is known.
        OSError: a file or folder cannot be read.
    """
    folder = Path(data_root) / 'annotations'
    # By file name, not stem: '-' sorts before the '.' of the suffix.
    paths = sorted(p for p in folder.iterdir() if p.suffix == '.txt')
    if not paths:
        raise ValueError(f'{folder}: no annotation files')
    image_whs = read_split_sizes(data_root, sizes_path)
    annotations = {path.stem: read_annotations(path) for path in paths}
    missing = sorted(set(annotations) - set(image_whs))
    if missing:
        raise ValueError(
            f'{len(missing)} images have no known size, first {missing[0]}'
        )
    return AnnotatedSplit(annotations, image_whs)


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
    texts = read_submission(results_path)
    for missing, fault in (
        (set(split.annotations) - set(texts), 'images have no result file'),
        (set(texts) - set(split.annotations), 'results have no annotations'),
    ):
        if missing:
            raise ValueError(
                f'{results_path}: {len(missing)} {fault}, first {min(missing)}'
            )
    return {
        stem: ImageRecord(
            *split.image_whs[stem],
            gt,
            parse_results(texts[stem], f'{results_path}: {stem}.txt'),
        )
        for stem, gt in split.annotations.items()
    }
