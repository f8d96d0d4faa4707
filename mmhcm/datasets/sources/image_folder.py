"""Base of data sets with one annotation file per image."""

import logging
import os
import os.path as osp
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from mmdet.datasets import BaseDetDataset
from mmengine.logging import print_log

from mmhcm.datasets.data_info import ignore_masked
from mmhcm.structures.annotations import IN_TRAINING
from mmhcm.structures.fault_counter import FaultCounter
from mmhcm.structures.images import (
    IMAGE_SUFFIXES,
    NO_IMAGE,
    is_apple_double,
    read_image_size,
)


class ImageFolderDataset(BaseDetDataset):
    """Images in one folder, text annotations with equal stems in another.

    Every image becomes a data info with ``img_path``, ``img_id`` (the stem),
    ``height``, ``width``, ``ann_path`` (None without annotation),
    ``instances`` and ``ignored_regions`` (boxes xyxy, source pixels, whose
    pixels are to be masked). In training, objects with at least half of their
    area in ignored regions have ``ignore_flag=1``. ``guides`` are optional,
    see ``DOTADataset``.

    A missing folder of annotations is an error in training, and an unlabelled
    data set in test mode. A missing or unreadable image, an image without its
    own annotation file and invalid rows are left out of training, with one
    counted warning for each kind of fault. In test mode, nothing is left out:
    a broken image, an invalid row and an annotation without its image are
    errors, and an image without annotation is kept.

    Args:
        data_prefix (dict): ``img_path`` and ``ann_path``, folders under
            ``data_root``.
        kwargs: Arguments of ``BaseDetDataset``.
    """

    #: Outcome of each kind of fault in training.
    outcomes: ClassVar[Mapping[str, str]] = IN_TRAINING
    #: False: an image without an annotation file has no objects.
    needs_annotation: ClassVar[bool] = True

    def __init__(self, *args: Any, data_prefix: dict, **kwargs: Any) -> None:
        super().__init__(*args, data_prefix=data_prefix, **kwargs)

    def load_data_list(self) -> Sequence[dict]:
        """List the images in name order and read their annotations.

        Raises:
            FileNotFoundError: no folder of images, or in training no folder of
                annotations.
            ValueError: two images with the same stem, no usable image, or in
                test mode any fault that training leaves out; the message
                contains file and line.
        """
        image_dir = Path(self.data_prefix['img_path'])
        ann_dir = Path(self.data_prefix['ann_path'])
        if not image_dir.is_dir():
            raise FileNotFoundError(f'no folder of images at {image_dir}')
        has_annotations = ann_dir.is_dir()
        if not has_annotations and not self.test_mode:
            raise FileNotFoundError(f'no folder of annotations at {ann_dir}')

        # Names, because creating a Path for each of many files is slow.
        all_names = sorted(list_names(image_dir))
        names = [
            name
            for name in all_names
            if name.lower().endswith(IMAGE_SUFFIXES) and stem_of(name)
        ]
        if not names:
            raise ValueError(f'no images in {image_dir}')
        faults: list[str] = []
        notes = self._check_names(names, all_names, image_dir)
        ann_names = set(list_names(ann_dir)) if has_annotations else set()
        data_list = self._read_images(names, ann_names, faults, notes)
        stems = set(map(stem_of, names))
        unused = [
            f'no image for {ann_dir / name}'
            for name in sorted(ann_names)
            if name.endswith('.txt') and stem_of(name) not in stems
        ]
        if unused and self.test_mode:
            raise ValueError(
                f'{len(unused)} annotation files have no image, the first: '
                f'{unused[0]}'
            )
        faults.extend(unused)
        if not data_list:
            raise ValueError(f'nothing to train on: {[*faults, *notes][0]}')
        if faults:
            notes = [
                f'left {len(faults)} files out, the first: {faults[0]}',
                *notes,
            ]
        for note in notes:
            print_log(
                f'{type(self).__name__}: {note}',
                logger='current',
                level=logging.WARNING,
            )
        return data_list

    def filter_data(self) -> Sequence[dict]:
        """Drop images without valid objects if ``filter_empty_gt`` is set.

        Images with guides are kept.

        Raises:
            ValueError: no image is left.
        """
        if self.test_mode or not self.filter_cfg:
            return self.data_list
        if not self.filter_cfg.get('filter_empty_gt', False):
            return self.data_list
        with_objects = self._find_with_objects()
        if not with_objects:
            raise ValueError(
                f'none of the {len(self.data_list)} images has an object to '
                'learn'
            )
        return with_objects

    def _find_with_objects(self) -> Sequence[dict]:
        """Find the data infos with guides or a valid object."""
        return [
            info
            for info in self.data_list
            if info.get('guides')
            or any(not item['ignore_flag'] for item in info['instances'])
        ]

    def _check_names(
        self, names: Sequence[str], all_names: Sequence[str], image_dir: Path
    ) -> list[str]:
        """Describe the faults of file names in a folder.

        Raises:
            ValueError: two images with the same stem; in test mode also stems
                that differ only in case, because result files have these
                stems.
        """
        first: dict[str, str] = {}
        counter = FaultCounter()
        for name in names:
            stem = stem_of(name)
            other = stem_of(first.setdefault(stem.lower(), name))
            if first[stem.lower()] == name:
                continue
            if stem == other or self.test_mode:
                raise ValueError(
                    f'two images are named {stem!r}'
                    + (f' and {other!r}' if stem != other else '')
                    + f' in {image_dir}'
                )
            counter.add('images of names that differ in case alone', name)
        images = set(names)
        for name in all_names:
            if name not in images and not name.startswith('.'):
                counter.add(NO_IMAGE, image_dir / name)
        return counter.lines()

    def _read_images(
        self,
        names: Sequence[str],
        ann_names: set[str],
        faults: list[str],
        notes: list[str],
    ) -> Sequence[dict]:
        """Read the annotations of all images.

        Args:
            names: File names of the images.
            ann_names: File names in the folder of annotations.
            faults: Receives one line for each file left out of training.
            notes: Receives one line for each kind of fault in annotations.

        Returns:
            Data infos of the usable images.
        """
        counter = FaultCounter()
        images = [self._read_image(name, ann_names, faults) for name in names]
        data_list = self._read_annotations(
            [info for info in images if info is not None], counter
        )
        notes.extend(counter.lines(None if self.test_mode else self.outcomes))
        return data_list

    def _read_image(
        self, name: str, ann_names: set[str], faults: list[str]
    ) -> dict | None:
        """Return an image's data info, without annotations.

        Returning None and adding a fault leaves the image out of training.
        """
        path = Path(self.data_prefix['img_path'], name)
        stem = stem_of(name)
        ann_path = None
        if f'{stem}.txt' in ann_names:
            ann_dir = self.data_prefix['ann_path']
            ann_path = osp.normpath(f'{ann_dir}/{stem}.txt')
        elif self.needs_annotation and not self.test_mode:
            faults.append(f'no annotation for {path}')
            return None
        try:
            width, height = read_image_size(path)
        except OSError as error:
            fault = f'cannot read {path}: {error.strerror}'
        except ValueError as error:
            fault = f'cannot read {error}'
        else:
            return {
                'img_path': str(path),
                'img_id': stem,
                'width': width,
                'height': height,
                'ann_path': ann_path,
                'instances': [],
                'ignored_regions': [],
            }
        if self.test_mode:
            raise ValueError(fault)
        faults.append(fault)
        return None

    def _read_annotations(
        self, images: list[dict], counter: FaultCounter
    ) -> Sequence[dict]:
        """Add annotations; drop images whose annotation file is unusable.

        Args:
            images: Data infos without annotations.
            counter: Counts the faults of annotations.
        """
        data_list = []
        for info in images:
            if info['ann_path'] is not None:
                parsed = self._parse_annotation(
                    info['ann_path'], info['width'], info['height'], counter
                )
                if parsed is None:
                    continue
                info.update(parsed)
            if not self.test_mode:
                ignore_masked(info)
            data_list.append(info)
        return data_list

    def _parse_annotation(
        self, ann_path: str, width: int, height: int, counter: FaultCounter
    ) -> dict | None:
        """Read one annotation file.

        Returns:
            ``instances``, ``ignored_regions`` and ``guides`` of the file. None
            leaves the image out of training.
        """
        raise NotImplementedError


def list_names(folder: str | Path) -> list[str]:
    """List the names in a folder, unordered, without AppleDouble files."""
    with os.scandir(folder) as entries:
        return [e.name for e in entries if not is_apple_double(e.name)]


def stem_of(name: str) -> str:
    """Return the name of a file without its suffix."""
    return name.rpartition('.')[0]
