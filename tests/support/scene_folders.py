"""Folders of small images with flat rectangles as objects, for tests."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import cv2
import numpy as np

BACKGROUND = 100


def object_color(ind: int) -> tuple[int, int, int]:
    """Colour of the object in row ``ind``, far from the background."""
    return (255 - ind % 40, 10 + ind % 50, 30)


def write_visdrone(
    root: Path,
    images: Mapping[str, Sequence[Sequence[float]] | str | None],
    image_wh: tuple[int, int] = (100, 80),
    pictures: Mapping[str, np.ndarray] | None = None,
) -> Path:
    """Write images in VisDrone's layout and return ``root``.

    Args:
        root: Folder of the split, made if absent.
        images: By stem, the annotation's rows (x, y, w, h, score, category,
            truncation, occlusion), or its text, or None for no annotation.
            Rows are painted as rectangles.
        image_wh: Size of all images, pixels.
        pictures: By stem, pixels (h, w, 3), BGR, in place of rectangles.
    """
    for folder in ('images', 'annotations'):
        (root / folder).mkdir(parents=True, exist_ok=True)
    for stem, rows in images.items():
        image = flat_scene(rows, image_wh)
        if pictures is not None:
            image = pictures[stem]
        cv2.imwrite(str(root / 'images' / f'{stem}.png'), image)
        if rows is not None:
            text = rows if isinstance(rows, str) else text_of(rows)
            (root / 'annotations' / f'{stem}.txt').write_text(text)
    return root


def write_dota(
    root: Path, texts: Mapping[str, str], image_wh: tuple[int, int] = (90, 70)
) -> Path:
    """Write even images in DOTA's layout, with texts by stem."""
    write_visdrone(root, texts, image_wh)
    (root / 'annotations').rename(root / 'labelTxt')
    return root


def square(
    x: float, y: float, side: float, name: str, difficulty: int = 0
) -> str:
    """Write an upright square as a row of DOTA's text."""
    far_x, far_y = x + side, y + side
    corners = f'{x} {y} {far_x} {y} {far_x} {far_y} {x} {far_y}'
    return f'{corners} {name} {difficulty}\n'


def text_of(rows: Sequence[Sequence[float]]) -> str:
    """Write rows as VisDrone does."""
    return ''.join(','.join(map(str, row)) + '\n' for row in rows)


def flat_scene(
    rows: Sequence[Sequence[float]] | str | None, image_wh: tuple[int, int]
) -> np.ndarray:
    """Paint rows, unless they are text, on an even background."""
    width, height = image_wh
    image = np.full((height, width, 3), BACKGROUND, dtype=np.uint8)
    if rows is not None and not isinstance(rows, str):
        paint(image, rows)
    return image


def paint(image: np.ndarray, rows: Sequence[Sequence[float]]) -> None:
    """Paint rows (x, y, w, h, ...) in their colours, in order."""
    for ind, (x, y, w, h, *_) in enumerate(rows):
        corner = (int(max(x, 0)), int(max(y, 0)))
        image[corner[1] : int(y + h), corner[0] : int(x + w)] = object_color(
            ind
        )


def random_rows(
    rng: np.random.Generator, num: int, image_wh: tuple[int, int] = (100, 80)
) -> list[tuple[int, ...]]:
    """Rows of objects of whole pixels, of all ten classes, in the image."""
    width, height = image_wh
    rows = []
    for ind in range(num):
        w, h = rng.integers(4, 24, 2).tolist()
        x = int(rng.integers(0, width - w + 1))
        y = int(rng.integers(0, height - h + 1))
        rows.append((x, y, w, h, 1, 1 + ind % 10, 0, 0))
    return rows


def painted_box(
    image: np.ndarray, color: Sequence[int], tolerance: int = 6
) -> tuple[int, int, int, int] | None:
    """Smallest box xyxy around the pixels of about one colour."""
    distance = np.abs(image.astype(int) - np.array(color)).max(axis=2)
    ys, xs = np.nonzero(distance <= tolerance)
    if not len(xs):
        return None
    return (
        int(xs.min()),
        int(ys.min()),
        int(xs.max()) + 1,
        int(ys.max()) + 1,
    )
