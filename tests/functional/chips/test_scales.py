import pytest

from mmhcm.functional.chips import ChipScale, check_scales

ANY = (0, float('inf'))


@pytest.mark.parametrize(
    ('scale', 'stride'),
    [
        (ChipScale(512, ANY), 56),
        (ChipScale(9, ANY), 1),
        (ChipScale(4, ANY), 1),
        (ChipScale(None, ANY), 1),
        (ChipScale(512, ANY, 7), 7),
    ],
    ids=str,
)
def test_strides_are_whole_and_positive(scale, stride):
    assert scale.grid_stride() == stride
    assert isinstance(scale.grid_stride(), int)


def test_a_window_is_a_pixel_at_least():
    check_scales([ChipScale(1, ANY)])
    with pytest.raises(ValueError, match='window must be positive'):
        check_scales([ChipScale(0, ANY)])


@pytest.mark.parametrize('window', [None, 50, 150, 400])
def test_windows_are_cut_to_the_image(window):
    wh = ChipScale(window, ANY).window_wh((300, 100))
    side = window or 300
    assert wh == (min(side, 300), min(side, 100))
