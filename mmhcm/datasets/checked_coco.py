"""COCO json from which nothing is left out in silence."""

import logging
import math
from collections.abc import Mapping
from typing import Any, TypeGuard

from mmdet.datasets import CocoDataset
from mmdet.registry import DATASETS
from mmengine.logging import print_log

from mmhcm.structures import annotation_faults as faults
from mmhcm.structures.tally import Tally
from mmhcm.structures.visdrone_txt import MAX_COORDINATE

NARROW = 'boxes narrower than one pixel'
IGNORED = "annotations marked 'ignore'"

_IN_TRAINING = {
    **faults.IN_TRAINING,
    faults.UNKNOWN: 'left out',
    NARROW: 'left out',
    IGNORED: 'neither foreground nor background',
}


@DATASETS.register_module()
class CheckedCocoDataset(CocoDataset):
    """MMDetection's ``CocoDataset``, which drops much without a word.

    In training, annotations that cannot be used are left out with a counted
    warning for each kind; in test mode a malformed one is an error. What is
    marked ``ignore`` is an ignored object and not background. Categories
    must be those of ``metainfo['classes']``, in their order, as
    ``CocoDataset`` labels them in the order of the file whatever the classes
    say.

    Args:
        args: Arguments of ``CocoDataset``.
        kwargs: The same.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._tally = Tally()
        super().__init__(*args, **kwargs)

    def load_data_list(self) -> list[dict]:
        """Read the json, and say once what is odd in it.

        Raises:
            ValueError: the file is no COCO json, its categories are not the
                classes, or a malformed annotation in test mode.
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
        for line in self._tally.lines(
            None if self.test_mode else _IN_TRAINING
        ):
            print_log(
                f'{type(self).__name__}: {line}',
                logger='current',
                level=logging.WARNING,
            )
        return data_list

    def parse_data_info(self, raw_data_info: dict) -> dict | list[dict]:
        """See ``CocoDataset``; counts what that leaves out."""
        self._check_categories()
        info = raw_data_info['raw_img_info']
        image_wh = info['width'], info['height']
        usable = [
            # an ignored object rather than background
            {**ann, 'iscrowd': ann.get('iscrowd') or ann.get('ignore', 0)}
            | {'ignore': False}
            for ann in raw_data_info['raw_ann_info']
            if self._is_well_formed(ann, image_wh)
        ]
        if not raw_data_info['raw_ann_info']:
            self._tally.add('images without annotations', info['file_name'])
        return super().parse_data_info(
            {**raw_data_info, 'raw_ann_info': usable}
        )

    def _check_categories(self) -> None:
        known = self.coco.load_cats(self.cat_ids)
        names = tuple(category['name'] for category in known)
        classes = tuple(self.metainfo['classes'])
        if names != classes:
            raise ValueError(
                f'{self.ann_file}: its categories are, in order, '
                f'{self._all_names()}, the classes {classes}'
            )

    def _all_names(self) -> tuple[str, ...]:
        every = self.coco.load_cats(self.coco.get_cat_ids())
        return tuple(category['name'] for category in every)

    def _is_well_formed(
        self, ann: Mapping[str, Any], image_wh: tuple[int, int]
    ) -> bool:
        """Whether the box is one; counts what is odd."""
        where = f'{self.ann_file}: annotation {ann.get("id")}'
        box = ann.get('bbox')
        if not _is_box(box):
            fault = f'{where}: bad bbox {str(box)[:80]}'
            if self.test_mode:
                raise ValueError(fault)
            self._tally.add(faults.UNREADABLE, fault)
            return False
        x, y, w, h = box
        if ann['category_id'] not in self.cat_ids:
            self._tally.add(faults.UNKNOWN, where)
        elif w < 1 or h < 1 or ann['area'] <= 0:
            self._tally.add(NARROW, where)
        elif x + w <= 0 or y + h <= 0 or x >= image_wh[0] or y >= image_wh[1]:
            self._tally.add(faults.OUTSIDE, where)
        elif x < 0 or y < 0 or x + w > image_wh[0] or y + h > image_wh[1]:
            self._tally.add(faults.BEYOND, where)
        if ann.get('ignore', False):
            self._tally.add(IGNORED, where)
        return True


def _is_box(box: Any) -> TypeGuard[list[float]]:
    """Whether it is four finite numbers with sizes of 0 or more."""
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
