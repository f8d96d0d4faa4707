import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmhcm.functional.focus import (
    focus_chips,
    join_overlapping,
    label_focus_pixels,
)

seeds = st.integers(0, 2**32 - 1)


def random_boxes(rng, num, side=100, largest=60):
    corner = rng.uniform(-20, side, (num, 2))
    wh = rng.uniform(1, largest, (num, 2)) * rng.choice([0.1, 1, 2], (num, 1))
    return np.concatenate([corner, corner + wh], axis=1).astype(np.float32)


def slow_label(bboxes, map_wh, stride, sizes, ignored):
    """Cell by cell: 1 wins over -1, and -1 over 0."""
    labels = np.zeros(map_wh[::-1], dtype=np.int64)
    for row in range(map_wh[1]):
        for col in range(map_wh[0]):
            found = set()
            for kind, boxes in (('bbox', bboxes), ('ignored', ignored)):
                for x1, y1, x2, y2 in boxes.tolist():
                    if (
                        x1 < (col + 1) * stride
                        and x2 > col * stride
                        and y1 < (row + 1) * stride
                        and y2 > row * stride
                    ):
                        size = np.sqrt(np.float32(x2 - x1) * (y2 - y1))
                        if kind == 'ignored':
                            found.add(-1)
                        elif sizes[0] < size < sizes[1]:
                            found.add(1)
                        elif size <= sizes[2]:
                            found.add(-1)
            labels[row, col] = 1 if 1 in found else -1 if found else 0
    return labels


@given(seeds, st.integers(0, 6), st.integers(0, 3))
def test_labels_agree_with_the_slow_ones(seed, num, num_ignored):
    rng = np.random.default_rng(seed)
    bboxes = random_boxes(rng, num)
    ignored = random_boxes(rng, num_ignored)
    arguments = bboxes, (7, 5), 16, (5.0, 40.0, 60.0)
    labels = label_focus_pixels(*arguments, ignored)
    assert labels.dtype == np.int64
    assert np.array_equal(labels, slow_label(*arguments, ignored))


def test_sizes_at_the_limits():
    def label(side):
        (value,) = set(label_focus_pixels([[0, 0, side, side]], (1, 1), 99)[0])
        return value

    sides = 4, 5, 5.5, 63.5, 64, 90, 90.5
    assert [label(side) for side in sides] == [-1, -1, 1, 1, -1, -1, 0]


def test_no_objects_are_no_focus():
    assert (label_focus_pixels([], (3, 2), 16) == np.zeros((2, 3))).all()


def connected(mask):
    """Sets of cells that are neighbours, by a corner too."""
    left = set(zip(*np.nonzero(mask), strict=True))
    while left:
        group, edge = set(), [left.pop()]
        while edge:
            row, col = edge.pop()
            group.add((row, col))
            near = {
                (row + i, col + j) for i in (-1, 0, 1) for j in (-1, 0, 1)
            } & left
            left -= near
            edge.extend(near)
        yield np.array(sorted(group))


def slow_join(bboxes):
    boxes = [list(box) for box in np.asarray(bboxes).tolist()]
    changed = True
    while changed:
        changed = False
        for one in boxes:
            for two in boxes:
                if (
                    one is not two
                    and one[0] < two[2]
                    and two[0] < one[2]
                    and one[1] < two[3]
                    and two[1] < one[3]
                ):
                    boxes.remove(one)
                    boxes.remove(two)
                    low = [min(one[k], two[k]) for k in (0, 1)]
                    high = [max(one[k], two[k]) for k in (2, 3)]
                    boxes.append([*low, *high])
                    changed = True
                    break
            if changed:
                break
    return sorted(boxes, key=lambda box: (box[1], box[0]))


@given(seeds, st.integers(0, 12))
def test_joined_boxes_agree_with_the_slow_ones(seed, num):
    rng = np.random.default_rng(seed)
    corner = rng.integers(0, 30, (num, 2))
    bboxes = np.concatenate([corner, corner + rng.integers(1, 9, (num, 2))], 1)
    joined = join_overlapping(bboxes)
    assert joined.tolist() == slow_join(bboxes)


@given(
    seeds,
    st.integers(1, 30),
    st.integers(1, 30),
    st.integers(1, 9),
    st.sampled_from([1, 3, 5]),
)
def test_chips_agree_with_the_slow_ones(seed, width, height, side, dilation):
    rng = np.random.default_rng(seed)
    focus = rng.random((height, width)) ** 8
    chips = focus_chips(focus, 0.6, side, dilation)
    reach = dilation // 2
    mask = np.zeros((height, width), dtype=bool)
    for row, col in zip(*np.nonzero(focus > 0.6), strict=True):
        mask[
            max(row - reach, 0) : row + reach + 1,
            max(col - reach, 0) : col + reach + 1,
        ] = True
    boxes = []
    for group in connected(mask):
        box = []
        for axis, limit in ((1, width), (0, height)):
            low, high = group[:, axis].min(), group[:, axis].max() + 1
            long = min(max(high - low, side), limit)
            low -= (long - (high - low) + 1) // 2
            low = min(max(low, 0), limit - long)
            box.append((low, low + long))
        (x1, x2), (y1, y2) = box
        boxes.append([x1, y1, x2, y2])
    assert chips.tolist() == slow_join(boxes)
    for row, col in zip(*np.nonzero(focus > 0.6), strict=True):
        assert any(
            x1 <= col < x2 and y1 <= row < y2 for x1, y1, x2, y2 in chips
        )


@pytest.mark.parametrize(('value', 'expected'), [(0, []), (1, [[0, 0, 5, 4]])])
def test_all_cells_alike(value, expected):
    chips = focus_chips(np.full((4, 5), value, np.float32), 0.5, 2)
    assert chips.shape == (len(expected), 4)
    assert chips.tolist() == expected
