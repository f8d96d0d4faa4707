"""Whole images with pasted objects, for mining."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from mmdet.registry import DATASETS
from mmengine.dataset import BaseDataset, Compose
from mmengine.logging import print_log

from mmhcm.functional.boxes import box_wh
from mmhcm.functional.pasting import (
    ImageLook,
    OwnObjects,
    PasteOptions,
    PastePlan,
    capped_weights,
    class_weights,
    compile_blending,
    compile_planning,
    index_pool,
    patch_traits,
    perspective_slope,
    plan_pastes,
    plan_resampling,
    use_caps,
)
from mmhcm.structures.instances import instance_arrays, instance_labels
from mmhcm.structures.pool import ObjectPool
from mmhcm.structures.rounds import MinedCanvas

from .canvas_look import read_look
from .data_info import add_pastes, guide_arrays, image_data_info
from .place_masks import PlaceMasks
from .sample_reading import SampleReader
from .seeding import sample_rng

#: Default of ``max_uses``.
MAX_USES = 15.0
# Factor by which a well-fitting patch may be used more often than other
# patches.
_FAVOURITE = 4.0
# AdaResampling: class for estimating the perspective, and class that is
# copied together with another object.
_RESAMPLING_CLASSES = 'pedestrian', 'people'
_CANVAS_STREAM, _PASTE_STREAM, _CHIP_STREAM = 3, 4, 5


@DATASETS.register_module()
class CanvasDataset:
    """Randomly selected images with class-balanced pasted objects.

    Images and pastes depend only on (seed, round, image) and the image's
    pixels. The annotations of pasted objects are added to the image's own
    annotations (paper section 3.3). A sample's data info contains ``canvas``,
    the ``MinedCanvas`` recipe without chips yet, and ``draw_key``, the
    integers that seed a metric's random draws for the canvas.

    Args:
        sources (list[dict | BaseDataset]): Data sets of whole images: the own
            data set first, then external data sets, of equal classes.
        pipeline (list): Test transforms of one canvas.
        pool (ObjectPool, optional): Source of patches. None pastes nothing.
        num_canvases (int, optional): Canvases per round. Defaults to None,
            the number of images of the own data set.
        external_ratio (float): Share of canvases from external data sets, if
            there are any. Defaults to 0.2.
        num_pastes (int): Objects to paste into one canvas. Defaults to 15.
        class_power (float): A class is drawn with weight
            instances ** -power. Defaults to 1.
        max_uses (float): Limit on the mean number of uses of a class' patches
            in the round, in expectation. A class above the limit is drawn less
            often and the other classes more often; if all classes are above
            the limit, fewer objects are pasted. Defaults to 15.
        paste (dict, optional): Fields of ``PasteOptions``; ``naive=True``
            pastes at random, as a comparator. ``families`` defaults to the
            families in the own data set's meta information, if any.
        place_masks (str, optional): Folder with a mask for each own image,
            ``<stem>.png``, such as its roads: objects are pasted where the
            mask is not 0. Defaults to None, pasting next to objects.
        paste_classes (list[str], optional): Classes to paste. Defaults to
            None, all classes.
        ada_resampling (bool): Paste copies of an own image's objects into the
            image by RRNet's AdaResampling if the image has a mask, see
            ``plan_resampling``. For such an image, ``class_power``,
            ``max_uses`` and ``paste`` have no effect, and ``num_pastes`` has
            an effect only if it is 0. Defaults to False.
        round_number (int): The mining round, from 1. Defaults to 1.
        seed (int): Seed of images and pastes. Defaults to 0.

    Raises:
        ValueError: no source, an own data set without images, or an external
            data set with other classes; an argument out of range, an unknown
            field of ``paste``, an object pool that is empty or of other
            classes, or an absent mask.
    """

    def __init__(
        self,
        sources: Sequence[dict | BaseDataset],
        pipeline: Sequence[Any],
        pool: ObjectPool | None = None,
        num_canvases: int | None = None,
        external_ratio: float = 0.2,
        num_pastes: int = 15,
        class_power: float = 1.0,
        max_uses: float = MAX_USES,
        paste: dict | None = None,
        place_masks: str | None = None,
        paste_classes: Sequence[str] | None = None,
        ada_resampling: bool = False,
        round_number: int = 1,
        seed: int = 0,
    ) -> None:
        self.sources = [
            DATASETS.build(source) if isinstance(source, dict) else source
            for source in sources
        ]
        if not self.sources:
            raise ValueError('sources must name at least one data set, got []')
        self._check_classes()
        if not 0 <= external_ratio <= 1:
            raise ValueError(
                f'external_ratio must be in 0..1, got {external_ratio}'
            )
        if num_canvases is not None and num_canvases < 1:
            raise ValueError(
                f'num_canvases must be positive, got {num_canvases}'
            )
        if num_pastes < 0:
            raise ValueError(f'num_pastes must be 0 or more, got {num_pastes}')
        if not max_uses > 0:
            raise ValueError(f'max_uses must be positive, got {max_uses}')
        if not len(self.sources[0]):
            raise ValueError('the own data set has no images')
        if num_pastes and pool is not None and not len(pool):
            raise ValueError(f'the object pool {pool} is empty')
        self.pipeline = Compose(pipeline)
        self._reader = SampleReader('canvas')
        self.pool = pool
        self.num_pastes = num_pastes if pool is not None else 0
        self.paste = _check_paste(
            {'families': self.metainfo.get('families'), **(paste or {})},
            len(self.metainfo['classes']),
        )
        self.round_number = round_number
        self.seed = 0 if seed is None else seed
        self.class_power = class_power
        self.max_uses = max_uses
        self._select_images(num_canvases, external_ratio)
        self.place_masks = PlaceMasks(place_masks)
        self._check_masks()
        self._paste_labels = self._labels_of('paste_classes', paste_classes)
        self.ada_resampling = ada_resampling
        self._resampling_labels = self._labels_of(
            'ada_resampling', _RESAMPLING_CLASSES if ada_resampling else ()
        )
        if ada_resampling and place_masks is None:
            print_log(
                'ada_resampling: without place_masks, objects are pasted '
                'next to objects',
                logger='current',
            )
        self._paste_share = 1.0
        if pool is not None:
            self._read_pool_statistics(pool)
            # Workers inherit the compiled loops when they are forked.
            compile_blending()
            compile_planning()

    @property
    def metainfo(self) -> dict:
        """Meta information of the own data set."""
        return self.sources[0].metainfo

    def full_init(self) -> None:
        """Do nothing; MMEngine calls this."""

    def __len__(self) -> int:
        """Return the number of canvases of the round."""
        return len(self._images)

    def get_data_info(self, idx: int) -> dict:
        """Return the data info of canvas ``idx`` with its paste recipe."""
        source, image = (int(value) for value in self._images[idx])
        info = image_data_info(self.sources[source], image)
        key = (self.round_number, source, image, int(self._repeats[idx]))
        pastes = []
        num_skipped, skipped_labels = 0, []
        if self.num_pastes:
            rng = sample_rng(self.seed, _PASTE_STREAM, *key)
            mask = None if source else self.place_masks.read(info['img_path'])
            if self.ada_resampling and mask is not None:
                plan = self._plan_resampling(info, image, mask, rng)
            else:
                plan = self._plan_pastes(info, mask, rng)
            pastes, num_skipped = list(plan.pastes), plan.num_skipped
            skipped_labels = list(plan.skipped_labels)
        canvas = MinedCanvas(source, image, str(info['img_id']), pastes)
        info = add_pastes(info, canvas, self.pool)
        info['canvas'] = canvas
        info['draw_key'] = (self.seed, _CHIP_STREAM, *key)
        # Same value as after loading the image.
        info['ori_shape'] = (info['height'], info['width'])
        info['num_skipped_pastes'] = num_skipped
        info['skipped_labels'] = skipped_labels
        info.setdefault('ignored_regions', [])
        return info

    def __getitem__(self, idx: int) -> dict:
        """Run the pipeline; replace a broken image by the next canvas."""
        return self._reader.read(
            idx,
            self.get_data_info,
            self.pipeline,
            lambda index: (index + 1) % len(self),
        )

    def _plan_pastes(
        self, info: dict, mask: np.ndarray | None, rng: np.random.Generator
    ) -> PastePlan:
        bboxes, ignored = instance_arrays(info['instances'])
        # Random rounding keeps the share on average.
        num_pastes = int(self.num_pastes * self._paste_share + rng.random())
        return plan_pastes(
            (info['width'], info['height']),
            bboxes,
            instance_labels(info['instances']),
            np.asarray(
                info.get('ignored_regions', []), dtype=np.float32
            ).reshape(-1, 4),
            gt_ignore=ignored,
            guides=guide_arrays(info),
            num_pastes=num_pastes,
            look=self._read_look(info['img_path']),
            place_mask=mask,
            rng=rng,
            **self._pool_statistics,
            **self.paste,
        )

    def _plan_resampling(
        self,
        info: dict,
        image: int,
        mask: np.ndarray,
        rng: np.random.Generator,
    ) -> PastePlan:
        assert self.pool is not None, 'nothing is pasted without a pool'
        upright, joint = self._resampling_labels
        bboxes, ignored = instance_arrays(info['instances'])
        is_upright = instance_labels(info['instances']) == upright
        inds = np.arange(
            *np.searchsorted(self.pool.image_inds, [image, image + 1])
        )
        origins = np.tile(self.pool.origins[inds], 2)
        return plan_resampling(
            (info['width'], info['height']),
            OwnObjects(
                self.pool.bboxes[inds] + origins, self.pool.labels[inds], inds
            ),
            mask,
            labels=self._paste_labels,
            joint_label=joint,
            slope=perspective_slope(bboxes[is_upright & ~ignored]),
            rng=rng,
        )

    def _labels_of(
        self, name: str, classes: Sequence[str] | None
    ) -> list[int]:
        """Return the labels of ``classes``; None means all classes."""
        own = list(self.metainfo['classes'])
        wanted = own if classes is None else classes
        unknown = [label for label in wanted if label not in own]
        if unknown:
            raise ValueError(
                f'{name}: the data set has no {", ".join(unknown)}, its '
                f'classes are {", ".join(own)}'
            )
        return [own.index(label) for label in wanted]

    def _check_masks(self) -> None:
        """Make sure that each own canvas has a mask, if masks are used."""
        for source, image in self._images.tolist():
            if source == 0 and self.num_pastes:
                info = self.sources[0].get_data_info(image)
                self.place_masks.check(info['img_path'])

    def _check_classes(self) -> None:
        own = self.sources[0].metainfo['classes']
        for source in self.sources[1:]:
            classes = source.metainfo['classes']
            if tuple(classes) != tuple(own):
                raise ValueError(
                    f'an external data set has the classes {classes}, '
                    f'expected {own}: give it a class map'
                )

    def _select_images(
        self, num_canvases: int | None, external_ratio: float
    ) -> None:
        """Draw the (source, image) of each canvas, in sorted order."""
        if num_canvases is None:
            num_canvases = len(self.sources[0])
        rng = sample_rng(self.seed, _CANVAS_STREAM, self.round_number)
        external = [
            (number, image)
            for number, source in enumerate(self.sources[1:], 1)
            for image in range(len(source))
        ]
        share = round(num_canvases * external_ratio) if external else 0
        own = [(0, image) for image in range(len(self.sources[0]))]
        chosen = [
            *_draw(own, num_canvases - share, rng),
            *_draw(external, share, rng),
        ]
        chosen.sort()
        self._images = np.array(chosen, dtype=np.int64).reshape(-1, 2)
        same = (self._images[1:] == self._images[:-1]).all(axis=1)
        repeats = [0]
        for is_same in same:
            repeats.append(repeats[-1] + 1 if is_same else 0)
        self._repeats = np.array(repeats, dtype=np.int64)

    def _read_look(self, img_path: str) -> ImageLook | None:
        """Read the look of a canvas if patches are chosen by looks."""
        options = PasteOptions.make(**self.paste)
        has_choice = options.follow_places or options.num_candidates > 1
        return read_look(img_path) if has_choice else None

    def _read_pool_statistics(self, pool: ObjectPool) -> None:
        num_classes = len(self.metainfo['classes'])
        if len(pool.class_counts) != num_classes:
            raise ValueError(
                f'{pool} has {len(pool.class_counts)} classes, the data set '
                f'{num_classes}'
            )
        # Converted once to the plans' type, because a large pool takes
        # a while.
        pool_wh = box_wh(pool.bboxes).astype(np.float64)
        index = index_pool(pool_wh, pool.labels, num_classes)
        # Probabilities follow the data set, 0 for classes without patches.
        patches = np.diff(index.starts)
        counts = np.where(patches > 0, pool.class_counts, 0)
        counts[~np.isin(np.arange(num_classes), self._paste_labels)] = 0
        weights = class_weights(counts, self.class_power)
        caps = use_caps(
            patches, len(self), max(self.num_pastes, 1), self.max_uses
        )
        probs, self._paste_share = capped_weights(weights, caps)
        self._log_caps(weights, probs)
        families = PasteOptions.make(**self.paste).families_of(num_classes)
        self._pool_statistics: dict[str, Any] = {
            'pool_wh': pool_wh,
            'pool_labels': pool.labels,
            'pool_index': index,
            'traits': patch_traits(
                pool_wh,
                pool.labels,
                families,
                looks=pool.looks,
                image_inds=pool.image_inds,
                aspect_sums=pool.aspect_sums,
            ),
            'patch_share': min(1, _FAVOURITE * self.max_uses / len(self)),
            'class_probs': probs,
            # Sizes of the data set, because the pool's filters favour large
            # objects.
            'class_log_sizes': pool.class_log_sizes,
        }

    def _log_caps(self, weights: np.ndarray, probs: np.ndarray) -> None:
        """Log the classes that are pasted less often than balanced."""
        rarer = probs * self._paste_share < weights * (1 - 1e-9)
        if not rarer.any():
            return
        names = [
            f'{name} ({weight:.0%} to {prob:.0%})'
            for name, weight, prob, is_rarer in zip(
                self.metainfo['classes'],
                weights,
                probs * self._paste_share,
                rarer,
                strict=True,
            )
            if is_rarer
        ]
        print_log(
            f'pasted less often, so that no patch is used more than '
            f'{self.max_uses:g} times a round on average: {", ".join(names)}',
            logger='current',
        )


def _draw(
    items: list[tuple[int, int]], count: int, rng: np.random.Generator
) -> list[tuple[int, int]]:
    """Draw ``count`` items; repeat items only after all were drawn."""
    drawn: list[int] = []
    while len(drawn) < count:
        drawn.extend(rng.permutation(len(items))[: count - len(drawn)])
    return [items[index] for index in drawn]


def _check_paste(paste: dict, num_classes: int) -> dict:
    """Return a copy of ``paste`` if its fields fit ``PasteOptions``."""
    try:
        PasteOptions.make(**paste).families_of(num_classes)
    except TypeError as error:
        raise ValueError(f'paste: {error}') from error
    return dict(paste)
