"""VisDrone-DET in its native text format."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from mmdet.registry import DATASETS
from mmengine.dataset import force_full_init
from mmengine.dist import is_main_process

from mmhcm.datasets.data_info import ImageBoxes
from mmhcm.datasets.shared_work import write_cache
from mmhcm.structures import images as image_sizes
from mmhcm.structures.annotations import (
    AnnotationTable,
    list_states,
    map_table,
    note_odd_rows,
    read_what_can_be_read,
    visdrone_txt,
    write_table,
)
from mmhcm.structures.fault_counter import Tally
from mmhcm.structures.files import fingerprint
from mmhcm.structures.palette import CLASS_COLORS

from .annotated_images import AnnotatedImages, annotations_of
from .image_folder import ImageFolderDataset


@DATASETS.register_module()
class VisDroneDataset(ImageFolderDataset):
    """VisDrone-DET, read without a conversion step.

    Categories 1..10 are labels 0..9. Rows of category 11 ("others") and rows
    of score 0 are instances with ``ignore_flag=1``; category 0 gives
    ``ignored_regions`` and never an instance; in training, an object that
    lies half in them or more is ignored as well. Boxes are clipped to the
    image; those without area stay out of the instances, since nothing can be
    learnt from them (the official score reads the files themselves). A set
    without annotations (test-challenge) loads in test mode.

    Args:
        data_prefix (dict): Folders under ``data_root``. Defaults to
            ``dict(img_path='images', ann_path='annotations')``.
        use_ignored_regions (bool): False forgets the rows of category 0:
            they are neither masked nor ignored anywhere in training and
            mining, but background. The official score reads the files
            itself. Defaults to True.
        cache_dir (str, optional): Folder of a file with all annotations and
            image sizes, which later starts map instead of reading every
            file. It is made again when the name, size or time of an image or
            annotation file changes, or the most pixels of an image; if it
            cannot be written, a warning says so. None is written while the
            system denies a file of an image that is listed, so that the next
            start tries again. Defaults to None, no cache.
        kwargs: Arguments of ``BaseDetDataset``. ``serialize_data`` has no
            effect: data infos are built from arrays that workers share.
    """

    data_list: AnnotatedImages

    METAINFO: ClassVar[dict] = {
        'classes': (
            'pedestrian',
            'people',
            'bicycle',
            'car',
            'van',
            'truck',
            'tricycle',
            'awning-tricycle',
            'bus',
            'motor',
        ),
        # People, vehicles: pasted objects lie beside their like.
        'families': (0, 0, 1, 1, 1, 1, 1, 1, 1, 1),
        'palette': list(CLASS_COLORS),
    }

    def __init__(
        self,
        *args: Any,
        data_prefix: dict | None = None,
        use_ignored_regions: bool = True,
        cache_dir: str | None = None,
        **kwargs: Any,
    ) -> None:
        self.use_ignored_regions = use_ignored_regions
        self.cache_dir = cache_dir
        kwargs['serialize_data'] = False
        data_prefix = {
            'img_path': 'images',
            'ann_path': 'annotations',
            **(data_prefix or {}),
        }
        super().__init__(*args, data_prefix=data_prefix, **kwargs)

    def parse_annotation(
        self, ann_path: str, width: int, height: int, tally: Tally
    ) -> dict:
        """Read one annotation file; boxes in source pixels."""
        del tally  # many files are read together instead
        rows = visdrone_txt.read_annotations(ann_path)
        return annotations_of(rows, (width, height), self.use_ignored_regions)

    @force_full_init
    def get_data_info(self, idx: int) -> dict:
        """Return the data info of an image, built anew."""
        index = range(len(self))[idx]
        return {**self.data_list[index], 'sample_idx': index}

    @force_full_init
    def boxes(self) -> ImageBoxes:
        """Boxes of all images at once, source pixels."""
        return self.data_list.boxes()

    def _find_with_objects(self) -> Sequence[dict]:
        images, boxes = self.data_list, self.data_list.boxes()
        owners = np.repeat(np.arange(len(images)), np.diff(boxes.offsets))
        return images.select(np.unique(owners[~boxes.ignored]))

    def _get_unserialized_subset(
        self, indices: Sequence[int] | int
    ) -> Sequence[dict]:
        """Images of a subset; the first or last ones for a number."""
        if isinstance(indices, int):
            span = slice(indices) if indices >= 0 else slice(indices, None)
            return self.data_list[span]
        return self.data_list.select(indices)

    def _read_images(
        self,
        names: Sequence[str],
        ann_names: set[str],
        faults: list[str],
        notes: list[str],
    ) -> AnnotatedImages:
        table = self._find_table(names, ann_names)
        faults.extend(table.faults)
        notes.extend(table.notes)
        image_dir = Path(self.data_prefix['img_path'])
        return AnnotatedImages(
            [f'{image_dir}{os.sep}{name}' for name in table.names],
            [self._ann_path(name, ann_names) for name in table.names],
            table.image_whs,
            table.offsets[:-1],
            table.offsets[1:],
            table.rows,
            self.use_ignored_regions,
            not self.test_mode,
        )

    def _find_table(
        self, names: Sequence[str], ann_names: set[str]
    ) -> AnnotationTable:
        """Map the cached table, or read the files and cache it."""
        if self.cache_dir is None:
            return self._read_table(names, ann_names)
        folders = [
            Path(self.data_prefix[key]).resolve()
            for key in ('img_path', 'ann_path')
        ]
        identity = [str(folders[0]), str(folders[1]), self.test_mode]
        digest = fingerprint(
            identity,
            image_sizes.MAX_PIXELS,
            [list_states(folder) for folder in folders],
        )
        # One file a split, so that a stale one does not stay behind.
        cache_path = Path(self.cache_dir) / (
            f'annotations_{fingerprint(identity)[:16]}.bin'
        )
        table = map_table(cache_path, digest)
        if table is None:
            table = self._read_table(names, ann_names)
            if is_main_process() and not table.may_pass:
                write_cache(
                    cache_path, lambda: write_table(cache_path, table, digest)
                )
        return table

    def _read_table(
        self, names: Sequence[str], ann_names: set[str]
    ) -> AnnotationTable:
        faults: list[str] = []
        tally = Tally()
        used_names, image_whs, ann_paths = [], [], []
        for name in names:
            path = Path(self.data_prefix['img_path']) / name
            ann_path = self._ann_path(name, ann_names)
            image_wh = self._read_image_wh(path, ann_path, faults, tally)
            if image_wh is not None:
                used_names.append(name)
                image_whs.append(image_wh)
                ann_paths.append(ann_path)
        rows, counts = self._read_rows(ann_paths, image_whs, tally)
        usable = np.flatnonzero(counts >= 0)
        return AnnotationTable(
            [used_names[ind] for ind in usable],
            faults,
            tally.lines(None if self.test_mode else self.outcomes),
            np.array(image_whs, dtype=np.int32).reshape(-1, 2)[usable],
            np.concatenate([[0], np.cumsum(counts[usable])]),
            rows,
            tally.may_pass,
        )

    def _read_rows(
        self,
        ann_paths: Sequence[str | None],
        image_whs: Sequence[tuple[int, int]],
        tally: Tally,
    ) -> tuple[np.ndarray, np.ndarray]:
        """Rows of all files and their number for each image.

        In training, what is at fault is left out; an image whose whole file
        is has -1 rows.
        """
        labelled = np.array([path is not None for path in ann_paths], bool)
        paths = [path for path in ann_paths if path is not None]
        if self.test_mode:
            rows, counts = visdrone_txt.read_annotation_files(paths)
        else:
            rows, counts = read_what_can_be_read(paths, tally)
        read = np.flatnonzero(counts >= 0)
        note_odd_rows(
            rows,
            counts[read],
            np.array(image_whs).reshape(-1, 2)[labelled][read],
            [paths[ind] for ind in read],
            tally,
        )
        all_counts = np.zeros(len(ann_paths), dtype=np.int64)
        all_counts[labelled] = counts
        return rows, all_counts
