import pytest

from mmhcm.datasets.sources import VisDroneAnnotations
from mmhcm.datasets.sources.annotation_folder import extent
from mmhcm.structures.annotations import read_annotations


@pytest.fixture
def folder(tmp_path):
    (tmp_path / 'deep').mkdir()
    (tmp_path / 'deep' / 'b.txt').write_text(
        '10,20,30,40,1,4,0,1,\n0,0,5,100,0,0,0,0\n90,90,20,5,1,11,0,0\n'
    )
    (tmp_path / 'a.txt').write_text('')
    return tmp_path


def test_boxes_without_images(folder):
    dataset = VisDroneAnnotations(folder)
    empty, full = (dataset.get_data_info(index) for index in range(2))
    assert (empty['img_id'], full['img_id']) == ('a', 'b')
    assert (empty['width'], empty['height']) == (1, 1)
    assert empty['instances'] == []
    # as far as the ignored region and the other object reach
    assert (full['width'], full['height']) == (110, 100)
    assert full['ignored_regions'] == [[0, 0, 5, 100]]
    assert [item['ignore_flag'] for item in full['instances']] == [0, 1]
    assert extent(read_annotations(folder / 'deep' / 'b.txt')) == (110, 100)


def test_given_sizes_clip(folder):
    dataset = VisDroneAnnotations(folder, {'b': (35, 50)})
    info = dataset.get_data_info(1)
    assert (info['width'], info['height']) == (35, 50)
    assert info['instances'][0]['bbox'] == [10, 20, 35, 50]


def test_no_files_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError, match='no annotation files'):
        VisDroneAnnotations(tmp_path)


def test_two_of_a_name_are_an_error(folder):
    (folder / 'b.txt').write_text('')
    with pytest.raises(ValueError, match=r"two files are named 'b\.txt'"):
        VisDroneAnnotations(folder)
