import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmhcm.functional.scoring import evaluate, score_sizes
from tests.functional.scoring.test_tide import messy, record

SMALL, LARGE = (0, 0, 10, 10), (0, 20, 40, 40)


def test_no_images():
    scores = score_sizes([])
    assert scores.ap.shape == (3, 10)
    assert np.isnan(scores.ap).all()


@pytest.mark.parametrize('edges', [(0,), (0, 0), (5, 2)])
def test_edges_must_ascend(edges):
    with pytest.raises(ValueError, match='must ascend'):
        score_sizes([], edges)


def test_a_detection_counts_in_one_bin():
    images = [
        record(
            [
                (LARGE, 0.9, 1),
                ((45, 0, 9, 9), 0.8, 1),  # small, on background
                (SMALL, 0.7, 1),
            ],
            [(SMALL, 1), (LARGE, 1)],
        )
    ]
    scores = score_sizes(images, (0, 32, 96), num_classes=2)
    # The small false positive does not count in the bin of large objects.
    np.testing.assert_allclose(scores.ap50[:, 0], [50, 100])
    assert np.isnan(scores.ap50[:, 1]).all()
    assert scores.num_objects.tolist() == [[1, 0], [1, 0]]


def test_a_true_positive_counts_where_its_object_does():
    # 31 pixels on a side is small, its object of 33 is not
    images = [record([((0, 0, 31, 31), 0.9, 1)], [((0, 0, 33, 33), 1)])]
    scores = score_sizes(images, (0, 32, 96), num_classes=1)
    assert np.isnan(scores.ap50[0, 0])
    assert scores.ap50[1, 0] == pytest.approx(100)
    # IoU 0.8825: found at eight of the ten thresholds
    assert scores.ap[1, 0] == pytest.approx(80)


@settings(max_examples=100)
@given(st.lists(messy, min_size=1, max_size=3))
def test_one_bin_is_the_official_ap(images):
    records = [record(*i, image_wh=(12, 12)) for i in images]
    scores = score_sizes(records, (0, np.inf), num_classes=3)
    official = evaluate(records, num_classes=3).per_class
    np.testing.assert_allclose(scores.ap[0], official[:, 0], atol=1e-9)
    np.testing.assert_allclose(scores.ap50[0], official[:, 1], atol=1e-9)
