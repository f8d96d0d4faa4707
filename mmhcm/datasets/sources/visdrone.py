"""VisDrone-DET in its native text format."""

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
from mmdet.registry import DATASETS
from mmengine.dataset import force_full_init

from mmhcm.datasets.data_info import ImageBoxes
from mmhcm.structures.annotations import (
    CLASSES,
    note_odd_rows,
    read_what_can_be_read,
    visdrone_txt,
)
from mmhcm.structures.fault_counter import FaultCounter
from mmhcm.structures.palette import CLASS_COLORS

from .annotated_images import AnnotatedImages
from .image_folder import ImageFolderDataset


@DATASETS.register_module()
class VisDroneDataset(ImageFolderDataset):
    """VisDrone-DET, read without a conversion step.

    Categories 1..10 are labels 0..9. Rows of category 11 ("others") and rows
    of score 0 are instances with ``ignore_flag=1``; category 0 gives
    ``ignored_regions`` and never an instance; in training, an object with at
    least half of its area in ignored regions is ignored too. Boxes are clipped
    to the image; boxes without area are left out of the instances (the
    official score reads the annotation files directly). A data set without
    annotations (test-challenge) loads in test mode.

    Args:
        data_prefix (dict): Folders under ``data_root``. Defaults to
            ``dict(img_path='images', ann_path='annotations')``.
        use_ignored_regions (bool): False leaves out the rows of category 0:
            ignored regions are then background in training and mining. The
            official score reads the annotation files directly. Defaults to
            True.
        kwargs: Arguments of ``BaseDetDataset``. ``serialize_data`` has no
            effect: data infos are built from arrays that workers share.
    """

    data_list: AnnotatedImages

    METAINFO: ClassVar[dict] = {
        'classes': CLASSES,
        # People and vehicles; objects are pasted next to their own family.
        'families': (0, 0, 1, 1, 1, 1, 1, 1, 1, 1),
        'palette': list(CLASS_COLORS),
    }

    def __init__(
        self,
        *args: Any,
        data_prefix: dict | None = None,
        use_ignored_regions: bool = True,
        **kwargs: Any,
    ) -> None:
        self.use_ignored_regions = use_ignored_regions
        kwargs['serialize_data'] = False
        data_prefix = {
            'img_path': 'images',
            'ann_path': 'annotations',
            **(data_prefix or {}),
        }
        super().__init__(*args, data_prefix=data_prefix, **kwargs)

    @force_full_init
    def get_data_info(self, idx: int) -> dict:
        """Build and return the data info of an image."""
        index = range(len(self))[idx]
        return {**self.data_list[index], 'sample_idx': index}

    @force_full_init
    def boxes(self) -> ImageBoxes:
        """Return the boxes of all images at once, source pixels."""
        return self.data_list.boxes()

    def _find_with_objects(self) -> Sequence[dict]:
        images, boxes = self.data_list, self.data_list.boxes()
        owners = np.repeat(np.arange(len(images)), np.diff(boxes.offsets))
        return images.select(np.unique(owners[~boxes.ignored]))

    def _get_unserialized_subset(
        self, indices: Sequence[int] | int
    ) -> Sequence[dict]:
        """Return a subset; a number selects the first or last images."""
        if isinstance(indices, int):
            span = slice(indices) if indices >= 0 else slice(indices, None)
            return self.data_list[span]
        return self.data_list.select(indices)

    def _read_annotations(
        self, images: list[dict], counter: FaultCounter
    ) -> AnnotatedImages:
        ann_paths = [info['ann_path'] for info in images]
        image_whs = np.array(
            [(info['width'], info['height']) for info in images],
            dtype=np.int32,
        ).reshape(-1, 2)
        rows, counts = self._read_rows(ann_paths, image_whs, counter)
        usable = np.flatnonzero(counts >= 0)
        stops = np.cumsum(counts[usable])
        return AnnotatedImages(
            [images[ind]['img_path'] for ind in usable],
            [ann_paths[ind] for ind in usable],
            image_whs[usable],
            stops - counts[usable],
            stops,
            rows,
            self.use_ignored_regions,
            not self.test_mode,
        )

    def _read_rows(
        self,
        ann_paths: Sequence[str | None],
        image_whs: np.ndarray,
        counter: FaultCounter,
    ) -> tuple[np.ndarray, np.ndarray]:
        """Read the rows of all files, and count the rows of each image.

        In training, invalid rows are left out; an image with an unreadable
        file has -1 rows.
        """
        labelled = np.array([path is not None for path in ann_paths], bool)
        paths = [path for path in ann_paths if path is not None]
        if self.test_mode:
            rows, counts = visdrone_txt.read_annotation_files(paths)
        else:
            rows, counts = read_what_can_be_read(paths, counter)
        read = np.flatnonzero(counts >= 0)
        note_odd_rows(
            rows,
            counts[read],
            image_whs[labelled][read],
            [paths[ind] for ind in read],
            counter,
        )
        all_counts = np.zeros(len(ann_paths), dtype=np.int64)
        all_counts[labelled] = counts
        return rows, all_counts
