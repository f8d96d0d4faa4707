import os
from pathlib import Path

import numpy as np
import pytest

from mmhcm.datasets import VisDroneDataset
from mmhcm.engine.mining import (
    digests,
    open_or_build_pool,
    pools,
)
from mmhcm.engine.mining.digests import image_checksums, pool_folder
from mmhcm.structures.pool import building
from tests.support.scene_folders import write_visdrone

ROW = (20, 20, 30, 24, 1, 4, 0, 0)


@pytest.fixture
def dataset(tmp_path):
    write_visdrone(tmp_path / 'data', {name: [ROW] for name in 'abc'})
    return VisDroneDataset(data_root=str(tmp_path / 'data'))


@pytest.fixture
def read(monkeypatch):
    """Numbers of images whose checksums are known, at each look."""
    known, checksum_files = [], digests.checksum_files

    def noted(paths, kept, progress):
        found = checksum_files(paths, kept, progress)
        stamps = found.stamps()
        same = kept is not None and (stamps == kept.stamps()).all(axis=1)
        known.append(int(np.sum(same)))
        return found

    monkeypatch.setattr(digests, 'checksum_files', noted)
    return known


def test_images_are_read_once(tmp_path, dataset, read):
    folder = tmp_path / 'cache'
    first = image_checksums(dataset, folder)
    os.utime(dataset[0]['img_path'], ns=(0, 5))
    second = image_checksums(dataset, folder)
    third = image_checksums(dataset, folder)
    assert read == [0, 2, 3]
    for other in (second, third):
        np.testing.assert_array_equal(other.values, first.values)
    assert len(list(folder.iterdir())) == 1


def test_unwritable_checksums_are_a_warning(tmp_path, dataset, warnings):
    (tmp_path / 'notes').write_text('no folder')
    found = image_checksums(dataset, tmp_path / 'notes')
    assert found.values.all()
    (warning,) = warnings
    assert 'cannot write the cache' in warning
    assert str(tmp_path / 'notes') in warning


def test_a_pool_survives_a_touch_and_no_change(tmp_path, dataset):
    settings = {'min_size': 4, 'cache_dir': str(tmp_path / 'cache')}
    assert pool_folder(settings, 'elsewhere') == tmp_path / 'cache'
    first = open_or_build_pool(settings, tmp_path, dataset)
    info = dataset.get_data_info(0)
    os.utime(info['img_path'], ns=(0, 5))
    again = open_or_build_pool(settings, tmp_path, dataset)
    assert again.path == first.path
    with Path(info['img_path']).open('ab') as file:
        file.write(b' ')
    other = open_or_build_pool(settings, tmp_path, dataset)
    assert other.path != first.path


def test_objects_are_listed_once(tmp_path, dataset, monkeypatch):
    listed, list_objects = [], pools.list_objects

    def noted(images):
        listed.append(len(images))
        return list_objects(images)

    monkeypatch.setattr(pools, 'list_objects', noted)
    monkeypatch.setattr(building, 'list_objects', noted)
    pool = open_or_build_pool({'min_size': 4}, tmp_path, dataset)
    assert len(pool) == 3
    assert listed == [3]


def test_a_pool_lies_in_the_run_without_a_folder_of_its_own(tmp_path):
    assert pool_folder({}, tmp_path) == tmp_path / 'hcm' / 'pool'
