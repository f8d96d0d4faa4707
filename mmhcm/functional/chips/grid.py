"""Candidate windows of one chip scale, and the objects in each window.

Boxes and windows are xyxy in pixels of one source image, half-open.
"""

import numpy as np


class ScaleGrid:
    """Candidate windows of one scale: all pairs of a position on each axis.

    A window holds the objects that both its column and its row of the grid
    hold. Two small matrices are therefore enough, instead of a large matrix of
    candidates and objects.

    Args:
        hulls: int (n, 4) xyxy of whole pixels inside the image.
        valid: bool (n,), objects that are valid at this scale and fit its
            window.
        image_wh: (width, height) of the image, pixels.
        window_wh: (width, height) of the window, at most the image's.
        stride: Distance between neighbouring windows, pixels.

    Attributes:
        columns: float32 (X, n), 1 where the windows of a column hold an
            object along x; 0 for objects that are not valid.
        rows: float32 (Y, n), the same along y.
    """

    def __init__(
        self,
        hulls: np.ndarray,
        valid: np.ndarray,
        image_wh: tuple[int, int],
        window_wh: tuple[int, int],
        stride: int,
    ) -> None:
        self.window_wh = window_wh
        self.limits = [image_wh[axis] - window_wh[axis] for axis in range(2)]
        # the first and last position at which a window holds an object
        self.first = hulls[:, 2:] - window_wh  # (n, 2)
        self.last = np.minimum(hulls[:, :2], self.limits)  # (n, 2)
        self.positions, held = [], []
        for axis, limit in enumerate(self.limits):
            first, last = self.first[:, axis], self.last[:, axis]
            spans = first[valid], last[valid]
            positions = grid_positions(*spans, limit, stride)
            at = positions[:, None]
            inside = (first <= at) & (at <= last) & valid
            self.positions.append(positions)
            held.append(inside.astype(np.float32))
        self.columns, self.rows = held

    def windows(
        self, held: np.ndarray, neighbours: np.ndarray | None = None
    ) -> np.ndarray:
        """Place a window around each set of objects that fits in a window.

        Of the candidates that hold the set, the middle candidate is taken, so
        that the objects have context on all sides. With ``neighbours``, the
        candidate that shows the most neighbours, each by at least half of its
        area, is taken. Ties go to the candidate closest to the middle, then
        from top to bottom and left to right.

        Args:
            held: bool (m, n), the objects of each set.
            neighbours: (g, 4) xyxy, further objects of this scale. Defaults
                to None.

        Returns:
            int64 (m, 4) xyxy, pixels.
        """
        places = np.zeros((len(held), 2), dtype=np.int64)
        ranges = np.zeros((len(held), 2, 2), dtype=np.int64)
        for axis, positions in enumerate(self.positions):
            low = np.where(held, self.first[:, axis], 0).max(axis=1)
            limit = self.limits[axis]
            high = np.where(held, self.last[:, axis], limit).min(axis=1)
            start = np.searchsorted(positions, low, 'left')
            stop = np.searchsorted(positions, high, 'right')
            ranges[:, axis] = np.stack([start, stop], axis=1)
            places[:, axis] = positions[(start + stop - 1) // 2]
        if neighbours is not None and len(neighbours):
            places = self._fullest_places(ranges, neighbours)
        return np.concatenate([places, places + self.window_wh], axis=1)

    def _fullest_places(
        self, ranges: np.ndarray, neighbours: np.ndarray
    ) -> np.ndarray:
        """Find the position (m, 2) of most neighbours in ranges (m, 2, 2)."""
        # Lengths (X, g) and (Y, g) of each box inside the windows, pixels.
        columns, rows = (
            _shared_lengths(at, side, neighbours[:, axis::2])
            for axis, (at, side) in enumerate(
                zip(self.positions, self.window_wh, strict=True)
            )
        )
        needed = np.prod(neighbours[:, 2:] - neighbours[:, :2], axis=1) / 2
        places = []
        for (left, right), (top, bottom) in ranges.tolist():
            wide, high = columns[left:right], rows[top:bottom]
            # Drop neighbours that no pair of a column and a row shows.
            near = np.flatnonzero(wide.max(0) * high.max(0) >= needed)
            shown = high[:, None, near] * wide[None, :, near] >= needed[near]
            numbers = shown.sum(axis=2)  # (rows, columns)
            off = _from_middle(*numbers.shape)
            best = int((numbers * (off.max() + 1) - off).argmax())
            row, column = divmod(best, len(wide))
            places.append(
                (
                    self.positions[0][left + column],
                    self.positions[1][top + row],
                )
            )
        return np.array(places, dtype=np.int64).reshape(-1, 2)


def grid_positions(
    first: np.ndarray, last: np.ndarray, limit: int, stride: int
) -> np.ndarray:
    """Compute sorted grid positions, such that a window holds each object.

    Args:
        first: int (n,), first position at which a window holds each object.
        last: int (n,), last position, likewise.
        limit: Last position inside the image.
        stride: Distance between grid positions, pixels.
    """
    grid = np.append(np.arange(0, limit, stride), limit)
    missed = grid[grid.searchsorted(first, 'left')] > last
    if not missed.any():
        return grid
    # at the object's start, and not beyond the image's far border
    return np.unique(np.concatenate([grid, last[missed]]))


def _shared_lengths(
    starts: np.ndarray, side: int, spans: np.ndarray
) -> np.ndarray:
    """Compute lengths (p, g) of spans (g, 2) in windows that start at (p,)."""
    low = np.maximum(starts[:, None], spans[:, 0])
    high = np.minimum(starts[:, None] + side, spans[:, 1])
    return np.maximum(high - low, 0)


def _from_middle(height: int, width: int) -> np.ndarray:
    """Count steps (height, width) from the (upper left) middle cell."""
    rows = np.abs(np.arange(height) - (height - 1) // 2)
    columns = np.abs(np.arange(width) - (width - 1) // 2)
    return rows[:, None] + columns
