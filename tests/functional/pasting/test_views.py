import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from mmhcm.functional.pasting import aspect_sums, log_aspects_of
from mmhcm.functional.pasting.views import image_views, mean_aspects

FAMILIES = np.array([0, 1, 1])


def test_log_aspects():
    out = log_aspects_of(np.array([[10, 20], [30, 30]]))
    np.testing.assert_allclose(out, [np.log(2), 0])


@given(st.lists(st.tuples(st.integers(0, 2), st.floats(-2, 2)), max_size=9))
def test_views_are_means_of_differing_aspects(objects):
    labels = np.array([label for label, _ in objects], dtype=np.int64)
    aspects = np.array([aspect for _, aspect in objects])
    usual = np.array([0.5, -0.3, 0.1])
    sums = aspect_sums(labels, aspects, 3)
    assert sums.dtype == np.float64
    expected = []
    for family in (0, 1):
        excess = [
            aspect - usual[label]
            for label, aspect in objects
            if FAMILIES[label] == family
        ]
        # As with three more objects of mean shape.
        expected.append(sum(excess) / (len(excess) + 3))
    out = image_views(np.stack([sums, sums]), usual, FAMILIES)
    np.testing.assert_allclose(out, [expected, expected], atol=1e-9)


def test_mean_aspects_of_absent_classes():
    sums = aspect_sums(np.array([0, 0]), np.array([1.0, 2.0]), 2)
    assert mean_aspects(sums).tolist() == [1.5, 0]
