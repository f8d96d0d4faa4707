"""Candidate windows of one chip scale, and which objects each holds.

Boxes and windows are xyxy in pixels of one source image, half-open.
"""

import numpy as np

# More edges than this on an axis, and the grid takes their place: all pairs
# of positions are looked at, a million of them at most.
_MAX_EDGES = 1024


class ScaleGrid:
    """Candidate windows of one scale: all pairs of a position on each axis.

    A window holds what both its column and its row of the grid hold, so two
    small matrices say it all, and no matrix of candidates and objects is
    needed.

    Args:
        hulls: int (n, 4) xyxy of whole pixels inside the image.
        valid: bool (n,), objects that are valid at this scale and fit its
            window.
        image_wh: (width, height) of the image, pixels.
        window_wh: (width, height) of the window, at most the image's.
        stride: Distance of two neighbouring windows, pixels.
        by_edges: Take the objects' own left and upper edges as positions, not
            the grid: no window anywhere holds more than one of those.

    Attributes:
        columns: float32 (X, n), 1 where windows of a column may hold an
            object, rows permitting; 0 for objects that aren't valid.
        rows: float32 (Y, n), likewise.
    """

    def __init__(
        self,
        hulls: np.ndarray,
        valid: np.ndarray,
        image_wh: tuple[int, int],
        window_wh: tuple[int, int],
        stride: int,
        *,
        by_edges: bool = False,
    ) -> None:
        self.window_wh = window_wh
        self.by_edges = by_edges
        self.limits = [image_wh[axis] - window_wh[axis] for axis in range(2)]
        # the first and last position at which a window holds an object
        self.first = hulls[:, 2:] - window_wh  # (n, 2)
        self.last = np.minimum(hulls[:, :2], self.limits)  # (n, 2)
        self.positions, held = [], []
        for axis, limit in enumerate(self.limits):
            first, last = self.first[:, axis], self.last[:, axis]
            spans = first[valid], last[valid]
            positions = None
            if by_edges:
                positions = edge_positions(*spans)
            if positions is None or len(positions) > _MAX_EDGES:
                positions = grid_positions(*spans, limit, stride)
            at = positions[:, None]
            inside = (first <= at) & (at <= last) & valid
            self.positions.append(positions)
            held.append(inside.astype(np.float32))
        self.columns, self.rows = held

    def candidates(self) -> np.ndarray:
        """Objects (c, n) of the windows that no neighbour makes needless.

        A window is needless where its left or upper neighbour holds all that
        it holds, and where its right or lower one holds that and more.
        """
        columns, rows = self.columns, self.rows
        new_columns, old_columns = self._changes(0)
        new_rows, old_rows = self._changes(1)
        # objects (Y, X) that the windows to the left, and above, do not hold
        more_than_left = rows @ new_columns.T > 0
        more_than_above = new_rows @ columns.T > 0
        # ... that those to the right, and below, do not hold
        more_than_right = rows @ old_columns.T > 0
        more_than_below = old_rows @ columns.T > 0
        # Where two hold the same, the left and the upper one stay.
        more_than_right[:, :-1] |= ~more_than_left[:, 1:]
        more_than_below[:-1] |= ~more_than_above[1:]
        row_inds, column_inds = np.nonzero(
            more_than_left
            & more_than_right
            & more_than_above
            & more_than_below
        )
        return np.asarray(columns[column_inds] * rows[row_inds] > 0)

    def windows(self, held: np.ndarray) -> np.ndarray:
        """Place a window around each set of objects that one can hold.

        It is the middle one of those that hold them, so that they get
        context on all sides.

        Args:
            held: bool (m, n), the objects of each set.

        Returns:
            int64 (m, 4) xyxy, pixels.
        """
        places = np.zeros((len(held), 2), dtype=np.int64)
        for axis, positions in enumerate(self.positions):
            low = np.where(held, self.first[:, axis], 0).max(axis=1, initial=0)
            limit = self.limits[axis]
            high = np.where(held, self.last[:, axis], limit).min(axis=1)
            if self.by_edges:
                # any position will do between edges
                places[:, axis] = (low + high) // 2
            else:
                start = np.searchsorted(positions, low, 'left')
                stop = np.searchsorted(positions, high, 'right')
                places[:, axis] = positions[(start + stop - 1) // 2]
        return np.concatenate([places, places + self.window_wh], axis=1)

    def _changes(self, axis: int) -> tuple[np.ndarray, np.ndarray]:
        """Objects that the position before, and the one behind, don't hold."""
        positions = self.positions[axis][:, None]
        held = self.rows if axis else self.columns
        before, behind = positions[:-1], positions[1:]
        new, old = held.copy(), held.copy()
        new[1:] *= self.first[:, axis] > before
        old[:-1] *= self.last[:, axis] < behind
        return new, old


def grid_positions(
    first: np.ndarray, last: np.ndarray, limit: int, stride: int
) -> np.ndarray:
    """Sorted positions of a grid, such that each object fits one of them.

    Args:
        first: int (n,) and
        last: int (n,), positions between which a window holds an object.
        limit: Last position inside the image.
        stride: Distance of two grid positions, pixels.
    """
    grid = np.append(np.arange(0, limit, stride), limit)
    missed = grid[grid.searchsorted(first, 'left')] > last
    if not missed.any():
        return grid
    # aligned with the object, yet not beyond the image's far border
    return np.unique(np.concatenate([grid, last[missed]]))


def edge_positions(first: np.ndarray, last: np.ndarray) -> np.ndarray:
    """Sorted positions at edges, of which one is as good as any position.

    A window may be moved to the right until it is about to lose an object.
    And where it gained none on its way from the position before, that one
    holds all that it holds.

    Args:
        first: int (n,) and
        last: int (n,), positions between which a window holds an object.
    """
    positions = np.sort(last)
    num_reached = np.sort(first).searchsorted(positions, 'right')
    # equal positions reach equally far, so that one of them stays
    gains = num_reached > 0
    gains[1:] = num_reached[1:] > num_reached[:-1]
    return np.asarray(positions[gains])
