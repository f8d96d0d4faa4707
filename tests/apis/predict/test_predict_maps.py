"""Predictions on TIFF files."""

import json
from pathlib import Path

import numpy as np
import pytest
from pycocotools.coco import COCO

from mmhcm.apis.predict import predicting
from tests.support.inference import WH, noise, outputs

rasterio = pytest.importorskip(
    'rasterio', reason='rasterio is not installed (the extra geo)'
)


def write_tiff(path, tile=16):
    with rasterio.open(
        path,
        'w',
        driver='GTiff',
        count=3,
        width=WH[0],
        height=WH[1],
        dtype='uint8',
        photometric='RGB',
        crs='EPSG:32633',
        transform=rasterio.Affine(0.5, 0, 1000, 0, -0.5, 2000),
        tiled=True,
        blockxsize=tile,
        blockysize=tile,
    ) as file:
        file.write(noise()[..., ::-1].transpose(2, 0, 1))


@pytest.mark.parametrize('mode', [None, 'slice'])
def test_geotiff_gives_the_boxes_of_the_same_picture(run, mode):
    write_tiff('map.tif')
    run('map.tif', mode=mode, files='coco')
    found = COCO('out/coco.json').imgToAnns[1]
    assert outputs() == [
        'coco.json',
        'geojson/map.geojson',
        'pictures/map.jpg',
    ]
    features = json.loads(Path('out/geojson/map.geojson').read_text())[
        'features'
    ]
    run('photos/a/1.png', mode=mode, files='coco')
    rows = COCO('out/coco.json').imgToAnns[1]
    assert found == rows
    assert len(features) == len(rows) > 3
    for feature, row in zip(features, rows, strict=True):
        x, y, width, height = row['bbox']
        ring = np.array(feature['geometry']['coordinates'][0])
        low, high = ring.min(axis=0), ring.max(axis=0)
        np.testing.assert_allclose(
            low, [1000 + x / 2, 2000 - (y + height) / 2], atol=1e-3
        )
        np.testing.assert_allclose(
            high, [1000 + (x + width) / 2, 2000 - y / 2], atol=1e-3
        )
        assert feature['properties']['score'] == row['score']


def test_geotiff_in_slices_is_never_read_as_a_whole(run, monkeypatch):
    write_tiff('map.tif')
    parts = []
    read = predicting.GeoTiff._read

    def watched(self, **part):
        parts.append(part)
        return read(self, **part)

    monkeypatch.setattr(predicting.GeoTiff, '_read', watched)
    run('map.tif', mode='slice', pictures=False, files='yolo')
    assert len(parts) == 6
    for part in parts:
        (top, bottom), (left, right) = part['window']
        assert (bottom - top, right - left) == (48, 48)


def test_too_many_pixels_at_once_ask_for_slices(run, monkeypatch):
    write_tiff('map.tif')
    monkeypatch.setattr(predicting, 'MAX_PIXELS', 10)
    (fault,) = run('map.tif').broken
    assert 'take --slices' in fault
    assert not run('map.tif', mode='slice').broken


def test_without_rasterio_a_map_is_a_picture_and_a_note(run, monkeypatch):
    # OpenCV 5 decodes no smaller tiles out of memory.
    write_tiff('map.tif', tile=256)
    monkeypatch.setattr(predicting, 'has_rasterio', lambda: False)
    result = run('map.tif')
    assert result.broken == []
    assert outputs() == ['pictures/map.jpg']
    assert 'rasterio is not installed' in result.notes[0]
    assert result.num_images == 1
