import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmhcm.functional.regions import find_masked, union_shares


def boxes(max_size, low=0, high=12):
    coord = st.integers(low, high)
    box = st.tuples(coord, coord, coord, coord).map(
        lambda b: (
            min(b[0], b[2]),
            min(b[1], b[3]),
            max(b[0], b[2]),
            max(b[1], b[3]),
        )
    )
    return st.lists(box, max_size=max_size)


@pytest.mark.parametrize(
    ('bboxes', 'regions', 'expected'),
    [
        ([], [], []),
        ([], [[0, 0, 5, 5]], []),
        ([[0, 0, 4, 4]], [], [0]),
        ([[0, 0, 4, 4]], [[0, 0, 4, 4]], [1]),
        ([[0.5, 0.5, 1.5, 1.5]], [[1, 1, 9, 9]], [0.25]),
        ([[2, 2, 2, 9]], [[0, 0, 9, 9]], [0]),
        ([[0, 0, 4, 4]], [[2, 0, 2, 9]], [0]),
    ],
)
def test_known_shares(bboxes, regions, expected):
    out = union_shares(
        np.asarray(bboxes, np.float32).reshape(-1, 4),
        np.asarray(regions, np.float32).reshape(-1, 4),
    )
    assert out.shape == (len(bboxes),)
    np.testing.assert_allclose(out, expected, atol=1e-12)


@given(boxes(5), boxes(6))
def test_equals_counting_pixels(bboxes, regions):
    painted = np.zeros((12, 12), dtype=bool)
    for x1, y1, x2, y2 in regions:
        painted[y1:y2, x1:x2] = True
    out = union_shares(np.asarray(bboxes), np.asarray(regions))
    for share, (x1, y1, x2, y2) in zip(out, bboxes, strict=True):
        pixels = painted[y1:y2, x1:x2]
        assert share == pytest.approx(pixels.mean() if pixels.size else 0)


def test_half_is_half():
    shares = union_shares(
        np.array([[7, 3, 8, 5]]), np.array([[0, 0, 1, 1], [0, 0, 8, 4]])
    )
    assert shares.tolist() == [0.5]


@given(boxes(5), boxes(6), st.sampled_from([0.25, 0.5, 1.0]))
def test_masked_are_those_of_a_large_share(bboxes, regions, min_share):
    bboxes, regions = np.asarray(bboxes), np.asarray(regions)
    expected = union_shares(bboxes, regions) >= min_share
    found = find_masked(bboxes, regions, min_share)
    assert found.tolist() == expected.tolist()
