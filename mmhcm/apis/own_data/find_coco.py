"""COCO files and the folders of their images."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from .found_data import FoundData, below, common_root

_CONFIG = 'hcm/faster-rcnn_r50_fpn_hcm_coco.py'
_NUM_TRIED = 20


def find_coco(
    train: str | Path,
    val: str | Path,
    images: Sequence[str | Path] | None = None,
) -> FoundData:
    """Read the classes of two COCO files, and find their images.

    Args:
        train: Annotations to train on.
        val: Annotations to validate and test with.
        images: Folders of the two sets of images. Defaults to None: for each
            file, a nearby folder that contains the first images.

    Raises:
        ValueError: a file is not a COCO file, ``val`` lacks classes of
            ``train`` or has another order, or no folder has the images.
        OSError: a file cannot be read.
    """
    paths = [Path(train), Path(val)]
    contents = [_read(path) for path in paths]
    classes, notes = _used_classes(paths[0], contents[0])
    others = [c['name'] for c in contents[1]['categories']]
    if [name for name in others if name in classes] != list(classes):
        raise ValueError(
            f'{val}: its categories {others} lack classes of {train}, or have '
            f'them in another order than {list(classes)}'
        )
    folders = [
        _find_images(path, content, folder)
        for path, content, folder in zip(
            paths, contents, images or (None, None), strict=True
        )
    ]
    root = common_root(*(path.parent for path in paths), *folders)
    names = 'train_ann', 'val_ann', 'train_images', 'val_images'
    values = [below(path, root) for path in (*paths, *folders)]
    return FoundData(
        _CONFIG, root, classes, dict(zip(names, values, strict=True)), notes
    )


def _read(path: Path) -> dict[str, Any]:
    """Read a file that has images, annotations and categories."""
    try:
        content = json.loads(path.read_bytes())
    except ValueError as error:
        raise ValueError(f'{path}: no JSON file: {error}') from error
    keys = 'images', 'annotations', 'categories'
    missing = [
        key
        for key in keys
        if not isinstance(content, Mapping) or not content.get(key)
    ]
    if missing:
        raise ValueError(
            f'{path}: no COCO annotations: has no {" and no ".join(missing)}'
        )
    return dict(content)


def _used_classes(
    path: Path, content: dict[str, Any]
) -> tuple[tuple[str, ...], list[str]]:
    """List the categories with objects, and note unused categories."""
    counts = Counter(ann.get('category_id') for ann in content['annotations'])
    used: list[str] = []
    unused: list[str] = []
    for category in content['categories']:
        names = used if counts[category['id']] else unused
        names.append(str(category['name']))
    if not used:
        raise ValueError(f'{path}: no annotation is of one of its categories')
    notes = [
        f'{path}: category {name!r} has no object and is no class'
        for name in unused
    ]
    return tuple(used), notes


def _find_images(
    path: Path, content: dict[str, Any], given: str | Path | None
) -> Path:
    """Return the folder that has the first images of a file.

    Raises:
        ValueError: no folder has these images.
    """
    names = [item['file_name'] for item in content['images'][:_NUM_TRIED]]
    folders = list(_candidates(path)) if given is None else [Path(given)]
    for folder in folders:
        if all((folder / name).is_file() for name in names):
            return folder
    tried = ', '.join(map(str, folders))
    raise ValueError(
        f'{path}: its images, such as {names[0]!r}, are not in {tried}: name '
        'their folders by --images'
    )


def _candidates(path: Path) -> Iterator[Path]:
    """Yield the folders where images of a file usually are."""
    stem = path.stem.removeprefix('instances_')
    for parent in (path.parent, path.parent.parent):
        for name in ('', stem, 'images', f'images/{stem}'):
            yield parent / name
