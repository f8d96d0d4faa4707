import json

import cv2
import numpy as np
import pytest

from mmhcm.datasets import CheckedCocoDataset

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
def test_invalid_boxes_are_counted(tmp_path, warnings, kind):
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


IGNORED = "1 annotations marked 'ignore', neither foreground nor background"


@pytest.mark.parametrize(
    ('category', 'mark', 'flags', 'said'),
    [
        (1, {'ignore': 1}, [1], IGNORED),
        (2, {'ignore': 1}, [1], IGNORED),
        (2, {'iscrowd': 1}, [], 'a category that is none of the classes'),
    ],
    ids=['of a class', 'of another category', 'crowd of another category'],
)
def test_marked_annotations(tmp_path, warnings, category, mark, flags, said):
    names = (*CLASSES, 'others')
    write(tmp_path, [GOOD], names, category_id=category, **mark)
    instances = build(tmp_path).get_data_info(0)['instances']
    assert [item['ignore_flag'] for item in instances] == flags
    assert all(item['bbox'] == [10, 10, 30, 20] for item in instances)
    (message,) = warnings
    assert said in message


@pytest.mark.parametrize('area', [0, 0.0, '200', '', None, -1, 'no area'])
@pytest.mark.parametrize('test_mode', [False, True])
def test_areas_are_those_of_the_boxes(tmp_path, warnings, area, test_mode):
    write(tmp_path, [GOOD], area=area)
    (instance,) = build(tmp_path, test_mode=test_mode).get_data_info(0)[
        'instances'
    ]
    assert instance['bbox'] == [10, 10, 30, 20]
    assert warnings == []


def drop(section, *keys, ind=0):
    """Make an edit that removes keys of an entry."""
    return lambda content: [content[section][ind].pop(key) for key in keys]


def set_to(section, **values):
    """Make an edit that changes values of the first entry."""
    return lambda content: content[section][0].update(values)


MISSING = {
    'area': drop('annotations', 'area'),
    'id': drop('annotations', 'id'),
    'ids': lambda content: [a.pop('id') for a in content['annotations']],
    'an id of None': set_to('annotations', id=None),
    'width': drop('images', 'width'),
    'size': drop('images', 'width', 'height'),
    'a size of text': set_to('images', width='100', height='80'),
    'a size of 0': set_to('images', width=0),
    'iscrowd': lambda content: None,
}


@pytest.mark.parametrize('test_mode', [False, True])
@pytest.mark.parametrize('kind', MISSING)
def test_what_is_missing_is_found_out(tmp_path, warnings, kind, test_mode):
    write(tmp_path, [GOOD, [50, 40, 9, 8]])
    whole = build(tmp_path, test_mode=test_mode).get_data_info(0)
    change(tmp_path, MISSING[kind])
    assert build(tmp_path, test_mode=test_mode).get_data_info(0) == whole
    assert len(whole['instances']) == 2
    assert warnings == []


UNCLEAR = {
    'images[0] has no id': drop('images', 'id'),
    'images[0] has no file_name': drop('images', 'file_name'),
    'categories[1] has no name': drop('categories', 'name', ind=1),
    'images is no list of objects': lambda content: content.update(images=3),
    'annotations is no list of': lambda c: c.update(annotations=[[]]),
}


@pytest.mark.parametrize('message', UNCLEAR)
def test_what_cannot_be_found_out_is_named(tmp_path, message):
    write(tmp_path, [GOOD])
    change(tmp_path, UNCLEAR[message])
    with pytest.raises(ValueError, match=r'a\.json: ') as info:
        build(tmp_path)
    assert message in str(info.value)


@pytest.mark.parametrize('key', ['image_id', 'category_id', 'bbox'])
def test_annotations_without_a_reference_are_counted(tmp_path, warnings, key):
    write(tmp_path, [GOOD, GOOD])
    change(tmp_path, lambda content: content['annotations'][1].pop(key))
    assert len(build(tmp_path).get_data_info(0)['instances']) == 1
    assert len(warnings) == 1
    assert 'annotation 2' in warnings[0]


def test_an_image_of_no_size_that_is_absent(tmp_path):
    write(tmp_path, [GOOD])
    change(tmp_path, MISSING['size'])
    (tmp_path / 'images' / 'a.png').unlink()
    with pytest.raises(FileNotFoundError, match=r'a\.png'):
        build(tmp_path)


