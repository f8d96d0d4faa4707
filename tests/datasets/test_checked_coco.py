import json

import cv2
import numpy as np
import pytest

from mmhcm.datasets import CheckedCocoDataset, ChipDataset

CLASSES = ('car', 'bus')
GOOD = [10, 10, 20, 10]


def write(root, boxes, categories=CLASSES, **extra):
    """Write one image of 100 x 80 pixels and its json."""
    (root / 'images').mkdir(exist_ok=True)
    cv2.imwrite(
        str(root / 'images' / 'a.png'), np.full((80, 100, 3), 90, np.uint8)
    )
    content = {
        'images': [
            {'id': 1, 'file_name': 'a.png', 'width': 100, 'height': 80}
        ],
        'annotations': [
            {
                'id': ind,
                'image_id': 1,
                'category_id': 1,
                'bbox': box,
                'area': 9.0,
                **extra,
            }
            for ind, box in enumerate(boxes, 1)
        ],
        'categories': [
            {'id': ind, 'name': name} for ind, name in enumerate(categories)
        ],
    }
    (root / 'a.json').write_text(json.dumps(content))


def build(root, **kwargs):
    return CheckedCocoDataset(
        data_root=str(root),
        ann_file='a.json',
        data_prefix=dict(img='images/'),
        metainfo=dict(classes=CLASSES),
        **kwargs,
    )


FAULTS = {
    'rows that cannot be read, left out': [
        [float('nan'), 0, 5, 5],
        [10, 10, -20, 5],
        [0, 0, 1e300, 5],
        [1, 2, 3],
        'text',
        None,
    ],
    'boxes narrower than one pixel, left out': [[5, 5, 0, 4], [5, 5, 4, 0.5]],
    'boxes outside of their image, left out': [[100, 5, 9, 9], [5, -9, 5, 5]],
    'boxes that reach beyond their image, cut to it': [[90, 70, 20, 20]],
}


@pytest.mark.parametrize('kind', FAULTS)
def test_what_is_odd_is_counted(tmp_path, warnings, kind):
    boxes = FAULTS[kind]
    write(tmp_path, [GOOD, *boxes])
    dataset = build(tmp_path)
    (message,) = warnings
    count = len(boxes)
    assert f'CheckedCocoDataset: {count} {kind}; the first: ' in message
    assert 'a.json: annotation 2' in message
    num_kept = 2 if 'beyond' in kind else 1
    assert len(dataset.get_data_info(0)['instances']) == num_kept


def test_a_malformed_box_is_an_error_in_test_mode(tmp_path):
    write(tmp_path, [GOOD, [10, 10, -20, 5]])
    with pytest.raises(ValueError, match=r'a\.json: annotation 2: bad bbox'):
        build(tmp_path, test_mode=True)


def test_what_is_good_warns_of_nothing(tmp_path, warnings):
    write(tmp_path, [GOOD])
    info = build(tmp_path).get_data_info(0)
    assert info['instances'][0]['bbox'] == [10, 10, 30, 20]
    assert info['instances'][0]['ignore_flag'] == 0
    assert warnings == []


def test_marked_ones_are_ignored_and_not_background(tmp_path, warnings):
    write(tmp_path, [GOOD], ignore=1)
    (instance,) = build(tmp_path).get_data_info(0)['instances']
    assert instance['ignore_flag'] == 1
    assert "1 annotations marked 'ignore'" in warnings[0]


def test_an_unknown_category(tmp_path, warnings):
    write(tmp_path, [GOOD], category_id=7)
    assert build(tmp_path).get_data_info(0)['instances'] == []
    assert '1 rows of an unknown category, left out' in warnings[0]


def test_an_image_without_annotations(tmp_path, warnings):
    write(tmp_path, [])
    assert build(tmp_path).get_data_info(0)['instances'] == []
    assert '1 images without annotations; the first: a.png' in warnings[0]


@pytest.mark.parametrize('categories', [('bus', 'car'), ('car',), ('x', 'y')])
def test_categories_are_the_classes(tmp_path, categories):
    write(tmp_path, [GOOD], categories)
    with pytest.raises(ValueError, match=r'a\.json: its categories are') as e:
        build(tmp_path)
    assert '\n' not in str(e.value)


@pytest.mark.parametrize(
    'content',
    [
        b'',
        b'{"images": [',
        '{}'.encode('utf-16'),
        b'\xe4',
        b'[]',
        b'{"images": [{}], "annotations": [], "categories": []}',
    ],
    ids=['empty', 'cut', 'utf-16', 'latin-1', 'list', 'keys'],
)
def test_other_files_name_themselves(tmp_path, content):
    (tmp_path / 'a.json').write_bytes(content)
    with pytest.raises(ValueError, match=r'a\.json: ') as info:
        build(tmp_path)
    assert '\n' not in str(info.value)


def test_a_folder_for_a_file(tmp_path):
    (tmp_path / 'a.json').mkdir()
    with pytest.raises(OSError, match=r'a\.json'):
        build(tmp_path)


def test_chips_of_it(tmp_path):
    write(tmp_path, [GOOD, [90, 70, 20, 20]])
    chips = ChipDataset(
        build(tmp_path), [], [dict(window=50, valid_range=(0, None))]
    )
    assert len(chips) == 2
