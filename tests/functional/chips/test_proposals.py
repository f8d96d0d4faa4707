import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmhcm.functional.chips import check_scales, propose_scales


@settings(deadline=None, max_examples=50)
@given(
    st.integers(0, 2**32 - 1),
    st.integers(1, 5),
    st.integers(32, 1024),
    st.floats(2, 400),
)
def test_proposed_scales_are_complete(seed, num_scales, chip_size, high):
    rng = np.random.default_rng(seed)
    top_left, sides = (
        rng.uniform(0, 400, (30, 2)),
        rng.uniform(1, high, (30, 2)),
    )
    bboxes = np.concatenate([top_left, top_left + sides], axis=1)
    scales = propose_scales(
        bboxes, np.array([[500, 400], [300, 300]]), chip_size, num_scales
    )
    check_scales(scales)
    assert 1 <= len(scales) <= num_scales
    windows = [scale.window for scale in scales]
    assert windows == sorted(set(windows))
    assert max(windows) <= 500


def test_proposed_scales_show_objects_in_the_band():
    sizes = np.geomspace(8, 160, 1000)
    bboxes = np.stack([0 * sizes, 0 * sizes, sizes, sizes], axis=1)
    scales = propose_scales(
        bboxes,
        np.array([[2000, 1500]]),
        768,
        quantiles=(0, 1),
        network_range=(24, 120),
    )
    assert [scale.window for scale in scales] == [256, 512, 1024]
    assert scales[0].valid_range == (0, 40)
    assert scales[1].valid_range == (26, 80)
    assert scales[2].valid_range == (53, np.inf)


def test_objects_of_one_size_need_one_scale():
    bboxes = np.array([[0, 0, 10, 10]])
    scales = propose_scales(
        bboxes, np.array([[90, 90]]), 64, 3, network_range=(30, 30)
    )
    assert len(scales) == 1
    assert scales[0].valid_range == (0, np.inf)


@pytest.mark.parametrize(
    ('bboxes', 'options', 'message'),
    [
        pytest.param(np.zeros((0, 4)), {}, 'no box', id='empty'),
        pytest.param([[1, 1, 1, 5]], {}, 'no box', id='no area'),
        pytest.param(
            [[1, 1, 4, 5]], {'num_scales': 0}, 'at least 1', id='no scales'
        ),
        pytest.param(
            [[1, 1, 4, 5]], {'overlap': 0.9}, 'at least 1', id='gaps'
        ),
    ],
)
def test_bad_proposal_settings_are_named(bboxes, options, message):
    with pytest.raises(ValueError, match=message):
        propose_scales(np.array(bboxes), np.array([[64, 64]]), 64, **options)
