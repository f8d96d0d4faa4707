import errno
import os
from pathlib import Path

import numpy as np
import pytest
from mmdet.registry import DATASETS

from mmhcm.datasets import VisDroneDataset, dataset_boxes
from mmhcm.datasets.data_info import dataset_arrays
from mmhcm.datasets.sources import image_folder
from mmhcm.structures import images as image_sizes
from mmhcm.structures.annotations import CLASSES
from tests.support.data_sets import infos_of
from tests.support.scene_folders import write_visdrone

TEXT = """10,20,30,40,1,1,0,0
0,0,5,5,1,10,1,2,

50,10,20,20,0,0,0,0
60,20,0,10,1,4,0,0
60,20,10,0,1,4,0,0
70,30,10,10,1,11,0,0
71,31,10,10,0,4,0,1
80,60,40,40,1,9,1,0
"""


def build(root, **kwargs):
    return VisDroneDataset(data_root=str(root), **kwargs)


@pytest.mark.parametrize('test_mode', [False, True])
def test_files_of_attributes_are_passed_over(tmp_path, warnings, test_mode):
    write_visdrone(tmp_path, {'a': TEXT})
    (tmp_path / 'images' / '._a.jpg').write_bytes(b'attributes of macOS')
    (tmp_path / 'annotations' / '._a.txt').write_bytes(b'attributes')
    dataset = DATASETS.build(
        dict(
            type='VisDroneDataset',
            data_root=str(tmp_path),
            test_mode=test_mode,
        )
    )
    assert [dataset.get_data_info(0)['img_id']] == ['a']
    assert len(dataset) == 1
    assert not any('._a' in message for message in warnings)


def test_rows(tmp_path):
    write_visdrone(tmp_path, {'0000001_1': TEXT})
    dataset = DATASETS.build(
        dict(type='VisDroneDataset', data_root=str(tmp_path))
    )
    assert dataset.metainfo['classes'] == CLASSES
    assert len(dataset.metainfo['palette']) == 10
    (info,) = [dataset.get_data_info(0)]
    assert info['img_id'] == '0000001_1'
    assert (info['width'], info['height']) == (100, 80)
    assert info['img_path'] == str(tmp_path / 'images' / '0000001_1.png')
    assert info['ann_path'] == str(tmp_path / 'annotations/0000001_1.txt')
    assert info['ignored_regions'] == [[50, 10, 70, 30]]
    rows = [
        (
            item['bbox'],
            item['bbox_label'],
            item['ignore_flag'],
            item['truncation'],
            item['occlusion'],
        )
        for item in info['instances']
    ]
    assert rows == [
        ([10, 20, 40, 60], 0, 0, 0, 0),
        ([0, 0, 5, 5], 9, 0, 1, 2),
        # the zero-size boxes are gone; category 11 and score 0 are ignored
        ([70, 30, 80, 40], 0, 1, 0, 0),
        ([71, 31, 81, 41], 3, 1, 0, 1),
        # cut to the image
        ([80, 60, 100, 80], 8, 0, 1, 0),
    ]


def test_an_image_without_objects(tmp_path):
    write_visdrone(tmp_path, {'a': '', 'b': [(1, 1, 5, 5, 0, 4, 0, 0)]})
    dataset = build(tmp_path)
    assert [dataset.get_data_info(i)['img_id'] for i in (0, 1)] == ['a', 'b']
    assert dataset.get_data_info(0)['instances'] == []
    assert len(build(tmp_path, test_mode=True)) == 2
    # Ignored objects alone are no reason to train on an image.
    empty = dict(filter_empty_gt=True)
    with pytest.raises(ValueError, match='none of the 2 images has an obj'):
        build(tmp_path, filter_cfg=empty)
    assert len(build(tmp_path, filter_cfg=empty, test_mode=True)) == 2
    assert len(build(tmp_path, filter_cfg=dict(filter_empty_gt=False))) == 2
    write_visdrone(tmp_path, {'c': TEXT})
    assert len(build(tmp_path, filter_cfg=empty)) == 1


