import json

import pytest

from mmhcm.apis.own_data import (
    FoundData,
    data_config,
    find_coco,
    find_voc,
    find_yolo,
)
from mmhcm.apis.own_data.found_data import common_root
from tests.support.own_data import CLASSES, write_coco, write_voc, write_yolo


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def change(path, function):
    content = json.loads(path.read_text())
    function(content)
    path.write_text(json.dumps(content))


def coco(root='sea', **kwargs):
    return find_coco(f'{root}/train.json', f'{root}/val.json', **kwargs)


@pytest.mark.parametrize(
    ('name', 'write', 'find'),
    [
        ('coco', write_coco, coco),
        ('yolo', write_yolo, lambda: find_yolo('sea')),
        ('yolo', write_yolo, lambda: find_yolo('sea/data.yaml')),
        ('voc', write_voc, lambda: find_voc('sea')),
    ],
)
def test_own_data_take_three_lines(folder, name, write, find):
    write(folder / 'sea')
    assert data_config(find()) == (
        f"_base_ = 'mmhcm::hcm/faster-rcnn_r50_fpn_hcm_{name}.py'\n\n"
        "data_root = 'sea'\n"
        f'classes = {CLASSES!r}\n'
    )


@pytest.mark.parametrize(
    'images', ['images', 'images/train', '', 'train', '../images']
)
def test_coco_images_are_found_near_their_file(folder, images):
    root = write_coco(folder / 'a' / 'sea')
    if images != 'train':
        for split in ('train', 'val'):
            for path in (root / split).iterdir():
                target = root / images / path.name
                target.parent.mkdir(parents=True, exist_ok=True)
                path.rename(target)
    if images == 'images/train':
        val = root / 'images' / 'val'
        val.mkdir()
        for path in (root / images).glob('val*'):
            path.rename(val / path.name)
    data = coco('a/sea')
    found = folder / data.data_root / data.variables['train_images']
    assert (found / 'train_0.jpg').is_file()
    assert data.data_root == ('a' if images == '../images' else 'a/sea')


def test_coco_images_are_named_or_an_error(folder):
    root = write_coco(folder / 'sea')
    (root / 'train').rename(root / 'pictures')
    with pytest.raises(ValueError, match=r"'train_0.jpg', are not in .*--ima"):
        coco()
    data = coco(images=('sea/pictures', 'sea/val'))
    assert "train_images = 'pictures'" in data_config(data)
    with pytest.raises(ValueError, match=r'are not in sea/val: name'):
        coco(images=('sea/val', 'sea/val'))


def test_coco_categories_without_objects_are_no_classes(folder):
    root = write_coco(folder / 'sea')
    for split in ('train', 'val'):
        change(
            root / f'{split}.json',
            lambda c: c['categories'].insert(0, dict(id=0, name='things')),
        )
    data = coco()
    assert data.classes == CLASSES
    (note,) = data.notes
    assert "'things' has no object" in note


@pytest.mark.parametrize(
    ('change_val', 'message'),
    [
        (lambda c: c['categories'].reverse(), 'in another order than'),
        (lambda c: c['categories'].pop(), 'lack classes of'),
        (lambda c: c.pop('images'), 'val.json: .* has no images'),
    ],
)
def test_coco_files_must_fit(folder, change_val, message):
    root = write_coco(folder / 'sea')
    change(root / 'val.json', change_val)
    with pytest.raises(ValueError, match=message):
        coco()


@pytest.mark.parametrize('text', ['', '[1]', '{}', '\x00'])
def test_other_files_are_no_coco(folder, text):
    root = write_coco(folder / 'sea')
    (root / 'train.json').write_text(text)
    with pytest.raises(ValueError, match=r'sea/train.json: no '):
        coco()


def test_yolo_exports_of_other_layout_are_found(folder):
    root = write_yolo(folder / 'sea')
    for split in ('train', 'val'):
        for kind in ('images', 'labels'):
            (root / split).mkdir(exist_ok=True)
            (root / kind / split).rename(root / split / kind)
    (root / 'data.yaml').write_text(
        'train: ../train/images\nval: ../val/images\n'
        f'nc: 3\nnames: {list(CLASSES)}\n'
    )
    data = find_yolo('sea')
    assert data.classes == CLASSES
    assert data.variables['train_images'] == 'train/images'


@pytest.mark.parametrize(
    ('text', 'message'),
    [
        ('{', ''),
        ('- 1', 'has no names'),
        ('train: images/train', 'has no names of classes'),
        ('names: {1: a}', 'names must count from 0'),
        ('names: [a]', 'train must be a folder, got None'),
        ('names: [a]\ntrain: [x]', r"must be a folder, got \['x'\]"),
        ('names: [a]\ntrain: absent', 'no folder at sea/absent'),
    ],
)
def test_other_yaml_files_are_named(folder, text, message):
    root = write_yolo(folder / 'sea')
    (root / 'data.yaml').write_text(text)
    with pytest.raises(ValueError, match=f'sea/data.yaml: .*{message}'):
        find_yolo('sea')


def test_a_folder_needs_one_yaml_file(folder):
    (folder / 'sea').mkdir()
    with pytest.raises(ValueError, match='sea has 0 yaml files'):
        find_yolo('sea')


def test_voc_faults_are_named(folder):
    root = write_voc(folder / 'sea')
    path = root / 'Annotations' / 'train_1.xml'
    path.write_text('<annotation')
    with pytest.raises(ValueError, match=r'train_1.xml: no VOC annotation'):
        find_voc('sea')
    path.unlink()
    with pytest.raises(FileNotFoundError, match=r'train_1\.xml'):
        find_voc('sea')
    for name in path.parent.iterdir():
        name.write_text('<annotation/>')
    path.write_text('<annotation/>')
    with pytest.raises(ValueError, match=r'no object in train\.txt'):
        find_voc('sea')
    (root / 'ImageSets' / 'Main' / 'val.txt').unlink()
    with pytest.raises(FileNotFoundError, match='no list of images at'):
        find_voc('sea')


@pytest.mark.parametrize(
    ('paths', 'root'),
    [
        (['a/b', 'a/c'], 'a'),
        (['a', 'b'], '.'),
        (['a', '/a'], '/'),
        (['a/x', '../a/y'], '.'),
        (['/a/b/c', '/a/b'], '/a/b'),
    ],
)
def test_common_root(paths, root):
    assert common_root(*paths) == root


def test_data_config_writes_what_differs_alone():
    data = FoundData(
        'hcm/faster-rcnn_r50_fpn_hcm_coco.py',
        '/sea',
        ('boat',),
        {'train_ann': 'train.json', 'val_ann': 'a.json'},
    )
    assert data_config(data).splitlines()[2:] == [
        "data_root = '/sea'",
        "classes = ('boat',)",
        "val_ann = 'a.json'",
    ]
