"""Folders of images and of label files in YOLO's format."""

from collections.abc import Sequence
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
            ``data_root``. Without ``ann_path`` it is ``img_path`` with
            ``labels`` in place of its last ``images``, or itself if there is
            none.
        metainfo (dict): With ``classes``, in the order of the indices.
        kwargs: Arguments of ``BaseDetDataset``.

    Raises:
        ValueError: a label that is none of the classes.
    """

    def __init__(self, *args: Any, data_prefix: dict, **kwargs: Any) -> None:
        img_path = data_prefix['img_path']
        data_prefix = {'ann_path': labels_folder(img_path), **data_prefix}
        super().__init__(*args, data_prefix=data_prefix, **kwargs)

    def _read_images(
        self,
        names: Sequence[str],
        ann_names: set[str],
        faults: list[str],
        notes: list[str],
    ) -> list[dict]:
        counter = FaultCounter()
        data_list = []
        for name in names:
            path = Path(self.data_prefix['img_path']) / name
            ann_path = self._ann_path(name, ann_names)
            # Not None: no file means no objects.
            image_wh = self._read_image_wh(path, ann_path or '', faults)
            instances = (
                None
                if image_wh is None
                else self._read_instances(ann_path, image_wh, counter)
            )
            if image_wh is None or instances is None:
                continue
            data_list.append(
                {
                    'img_path': str(path),
                    'img_id': path.stem,
                    'width': image_wh[0],
                    'height': image_wh[1],
                    'ann_path': ann_path,
                    'instances': instances,
                }
            )
        notes.extend(counter.lines(None if self.test_mode else self.outcomes))
        return data_list

    def _read_instances(
        self,
        ann_path: str | None,
        image_wh: tuple[int, int],
        counter: FaultCounter,
    ) -> list[dict] | None:
        """Read the objects of an image; None leaves it out of training."""
        if ann_path is None:
            return []
        rows = yolo_txt.read_labels(
            ann_path,
            len(self.metainfo['classes']),
            None if self.test_mode else counter,
        )
        if rows is None:
            return None
        width, height = image_wh
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
        return instances


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
