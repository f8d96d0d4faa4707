"""DOTA with horizontal boxes, alone or mapped to another set's classes."""

from collections.abc import Mapping
from typing import Any, ClassVar

from mmdet.registry import DATASETS

from mmhcm.structures.annotations import dota_txt, faults
from mmhcm.structures.fault_counter import Tally

from .image_folder import ImageFolderDataset, clip_to_image
from .visdrone import VisDroneDataset

MASKED = 'masked'
BACKGROUND = 'background'

#: DOTA seen with VisDrone's classes: a small vehicle may be a car or a van
#: and a large one a truck or a bus, so both are masked; the rest are none of
#: VisDrone's classes and true background.
DOTA_TO_VISDRONE = {
    name: MASKED if name in ('small-vehicle', 'large-vehicle') else BACKGROUND
    for name in dota_txt.DOTA_V1_5_CLASSES
}


@DATASETS.register_module()
class DOTADataset(ImageFolderDataset):
    """DOTA v1.0 (15 classes) or v1.5 (16), polygons to upright boxes.

    Without ``class_map`` the set has its own classes. With one, each of its
    classes becomes a class of ``metainfo['classes']`` (by default
    VisDrone's), ``'masked'`` (ambiguous or conflicting: its pixels are an
    ignored region, paper section 3.3) or ``'background'``.

    Args:
        version (str): '1.0' or '1.5'. Defaults to '1.0'.
        class_map (dict | str, optional): A target for each class, or
            'visdrone' for ``DOTA_TO_VISDRONE``.
        max_difficulty (int): Objects of a higher difficulty have
            ``ignore_flag=1``. Defaults to 0.
        data_prefix (dict): Folders under ``data_root``. Defaults to
            ``dict(img_path='images', ann_path='labelTxt')``.
        kwargs: Arguments of ``BaseDetDataset``.

    Raises:
        ValueError: unknown version, a class map that leaves out a class of
            the set, or names a class that does not exist.
    """

    METAINFO: ClassVar[dict] = {'classes': dota_txt.DOTA_V1_CLASSES}
    outcomes: ClassVar[Mapping[str, str]] = {
        **faults.IN_TRAINING,
        faults.UNKNOWN: 'masked',
    }

    def __init__(
        self,
        *args: Any,
        version: str = '1.0',
        class_map: Mapping[str, str] | str | None = None,
        max_difficulty: int = 0,
        metainfo: dict | None = None,
        data_prefix: dict | None = None,
        **kwargs: Any,
    ) -> None:
        versions = {
            '1.0': dota_txt.DOTA_V1_CLASSES,
            '1.5': dota_txt.DOTA_V1_5_CLASSES,
        }
        if version not in versions:
            raise ValueError(
                f'version must be one of {list(versions)}, got {version!r}'
            )
        self.source_classes = versions[version]
        self.max_difficulty = max_difficulty
        if class_map == 'visdrone':
            class_map = {
                name: DOTA_TO_VISDRONE[name] for name in self.source_classes
            }
        if metainfo is None:
            metainfo = (
                {'classes': self.source_classes}
                if class_map is None
                else VisDroneDataset.METAINFO
            )
        if class_map is None:
            class_map = {name: name for name in self.source_classes}
        self.class_map = _check_class_map(
            class_map, self.source_classes, tuple(metainfo['classes'])
        )
        self._labels = {
            name: index for index, name in enumerate(metainfo['classes'])
        }
        data_prefix = {
            'img_path': 'images',
            'ann_path': 'labelTxt',
            **(data_prefix or {}),
        }
        super().__init__(
            *args, metainfo=metainfo, data_prefix=data_prefix, **kwargs
        )

    def parse_annotation(
        self, ann_path: str, width: int, height: int, tally: Tally
    ) -> dict | None:
        """Read one labelTxt file; boxes are clipped to the image.

        In training an unknown class is masked, whatever the class map says
        of the known ones.
        """
        leave_out = None if self.test_mode else tally
        rows = dota_txt.read_labels(ann_path, self.source_classes, leave_out)
        if rows is None:
            return None
        instances, ignored_regions = [], []
        for row in rows:
            target = self.class_map.get(row.name, MASKED)
            bbox = clip_to_image(row.bbox, width, height)
            _note_clipping(row, bbox, f'{ann_path}:{row.line}', tally)
            if bbox is None:
                continue
            if target == MASKED:
                ignored_regions.append(bbox)
            elif target != BACKGROUND:
                instances.append(
                    {
                        'bbox': bbox,
                        'bbox_label': self._labels[target],
                        'ignore_flag': int(
                            row.difficulty > self.max_difficulty
                        ),
                        'truncation': 0,
                        'occlusion': 0,
                    }
                )
        return {'instances': instances, 'ignored_regions': ignored_regions}


def _note_clipping(
    row: dota_txt.DotaObject,
    bbox: list[float] | None,
    where: str,
    tally: Tally,
) -> None:
    """Count boxes of which clipping has left less, or nothing."""
    x1, y1, x2, y2 = row.bbox
    if not (x1 < x2 and y1 < y2):
        tally.add(faults.NO_AREA, where)
    elif bbox is None:
        tally.add(faults.OUTSIDE, where)
    elif bbox != [x1, y1, x2, y2]:
        tally.add(faults.BEYOND, where)


def _check_class_map(
    class_map: Mapping[str, str] | str,
    source_classes: tuple[str, ...],
    classes: tuple[str, ...],
) -> dict[str, str]:
    if not isinstance(class_map, Mapping):
        raise ValueError(
            f"class_map must be a dict or 'visdrone', got {class_map!r}"
        )
    missing = [name for name in source_classes if name not in class_map]
    if missing:
        raise ValueError(f'class_map names no target for {missing}')
    unknown = [name for name in class_map if name not in source_classes]
    if unknown:
        raise ValueError(
            f'class_map maps classes that are not there: {unknown}'
        )
    targets = {*classes, MASKED, BACKGROUND}
    wrong = sorted(set(class_map.values()) - targets)
    if wrong:
        raise ValueError(
            f'class_map names targets that are not classes: {wrong}'
        )
    return dict(class_map)
