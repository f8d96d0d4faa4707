"""Data set of chips instead of whole images."""

import copy
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from mmdet.registry import DATASETS
from mmengine.dataset import BaseDataset, Compose
from mmengine.logging import print_log

from mmhcm.functional.boxes import as_bboxes
from mmhcm.functional.chips import valid_objects
from mmhcm.structures.files import PackedList
from mmhcm.structures.instances import instance_arrays
from mmhcm.structures.pool import ObjectPool
from mmhcm.structures.rounds import HardChipRound

from .chip_finding import find_chips, whole_images
from .data_info import canvas_data_info, image_data_info
from .partial_decoding import (
    RestartOffsets,
    attach_offsets,
    open_or_build_restart_offsets,
)
from .sample_reading import SampleReader
from .scale_config import build_scales, scale_factor
from .seeding import SampleKey, seeded_globals
from .transforms import check_crop_size


@DATASETS.register_module()
class ChipDataset:
    """Chips of any detection data set, one sample each.

    The chips of an image cover all objects that are not ignored, each object
    at a scale whose valid range contains the object's size (paper section
    3.2). Chips are found once and cached by a fingerprint of boxes and
    settings. A mining round adds hard chips after the normal chips.

    A sample's data info is the image's data info with ``chip``: ``window``
    (xyxy, source pixels), ``scale_ind``, ``resize`` (chip pixels per source
    pixel) and ``valid`` (bool for each instance); pasted objects are among the
    instances, and ``pastes`` lists the patches to paint.

    Args:
        dataset (dict | BaseDataset): The data set of whole images.
        pipeline (list): Transforms of one chip.
        scales (list[dict], optional): Arguments of ``ChipScale``. None makes
            each whole image one sample, as in plain training.
        chip_size (int): Side of all chips, network-input pixels. Defaults to
            512.
        max_chips (int, optional): Maximum number of chips of an image; the
            fullest chips are kept. Defaults to None, which covers every
            object.
        cache_dir (str, optional): Folder of the chip cache. Defaults to
            None, no cache.
        ignore_out_of_range (bool): Ignore the objects of a chip that are out
            of its valid range. False trains on these objects too; objects that
            are cut too much stay ignored, and the chips are the same. Defaults
            to True.
        partial_decoding (bool): Let ``LoadChipImage`` decode only the part of
            a JPEG file that the chip needs, to the same pixels. The restart
            offsets of the files are found once and take about 14 kB per image
            in ``cache_dir``. No effect without ``scales``, when samples are
            whole images. Defaults to False.
        lazy_init (bool): Find the chips in ``full_init``. Defaults to False.

    Raises:
        ValueError: scales with gaps or empty ranges, a pipeline for chips of
            another size, a data set without any chip, or partial decoding
            without a cache folder.
    """

    def __init__(
        self,
        dataset: dict | BaseDataset,
        pipeline: Sequence[Any],
        scales: Sequence[Mapping[str, Any]] | None = None,
        chip_size: int = 512,
        max_chips: int | None = None,
        cache_dir: str | None = None,
        ignore_out_of_range: bool = True,
        partial_decoding: bool = False,
        lazy_init: bool = False,
    ) -> None:
        self.scales = None if scales is None else build_scales(scales)
        if chip_size < 1:
            raise ValueError(f'chip_size must be positive, got {chip_size}')
        self.chip_size = chip_size
        self.max_chips = max_chips
        self.cache_dir = cache_dir
        self.ignore_out_of_range = ignore_out_of_range
        if partial_decoding and cache_dir is None:
            raise ValueError('partial_decoding needs a cache_dir, got None')
        self.partial_decoding = partial_decoding
        self._offsets: RestartOffsets | None = None
        self.dataset = (
            DATASETS.build(dataset) if isinstance(dataset, dict) else dataset
        )
        self.pipeline = Compose(pipeline)
        if self.scales is not None:
            check_crop_size(self.pipeline, chip_size)
        self.sources: list[BaseDataset] = [self.dataset]
        self._hard_round: HardChipRound | None = None
        self._hard_canvases = PackedList()
        self.pool: ObjectPool | None = None
        self._hard_canvas_inds = np.zeros(0, dtype=np.int64)
        self._hard_windows = as_bboxes([])
        self._hard_scale_inds = np.zeros(0, dtype=np.int64)
        self._hard_history: list[tuple[int, int]] = []
        self._reader = SampleReader('image')
        self._fully_initialized = False
        if not lazy_init:
            self.full_init()

    @property
    def metainfo(self) -> dict:
        """Meta information of the wrapped data set."""
        return copy.deepcopy(self.dataset.metainfo)

    def full_init(self) -> None:
        """Load the wrapped data set and find or read its chips."""
        if self._fully_initialized:
            return
        self.dataset.full_init()
        if self.scales is None:
            self.index = whole_images(self.dataset)
        else:
            self.index = find_chips(
                self.dataset,
                self.scales,
                max_chips=self.max_chips,
                cache_dir=self.cache_dir,
            )
            if self.partial_decoding and self.cache_dir is not None:
                self._offsets = open_or_build_restart_offsets(
                    self.dataset, self.cache_dir
                )
        self._fully_initialized = True
        if not self.num_normal:
            raise ValueError(
                f'no chips: {len(self.dataset)} images hold no object'
            )
        if self.scales is not None:
            message = (
                f'{self.num_normal} normal chips of {len(self.dataset)} '
                f'images; {int(self.index.num_excluded)} objects without '
                'area are left out'
            )
            print_log(message, logger='current')

    @property
    def num_normal(self) -> int:
        """Number of normal chips."""
        self.full_init()
        return len(self.index.image_inds)

    @property
    def hard_round(self) -> HardChipRound | None:
        """Round of the hard chips."""
        if self._hard_round is None:
            return None
        return replace(self._hard_round, canvases=self._hard_canvases)

    @property
    def num_hard(self) -> int:
        """Number of hard chips."""
        return len(self._hard_canvas_inds)

    @property
    def hard_history(self) -> tuple[tuple[int, int], ...]:
        """First epoch and number of hard chips of each ``set_hard_chips``."""
        return tuple(self._hard_history)

    def __len__(self) -> int:
        """Return the number of normal and hard chips."""
        return self.num_normal + self.num_hard

    def set_hard_chips(
        self,
        hard_round: HardChipRound | None,
        pool: ObjectPool | None = None,
        sources: Sequence[BaseDataset] = (),
        first_epoch: int = 0,
    ) -> None:
        """Replace the hard chips.

        Entries of ``hard_history`` from ``first_epoch`` on are removed.

        Args:
            hard_round: The mined chips; None removes the hard chips.
            pool: The pool of the round's patches.
            sources: Data sets of external canvases, in the order of the
                round's ``source`` numbers, from 1.
            first_epoch: First epoch, from 0, that uses the chips.
                Defaults to 0.
        """
        self.sources = [self.dataset, *sources]
        self._hard_round, self.pool = None, pool
        if hard_round is not None:
            self._hard_round = replace(hard_round, canvases=())
        else:
            hard_round = HardChipRound(0, '', [])
        # Packed, so that workers share tens of thousands of pastes and
        # errors.
        self._hard_canvases = PackedList(hard_round.canvases)
        (
            self._hard_canvas_inds,
            self._hard_windows,
            self._hard_scale_inds,
        ) = hard_round.flatten()
        self._hard_history = [
            *(past for past in self._hard_history if past[0] < first_epoch),
            (first_epoch, self.num_hard),
        ]

    def get_data_info(self, idx: int | SampleKey) -> dict:
        """Return the data info of normal or hard chip ``idx``."""
        if isinstance(idx, SampleKey):
            # MMDetection's AspectRatioBatchSampler passes the sampler's keys.
            idx = idx.index
        if not 0 <= idx < len(self):
            raise IndexError(f'chip {idx} of {len(self)}')
        if idx < self.num_normal:
            source, image = 0, int(self.index.image_inds[idx])
            info = image_data_info(self.dataset, image)
            window = self.index.windows[idx]
            scale_ind = int(self.index.scale_inds[idx])
        else:
            idx -= self.num_normal
            canvas = self._hard_canvases[int(self._hard_canvas_inds[idx])]
            info = canvas_data_info(self.sources, canvas, self.pool)
            info['hard_errors'] = canvas.errors
            source, image = canvas.source, canvas.image
            window = self._hard_windows[idx]
            scale_ind = int(self._hard_scale_inds[idx])
        info['chip'] = self._chip_info(info, window, scale_ind)
        if self._offsets is not None and source == 0:
            attach_offsets(info, self._offsets, image)
        return info

    def __getitem__(self, key: int | SampleKey) -> dict:
        """Run the pipeline on a chip; a plain index counts as epoch 0.

        All random draws of the transforms depend only on seed, epoch and
        position. A broken image is replaced by the next image's first chip.
        """
        if not isinstance(key, SampleKey):
            key = SampleKey(int(key), 0, int(key))
        position = (key.seed, key.epoch, key.position)

        def run(info: dict) -> dict | None:
            with seeded_globals(*position):
                return self.pipeline(info)

        return self._reader.read(
            key.index, self.get_data_info, run, self._next_image
        )

    def _next_image(self, index: int) -> int:
        """Return the first chip of the next image or canvas."""
        owners, start = self.index.image_inds, 0
        if index >= self.num_normal:
            owners, start = self._hard_canvas_inds, self.num_normal
        owner = owners[index - start]
        following = start + int(np.searchsorted(owners, owner, 'right'))
        return following % len(self)

    def _chip_info(
        self, info: dict, window: np.ndarray, scale_ind: int
    ) -> dict:
        bboxes, ignored = instance_arrays(info['instances'])
        image_wh = (info['width'], info['height'])
        valid = ~ignored
        resize = 1.0
        if self.scales is not None:
            if self.ignore_out_of_range:
                # Ignored objects do not change the validity of other objects.
                columns = valid_objects(bboxes, image_wh, self.scales)
                valid = valid & columns[:, scale_ind]
            resize = scale_factor(
                self.scales, scale_ind, image_wh, self.chip_size
            )
        return {
            'window': window,
            'scale_ind': scale_ind,
            'resize': resize,
            'valid': valid,
        }


def find_chip_dataset(dataset: Any) -> ChipDataset:
    """Find the ``ChipDataset`` inside the wrappers of a data set.

    Raises:
        ValueError: no ``ChipDataset`` is wrapped.
    """
    seen = dataset
    while seen is not None:
        if isinstance(seen, ChipDataset):
            return seen
        seen = getattr(seen, 'dataset', None)
    raise ValueError(
        f'the training data set must be a ChipDataset, got {type(dataset)}'
    )
