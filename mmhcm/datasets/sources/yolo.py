"""Folders of images and of label files in YOLO's format."""

from pathlib import Path
from typing import Any

from mmdet.registry import DATASETS

from mmhcm.structures.annotations import faults as fault_kinds
from mmhcm.structures.annotations import yolo_txt
from mmhcm.structures.fault_counter import FaultCounter

from .dota import cut_box
from .image_folder import ImageFolderDataset


@DATASETS.register_module()
class YOLODataset(ImageFolderDataset):
    """Images with label files of equal stems, in YOLO's format.

    Labels are indices of ``metainfo['classes']``; polygons and rotated boxes
    become the upright boxes around them. An image without a label file has no
    objects.

    Args:
        data_prefix (dict): ``img_path`` and ``ann_path``, folders under
            ``data_root``. ``ann_path`` defaults to ``img_path`` with
            ``labels`` instead of the last ``images``, or to ``img_path`` if
            the path has no ``images``.
        metainfo (dict): With ``classes``, in the order of the indices.
        kwargs: Arguments of ``BaseDetDataset``.

    Raises:
        ValueError: a label is not an index of the classes.
    """

    needs_annotation = False

    def __init__(self, *args: Any, data_prefix: dict, **kwargs: Any) -> None:
        img_path = data_prefix['img_path']
        data_prefix = {'ann_path': labels_folder(img_path), **data_prefix}
        super().__init__(*args, data_prefix=data_prefix, **kwargs)

    def _parse_annotation(
        self, ann_path: str, width: int, height: int, counter: FaultCounter
    ) -> dict | None:
        rows = yolo_txt.read_labels(
            ann_path,
            len(self.metainfo['classes']),
            None if self.test_mode else counter,
        )
        if rows is None:
            return None
        instances = []
        for row in rows:
            x1, y1, x2, y2 = row.bbox
            full = (x1 * width, y1 * height, x2 * width, y2 * height)
            bbox = cut_box(full, width, height)
            if bbox is None:
                where = f'{ann_path}:{row.line}'
                counter.add(fault_kinds.NO_AREA, where)
                continue
            instances.append(
                {'bbox': bbox, 'bbox_label': row.label, 'ignore_flag': 0}
            )
        return {'instances': instances}


def labels_folder(images: str) -> str:
    """Return the folder of the labels of a folder of images.

    Examples:
        >>> labels_folder('images/train'), labels_folder('pictures')
        ('labels/train', 'pictures')
    """
    parts = list(Path(images).parts)
    for ind in reversed(range(len(parts))):
        if parts[ind] == 'images':
            parts[ind] = 'labels'
            break
    return Path(*parts).as_posix()