def test_images_come_by_name_and_of_any_suffix(tmp_path):
    write_visdrone(tmp_path, {'b': '', 'a': '', 'c': ''})
    images = tmp_path / 'images'
    (images / 'c.png').rename(images / 'c.JPG')
    (images / 'notes.txt').write_text('no image')
    dataset = build(tmp_path)
    names = [dataset.get_data_info(i)['img_id'] for i in range(3)]
    assert names == ['a', 'b', 'c']


def test_image_without_annotation_is_left_out_of_training(tmp_path, warnings):
    write_visdrone(tmp_path, {'a': '1,1,5,5,1,4,0,0', 'b': None})
    assert len(build(tmp_path)) == 1
    (message,) = warnings
    assert 'left 1 files out, the first: no annotation for' in message
    assert 'b.png' in message


def test_training_without_images_is_an_error(tmp_path):
    write_visdrone(tmp_path, {'a': None})
    with pytest.raises(ValueError, match=r'nothing to train on: .*a\.png'):
        build(tmp_path)


def test_test_mode_keeps_images_without_annotation(tmp_path, warnings):
    write_visdrone(tmp_path, {'a': '1,1,5,5,1,4,0,0', 'b': None})
    dataset = build(tmp_path, test_mode=True)
    assert len(dataset) == 2
    assert dataset.get_data_info(1)['ann_path'] is None
    assert warnings == []


def test_test_challenge_has_no_annotations(tmp_path):
    write_visdrone(tmp_path, {'a': None, 'b': None})
    (tmp_path / 'annotations').rmdir()
    dataset = build(tmp_path, test_mode=True)
    info = dataset.get_data_info(1)
    assert info['ann_path'] is None
    assert info['instances'] == info['ignored_regions'] == []
    with pytest.raises(FileNotFoundError, match=r'annotations at .*annot'):
        build(tmp_path)


def test_missing_folders(tmp_path):
    with pytest.raises(FileNotFoundError, match=r'images at .*images'):
        build(tmp_path)
    (tmp_path / 'images').mkdir()
    (tmp_path / 'annotations').mkdir()
    with pytest.raises(ValueError, match='no images in'):
        build(tmp_path)


def test_other_folders(tmp_path):
    """One prefix may be given alone."""
    write_visdrone(tmp_path, {'a': TEXT})
    (tmp_path / 'images').rename(tmp_path / 'pictures')
    dataset = build(tmp_path, data_prefix=dict(img_path='pictures'))
    assert len(dataset.get_data_info(0)['instances']) == 5


def test_sizes_are_read_from_the_headers(tmp_path):
    write_visdrone(tmp_path, {'a': ''}, image_wh=(321, 123))
    path = tmp_path / 'images' / 'a.png'
    # The pixels are missing; only a look at the header can succeed.
    path.write_bytes(path.read_bytes()[:45])
    info = build(tmp_path).get_data_info(0)
    assert (info['width'], info['height']) == (321, 123)


def test_real_images(real_data):
    root = real_data / 'visdrone' / 'VisDrone2019-DET-val'
    dataset = build(root, test_mode=True)
    assert len(dataset) == 122
    infos = infos_of(dataset)
    labels = np.array(
        [
            item['bbox_label']
            for info in infos
            for item in info['instances']
            if not item['ignore_flag']
        ]
    )
    assert (np.bincount(labels, minlength=10) > 0).all()
    assert any(info['ignored_regions'] for info in infos)
    for info in infos:
        bboxes = np.array([item['bbox'] for item in info['instances']])
        assert (bboxes[:, 2:] > bboxes[:, :2]).all()
        assert (bboxes >= 0).all()
        wh = np.array([info['width'], info['height']])
        assert (bboxes[:, 2:] <= wh).all()


