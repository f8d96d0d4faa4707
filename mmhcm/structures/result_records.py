"""Result files and annotations, put together image by image."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mmhcm.functional.visdrone import ImageRecord
from mmhcm.structures.figures import read_split_sizes
from mmhcm.structures.submission import read_submission
from mmhcm.structures.visdrone_txt import parse_results, read_annotations


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
