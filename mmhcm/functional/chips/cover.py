"""Greedy cover of objects with candidate windows (paper 3.2)."""

from collections.abc import Sequence

import numpy as np

from .grid import ScaleGrid

# Whole numbers up to here are exact in float32, whose products are faster.
_MAX_FLOAT32 = 1 << 24


def cover_greedily(
    grids: Sequence[ScaleGrid], wanted: np.ndarray, limit: int
) -> tuple[np.ndarray, np.ndarray]:
    """Take the best window, over all scales, until all objects are covered.

    The best window holds the most uncovered valid objects. Ties are broken by
    the number of all valid objects in the window, covered ones included, then
    by the order of the scales, then from top to bottom and left to right.

    Args:
        grids: The candidates of each scale.
        wanted: bool (n,), objects to cover; each is in a candidate.
        limit: Maximum number of windows.

    Returns:
        int64 (m,) grid of each window, and bool (m, n), the objects that each
        window holds.
    """
    all_scores = [_Scores(grid) for grid in grids]
    remaining = wanted.astype(np.float32)
    num_left = int(remaining.sum())
    chosen, held = [], []
    # each window covers at least one object
    for _ in range(min(limit, num_left)):
        if not num_left:
            break
        best = max(all_scores, key=lambda scores: scores.best)
        objects = best.pick()
        newly = (objects * remaining).nonzero()[0]
        for scores in all_scores:
            scores.discard(newly)
        remaining[newly] = 0
        num_left -= len(newly)
        chosen.append(all_scores.index(best))
        held.append(objects)
    return (
        np.array(chosen, dtype=np.int64),
        np.array(held).reshape(len(held), len(wanted)) > 0,
    )


class _Scores:
    """Scores of the windows of a grid, updated as objects are covered.

    A score is (uncovered valid objects) * unit + (all valid objects), where
    unit exceeds the number of objects and is the same at all scales. The
    number of objects in each window is a product of the grid's two matrices.

    Attributes:
        best: Highest score of all windows.
    """

    def __init__(self, grid: ScaleGrid) -> None:
        self.columns, self.rows = grid.columns, grid.rows
        unit = self.columns.shape[1] + 1
        if unit * (unit + 1) >= _MAX_FLOAT32:
            self.columns = self.columns.astype(np.float64)
        number = self.columns.dtype.type
        # transposed, for quick access to a few objects
        self.of_columns = np.ascontiguousarray(self.columns.T)  # (n, X)
        self.of_rows = np.ascontiguousarray(self.rows.T) * number(unit)
        self.scores = self.rows @ self.of_columns * number(unit + 1)  # (Y, X)
        self.flat_scores = self.scores.reshape(-1)
        self._find_best()

    def pick(self) -> np.ndarray:
        """Return the objects (n,) of the best window, nonzero where held."""
        row, column = divmod(self.place, len(self.columns))
        return np.asarray(self.columns[column] * self.rows[row])

    def discard(self, inds: np.ndarray) -> None:
        """Mark the objects ``inds`` as covered."""
        self.scores -= self.of_rows[inds].T @ self.of_columns[inds]
        self._find_best()

    def _find_best(self) -> None:
        self.place = int(self.scores.argmax())
        self.best = float(self.flat_scores[self.place])
