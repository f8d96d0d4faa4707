"""VisDrone-DET in its native text format."""

from typing import Any, ClassVar

from mmdet.registry import DATASETS

from mmhcm.structures import visdrone_txt

from .image_folder import ImageFolderDataset, clip_to_image


@DATASETS.register_module()
class VisDroneDataset(ImageFolderDataset):
    """VisDrone-DET, read without a conversion step.

    Categories 1..10 are labels 0..9. Rows of category 11 ("others") and rows
    of score 0 are instances with ``ignore_flag=1``; category 0 gives
    ``ignored_regions`` and never an instance. Boxes are clipped to the
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
        kwargs: Arguments of ``BaseDetDataset``.
    """

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
        'palette': [
            (230, 159, 0),
            (240, 228, 66),
            (0, 158, 115),
            (86, 180, 233),
            (0, 114, 178),
            (213, 94, 0),
            (204, 121, 167),
            (148, 103, 189),
            (140, 86, 75),
            (23, 190, 207),
        ],
    }

    def __init__(
        self,
        *args: Any,
        data_prefix: dict | None = None,
        use_ignored_regions: bool = True,
        **kwargs: Any,
    ) -> None:
        self.use_ignored_regions = use_ignored_regions
        data_prefix = {
            'img_path': 'images',
            'ann_path': 'annotations',
            **(data_prefix or {}),
        }
        super().__init__(*args, data_prefix=data_prefix, **kwargs)

    def parse_annotation(self, ann_path: str, width: int, height: int) -> dict:
        """Read one annotation file; boxes in source pixels."""
        rows = visdrone_txt.read_annotations(ann_path)
        instances, ignored_regions = [], []
        for (
            x,
            y,
            w,
            h,
            score,
            category,
            truncation,
            occlusion,
        ) in rows.tolist():
            bbox = clip_to_image((x, y, x + w, y + h), width, height)
            if bbox is None:
                continue
            if category == 0:
                if self.use_ignored_regions:
                    ignored_regions.append(bbox)
                continue
            others = category == 11
            instances.append(
                {
                    'bbox': bbox,
                    'bbox_label': 0 if others else int(category) - 1,
                    'ignore_flag': int(others or score == 0),
                    'truncation': int(truncation),
                    'occlusion': int(occlusion),
                }
            )
        return {'instances': instances, 'ignored_regions': ignored_regions}
