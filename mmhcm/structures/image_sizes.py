"""Widths and heights of images, from their headers or from a table."""

import csv
import os
from pathlib import Path

from PIL import Image, UnidentifiedImageError

IMAGE_SUFFIXES = ('.jpg', '.jpeg', '.png', '.bmp', '.tif', '.tiff', '.webp')


def read_image_sizes(images_dir: str | Path) -> dict[str, tuple[int, int]]:
    """Read (width, height) of every image in a folder, by its stem.

    Only headers are read. Files that aren't images by their suffix are
    passed over.

    Raises:
        ValueError: an image cannot be read, or two share a stem.
        OSError: the folder cannot be read.
    """
    sizes: dict[str, tuple[int, int]] = {}
    with os.scandir(images_dir) as entries:
        paths = sorted(Path(entry.path) for entry in entries)
    for path in paths:
        if path.suffix.lower() not in IMAGE_SUFFIXES:
            continue
        if path.stem in sizes:
            raise ValueError(f'{path}: another image has the same stem')
        try:
            with Image.open(path) as image:
                sizes[path.stem] = image.size
        except (UnidentifiedImageError, Image.DecompressionBombError) as error:
            raise ValueError(f'{path}: not a readable image') from error
    return sizes


def read_sizes_csv(path: str | Path) -> dict[str, tuple[int, int]]:
    """Read rows ``name,width,height`` into (width, height) by image stem.

    A first row of those very words is a header. Names may have an image
    suffix.

    Raises:
        ValueError: a row is malformed or names an image again.
        OSError: the file cannot be read.
    """
    sizes: dict[str, tuple[int, int]] = {}
    with Path(path).open(newline='', encoding='utf-8-sig') as file:
        reader = csv.reader(file)
        for fields in reader:
            fields = [field.strip() for field in fields]
            if not any(fields) or (
                reader.line_num == 1 and fields == ['name', 'width', 'height']
            ):
                continue
            if len(fields) != 3 or not all(
                field.isascii() and field.isdigit() and int(field) > 0
                for field in fields[1:]
            ):
                raise ValueError(
                    f'{path}:{reader.line_num}: not name,width,height: '
                    f'{",".join(fields)[:80]!r}'
                )
            name = Path(fields[0])
            stem = name.stem if name.suffix.lower() in IMAGE_SUFFIXES else ''
            stem = stem or fields[0]
            if stem in sizes:
                raise ValueError(
                    f'{path}:{reader.line_num}: {stem} stands there twice'
                )
            sizes[stem] = int(fields[1]), int(fields[2])
    return sizes
