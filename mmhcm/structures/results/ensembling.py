"""Ensembles of several detectors' result files."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from mmhcm.functional.merging import check_weights, fuse_detections
from mmhcm.structures.annotations import (
    CLASSES,
    MAX_DETS,
    AnnotationError,
    format_results,
    parse_results,
    split_rows,
)

from .submission import read_submission, validate_submission, write_submission

_MAX_NAMES = 5  # names of missing images in one line


class EnsembleCounts(NamedTuple):
    """Numbers of images, and of rows before and after the fusion."""

    num_images: int
    num_input_rows: int
    num_rows: int


def ensemble_submissions(
    paths: Sequence[str | Path],
    out_path: str | Path,
    *,
    weights: Sequence[float] | None = None,
    method: str = 'wbf',
    iou_thr: float = 0.55,
    skip_box_thr: float = 0.0,
    image_whs: Mapping[str, tuple[int, int]] | None = None,
    max_dets: int = MAX_DETS,
    progress: Callable[[Iterable[str]], Iterable[str]] = iter,
) -> EnsembleCounts:
    """Fuse the results of several detectors into one submission.

    Args:
        paths: Zips or folders of result files, one for each detector.
        out_path: The zip to write, whole or not at all.
        weights: A weight for each detector. Defaults to None: equal weights.
        method: See ``merging.ensemble.fuse_detections``.
        iou_thr: See ``fuse_detections``.
        skip_box_thr: See ``fuse_detections``.
        image_whs: (width, height) of each image of the split, by its stem.
            Defaults to None: the images of the results, each as large as its
            boxes reach.
        max_dets: Maximum number of rows of an image. Defaults to 500.
        progress: Wraps the images, to show the progress.

    Raises:
        ValueError: the results are of different images or not of the split's,
            a row is malformed, or settings are invalid.
        OSError: a file cannot be read or written.
    """
    if len(paths) < 2:
        raise ValueError(f'an ensemble needs two results, not {len(paths)}')
    if Path(out_path).suffix != '.zip':
        raise ValueError(f'the file to write must end in .zip: {out_path}')
    if Path(out_path).resolve() in {Path(path).resolve() for path in paths}:
        raise ValueError(f'{out_path} is one of the results to fuse')
    check_weights(weights, len(paths))  # before anything long
    results = [read_submission(path) for path in paths]
    _check_images(paths, results, image_whs)
    texts = {}
    sizes = {}
    num_input_rows = 0
    for stem in progress(sorted(results[0])):
        parts = [
            _parse(texts_of[stem], f'{path}: {stem}.txt')
            for path, texts_of in zip(paths, results, strict=True)
        ]
        num_input_rows += sum(len(part[0]) for part in parts)
        fused = fuse_detections(parts, weights, method, iou_thr, skip_box_thr)
        sizes[stem] = image_whs[stem] if image_whs else _extent(parts)
        texts[stem] = format_results(*fused, sizes[stem], max_dets=max_dets)
    write_submission(out_path, texts)
    faults = validate_submission(out_path, sizes, max_dets)
    if faults:
        raise ValueError(f'{out_path}: {faults[0]}')
    num_rows = sum(text.count('\n') for text in texts.values())
    return EnsembleCounts(len(texts), num_input_rows, num_rows)


def _check_images(
    paths: Sequence[str | Path],
    results: Sequence[Mapping[str, str]],
    image_whs: Mapping[str, tuple[int, int]] | None,
) -> None:
    """Check that all results are of the same images, and of the split's."""
    wanted = set(image_whs or ()).union(*results)
    if not wanted:
        raise ValueError(f'{paths[0]}: no result files')
    for path, texts in zip(paths, results, strict=True):
        missing = sorted(wanted - set(texts))
        if missing:
            names = ', '.join(missing[:_MAX_NAMES])
            more = len(missing) - _MAX_NAMES
            raise ValueError(
                f'{path}: {len(missing)} images have no result file: {names}'
                + (f' and {more} more' if more > 0 else '')
            )
    unknown = sorted(wanted - set(image_whs)) if image_whs else []
    if unknown:
        raise ValueError(
            f'{paths[0]}: {unknown[0]}.txt: no such image in the split'
        )


def _parse(
    text: str, source: str
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Parse the boxes xyxy, scores and labels of a result file."""
    rows = parse_results(text, source)
    scores, categories = rows[:, 4], rows[:, 5]
    for wrong, fault in (
        ((scores < 0) | (scores > 1), 'a score outside [0, 1]'),
        (
            ~np.isin(categories, np.arange(1, len(CLASSES) + 1)),
            'a category that is not a whole number from 1 to 10',
        ),
    ):
        if wrong.any():
            number, fields = split_rows(text)[int(wrong.argmax())]
            raise AnnotationError(
                f'{source}:{number}: {fault} in row {",".join(fields)[:80]!r}'
            )
    bboxes = np.hstack([rows[:, :2], rows[:, :2] + rows[:, 2:4]])
    return bboxes, scores, categories.astype(np.int64) - 1


def _extent(
    parts: Sequence[tuple[np.ndarray, np.ndarray, np.ndarray]],
) -> tuple[int, int]:
    """Compute the (width, height), pixels, that contains all boxes."""
    corners = np.concatenate([part[0][:, 2:] for part in parts])
    width, height = np.ceil(corners.max(axis=0, initial=1)).astype(int)
    return int(width), int(height)
