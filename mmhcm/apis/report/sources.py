"""Sources of a mining report, and its numbers of pictures."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from mmengine.dataset import BaseDataset, Compose

from mmhcm.datasets import canvas_data_info
from mmhcm.engine.mining import canvas_transforms
from mmhcm.functional.chips import ChipScale
from mmhcm.functional.pixels import CAFFE_MEAN
from mmhcm.structures.pool import ObjectPool
from mmhcm.structures.rounds import MinedCanvas

#: Function that returns the pixels and the data info of a canvas.
Render = Callable[[MinedCanvas], tuple[np.ndarray, dict]]


@dataclass(frozen=True)
class ReportOptions:
    """Numbers of pictures of a report.

    Attributes:
        num_examples: Pictures of errors, of all types together.
        num_canvases: Pictures of canvases with pasted objects.
    """

    num_examples: int = 24
    num_canvases: int = 4

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if not isinstance(value, int) or value < 0:
                raise ValueError(
                    f'report: {name} must be 0 or more, got {value!r}'
                )


@dataclass(frozen=True)
class RoundSources:
    """Images, patches and settings that a round is rendered from.

    Attributes:
        datasets: Data sets of whole images, the own data set first.
        pool: The object pool, if objects were pasted.
        scales: The chip scales.
        mask_color: Colour of ignored regions, BGR.
        ignore_out_of_range: Setting of the ``ChipDataset``: False if objects
            of all sizes are learned in a chip.
        facts: Names and values of further lines at the head of the page.
        settings: Mining settings, shown unchanged.
    """

    datasets: Sequence[BaseDataset]
    pool: ObjectPool | None
    scales: Sequence[ChipScale]
    mask_color: Sequence[float] = CAFFE_MEAN
    ignore_out_of_range: bool = True
    facts: Sequence[tuple[str, str]] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)

    @property
    def classes(self) -> Sequence[str]:
        """Class names."""
        return self.datasets[0].metainfo['classes']

    def renderer(self) -> Render:
        """Return a function that paints a canvas."""
        pipeline = Compose(canvas_transforms(self.mask_color))

        def render(canvas: MinedCanvas) -> tuple[np.ndarray, dict]:
            info = canvas_data_info(self.datasets, canvas, self.pool)
            info.setdefault('ignored_regions', [])
            # A copy, because the pipeline removes the pool.
            return pipeline(dict(info))['img'], info

        return render