def test_an_unknown_category(tmp_path, warnings):
    write(tmp_path, [GOOD], category_id=7)
    assert build(tmp_path).get_data_info(0)['instances'] == []
    assert warnings == [
        'CheckedCocoDataset: 1 annotations of a category that is none of the '
        f'classes, left out; the first: {tmp_path}/a.json: annotation 1: '
        'category 7'
    ]


@pytest.mark.parametrize('number', [0, 1, 2])
def test_a_further_category(tmp_path, warnings, number):
    """Labels are those of the classes, whatever its position."""
    names = list(CLASSES)
    names.insert(number, 'van')
    write(tmp_path, [GOOD], names, category_id=number)
    assert build(tmp_path).get_data_info(0)['instances'] == []
    (message,) = warnings
    assert f'annotation 1: category {number}' in message
    write(tmp_path, [GOOD], names, category_id=names.index('bus'))
    (instance,) = build(tmp_path).get_data_info(0)['instances']
    assert instance['bbox_label'] == 1


def change(root, edit):
    """Edit what is in the json."""
    content = json.loads((root / 'a.json').read_text())
    edit(content)
    (root / 'a.json').write_text(json.dumps(content))


def again(section, **values):
    """Make an edit that repeats the first entry in front, with changes."""
    return lambda content: content[section].insert(
        0, {**content[section][0], **values}
    )


TWICE = {
    'two images of id 1: b.png and a.png': again('images', file_name='b.png'),
    "two images of file_name 'a.png': id 2 and id 1": again(
        'images', id=2, file_name='./a.png'
    ),
    # Of no image, but its box would be taken for that of the other.
    'two annotations of id 1': again('annotations', image_id=7),
    'two categories of id 0: van and car': again('categories', name='van'),
}


@pytest.mark.parametrize('test_mode', [False, True])
@pytest.mark.parametrize('fault', TWICE)
def test_duplicates_are_an_error(tmp_path, fault, test_mode):
    write(tmp_path, [GOOD])
    change(tmp_path, TWICE[fault])
    with pytest.raises(ValueError, match=r'a\.json: two ') as info:
        build(tmp_path, test_mode=test_mode)
    assert str(info.value) == f'{tmp_path}/a.json: {fault}'


@pytest.mark.parametrize('image_id', [77, '1', None])
def test_annotations_of_no_image(tmp_path, warnings, image_id):
    write(tmp_path, [GOOD, GOOD, GOOD])

    def edit(content):
        for ann in content['annotations'][1:]:
            ann['image_id'] = image_id

    change(tmp_path, edit)
    assert len(build(tmp_path).get_data_info(0)['instances']) == 1
    said = f'{tmp_path}/a.json: annotation 2: no image of id {image_id!r}'
    assert warnings == [
        'CheckedCocoDataset: 2 annotations of an image that is none of the '
        f'file, left out; the first: {said}'
    ]
    with pytest.raises(ValueError, match='no image of id') as info:
        build(tmp_path, test_mode=True)
    assert str(info.value) == said


@pytest.mark.parametrize('key', ['iscrowd', 'ignore'])
@pytest.mark.parametrize('value', ['0', '', 2, []])
def test_invalid_ignore_marks_are_counted(tmp_path, warnings, key, value):
    write(tmp_path, [GOOD], **{key: value})
    assert build(tmp_path).get_data_info(0)['instances'] == []
    (message,) = warnings
    assert '1 rows that cannot be read, left out; the first: ' in message
    assert f'a.json: annotation 1: bad {key} {value!r}' in message
    with pytest.raises(ValueError, match=rf'annotation 1: bad {key} '):
        build(tmp_path, test_mode=True)


@pytest.mark.parametrize('value', [None, 0, False, 1, True])
def test_valid_ignore_marks(tmp_path, warnings, value):
    write(tmp_path, [GOOD], iscrowd=value)
    (instance,) = build(tmp_path).get_data_info(0)['instances']
    assert instance['ignore_flag'] == int(value or 0)
    assert warnings == []


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
def test_error_names_the_invalid_file(tmp_path, content):
    (tmp_path / 'a.json').write_bytes(content)
    with pytest.raises(ValueError, match=r'a\.json: ') as info:
        build(tmp_path)
    assert '\n' not in str(info.value)


def test_a_folder_for_a_file(tmp_path):
    (tmp_path / 'a.json').mkdir()
    with pytest.raises(OSError, match=r'a\.json'):
        build(tmp_path)
