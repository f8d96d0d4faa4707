"""One data set in three formats, and the faults of two of them."""

import numpy as np
import pytest

from mmhcm.datasets import (
    CheckedCocoDataset,
    CheckedVOCDataset,
    YOLODataset,
)
from mmhcm.datasets.sources.yolo import labels_folder
from tests.support.own_data import (
    CLASSES,
    IMAGE_WH,
    draw_pictures,
    write_coco,
    write_voc,
    write_yolo,
)

META = dict(classes=CLASSES)


def coco(root, **kwargs):
    return CheckedCocoDataset(
        data_root=str(root),
        ann_file='train.json',
        data_prefix=dict(img='train'),
        metainfo=META,
        **kwargs,
    )


def yolo(root, images='images/train', **kwargs):
    return YOLODataset(
        data_root=str(root),
        data_prefix=dict(img_path=images),
        **{'metainfo': META, **kwargs},
    )


def voc(root, **kwargs):
    return CheckedVOCDataset(
        data_root=str(root),
        ann_file='ImageSets/Main/train.txt',
        data_prefix=dict(sub_data_root=''),
        **{'metainfo': META, **kwargs},
    )


@pytest.mark.parametrize('test_mode', [False, True])
@pytest.mark.parametrize(
    ('write', 'build'),
    [(write_coco, coco), (write_yolo, yolo), (write_voc, voc)],
    ids=['coco', 'yolo', 'voc'],
)
def test_formats_give_the_same_objects(tmp_path, write, build, test_mode):
    dataset = build(write(tmp_path), test_mode=test_mode)
    pictures = draw_pictures(3)
    assert len(dataset) == len(pictures)
    assert tuple(dataset.metainfo['classes']) == CLASSES
    for ind, picture in enumerate(pictures):
        info = dataset.get_data_info(ind)
        assert info['img_path'].endswith(f'train_{ind}.jpg')
        assert (info['width'], info['height']) == IMAGE_WH
        items = info['instances']
        assert [i['bbox_label'] for i in items] == [
            label for label, *_ in picture.objects
        ]
        expected = [(x, y, x + w, y + h) for _, x, y, w, h in picture.objects]
        boxes = [item['bbox'] for item in items]
        np.testing.assert_allclose(boxes, expected, atol=1e-3)
        assert not any(item['ignore_flag'] for item in items)


@pytest.mark.parametrize(
    ('images', 'labels'),
    [
        ('images/train', 'labels/train'),
        ('images/images', 'images/labels'),
        ('train/images', 'train/labels'),
        ('pictures', 'pictures'),
    ],
)
def test_labels_folder(images, labels):
    assert labels_folder(images) == labels


def test_yolo_images_without_labels_have_no_objects(tmp_path):
    root = write_yolo(tmp_path)
    (root / 'labels' / 'train' / 'train_1.txt').unlink()
    (root / 'labels' / 'train' / 'train_2.txt').write_text('')
    counts = [len(info['instances']) for info in yolo(root).load_data_list()]
    assert counts == [12, 0, 0]
    kept = yolo(root, filter_cfg=dict(filter_empty_gt=True))
    assert len(kept) == 1


def test_yolo_boxes_are_cut_and_without_area_left_out(tmp_path):
    root = write_yolo(tmp_path)
    path = root / 'labels' / 'train' / 'train_0.txt'
    path.write_text('0 1 1 0.5 0.5\n1 0.5 0.5 0 0.1\n')
    (item,) = yolo(root).get_data_info(0)['instances']
    width, height = IMAGE_WH
    assert item['bbox'] == [0.75 * width, 0.75 * height, width, height]


@pytest.mark.parametrize('test_mode', [False, True])
def test_yolo_labels_beyond_the_classes_are_an_error(tmp_path, test_mode):
    root = write_yolo(tmp_path)
    with pytest.raises(ValueError, match=r'class 2, but the config has 2'):
        yolo(root, metainfo=dict(classes=CLASSES[:2]), test_mode=test_mode)


def test_yolo_bad_rows_are_errors_in_test_mode_alone(tmp_path):
    root = write_yolo(tmp_path)
    path = root / 'labels' / 'train' / 'train_0.txt'
    path.write_text('0 0.5 0.5 0.2 0.4\n0 50 50 20 20\n')
    assert len(yolo(root).get_data_info(0)['instances']) == 1
    with pytest.raises(ValueError, match=r'train_0.txt:2: numbers must be'):
        yolo(root, test_mode=True)
    path.write_text('no row')
    assert len(yolo(root)) == 2


def test_voc_finds_images_of_any_suffix(tmp_path):
    root = write_voc(tmp_path)
    folder = root / 'JPEGImages'
    (folder / 'train_0.jpg').rename(folder / 'train_0.PNG')
    assert voc(root).get_data_info(0)['img_path'].endswith('train_0.PNG')


@pytest.mark.parametrize(
    'text',
    ['<annotation', '<annotation><object/></annotation>', None],
    ids=['no xml', 'no name', 'absent'],
)
def test_voc_damaged_files_are_errors_in_test_mode_alone(tmp_path, text):
    root = write_voc(tmp_path)
    path = root / 'Annotations' / 'train_0.xml'
    path.unlink()
    if text is not None:
        path.write_text(text)
    assert len(voc(root)) == 2
    with pytest.raises((ValueError, OSError), match=r'train_0\.xml'):
        voc(root, test_mode=True)


def test_voc_other_names_are_left_out(tmp_path):
    dataset = voc(write_voc(tmp_path), metainfo=dict(classes=CLASSES[:1]))
    assert {
        item['bbox_label']
        for ind in range(len(dataset))
        for item in dataset.get_data_info(ind)['instances']
    } == {0}
    with pytest.raises(ValueError, match=r'no objects: 36 objects of a name'):
        voc(tmp_path, metainfo=dict(classes=('ship',)))


def test_voc_difficult_objects_are_ignored(tmp_path):
    root = write_voc(tmp_path)
    path = root / 'Annotations' / 'train_0.xml'
    path.write_text(path.read_text().replace('cult>0<', 'cult>1<', 1))
    flags = [i['ignore_flag'] for i in voc(root).get_data_info(0)['instances']]
    assert flags == [1, *[0] * 11]
