"""Checks of training pipelines with a synthetic sample."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from mmengine.logging import print_log

from .probe import Probe, chip_probe, image_probe
from .rendering import (
    Stage,
    StepError,
    change,
    changed_pixels,
    lie_in_boxes,
    render,
)

_NUM_DRAWS = 16
_NUM_LEAK_DRAWS = 2
#: Largest share of draws in which boxes and pixels may disagree, as in
#: transforms that erase pixels or leave out boxes.
_MAX_MISFITS = 0.2
#: Smallest change of pixels that is not noise, as a share of the change by an
#: object.
_VISIBLE = 0.25
_FIRST_BOXES = 'that gives the sample its boxes, CropChip or LoadAnnotations'


@dataclass(frozen=True)
class PipelineCheck:
    """Check of the transforms of one training sample.

    Attributes:
        where: Key of the pipeline in the config.
        transforms: The transforms. Copies of them run.
        has_regions: True if there are ignored regions to mask.
        has_pastes: True if samples with pasted objects will follow.
        packs: True if the results are the network's inputs.
        meta_keys: Keys of a sample's meta information that the network needs.
    """

    where: str
    transforms: Sequence[Any]
    has_regions: bool = False
    has_pastes: bool = False
    packs: bool = True
    meta_keys: tuple[str, ...] = ()

    def check_chips(self, template: Mapping[str, Any], chip_size: int) -> None:
        """Check the pixels and boxes of chips.

        Args:
            template: A data info, for its keys.
            chip_size: Side of the chips, network-input pixels.

        Raises:
            ValueError: a transform fails, or a sample shows other pixels than
                those of its chip, or boxes are not on their objects.
        """
        with chip_probe(template, chip_size) as probe:
            self._check(probe, is_chip=True)

    def check_images(self, template: Mapping[str, Any]) -> None:
        """Check the pixels and boxes of whole images.

        Args:
            template: A data info, for its keys.

        Raises:
            ValueError: a transform fails, or boxes are not on their objects.
        """
        with image_probe(template) as probe:
            self._check(probe, is_chip=False)

    def _check(self, probe: Probe, is_chip: bool) -> None:
        if not self._can_load(probe):
            return
        try:
            stages = self._check_boxes(probe)
            if stages:
                self._check_learned(stages, probe)
            if is_chip:
                self._check_window(probe)
            if self.has_regions:
                self._check_regions(probe)
            if self.has_pastes:
                self._check_pastes(probe)
        except StepError as error:
            raise ValueError(
                f'{self._name(error.index)} fails: {error}'
            ) from error

    def _can_load(self, probe: Probe) -> bool:
        """Run once; return False if a loader cannot load the probe's file."""
        try:
            stages, results = render(
                self.transforms, probe.sample('objects'), 0
            )
        except StepError as error:
            return self._judge(error, probe)
        if not stages:
            raise ValueError(
                f"{self.where}: loads no image: put dict(type='LoadImage') "
                'first'
            )
        if self.packs and results is not None and 'inputs' not in results:
            raise ValueError(
                f'{self.where}: gives no inputs: put '
                "dict(type='PackChipInputs') last"
            )
        if self.packs and results is not None:
            self._check_meta(results.get('data_samples', ()))
        return True

    def _check_meta(self, sample: Any) -> None:
        missing = [key for key in self.meta_keys if key not in sample]
        if missing:
            raise ValueError(
                f'{self.where}: gives no {missing[0]}, which the detector '
                'needs: add it to the meta_keys of PackChipInputs, after '
                'CropChip, which makes it'
            )

    def _judge(self, error: StepError, probe: Probe) -> bool:
        """Raise the error of a transform; return False for a loader.

        A custom transform may load other files than the probe's.
        """
        self._check_boxes(probe, stop=error.index)
        name = self._name(error.index)
        if "'img'" in str(error) and error.index == 0:
            raise ValueError(
                f"{name} finds no image: put dict(type='LoadImage') first"
            ) from error
        stages, _ = render(
            self.transforms[: error.index], probe.sample('objects'), 0
        )
        if stages:
            raise ValueError(f'{name} fails: {error}') from error
        print_log(f'{name} is not checked: {error}', logger='current')
        return False

    def _check_boxes(
        self, probe: Probe, stop: int | None = None
    ) -> list[Stage]:
        """Check that boxes are on their objects, in many draws.

        Returns:
            The last stage of each draw.
        """
        transforms = self.transforms[:stop]
        lasts, misfits = [], []
        for seed in range(_NUM_DRAWS):
            plain, _ = render(transforms, probe.sample('plain'), seed)
            shown, _ = render(transforms, probe.sample('objects'), seed)
            if not shown or len(shown) != len(plain):
                continue
            lasts.append(shown[-1])
            index = _first_misfit(plain, shown)
            if index is None:
                continue
            if not shown[index].has_targets:
                raise ValueError(
                    f'{self._name(shown[index].index)} moves the image before '
                    'its boxes are taken: put it after the transform '
                    + _FIRST_BOXES
                )
            misfits.append(shown[index].index)
        if len(misfits) > _MAX_MISFITS * len(lasts):
            raise ValueError(
                f'{self._name(misfits[0])} leaves boxes apart from their '
                f'objects, in {len(misfits)} of {len(lasts)} draws'
            )
        return lasts

    def _check_learned(self, stages: Sequence[Stage], probe: Probe) -> None:
        """Check that a sample has its objects, and no others, as targets."""
        if not any(stage.has_targets for stage in stages):
            raise ValueError(
                f'{self.where}: gives no boxes: add the transform '
                + _FIRST_BOXES
            )
        counts = [int(stage.learned.sum()) for stage in stages]
        if max(counts) > probe.num_learned:
            raise ValueError(
                f'{self.where}: {max(counts)} of the boxes of an image are '
                f'learned where {probe.num_learned} are to be: objects out of '
                'the chip or its valid range, or ignored ones, are among '
                "them; dict(type='CropChip') takes those of the chip"
            )
        if not any(counts):
            raise ValueError(f'{self.where}: no sample has a box to learn')

    def _check_window(self, probe: Probe) -> None:
        if self._shows(probe, 'outside'):
            raise ValueError(
                f'{self.where}: shows the whole image, not the chip: add '
                "dict(type='CropChip') after the transform that loads"
            )

    def _check_regions(self, probe: Probe) -> None:
        if self._shows(probe, 'regions'):
            raise ValueError(
                f'{self.where}: shows ignored regions, which become '
                "background: add dict(type='MaskIgnoredRegions') after the "
                'transform that loads'
            )

    def _shows(self, probe: Probe, content: str) -> bool:
        """Test if a content of the probe is visible like the objects."""
        for seed in range(_NUM_LEAK_DRAWS):
            images = [
                render(self.transforms, probe.sample(name), seed)[0]
                for name in ('plain', 'objects', content)
            ]
            if not all(images):
                continue
            plain, objects, shown = (stages[-1] for stages in images)
            if change(plain, shown) > _VISIBLE * change(plain, objects):
                return True
        return False

    def _check_pastes(self, probe: Probe) -> None:
        """Check that pasted objects are painted where their boxes are."""
        is_apart = False
        for seed in range(_NUM_DRAWS):
            pasted = probe.sample('plain', with_pastes=True)
            plain = {**pasted, 'pastes': [], 'pool': None}
            stages = [
                render(self.transforms, info, seed)[0]
                for info in (plain, pasted)
            ]
            if not all(stages):
                continue
            before, after = (shown[-1] for shown in stages)
            changed = changed_pixels(before, after)
            if changed is None or not changed.any():
                # The object may be outside a random crop.
                continue
            if lie_in_boxes(changed, _grown(after.bboxes)):
                return
            is_apart = True
        raise ValueError(
            f'{self.where}: paints pasted objects apart from their boxes: put '
            "dict(type='PasteObjects') before CropChip"
            if is_apart
            else f'{self.where}: does not paint pasted objects: add '
            "dict(type='PasteObjects') after MaskIgnoredRegions and before "
            'CropChip'
        )

    def _name(self, index: int) -> str:
        transform = self.transforms[index]
        return f'{self.where}[{index}], {type(transform).__name__},'


def _first_misfit(
    plain: Sequence[Stage], shown: Sequence[Stage]
) -> int | None:
    """Find the first stage whose boxes do not contain the changed pixels.

    None if the boxes of the last stage contain the changed pixels.
    """
    if _fits(plain[-1], shown[-1]):
        return None
    pairs = zip(plain, shown, strict=True)
    fits = [_fits(before, after) for before, after in pairs]
    return fits.index(False)


def _fits(before: Stage, after: Stage) -> bool:
    changed = changed_pixels(before, after)
    if changed is None:
        return True
    is_empty = after.learned.any() and not changed.any()
    return not is_empty and lie_in_boxes(changed, after.bboxes)


def _grown(bboxes: np.ndarray) -> np.ndarray:
    """Grow boxes (n, 4) by half, for the soft edges of pasted objects."""
    margin = np.tile((bboxes[:, 2:] - bboxes[:, :2]) / 4, 2)
    return bboxes + margin * np.array([-1, -1, 1, 1])
