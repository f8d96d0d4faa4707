"""Images and their chips as numbers, without pixels."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from tqdm import tqdm

from mmhcm.datasets import ChipDataset, scale_factor
from mmhcm.functional.boxes import as_bboxes
from mmhcm.functional.chips import (
    Chips,
    generate_chips,
    project_to_chip,
    valid_objects,
)
from mmhcm.structures.instances import instance_arrays


@dataclass(frozen=True)
class ChippedImage:
    """Image with its objects and its chips.

    Attributes:
        image_wh: (width, height), source pixels.
        bboxes: float32 (n, 4) xyxy, source pixels.
        labels: int64 (n,).
        ignored: bool (n,).
        valid: bool (n, K + 1), scales at which an object is learned; False
            for ignored objects.
        windows: float32 (m, 4) xyxy, source pixels.
        scale_inds: int64 (m,).
        resizes: float64 (m,), chip pixels per source pixel.
        min_visible: Least visible share at which an object is learned.
    """

    image_wh: tuple[int, int]
    bboxes: np.ndarray
    labels: np.ndarray
    ignored: np.ndarray
    valid: np.ndarray
    windows: np.ndarray
    scale_inds: np.ndarray
    resizes: np.ndarray
    min_visible: float

    def projections(
        self,
    ) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
        """Yield ``project_to_chip`` of every chip, as in ``CropChip``."""
        for window, scale_ind, resize in zip(
            self.windows, self.scale_inds, self.resizes, strict=True
        ):
            yield project_to_chip(
                self.bboxes,
                window,
                self.valid[:, scale_ind],
                float(resize),
                self.min_visible,
            )


def iterate_images(
    dataset: ChipDataset, min_visible: float, desc: str = 'projecting'
) -> Iterator[ChippedImage]:
    """Yield every image of a data set with its normal chips."""
    order = np.argsort(dataset.index.image_inds, kind='stable')
    inds = dataset.index.image_inds[order]
    starts = np.searchsorted(inds, np.arange(len(dataset.dataset) + 1))
    progress = tqdm(range(len(dataset.dataset)), desc, leave=False)
    for index in progress:
        chosen = order[starts[index] : starts[index + 1]]
        yield chipped_image(
            dataset,
            dataset.dataset.get_data_info(index),
            dataset.index.windows[chosen],
            dataset.index.scale_inds[chosen],
            min_visible,
        )


def chip_image(
    dataset: ChipDataset, info: dict, min_visible: float
) -> ChippedImage:
    """Cover any image, such as a canvas, with chips as in the data set."""
    bboxes, ignored = instance_arrays(info['instances'])
    image_wh = (info['width'], info['height'])
    chips = Chips(
        as_bboxes([(0, 0, *image_wh)]),
        np.zeros(1, dtype=np.int64),
        ~ignored,
        0,
    )
    if dataset.scales is not None:
        chips = generate_chips(
            bboxes[~ignored],
            image_wh,
            dataset.scales,
            max_chips=dataset.max_chips,
        )
    return chipped_image(
        dataset, info, chips.windows, chips.scale_inds, min_visible
    )


def chipped_image(
    dataset: ChipDataset,
    info: dict,
    windows: np.ndarray,
    scale_inds: np.ndarray,
    min_visible: float,
) -> ChippedImage:
    """Combine an image with given chips."""
    bboxes, ignored = instance_arrays(info['instances'])
    image_wh = (info['width'], info['height'])
    labels = [item['bbox_label'] for item in info['instances']]
    if dataset.scales is None:
        valid = ~ignored[:, None]
        resizes = np.ones(len(windows))
    else:
        valid = valid_objects(bboxes, image_wh, dataset.scales)
        if not dataset.ignore_out_of_range:
            valid[:] = True
        valid &= ~ignored[:, None]
        resizes = np.array(
            [
                scale_factor(
                    dataset.scales, int(ind), image_wh, dataset.chip_size
                )
                for ind in scale_inds
            ]
        )
    return ChippedImage(
        image_wh=image_wh,
        bboxes=bboxes,
        labels=np.array(labels, dtype=np.int64),
        ignored=ignored,
        valid=valid,
        windows=windows,
        scale_inds=scale_inds,
        resizes=resizes,
        min_visible=min_visible,
    )
