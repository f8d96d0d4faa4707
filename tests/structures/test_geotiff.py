"""Parts of TIFF files, against the whole pixels."""

import cv2
import numpy as np
import pytest

from mmhcm.structures.geotiff import GeoTiff, has_geo_tags
from mmhcm.structures.images import ImageError

rasterio = pytest.importorskip(
    'rasterio', reason='rasterio is not installed (the extra geo)'
)
pytestmark = pytest.mark.filterwarnings(
    'ignore::rasterio.errors.NotGeoreferencedWarning'
)
WH = (53, 37)
#: Rotated and with oblong pixels: a x + b y + c, d x + e y + f.
PLACE = rasterio.Affine(0.5, 0.1, 1000.0, 0.2, -0.25, 2000.0)


def noise(num_bands, dtype=np.uint8):
    rng = np.random.default_rng(num_bands)
    top = np.iinfo(dtype).max
    return rng.integers(0, top, (num_bands, *WH[::-1]), endpoint=True).astype(
        dtype
    )


def write(path, bands, **options):
    """Write bands (n, h, w) as tiles of 16 pixels."""
    colors = options.pop('colors', None)
    palette = options.pop('palette', None)
    with rasterio.open(
        path,
        'w',
        driver='GTiff',
        count=len(bands),
        height=WH[1],
        width=WH[0],
        dtype=bands.dtype,
        tiled=True,
        blockxsize=16,
        blockysize=16,
        **options,
    ) as file:
        file.write(bands)
        if colors is not None:
            file.colorinterp = [rasterio.enums.ColorInterp[c] for c in colors]
        if palette is not None:
            file.write_colormap(1, palette)
    return path


