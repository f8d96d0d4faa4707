import numpy as np
import pytest

from mmhcm.functional.pixels import CAFFE_MEAN, crop_resize_pad, fill_regions

PIXEL = [104, 116, 124]


def make_image(height=12, width=16):
    rng = np.random.default_rng(0)
    return rng.integers(0, 100, (height, width, 3), dtype=np.uint8)


@pytest.mark.parametrize(
    ('regions', 'rows', 'cols'),
    [
        (np.zeros((0, 4)), slice(0, 0), slice(0, 0)),
        ([[2, 3, 5, 7]], slice(3, 7), slice(2, 5)),
        ([[2.9, 3.1, 4.1, 6.5]], slice(3, 7), slice(2, 5)),
        ([[-5, -5, 2, 3]], slice(0, 3), slice(0, 2)),
        ([[10, 8, 99, 99]], slice(8, 12), slice(10, 16)),
        ([[-9, -9, 99, 99]], slice(0, 12), slice(0, 16)),
        ([[-9, 2, -4, 6]], slice(0, 0), slice(0, 0)),
        ([[20, 2, 30, 6]], slice(0, 0), slice(0, 0)),
        ([[4, 4, 4, 9]], slice(0, 0), slice(0, 0)),
        ([[4.5, 4, 4.5, 9]], slice(0, 0), slice(0, 0)),
    ],
)
def test_fill_regions_paints_outward_rounded_pixels(regions, rows, cols):
    image = make_image()
    before = image.copy()
    expected = image.copy()
    expected[rows, cols] = PIXEL
    out = fill_regions(image, np.asarray(regions), CAFFE_MEAN)
    np.testing.assert_array_equal(out, expected)
    np.testing.assert_array_equal(image, before)
    assert out.dtype == np.uint8
    assert not np.shares_memory(out, image)


def test_crop_at_scale_one_copies_and_pads():
    image = make_image()
    chip = crop_resize_pad(image, (3, 2, 11, 9), 1.0, 10, CAFFE_MEAN)
    assert chip.shape == (10, 10, 3)
    np.testing.assert_array_equal(chip[:7, :8], image[2:9, 3:11])
    assert (chip[7:] == PIXEL).all()
    assert (chip[:, 8:] == PIXEL).all()


@pytest.mark.parametrize(
    ('window', 'scale', 'size', 'filled'),
    [
        ((0, 0, 16, 12), 20 / 16, 20, (15, 20)),
        ((0, 0, 8, 8), 20 / 8, 20, (20, 20)),
        ((0, 0, 16, 12), 8 / 16, 8, (6, 8)),
        ((0, 0, 1, 1), 0.1, 8, (1, 1)),
    ],
)
def test_resized_part_fills_its_share_of_the_chip(window, scale, size, filled):
    image = np.full((12, 16, 3), 7, dtype=np.uint8)
    chip = crop_resize_pad(image, window, scale, size, CAFFE_MEAN)
    expected = np.empty((size, size, 3), dtype=np.uint8)
    expected[:] = PIXEL
    expected[: filled[0], : filled[1]] = 7
    np.testing.assert_array_equal(chip, expected)


@pytest.mark.parametrize(
    ('window', 'message'),
    [
        ((4, 4, 4, 9), 'empty or outside'),
        ((-1, 0, 8, 8), 'empty or outside'),
        ((0, 0, 17, 8), 'empty or outside'),
        ((0, 0, 16, 8), 'more than the chip size 8'),
    ],
)
def test_bad_windows_are_refused(window, message):
    with pytest.raises(ValueError, match=message):
        crop_resize_pad(make_image(), window, 1.0, 8, CAFFE_MEAN)
