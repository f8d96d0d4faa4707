"""COCO data sets with reports of faulty annotations."""

import json
import logging
import math
import os.path as osp
from collections.abc import Hashable, Iterable, Mapping, Sequence
from itertools import count
from pathlib import Path
from typing import Any, TypeGuard

from mmdet.datasets import CocoDataset
from mmdet.registry import DATASETS
from mmengine.logging import print_log

from mmhcm.structures.annotations import MAX_COORDINATE, faults
from mmhcm.structures.fault_counter import FaultCounter
from mmhcm.structures.images import read_image_size

NARROW = 'boxes narrower than one pixel'
IGNORED = "annotations marked 'ignore'"
NO_IMAGE = 'annotations of an image that is none of the file'
NO_CLASS = 'annotations of a category that is none of the classes'

#: Required keys of the entries of each list.
_NEEDED = {
    'images': ('id', 'file_name'),
    'annotations': (),
    'categories': ('id', 'name'),
}
_IN_TRAINING = {
    **faults.IN_TRAINING,
    NO_IMAGE: 'left out',
    NO_CLASS: 'left out',
    NARROW: 'left out',
    IGNORED: 'neither foreground nor background',
}


@DATASETS.register_module()
class CheckedCocoDataset(CocoDataset):
    """``CocoDataset`` with reports of left-out annotations.

    In training, unusable annotations are left out with a counted warning for
    each kind of fault; in test mode, a malformed annotation and an annotation
    without an image are errors. An annotation marked ``ignore``, of any
    category, is an ignored object and not background. Areas are computed from
    boxes; missing ids of annotations and sizes of images are filled in. The
    categories must include ``metainfo['classes']``, in this order, because
    ``CocoDataset`` numbers labels in the order of the file; objects of other
    categories are left out. Ids and images must be unique.

    Args:
        args: Positional arguments of ``CocoDataset``.
        kwargs: Keyword arguments of ``CocoDataset``.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._counter = FaultCounter()
        super().__init__(*args, **kwargs)

    def load_data_list(self) -> list[dict]:
        """Read the json file, and warn once of each kind of fault.

        Raises:
            ValueError: the file is not a COCO json file, its categories lack a
                class or have another order, an id or image is duplicate, or in
                test mode an annotation is malformed or has no image.
            OSError: the file cannot be read.
        """
        try:
            data_list = super().load_data_list()
        except (ValueError, KeyError, TypeError, AssertionError) as error:
            name = f'{type(error).__name__}: ' * isinstance(error, KeyError)
            text = ' '.join(str(error).split())
            if not text.startswith(self.ann_file):
                text = f'{self.ann_file}: no COCO annotations: {name}{text}'
            raise ValueError(text) from error
        for line in self._counter.lines(
            None if self.test_mode else _IN_TRAINING
        ):
            print_log(
                f'{type(self).__name__}: {line}',
                logger='current',
                level=logging.WARNING,
            )
        return data_list

    def parse_data_info(self, raw_data_info: dict) -> dict | list[dict]:
        """Parse as ``CocoDataset`` does, and count left-out annotations."""
        info = raw_data_info['raw_img_info']
        image_wh = info['width'], info['height']
        usable = [
            self._usable(ann)
            for ann in raw_data_info['raw_ann_info']
            if self._is_well_formed(ann, image_wh)
        ]
        if not raw_data_info['raw_ann_info']:
            self._counter.add('images without annotations', info['file_name'])
        return super().parse_data_info(
            {**raw_data_info, 'raw_ann_info': usable}
        )

    def _usable(self, ann: Mapping[str, Any]) -> dict[str, Any]:
        """Return an annotation in the form that ``CocoDataset`` expects."""
        ignored = ann.get('ignore', 0)
        category = ann['category_id']
        if ignored and category not in self.cat_ids:
            # The label of an ignored object has no meaning.
            category = self.cat_ids[0]
        return {
            **ann,
            'category_id': category,
            'area': ann['bbox'][2] * ann['bbox'][3],
            # An ignored object instead of background.
            'iscrowd': ann.get('iscrowd') or ignored,
            'ignore': False,
        }

    def COCOAPI(self, path: str) -> Any:  # noqa: N802
        """Index the json file as ``CocoDataset`` does, and check all entries.

        The index keeps the last entry of duplicate ids.
        """
        index = CocoDataset.COCOAPI()
        index.dataset = load_coco(path)
        self._complete(index.dataset)
        index.createIndex()
        index.img_ann_map, index.cat_img_map = index.imgToAnns, index.catToImgs
        images, annotations, categories = (
            index.dataset.get(key, [])
            for key in ('images', 'annotations', 'categories')
        )
        for what, found in (
            ('images of id', [(i['id'], i['file_name']) for i in images]),
            (
                'images of file_name',
                [
                    (osp.normpath(i['file_name']), f'id {i["id"]!r}')
                    for i in images
                ],
            ),
            ('annotations of id', [(ann['id'], '') for ann in annotations]),
            ('categories of id', [(c['id'], c['name']) for c in categories]),
        ):
            twice = _find_twice(found)
            if twice is not None:
                raise ValueError(f'{self.ann_file}: two {what} {twice}')
        self._check_classes([category['name'] for category in categories])
        for ann in annotations:
            if ann['image_id'] not in index.imgs:
                self._leave_out(
                    NO_IMAGE, ann, f'no image of id {ann["image_id"]!r}'
                )
        return index

    def _complete(self, content: dict[str, Any]) -> None:
        """Fill in missing values that can be computed, in place.

        Raises:
            ValueError: an entry lacks a required value, or the file of an
                image without a size is not an image.
            OSError: an image without a size cannot be read.
        """
        for kind, keys in _NEEDED.items():
            for ind, entry in enumerate(content.get(kind, [])):
                missing = [key for key in keys if key not in entry]
                if missing:
                    raise ValueError(f'{kind}[{ind}] has no {missing[0]}')
        complete_annotations(content.get('annotations', []))
        for image in content.get('images', []):
            if not all(_is_size(image.get(k)) for k in ('width', 'height')):
                folder = Path(self.data_prefix.get('img') or '')
                wh = read_image_size(folder / image['file_name'])
                image['width'], image['height'] = wh

    def _check_classes(self, names: list[str]) -> None:
        classes = tuple(self.metainfo['classes'])
        if tuple(name for name in names if name in classes) != classes:
            raise ValueError(
                f'{self.ann_file}: its categories are, in order, '
                f'{tuple(names)}; they must hold the classes in theirs, '
                f'{classes}'
            )

    def _leave_out(self, kind: str, ann: Mapping[str, Any], why: str) -> None:
        """Count an annotation that is left out; raise in test mode."""
        fault = f'{self._where(ann)}: {why}'
        if self.test_mode:
            raise ValueError(fault)
        self._counter.add(kind, fault)

    def _where(self, ann: Mapping[str, Any]) -> str:
        return f'{self.ann_file}: annotation {ann.get("id")!r}'

    def _is_well_formed(
        self, ann: Mapping[str, Any], image_wh: tuple[int, int]
    ) -> bool:
        """Check an annotation, and count its faults."""
        where = self._where(ann)
        box = ann.get('bbox')
        if not _is_box(box):
            self._leave_out(
                faults.UNREADABLE, ann, f'bad bbox {str(box)[:80]}'
            )
            return False
        for key in ('iscrowd', 'ignore'):
            # The text '0' would be true.
            if ann.get(key) not in (None, 0, 1):
                self._leave_out(
                    faults.UNREADABLE, ann, f'bad {key} {ann[key]!r:.80}'
                )
                return False
        x, y, w, h = box
        if ann['category_id'] not in self.cat_ids and not ann.get('ignore'):
            category = f'category {ann["category_id"]!r:.80}'
            self._counter.add(NO_CLASS, f'{where}: {category}')
        elif w < 1 or h < 1:
            self._counter.add(NARROW, where)
        elif x + w <= 0 or y + h <= 0 or x >= image_wh[0] or y >= image_wh[1]:
            self._counter.add(faults.OUTSIDE, where)
        elif x < 0 or y < 0 or x + w > image_wh[0] or y + h > image_wh[1]:
            self._counter.add(faults.BEYOND, where)
        if ann.get('ignore', False):
            self._counter.add(IGNORED, where)
        return True


def load_coco(path: str) -> dict[str, Any]:
    """Read a json file and check the types of its lists.

    Raises:
        ValueError: the file is not a COCO json file.
    """
    with Path(path).open('rb') as file:
        content = json.load(file)
    if not isinstance(content, dict):
        raise ValueError(f'a {type(content).__name__}, not an object')
    for kind in _NEEDED:
        entries = content.get(kind, [])
        if not isinstance(entries, list) or not all(
            isinstance(entry, dict) for entry in entries
        ):
            raise ValueError(f'{kind} is no list of objects')
    return content


def complete_annotations(annotations: Sequence[dict[str, Any]]) -> None:
    """Add missing keys and unique ids to annotations, in place."""
    known = {ann['id'] for ann in annotations if ann.get('id') is not None}
    unused = (number for number in count(1) if number not in known)
    for ann in annotations:
        if ann.get('id') is None:
            ann['id'] = next(unused)
        for key in ('image_id', 'category_id'):
            ann.setdefault(key, None)


def _is_size(value: Any) -> bool:
    return isinstance(value, int) and value > 0


def _find_twice(found: Iterable[tuple[Hashable, str]]) -> str | None:
    """Describe the first duplicate key."""
    first: dict[Hashable, str] = {}
    for key, name in found:
        if key in first:
            both = f': {first[key]} and {name}' if name else ''
            return f'{key!r:.80}{both}'
        first[key] = name
    return None


def _is_box(box: Any) -> TypeGuard[list[float]]:
    """Check for four finite numbers with sizes of 0 or more."""
    return (
        isinstance(box, list)
        and len(box) == 4
        and all(
            isinstance(value, int | float)
            and math.isfinite(value)
            and abs(value) <= MAX_COORDINATE
            for value in box
        )
        and min(box[2:]) >= 0
    )
