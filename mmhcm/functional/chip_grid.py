"""Candidate windows of one chip scale, and how many objects each holds.

Boxes and windows are xyxy in pixels of one source image, half-open.
"""

import numpy as np


class ScaleGrid:
    """Candidate windows of one scale and what each would still cover.

    The windows that hold a box form a rectangle in the grid of candidates.
    So ``scores`` (rows, columns) is kept by adding and taking away such
    rectangles; no matrix of candidates and objects is needed. A score is
    (uncovered valid objects) * unit + (all valid objects), unit > all, and
    the same unit at all scales.

    Args:
        hulls: int (n, 4) xyxy of whole pixels inside the image.
        valid: bool (n,), objects that are valid at this scale and fit its
            window.
        image_wh: (width, height) of the image, pixels.
        window_wh: (width, height) of the window, at most the image's.
        stride: Distance of two neighbouring windows, pixels.
    """

    def __init__(
        self,
        hulls: np.ndarray,
        valid: np.ndarray,
        image_wh: tuple[int, int],
        window_wh: tuple[int, int],
        stride: int,
    ) -> None:
        self.valid = valid
        self.window_wh = window_wh
        self.unit = len(hulls) + 1
        self.positions, starts, stops = [], [], []
        for axis in range(2):
            positions = _axis_positions(
                image_wh[axis],
                self.window_wh[axis],
                stride,
                hulls[valid][:, axis::2],
            )
            # a window at p holds [a, b) when b - side <= p <= a
            first = hulls[:, axis + 2] - self.window_wh[axis]
            starts.append(np.searchsorted(positions, first, 'left'))
            stops.append(np.searchsorted(positions, hulls[:, axis], 'right'))
            self.positions.append(positions)
        self.starts = np.stack(starts, axis=1)  # (n, 2) columns, rows
        self.stops = np.stack(stops, axis=1)  # (n, 2)
        self.scores = self._count_held() * (self.unit + 1)

    def best_score(self) -> int:
        """Most uncovered valid objects that one window holds."""
        return int(self.scores.max())

    def pick(self) -> tuple[tuple[int, int, int, int], np.ndarray]:
        """Return the best window xyxy and which objects it holds (n,)."""
        row, column = np.unravel_index(self.scores.argmax(), self.scores.shape)
        place = np.array([column, row])
        held = self.valid & (
            (self.starts <= place) & (place < self.stops)
        ).all(axis=1)
        # Every candidate that holds these objects holds no others: its score
        # would be higher than the best. So the middle one is as good.
        low = self.starts[held].max(axis=0)
        high = self.stops[held].min(axis=0) - 1
        column, row = (low + high) // 2
        left = int(self.positions[0][column])
        top = int(self.positions[1][row])
        width, height = self.window_wh
        return (left, top, left + width, top + height), held

    def discard(self, inds: np.ndarray) -> None:
        """Take the objects ``inds`` off the uncovered ones."""
        inds = inds[self.valid[inds]]
        for (left, top), (right, bottom) in zip(
            self.starts[inds].tolist(), self.stops[inds].tolist(), strict=True
        ):
            self.scores[top:bottom, left:right] -= self.unit

    def _count_held(self) -> np.ndarray:
        """Number of valid objects in each window (rows, columns)."""
        shape = len(self.positions[1]) + 1, len(self.positions[0]) + 1
        steps = np.zeros(shape, dtype=np.int64)
        (left, top), (right, bottom) = (
            self.starts[self.valid].T,
            self.stops[self.valid].T,
        )
        np.add.at(steps, (top, left), 1)
        np.add.at(steps, (bottom, right), 1)
        np.add.at(steps, (top, right), -1)
        np.add.at(steps, (bottom, left), -1)
        return steps.cumsum(axis=0).cumsum(axis=1)[:-1, :-1]


def _axis_positions(
    image_side: int, window_side: int, stride: int, spans: np.ndarray
) -> np.ndarray:
    """Sorted window positions on one axis such that each span fits in one.

    Args:
        image_side: Width or height of the image, pixels.
        window_side: Width or height of the window, at most the image's.
        stride: Distance of two grid positions, pixels.
        spans: int (n, 2), first and last edge of the objects on this axis.
    """
    last = image_side - window_side
    grid = np.append(np.arange(0, last, stride), last)
    first = np.searchsorted(grid, spans[:, 1] - window_side, 'left')
    missed = grid[first] > spans[:, 0]
    # aligned with the object, yet not beyond the image's far border
    aligned = np.minimum(spans[missed, 0], last)
    return np.unique(np.concatenate([grid, aligned]))
