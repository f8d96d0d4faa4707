import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmhcm.functional.pasting import ImageLook, surround_looks
from mmhcm.functional.pasting.looks import CELL

pytestmark = pytest.mark.usefixtures('loops')


def slow_look(pixels):
    """Compute mean colour and contrast of (k, 3) pixels."""
    pixels = np.asarray(pixels, dtype=float)
    contrast = np.sqrt(pixels.var(axis=0).mean())
    return [*pixels.mean(axis=0), contrast]


def random_cells(seed, height=9, width=12):
    rng = np.random.default_rng(seed)
    return rng.integers(0, 256, (height, width, 3), dtype=np.uint8)


@settings(max_examples=60)
@given(st.integers(0, 99), st.tuples(*[st.integers(-3, 15)] * 4))
def test_inside_is_the_mean_of_whole_cells(seed, corners):
    cells = random_cells(seed)
    x1, y1 = np.clip(corners[:2], 0, (11, 8))
    x2, y2 = np.clip(corners[2:], (x1 + 1, y1 + 1), (12, 9))
    bbox = np.array([corners], dtype=float) * CELL
    expected = slow_look(cells[y1:y2, x1:x2].reshape(-1, 3))
    np.testing.assert_allclose(
        ImageLook(cells).inside(bbox), [expected], atol=1e-5
    )


@settings(max_examples=60)
@given(st.integers(0, 99), st.integers(0, 6), st.integers(0, 6))
def test_around_leaves_out_the_object(seed, x, y):
    cells = random_cells(seed)
    bbox = np.array([[x, y, x + 2, y + 2]], dtype=float) * CELL
    ring = np.zeros((9, 12), dtype=bool)
    ring[max(y - 1, 0) : y + 3, max(x - 1, 0) : x + 3] = True
    ring[y : y + 2, x : x + 2] = False
    look = ImageLook(cells).around(bbox, 0.5)
    np.testing.assert_allclose(look, [slow_look(cells[ring])], atol=1e-5)


def test_look_around_an_object_as_large_as_the_image():
    cells = random_cells(0)
    look = ImageLook(cells)
    whole = np.array([[0.0, 0, 12, 9]]) * CELL
    np.testing.assert_allclose(look.around(whole, 1.5), look.inside(whole))


def test_images_are_reduced_to_cells():
    image = np.zeros((20, 24, 3), np.uint8)
    image[:, 8:16] = (10, 20, 30)
    look = ImageLook.of_image(image)
    bbox = np.array([[8.0, 0, 16, 8]])
    np.testing.assert_allclose(look.inside(bbox), [[10, 20, 30, 0]])
    out = surround_looks(image, bbox)
    assert out.dtype == np.float32
    np.testing.assert_array_equal(out, look.around(bbox, 1.5).astype('f4'))
    assert surround_looks(image, np.zeros((0, 4))).shape == (0, 4)
