"""Peer of the cover at one scale: SNIPER's greedy algorithm in fast NumPy.

As in SNIPER's chip generator, the windows are a grid, three corners, and a
last row and column, in random order. The window that contains the most
uncovered boxes is taken until no window contains an uncovered box. Coordinates
are pixels of the enlarged image. The package does not use this module.
"""

import numpy as np


def generate(
    bboxes: np.ndarray,
    image_wh: tuple[int, int],
    scale: float = 3.0,
    side: int = 512,
    stride: int = 57,
    seed: int = 0,
) -> np.ndarray:
    """Return windows (m, 4) xyxy, pixels of the enlarged image.

    Args:
        bboxes: (n, 4) xyxy, pixels of the image.
        image_wh: (width, height) of the image, pixels.
        scale: Enlargement of the image for the network.
        side: Side of a window, enlarged pixels.
        stride: Distance between two windows, enlarged pixels.
        seed: Seed of the shuffle.
    """
    width, height = (int(length * scale) for length in image_wh)
    right, bottom = max(width - side, 0), max(height - side, 0)
    lefts = np.arange(0, max(width - side, 0), stride)
    tops = np.arange(0, max(height - side, 0), stride)
    grid = np.stack(np.meshgrid(lefts, tops, indexing='ij'), axis=-1)
    corners = np.concatenate(
        [
            [[right, 0], [0, bottom], [right, bottom]],
            grid.reshape(-1, 2),
            np.column_stack([np.full(len(tops), right), tops]),
            np.column_stack([lefts, np.full(len(lefts), bottom)]),
        ]
    )
    np.random.default_rng(seed).shuffle(corners)
    enlarged = bboxes * scale
    held = (
        (corners[:, :1] <= enlarged[:, 0])
        & (corners[:, 1:] <= enlarged[:, 1])
        & (enlarged[:, 2] <= corners[:, :1] + side)
        & (enlarged[:, 3] <= corners[:, 1:] + side)
    )  # (windows, n)
    gains = held.sum(axis=1)
    taken = []
    while len(gains):
        best = int(gains.argmax())
        if not gains[best]:
            break
        taken.append(best)
        newly = held[best].copy()
        gains -= held[:, newly].sum(axis=1)
        held[:, newly] = False
    chosen = corners[taken].reshape(-1, 2)
    return np.hstack([chosen, chosen + side])