@pytest.mark.parametrize(
    ('bands', 'options', 'inds'),
    [
        (noise(3), {}, [2, 1, 0]),
        (noise(4), {'photometric': 'RGB'}, [2, 1, 0]),
        (noise(1), {}, [0, 0, 0]),
        (noise(2), {}, [0, 0, 0]),
        (noise(6), {}, [2, 1, 0]),
        (
            noise(4),
            {'colors': ['undefined', 'blue', 'green', 'red']},
            [1, 2, 3],
        ),
        (noise(3, np.uint16), {}, [2, 1, 0]),
        (noise(1, np.uint16), {}, [0, 0, 0]),
    ],
    ids=['rgb', 'rgba', 'grey', 'grey+', 'many', 'bgr', 'rgb16', 'grey16'],
)
def test_parts_are_those_of_the_whole(tmp_path, bands, options, inds):
    path = write(tmp_path / 'a.tif', bands, **options)
    expected = np.stack([bands[ind] for ind in inds], axis=-1)
    if bands.dtype == np.uint16:
        expected = (expected // 256).astype(np.uint8)
    with GeoTiff(path) as image:
        assert image.shape == expected.shape
        np.testing.assert_array_equal(image[:, :], expected)
        for rows, columns in [
            (slice(0, 20), slice(10, 50)),
            (slice(30, 99), slice(None, 5)),
        ]:
            part = image[rows, columns]
            np.testing.assert_array_equal(part, expected[rows, columns])
            assert part.flags.c_contiguous
            assert part.dtype == np.uint8


def test_pixels_are_those_of_opencv(tmp_path):
    for bands, kind in [
        (noise(3), 'RGB'),
        (noise(1), 'MINISBLACK'),
        (noise(3, np.uint16), 'RGB'),
    ]:
        path = write(tmp_path / 'a.tif', bands, photometric=kind)
        with GeoTiff(path) as image:
            expected = cv2.imread(str(path)).astype(int)
            # OpenCV rounds colours of 16 bits, and cuts grey values off.
            off = np.abs(image[:, :] - expected).max()
            assert off <= (bands.dtype == np.uint16)


def test_palette_is_applied(tmp_path):
    bands = noise(1) % 4
    palette = {n: (10 * n, 20 * n, 30 * n, 255) for n in range(4)}
    path = write(tmp_path / 'a.tif', bands, palette=palette)
    with GeoTiff(path) as image:
        expected = bands[0][..., None] * np.array([30, 20, 10], np.uint8)
        np.testing.assert_array_equal(image[:, :], expected)


def test_shrunk(tmp_path):
    path = write(tmp_path / 'a.tif', np.full((3, *WH[::-1]), 77, np.uint8))
    with GeoTiff(path) as image:
        assert image.shrunk(20).shape == (14, 20, 3)
        assert (image.shrunk(20) == 77).all()
        assert image.shrunk(99).shape == image.shape


def test_shrunk_averages(tmp_path):
    with GeoTiff(write(tmp_path / 'a.tif', noise(3))) as image:
        means = cv2.resize(image[:, :], (20, 14), interpolation=cv2.INTER_AREA)
        np.testing.assert_allclose(image.shrunk(20), means, atol=2)


def test_shrunk_keeps_the_colours_of_a_palette(tmp_path):
    bands = np.zeros((1, *WH[::-1]), np.uint8)
    bands[:, :, 27:] = 3
    palette = {n: (10 * n, 20 * n, 30 * n, 255) for n in range(4)}
    path = write(tmp_path / 'a.tif', bands, palette=palette)
    with GeoTiff(path) as image:
        expected = np.array([[0, 0, 0], [90, 60, 30]], np.uint8)
        np.testing.assert_array_equal(image.shrunk(2)[0], expected)


@pytest.mark.parametrize(
    ('options', 'is_referenced', 'crs'),
    [
        ({}, False, None),
        ({'transform': PLACE}, True, None),
        ({'transform': PLACE, 'crs': 'EPSG:32633'}, True, 'EPSG:32633'),
        ({'crs': 'EPSG:4326', 'transform': PLACE}, True, 'EPSG:4326'),
    ],
)
def test_place_on_the_map(tmp_path, options, is_referenced, crs):
    path = write(tmp_path / 'a.tif', noise(3), **options)
    assert has_geo_tags(path) == is_referenced
    with GeoTiff(path) as image:
        assert image.is_referenced == is_referenced
        assert image.crs == crs
        points = np.array([[0, 0], [10, 0], [0, 10]])
        expected = [
            options.get('transform', rasterio.Affine.identity()) @ point
            for point in points.tolist()
        ]
        np.testing.assert_allclose(image.to_map(points), expected)


def test_coordinate_system_without_a_code(tmp_path):
    proj = '+proj=tmerc +lon_0=8.123 +k=0.9 +ellps=GRS80 +units=m'
    path = write(tmp_path / 'a.tif', noise(3), crs=proj, transform=PLACE)
    with GeoTiff(path) as image:
        assert image.crs.startswith('PROJCS[')


@pytest.mark.parametrize(
    ('content', 'fault'),
    [(b'garbage', 'not'), (b'', 'not'), (None, 'No such file')],
)
def test_broken_file_is_named(tmp_path, content, fault):
    path = tmp_path / 'a.tif'
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ImageError, match=fault) as info:
        GeoTiff(path)
    assert str(info.value).startswith(f'{path}: ')
    assert not has_geo_tags(path)


def test_damaged_tile_is_named(tmp_path):
    path = write(tmp_path / 'a.tif', noise(3), compress='deflate')
    content = bytearray(path.read_bytes())
    content[-2000:-1000] = bytes(1000)
    path.write_bytes(content)
    with GeoTiff(path) as image, pytest.raises(ImageError) as info:
        image[:, :]
    assert str(info.value).startswith(f'{path}: ')


def test_other_values_are_refused(tmp_path):
    path = write(tmp_path / 'a.tif', noise(3).astype(np.float32))
    with pytest.raises(ImageError, match='float32, not 8 or 16 bits'):
        GeoTiff(path)
