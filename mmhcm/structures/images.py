"""Widths and heights of images, from their headers or from a table."""

import csv
import os
import re
import warnings
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from PIL import Image

from .fault_counter import FaultCounter

#: Kind of fault for a FaultCounter.
NO_IMAGE = 'files that are no images by their names'
IMAGE_SUFFIXES = ('.jpg', '.jpeg', '.png', '.bmp', '.tif', '.tiff', '.webp')
#: Maximum number of pixels of an image: OpenCV's limit, set by its variable.
MAX_PIXELS = int(os.environ.get('OPENCV_IO_MAX_IMAGE_PIXELS') or 2**30)


def is_apple_double(name: str) -> bool:
    """Check if a name is that of an AppleDouble file, which holds attributes.

    macOS writes an AppleDouble file next to every file on foreign disks and
    in archives.

    Examples:
        >>> is_apple_double('._0001.jpg'), is_apple_double('0001.jpg')
        (True, False)
    """
    return name.startswith('._')


def distinct_names(paths: Sequence[str | Path]) -> list[str]:
    """Name images by stem, with as many folders as distinct names require.

    Args:
        paths: Different paths.

    Examples:
        >>> distinct_names(['x/a/1.jpg', 'x/b/1.jpg', 'x/b/2.jpg'])
        ['a/1', 'b/1', '2']
    """
    parts = [Path(path).with_suffix('').parts for path in paths]
    names = ['/'.join(part[-1:]) for part in parts]
    for num_parts in range(2, max(map(len, parts), default=0) + 1):
        counts = Counter(names)
        if max(counts.values()) == 1:
            break
        names = [
            '/'.join(part[-num_parts:]) if counts[name] > 1 else name
            for part, name in zip(parts, names, strict=True)
        ]
    return names


class ImageError(ValueError):
    """Error of an unreadable image file; the message starts with the path."""


def read_image_size(path: str | Path) -> tuple[int, int]:
    """Read (width, height) of an image, pixels as stored, from its header.

    Raises:
        ValueError: the file is not an image, or has more pixels than OpenCV
            decodes.
        OSError: the file cannot be read.
    """
    # Pillow's own limit, a sixth of OpenCV's, guards its decoders.
    pillow_limit, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None
    try:
        with warnings.catch_warnings():
            # Warnings about unused metadata.
            warnings.simplefilter('ignore')
            with Image.open(path) as image:
                width, height = image.size
    except OSError as error:
        if error.errno is not None:
            raise
        raise ValueError(f'{path}: not a readable image') from error
    # Damaged headers make Pillow's readers fail in many ways.
    except Exception as error:
        raise ValueError(f'{path}: not a readable image') from error
    finally:
        Image.MAX_IMAGE_PIXELS = pillow_limit
    if not 0 < width * height <= MAX_PIXELS:
        raise ValueError(
            f'{path}: {width} x {height} pixels; OpenCV decodes from 1 to '
            f'{MAX_PIXELS} (OPENCV_IO_MAX_IMAGE_PIXELS)'
        )
    return int(width), int(height)


def read_image_sizes(
    images_dir: str | Path, counter: FaultCounter | None = None
) -> dict[str, tuple[int, int]]:
    """Read (width, height) of every image in a folder, by its stem.

    Only headers are read. Files without the suffix of an image are skipped.

    Args:
        images_dir: The folder.
        counter: Counts skipped files, except hidden files.

    Raises:
        ValueError: an image cannot be read, or two images share a stem.
        OSError: the folder cannot be read.
    """
    sizes: dict[str, tuple[int, int]] = {}
    with os.scandir(images_dir) as entries:
        paths = sorted(
            Path(entry.path)
            for entry in entries
            if not is_apple_double(entry.name)
        )
    for path in paths:
        if path.suffix.lower() not in IMAGE_SUFFIXES:
            if counter is not None and not path.name.startswith('.'):
                counter.add(NO_IMAGE, path)
            continue
        if path.stem in sizes:
            raise ValueError(f'{path}: another image has the same stem')
        sizes[path.stem] = read_image_size(path)
    return sizes


def read_sizes_csv(path: str | Path) -> dict[str, tuple[int, int]]:
    """Read rows ``name,width,height`` into (width, height) by image stem.

    A first row ``name,width,height`` is a header. Names may have an image
    suffix.

    Raises:
        ValueError: a row is malformed or repeats an image.
        OSError: the file cannot be read.
    """
    sizes: dict[str, tuple[int, int]] = {}
    with Path(path).open(newline='', encoding='utf-8-sig') as file:
        reader = csv.reader(file)
        try:
            for fields in reader:
                _add_size(sizes, fields, f'{path}:{reader.line_num}')
        except UnicodeDecodeError as error:
            raise ValueError(f'{path}: not a UTF-8 text file') from error
        except csv.Error as error:
            raise ValueError(f'{path}:{reader.line_num}: {error}') from error
    return sizes


def _add_size(
    sizes: dict[str, tuple[int, int]], fields: list[str], where: str
) -> None:
    """Add a row to ``sizes``; skip blank rows and the header."""
    fields = [field.strip() for field in fields]
    is_header = where.endswith(':1') and fields == ['name', 'width', 'height']
    if is_header or not any(fields):
        return
    if len(fields) != 3 or not all(
        # At most 9 digits after zeros: no image is larger.
        re.fullmatch('0{0,9}[1-9][0-9]{0,8}', field)
        for field in fields[1:]
    ):
        raise ValueError(
            f'{where}: not name,width,height: {",".join(fields)[:80]!r}'
        )
    name = Path(fields[0])
    stem = name.stem if name.suffix.lower() in IMAGE_SUFFIXES else ''
    stem = stem or fields[0]
    if stem in sizes:
        raise ValueError(f'{where}: {stem[:80]!r} appears twice')
    sizes[stem] = int(fields[1]), int(fields[2])
