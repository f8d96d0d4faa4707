"""DOTA with horizontal boxes, alone or mapped to other classes."""

from collections.abc import Mapping
from typing import Any, ClassVar

from mmdet.registry import DATASETS

from mmhcm.structures.annotations import dota_txt
from mmhcm.structures.annotations import faults as fault_kinds
from mmhcm.structures.fault_counter import FaultCounter

from .image_folder import ImageFolderDataset
from .visdrone import VisDroneDataset

MASKED = 'masked'
BACKGROUND = 'background'

#: Map from DOTA's classes to VisDrone's. A small vehicle may be a car or a van
#: and a large vehicle a truck or a bus, so both classes are masked; the other
#: classes do not occur in VisDrone and are background.
DOTA_TO_VISDRONE = {
    name: MASKED if name in ('small-vehicle', 'large-vehicle') else BACKGROUND
    for name in dota_txt.DOTA_V1_5_CLASSES
}

#: VisDrone class of most vehicles of each masked class, to compare sizes.
DOTA_GUIDES = {'small-vehicle': 'car', 'large-vehicle': 'truck'}


@DATASETS.register_module()
class DOTADataset(ImageFolderDataset):
    """DOTA v1.0 (15 classes) or v1.5 (16), with polygons as upright boxes.

    Without ``class_map``, the data set has DOTA's classes. With ``class_map``,
    each DOTA class becomes a class of ``metainfo['classes']`` (by default
    VisDrone's), ``'masked'`` (ambiguous or conflicting: the pixels are an
    ignored region, paper section 3.3) or ``'background'``.

    Args:
        version (str): '1.0' or '1.5'. Defaults to '1.0'.
        class_map (dict | str, optional): A target for each class, or
            'visdrone' for ``DOTA_TO_VISDRONE``.
        guide_map (dict, optional): For each masked class, the class of similar
            size. Objects of masked classes become the data infos' ``guides``:
            sizes and positions of pasted objects follow the guides, although
            the pixels of guides are masked. Defaults to ``DOTA_GUIDES`` with
            the class map 'visdrone', to no guides with other class maps.
        mask_margin (float): Pixels by which masks extend beyond the boxes;
            otherwise the outlines of objects would stay visible. Defaults to
            3.
        max_difficulty (int): Objects of a higher difficulty have
            ``ignore_flag=1``. Defaults to 0.
        data_prefix (dict): Folders under ``data_root``. Defaults to
            ``dict(img_path='images', ann_path='labelTxt')``.
        kwargs: Arguments of ``BaseDetDataset``.

    Raises:
        ValueError: unknown version; a class map that lacks a DOTA class or
            names an unknown class; a guide map with classes that are not
            masked or do not exist; a negative margin.
    """

    METAINFO: ClassVar[dict] = {'classes': dota_txt.DOTA_V1_CLASSES}
    outcomes: ClassVar[Mapping[str, str]] = {
        **fault_kinds.IN_TRAINING,
        fault_kinds.UNKNOWN: 'masked',
    }

    def __init__(
        self,
        *args: Any,
        version: str = '1.0',
        class_map: Mapping[str, str] | str | None = None,
        guide_map: Mapping[str, str] | None = None,
        mask_margin: float = 3,
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
        self.mask_margin = mask_margin
        if class_map == 'visdrone':
            class_map = {
                name: DOTA_TO_VISDRONE[name] for name in self.source_classes
            }
            if guide_map is None:
                known = (metainfo or VisDroneDataset.METAINFO)['classes']
                guide_map = {
                    name: target
                    for name, target in DOTA_GUIDES.items()
                    if target in known
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
        self.guide_map = dict(guide_map or {})
        self._check_guide_map()
        if mask_margin < 0:
            raise ValueError(
                f'mask_margin must be 0 or more, got {mask_margin}'
            )
        data_prefix = {
            'img_path': 'images',
            'ann_path': 'labelTxt',
            **(data_prefix or {}),
        }
        super().__init__(
            *args, metainfo=metainfo, data_prefix=data_prefix, **kwargs
        )

    def _check_guide_map(self) -> None:
        for name, target in self.guide_map.items():
            is_masked = self.class_map.get(name) == MASKED
            if not is_masked or target not in self._labels:
                raise ValueError(
                    'guide_map must map masked classes to classes, got '
                    f'{name!r}: {target!r}'
                )

    def _parse_annotation(
        self, ann_path: str, width: int, height: int, counter: FaultCounter
    ) -> dict | None:
        """Read one labelTxt file; boxes are clipped to the image.

        In training, objects of unknown classes are masked, independent of the
        class map.

        Returns:
            ``instances``, ``ignored_regions`` and ``guides``: ``bbox`` xyxy,
            source pixels, with the area of the rotated object, and
            ``bbox_label``, the class of similar size. None leaves the image
            out of training.
        """
        leave_out = None if self.test_mode else counter
        rows = dota_txt.read_labels(ann_path, self.source_classes, leave_out)
        if rows is None:
            return None
        instances, ignored_regions, guides = [], [], []
        for row in rows:
            target = self.class_map.get(row.name, MASKED)
            bbox = cut_box(row.bbox, width, height)
            _note_clipping(row, bbox, f'{ann_path}:{row.line}', counter)
            if bbox is None:
                continue
            if target == MASKED:
                ignored_regions.append(self._mask_of(row, width, height))
                if row.name in self.guide_map:
                    label = self._labels[self.guide_map[row.name]]
                    guide = list(row.sized_bbox)
                    guides.append({'bbox': guide, 'bbox_label': label})
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
        return {
            'instances': instances,
            'ignored_regions': ignored_regions,
            'guides': guides,
        }

    def _mask_of(
        self, row: dota_txt.DotaObject, width: int, height: int
    ) -> list[float]:
        """Return the region to mask for an object, clipped to the image."""
        x1, y1, x2, y2 = row.bbox
        margin = self.mask_margin
        grown = (x1 - margin, y1 - margin, x2 + margin, y2 + margin)
        mask = cut_box(grown, width, height)
        assert mask is not None, 'its object has an area in the image'
        return mask


def cut_box(
    bbox: tuple[float, float, float, float], width: int, height: int
) -> list[float] | None:
    """Clip a box xyxy to the image, source pixels; return None if empty."""
    x1, x2 = (min(max(float(x), 0.0), float(width)) for x in bbox[::2])
    y1, y2 = (min(max(float(y), 0.0), float(height)) for y in bbox[1::2])
    return [x1, y1, x2, y2] if x1 < x2 and y1 < y2 else None


def _note_clipping(
    row: dota_txt.DotaObject,
    bbox: list[float] | None,
    where: str,
    counter: FaultCounter,
) -> None:
    """Count a box that clipping has changed or removed."""
    x1, y1, x2, y2 = row.bbox
    if not (x1 < x2 and y1 < y2):
        counter.add(fault_kinds.NO_AREA, where)
    elif bbox is None:
        counter.add(fault_kinds.OUTSIDE, where)
    elif bbox != [x1, y1, x2, y2]:
        counter.add(fault_kinds.BEYOND, where)


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
            f'class_map has classes that the data set lacks: {unknown}'
        )
    targets = {*classes, MASKED, BACKGROUND}
    wrong = sorted(set(class_map.values()) - targets)
    if wrong:
        raise ValueError(
            f'class_map names targets that are not classes: {wrong}'
        )
    return dict(class_map)