def deny(monkeypatch, folder, code):
    """Let files of image a be denied until the patches are undone."""

    def denied(path):
        if os.path.basename(path).startswith('a.'):  # noqa: PTH119
            raise OSError(code, os.strerror(code), str(path))

    if folder == 'images':
        read = image_folder.read_image_size
        monkeypatch.setattr(
            image_folder, 'read_image_size', lambda p: denied(p) or read(p)
        )
    else:
        read_bytes = Path.read_bytes
        monkeypatch.setattr(
            Path, 'read_bytes', lambda p: denied(p) or read_bytes(p)
        )


@pytest.mark.parametrize('code', [errno.EACCES, errno.EIO, errno.ESTALE])
@pytest.mark.parametrize('folder', ['annotations', 'images'])
def test_unreadable_file_is_tried_again(tmp_path, folder, code):
    write_visdrone(tmp_path, {'a': TEXT, 'b': ''})
    with pytest.MonkeyPatch.context() as patch:
        deny(patch, folder, code)
        assert [info['img_id'] for info in infos_of(build(tmp_path))] == ['b']
    names = [info['img_id'] for info in infos_of(build(tmp_path))]
    assert names == ['a', 'b']


def test_another_limit_of_pixels(tmp_path):
    write_visdrone(tmp_path, {'a': TEXT})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(image_sizes, 'MAX_PIXELS', 100 * 80 - 1)
        match = r'100 x 80 pixels; OpenCV .* to 7999 \(OPENCV_IO_MAX_IMAGE_P'
        for test_mode in (False, True):
            with pytest.raises(ValueError, match=match):
                build(tmp_path, test_mode=test_mode)
        write_visdrone(tmp_path, {'b': ''}, image_wh=(60, 50))
        assert [info['img_id'] for info in infos_of(build(tmp_path))] == ['b']
    assert len(build(tmp_path)) == 2


def test_subsets(tmp_path):
    write_visdrone(tmp_path, dict.fromkeys('abcd', TEXT))
    names = [info['img_id'] for info in infos_of(build(tmp_path))]
    for indices, expected in (
        (2, names[:2]),
        (-1, names[-1:]),
        ([3, 0], ['d', 'a']),
    ):
        for subset in (
            build(tmp_path, indices=indices),
            build(tmp_path).get_subset(indices),
        ):
            assert [info['img_id'] for info in infos_of(subset)] == expected
            assert len(subset.boxes().image_whs) == len(expected)


def test_objects_half_under_a_mask_are_ignored_in_training(tmp_path):
    text = (
        '10,20,20,10,0,0,0,0\n15,22,10,8,0,0,0,0\n'
        '20,15,20,20,1,4,0,0\n20,20,20,10,1,4,0,0\n29,20,20,10,1,4,0,0\n'
    )
    write_visdrone(tmp_path, {'a': text})

    def flags(**kwargs):
        (info,) = infos_of(build(tmp_path, **kwargs))
        return [item['ignore_flag'] for item in info['instances']]

    assert flags() == [0, 1, 0]
    assert flags(use_ignored_regions=False) == [0, 0, 0]
    # The official score has a rule of its own.
    assert flags(test_mode=True) == [0, 0, 0]
    assert build(tmp_path).boxes().ignored.tolist() == [False, True, False]


def test_all_boxes_are_those_of_the_infos(tmp_path):
    write_visdrone(tmp_path, {'a': TEXT, 'b': '', 'c': TEXT})
    dataset = build(tmp_path)
    arrays = [dataset_arrays(dataset, ind) for ind in range(3)]
    for boxes in (dataset_boxes(dataset), dataset_boxes(Plain(dataset))):
        assert boxes.image_whs.tolist() == [[100, 80]] * 3
        for ind, (_, bboxes, ignored) in enumerate(arrays):
            own = slice(*boxes.offsets[ind : ind + 2])
            np.testing.assert_array_equal(boxes.bboxes[own], bboxes)
            np.testing.assert_array_equal(boxes.ignored[own], ignored)


class Plain:
    """Data set without a fast access to its boxes."""

    def __init__(self, dataset):
        self.get_data_info = dataset.get_data_info
        self.num = len(dataset)

    def __len__(self):
        return self.num
