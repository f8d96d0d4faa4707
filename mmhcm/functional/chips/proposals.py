"""Proposals of chip windows and valid ranges from the sizes of objects."""

import numpy as np

from mmhcm.functional.boxes import as_bboxes, sqrt_areas

from .scales import ChipScale, check_scales


def propose_scales(
    bboxes: np.ndarray,
    image_whs: np.ndarray,
    chip_size: int,
    num_scales: int = 3,
    *,
    network_range: tuple[float, float] = (24, 128),
    quantiles: tuple[float, float] = (0.05, 0.99),
    overlap: float = 1.5,
    round_to: int = 16,
) -> list[ChipScale]:
    """Propose windows and valid ranges for the objects of a data set.

    1. In the finest window, small objects (first quantile of sqrt(area)) have
       the lower size of ``network_range``. In the coarsest window, large
       objects (second quantile) have the upper size. The windows in between
       are spaced by equal factors.
    2. A scale is valid up to the object size that has the upper size of
       ``network_range`` in its window. The next scale is valid from that
       object size divided by ``overlap``. Every object is thus shown as large
       as ``network_range`` allows.

    Args:
        bboxes: (n, 4) xyxy of all objects, pixels of their source images.
        image_whs: (m, 2) width and height of the images, pixels. No window
            is longer than the longest side.
        chip_size: Side of a chip at the network's input, pixels.
        num_scales: Number of scales, at least 1. Fewer scales are returned if
            windows coincide, for instance with objects of one size. Defaults
            to 3.
        network_range: Smallest and largest sqrt(area) to aim at, pixels of
            the network's input. Defaults to (24, 128).
        quantiles: Quantiles of sqrt(area) that define small and large
            objects. Defaults to (0.05, 0.99).
        overlap: Factor, at least 1, by which neighbouring ranges overlap.
            Defaults to 1.5.
        round_to: Windows are multiples of this length, pixels, except a window
            as long as the longest side. Defaults to 16.

    Returns:
        Scales that pass ``check_scales``, finest first.

    Raises:
        ValueError: If no box has an area, or an argument is out of range.

    Examples:
        >>> sides = np.linspace(8, 400, 50)
        >>> bboxes = np.stack([0 * sides, 0 * sides, sides, sides], axis=1)
        >>> for scale in propose_scales(bboxes, [[2000, 1500]], chip_size=512):
        ...     print(scale.window, scale.valid_range)
        ...
        592 (0.0, 148.0)
        960 (98.0, 240.0)
        1584 (160.0, inf)
    """
    sizes = sqrt_areas(as_bboxes(bboxes))
    sizes = sizes[sizes > 0]
    if not len(sizes):
        raise ValueError('no box with an area to propose scales for')
    if num_scales < 1 or overlap < 1 or not min(network_range) > 0:
        raise ValueError(
            'num_scales and overlap must be at least 1 and network_range '
            f'positive, got {num_scales}, {overlap} and {network_range}'
        )
    ends = chip_size * np.quantile(sizes, quantiles) / network_range  # (2,)
    longest = np.asarray(image_whs).max()
    # a single scale has to fit the large objects
    targets = np.geomspace(ends[1], ends[0], num_scales)
    multiples = np.maximum(np.round(targets / round_to), 1) * round_to
    windows = np.unique(np.minimum(multiples, longest).astype(int)).tolist()
    highs = [
        float(np.round(network_range[1] * window / chip_size))
        for window in windows[:-1]
    ]
    lows = [float(np.floor(high / overlap)) for high in highs]
    scales = [
        ChipScale(window, (low, high))
        for window, low, high in zip(
            windows, [0.0, *lows], [*highs, np.inf], strict=True
        )
    ]
    check_scales(scales)
    return scales
