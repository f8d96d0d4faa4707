"""Pascal VOC data sets with reports of faulty annotations."""

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar
from xml.etree import ElementTree

from mmdet.datasets import XMLDataset
from mmdet.registry import DATASETS
from mmengine.logging import print_log

from mmhcm.structures.annotations import faults
from mmhcm.structures.fault_counter import FaultCounter
from mmhcm.structures.images import IMAGE_SUFFIXES

from .dota import cut_box

#: Errors of the parser. Absent and empty elements are None; infinite numbers
#: cannot become integers.
_MALFORMED = (
    ElementTree.ParseError,
    AttributeError,
    LookupError,
    OverflowError,
    TypeError,
    ValueError,
)
_NO_CLASS = 'objects of a name that is none of the classes'


@DATASETS.register_module()
class CheckedVOCDataset(XMLDataset):
    """``XMLDataset`` with reports of left-out annotations.

    Images may have any common format. In training, unusable annotations are
    left out with a counted warning for each kind of fault; in test mode, a
    malformed file is an error. Difficult objects are ignored objects.

    Args:
        args: Positional arguments of ``XMLDataset``.
        kwargs: Keyword arguments of ``XMLDataset``.
    """

    outcomes: ClassVar[Mapping[str, str]] = {
        **faults.IN_TRAINING,
        _NO_CLASS: 'left out',
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._counter = FaultCounter()
        super().__init__(*args, **kwargs)

    def load_data_list(self) -> list[dict]:
        """Read all files, and warn once of each kind of fault.

        Raises:
            ValueError: there are faults and no usable object, or in test mode
                an annotation is malformed.
            OSError: the list of images or, in test mode, an annotation cannot
                be read.
        """
        data_list = [
            info for info in super().load_data_list() if info is not None
        ]
        lines = self._counter.lines(None if self.test_mode else self.outcomes)
        if lines and not any(info['instances'] for info in data_list):
            raise ValueError(f'{self.ann_file}: no objects: {lines[0]}')
        for line in lines:
            print_log(
                f'{type(self).__name__}: {line}',
                logger='current',
                level=logging.WARNING,
            )
        return data_list

    def parse_data_info(self, img_info: dict) -> dict | None:
        """Parse as ``XMLDataset`` does; return None to leave an image out."""
        path = img_info['xml_path']
        try:
            info = super().parse_data_info(self._find_image(img_info))
        except _MALFORMED as error:
            fault = f'{path}: no VOC annotation: {error}'
            if self.test_mode:
                raise ValueError(fault) from error
        except OSError as error:
            fault = f'{path}: {error.strerror}'
            if self.test_mode:
                raise
        else:
            info['instances'] = self._cut_instances(info)
            return info
        self._counter.add(faults.DAMAGED, fault)
        return None

    def _find_image(self, img_info: dict) -> dict:
        """Return the info with the suffix of the existing image file."""
        stem = img_info['file_name'].removesuffix('.jpg')
        for suffix in (*IMAGE_SUFFIXES, *map(str.upper, IMAGE_SUFFIXES)):
            if Path(self.sub_data_root, stem + suffix).is_file():
                return {**img_info, 'file_name': stem + suffix}
        return img_info

    def _parse_instance_info(
        self, raw_ann_info: Any, minus_one: bool = True
    ) -> list[dict]:
        for item in raw_ann_info.findall('object'):
            name = item.find('name').text
            if name not in self.metainfo['classes']:
                self._counter.add(_NO_CLASS, repr(name))
        return super()._parse_instance_info(raw_ann_info, minus_one)

    def _cut_instances(self, info: dict) -> list[dict]:
        """Clip boxes to their image; leave out boxes without area."""
        instances = []
        for item in info['instances']:
            bbox = cut_box(item['bbox'], info['width'], info['height'])
            if bbox is None:
                self._counter.add(faults.NO_AREA, info['xml_path'])
            else:
                instances.append({**item, 'bbox': bbox})
        return instances
