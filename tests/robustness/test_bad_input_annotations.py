"""Rows of docs/bad_input.md about annotations and settings."""

import re

import numpy as np
import pytest

from mmhcm.datasets import (
    CanvasDataset,
    ChipDataset,
    DOTADataset,
    VisDroneDataset,
)
from mmhcm.engine.mining import open_or_build_pool
from mmhcm.functional.boxes import contains
from mmhcm.structures.fault_counter import FaultCounter
from mmhcm.structures.results import score_folder
from tests.support.scene_folders import write_visdrone

pytestmark = pytest.mark.usefixtures('quick_data_sets')
GOOD = '10,10,20,14,1,4,0,0\n'
SCALES = [
    dict(window=32, valid_range=(0, 20)),
    dict(window=64, valid_range=(16, None)),
]


def write_split(root, content):
    """Write images a, b and c, of 100 x 80 pixels; b has ``content``."""
    write_visdrone(root, dict.fromkeys('abc', GOOD))
    path = root / 'annotations' / 'b.txt'
    if content is None:
        path.unlink()
        path.mkdir()
    else:
        path.write_bytes(
            content if isinstance(content, bytes) else content.encode()
        )
    return root


def results_of(root):
    """A folder of results for images a, b and c."""
    folder = root / 'results'
    folder.mkdir()
    for stem in 'abc':
        (folder / f'{stem}.txt').write_text('10,10,20,14,0.9,4,-1,-1\n')
    return folder


#: By row: content of b.txt, what training says of it, and how many objects
#: of b it keeps; None leaves the image out.
FAULTS = {
    'NaN in a row': (
        GOOD + 'nan,10,5,5,1,4,0,0\n',
        '1 rows that cannot be read, left out; the first: .*b.txt:2: bad num',
        1,
    ),
    'huge box': (
        GOOD + '0,0,1e300,5,1,4,0,0\n',
        '1 rows that cannot be read, left out; the first: .*b.txt:2: bad box',
        1,
    ),
    'unknown category': (
        GOOD + '50,50,9,9,1,12,0,0\n50,10,9,9,1,4.5,0,0\n',
        "2 rows of an unknown category, taken as 'others', neither "
        'foreground nor background; the first: .*b.txt:2: bad category',
        3,
    ),
    'nothing but words': (
        'there is a car\nand a bus\n',
        '1 annotation files that cannot be read, left out with their images; '
        'the first: .*b.txt: no row can be read',
        None,
    ),
    'UTF-16': (
        GOOD.encode('utf-16'),
        '1 annotation files that cannot be read, left out with their images; '
        'the first: .*b.txt: not a UTF-8 text file',
        None,
    ),
    'directory named like an annotation': (
        None,
        '1 annotation files that cannot be read, left out with their images; '
        'the first: .*b.txt: Is a directory',
        None,
    ),
}


@pytest.mark.parametrize('name', FAULTS)
def test_training_leaves_out_invalid_rows(tmp_path, warnings, name):
    content, said, num_objects = FAULTS[name]
    root = write_split(tmp_path, content)
    dataset = VisDroneDataset(data_root=str(root))
    infos = {
        info['img_id']: info
        for info in map(dataset.get_data_info, range(len(dataset)))
    }
    assert any(re.search(said, message) for message in warnings), warnings
    assert all('\n' not in message for message in warnings)
    assert set(infos) == set('ac' if num_objects is None else 'abc')
    if num_objects is not None:
        kept = infos['b']['instances']
        assert len(kept) == num_objects
        # what has no known class is neither learned nor background
        assert [item['ignore_flag'] for item in kept][1:] == [1] * (
            num_objects - 1
        )
    assert len(ChipDataset(dataset, [], SCALES)) >= len(infos)


@pytest.mark.parametrize('name', FAULTS)
def test_evaluation_stops_at_invalid_rows(tmp_path, name):
    root = write_split(tmp_path, FAULTS[name][0])
    for evaluate in (
        lambda: VisDroneDataset(data_root=str(root), test_mode=True),
        lambda: score_folder(results_of(root), root),
    ):
        with pytest.raises((ValueError, OSError), match=r'b\.txt') as info:
            evaluate()
        assert '\n' not in str(info.value)


@pytest.mark.parametrize(
    'content',
    [
        b'\xef\xbb\xbf' + GOOD.encode(),
        GOOD.replace('\n', '\r\n').encode(),
        GOOD.replace('\n', '\r').encode(),
        GOOD.replace('\n', ',\n\n').encode(),
        GOOD.strip().encode(),
        GOOD.replace(',', ' , ').encode(),
    ],
    ids=['mark', 'CRLF', 'CR', 'comma and blank line', 'no end', 'spaces'],
)
def test_variants_of_one_file_read_alike(tmp_path, warnings, content):
    root = write_split(tmp_path, content)
    dataset = VisDroneDataset(data_root=str(root))
    plain, other = (dataset.get_data_info(ind) for ind in (0, 1))
    assert other['instances'] == plain['instances']
    counter = FaultCounter()
    scores = score_folder(results_of(root), root, counter=counter)
    assert scores.official[0] == pytest.approx(100)
    assert warnings == counter.lines() == []


#: By row: content of b.txt, what is said, what becomes of it in training, and
#: how many objects are left.
UNUSUAL = {
    'negative start': (
        '-5,10,20,20,1,4,0,0\n',
        '1 boxes that reach beyond their image',
        'cut to it',
        1,
    ),
    'box beyond the image': (
        '90,70,100000,90,1,4,0,0\n',
        '1 boxes that reach beyond their image',
        'cut to it',
        1,
    ),
    'box outside of the image': (
        f'{GOOD}200,10,5,5,1,4,0,0\n1,-9,5,5,1,4,0,0\n',
        '2 boxes outside of their image',
        'left out',
        1,
    ),
    'zero size': (
        f'{GOOD}\n60,20,0,10,1,4,0,0\n60,20,10,0,1,4,0,0\n',
        '2 boxes without area',
        'left out',
        1,
    ),
    'duplicate rows': (
        f'{GOOD}{GOOD}50,50,9,9,1,4,0,0\n{GOOD}',
        '2 rows that stand in their file already',
        'kept',
        4,
    ),
    'empty file': (
        '',
        '1 annotation files without a row',
        'taken as images without objects',
        0,
    ),
}


@pytest.mark.parametrize('name', UNUSUAL)
def test_unusual_rows_are_counted(tmp_path, warnings, name):
    content, said, outcome, num_objects = UNUSUAL[name]
    root = write_split(tmp_path, content)
    dataset = VisDroneDataset(data_root=str(root))
    (message,) = warnings
    first = message.partition('; the first: ')[2]
    assert message.startswith(f'VisDroneDataset: {said}, {outcome}; the first')
    assert re.match(r'.*b\.txt(:\d+ \(image of 100 x 80 pixels\))?$', first)
    assert len(dataset.get_data_info(1)['instances']) == num_objects
    assert len(ChipDataset(dataset, [], SCALES)) >= 2
    # The score is made from all of it, and says so.
    VisDroneDataset(data_root=str(root), test_mode=True)
    counter = FaultCounter()
    score_folder(results_of(root), root, counter=counter)
    assert warnings[1] == f'VisDroneDataset: {counter.lines()[0]}'
    assert counter.lines()[0].startswith(f'{said}; the first: ')


def test_broken_link_is_left_out(tmp_path, warnings):
    root = write_split(tmp_path, GOOD)
    path = root / 'annotations' / 'b.txt'
    path.rename(root / 'moved.txt')
    for link in (path, root / 'annotations' / 'notes'):
        link.symlink_to(root / 'none' / 'b.txt')

    def build():
        dataset = VisDroneDataset(data_root=str(root))
        return [
            dataset.get_data_info(i)['img_id'] for i in range(len(dataset))
        ]

    assert build() == ['a', 'c']
    (message,) = warnings
    assert re.search(
        '1 annotation files that cannot be read, left out with their images; '
        r'the first: .*b\.txt: No such file', message,
    )  # fmt: skip
    with pytest.raises(OSError, match=r'b\.txt'):
        VisDroneDataset(data_root=str(root), test_mode=True)
    (root / 'none').mkdir()
    (root / 'moved.txt').rename(root / 'none' / 'b.txt')
    assert build() == ['a', 'b', 'c']


def test_images_without_objects(tmp_path, warnings):
    region = '0,0,100,80,0,0,0,0\n'
    root = write_split(tmp_path, region)
    dataset = VisDroneDataset(data_root=str(root))
    info = dataset.get_data_info(1)
    assert info['instances'] == []
    assert info['ignored_regions'] == [[0, 0, 100, 80]]
    chips = ChipDataset(dataset, [], SCALES)
    assert set(chips.index.image_inds) == {0, 2}
    assert warnings == []
    # Nothing can be pasted there, which is counted.
    pool = open_or_build_pool({'min_size': 4}, tmp_path / 'work', dataset)
    # The pool has two patches, and a canvas uses none twice.
    canvases = CanvasDataset([dataset], [], pool, num_pastes=2)
    assert canvases.get_data_info(1)['num_skipped_pastes'] == 2
    assert canvases.get_data_info(1)['pastes'] == []
    # Detections in it are neither right nor wrong.
    scores = score_folder(results_of(root), root)
    assert scores.official[0] == pytest.approx(100)
    kept = VisDroneDataset(
        data_root=str(root), filter_cfg=dict(filter_empty_gt=True)
    )
    assert len(kept) == 2


@pytest.mark.parametrize('content', ['', '0,0,100,80,0,0,0,0\n'])
def test_data_without_objects_stop(tmp_path, content):
    write_visdrone(tmp_path, {'a': content, 'b': content})
    with pytest.raises(ValueError, match='no chips: 2 images hold no object'):
        ChipDataset(VisDroneDataset(data_root=str(tmp_path)), [], SCALES)
    (tmp_path / 'r').mkdir()
    for stem in 'ab':
        (tmp_path / 'r' / f'{stem}.txt').touch()
    with pytest.raises(ValueError, match='no object of the ten classes'):
        score_folder(tmp_path / 'r', tmp_path)


def test_results_not_scored_are_counted(tmp_path):
    root = write_split(tmp_path, GOOD)
    folder = results_of(root)
    (folder / 'a.txt').write_text('1,1,5,5,0.5,4,-1,-1\n' * 501)
    (folder / 'b.txt').write_text('\n1,1,5,5,0.5,11,-1,-1\n1,1,5,5,0.5,0\n')
    write_visdrone(root, {'d': None})
    counter = FaultCounter()
    score_folder(folder, root, counter=counter)
    assert [
        line.partition('; the first: ')[::2] for line in counter.lines()
    ] == [
        ('1 images without annotation and result, not scored', 'd'),
        (
            '1 result files of more than 500 rows, of which the first 500 '
            'outside of ignored regions are scored',
            'a.txt',
        ),
        (
            '2 result rows of no class of the task, not scored',
            "b.txt:2: '1,1,5,5,0.5,11,-1,-1'",
        ),
    ]


@pytest.mark.parametrize('row', ['0,0,1e300,1,0.5,4', 'nan,0,1,1,0.5,4'])
def test_invalid_result_stops_the_score(tmp_path, row):
    root = write_split(tmp_path, GOOD)
    folder = results_of(root)
    (folder / 'b.txt').write_text(f'{row}\n')
    with pytest.raises(
        ValueError, match=r'results: b\.txt:1: bad (box|number)'
    ):
        score_folder(folder, root)


def square(x, y, side, name, difficulty=0):
    return (
        f'{x} {y} {x + side} {y} {x + side} {y + side} {x} {y + side} '
        f'{name} {difficulty}\n'
    )


#: DOTA's text by row, what is said, objects and regions that are kept.
DOTA = {
    'NaN in a row': (
        square(1, 1, 9, 'ship') + square(float('nan'), 1, 5, 'ship'),
        '1 rows that cannot be read, left out; the first: .*b.txt:2',
        (1, 0),
    ),
    'too few columns': (
        square(1, 1, 9, 'ship') + '1 2 3\n',
        'cannot be read, left out; the first: .*b.txt:2: expected 9 or 10',
        (1, 0),
    ),
    'unknown category': (
        square(1, 1, 9, 'ship') + square(30, 30, 9, 'spaceship'),
        '1 rows of an unknown category, masked; the first: .*b.txt:2: unkn',
        (1, 1),
    ),
    'zero size': (
        square(1, 1, 9, 'ship') + square(30, 30, 0, 'ship'),
        '1 boxes without area, left out; the first: .*b.txt:2',
        (1, 0),
    ),
    'box beyond the image': (
        'gsd:1\n' + square(95, 75, 20, 'ship'),
        '1 boxes that reach beyond their image, cut to it; .*b.txt:2',
        (1, 0),
    ),
    'box outside of the image': (
        square(1, 1, 9, 'ship') + square(200, 30, 9, 'ship'),
        '1 boxes outside of their image, left out; the first: .*b.txt:2',
        (1, 0),
    ),
    'UTF-16': (
        square(1, 1, 9, 'ship').encode('utf-16'),
        '1 annotation files that cannot be read, left out with their images',
        None,
    ),
    'nothing but words': (
        'there is a car\n',
        'the first: .*b.txt: no row can be read',
        None,
    ),
    'directory named like an annotation': (
        None,
        'the first: .*b.txt: Is a directory',
        None,
    ),
    'empty file': (
        '',
        '1 annotation files without a row, taken as images without objects',
        (0, 0),
    ),
}
DOTA_STOPS = set(DOTA) - {
    'zero size',
    'box beyond the image',
    'box outside of the image',
    'empty file',
}


def dota(root, **kwargs):
    return DOTADataset(
        data_root=str(root), data_prefix=dict(ann_path='annotations'), **kwargs
    )


@pytest.mark.parametrize('name', DOTA)
def test_dota_text_files(tmp_path, warnings, name):
    content, said, kept = DOTA[name]
    root = write_split(tmp_path, content)
    for stem in 'ac':
        path = root / 'annotations' / f'{stem}.txt'
        path.write_text(square(1, 1, 9, 'ship'))
    dataset = dota(root)
    assert any(re.search(said, message) for message in warnings), warnings
    infos = {
        info['img_id']: info
        for info in map(dataset.get_data_info, range(len(dataset)))
    }
    if kept is None:
        assert set(infos) == set('ac')
    else:
        keys = 'instances', 'ignored_regions'
        assert tuple(len(infos['b'][key]) for key in keys) == kept
    if name in DOTA_STOPS:
        with pytest.raises((ValueError, OSError), match=r'b\.txt'):
            dota(root, test_mode=True)
    else:
        assert len(dota(root, test_mode=True)) == 3


def test_classes_without_patches_are_warned_of(tmp_path, warnings):
    root = write_split(tmp_path, '50,40,3,3,1,9,0,0\n60,20,25,20,1,1,0,0\n')
    dataset = VisDroneDataset(data_root=str(root))
    pool = open_or_build_pool({'min_size': 4}, tmp_path / 'work', dataset)
    (message,) = warnings
    assert message.startswith('8 classes have no patches and are not pasted: ')
    assert 'bus' in message
    assert 'pedestrian' not in message
    canvases = CanvasDataset([dataset], [], pool, num_pastes=6, seed=1)
    infos = [canvases.get_data_info(ind) for ind in range(len(canvases))]
    labels = {paste.label for info in infos for paste in info['pastes']}
    assert labels == {0, 3}


def test_more_than_10_000_objects_in_an_image(tmp_path, warnings):
    rng = np.random.default_rng(0)
    xywh = np.hstack(
        [rng.integers(0, 1990, (10_500, 2)), rng.integers(4, 9, (10_500, 2))]
    )
    rows = np.unique(xywh, axis=0).tolist()
    text = ''.join(
        f'{x},{y},{w},{h},1,{1 + ind % 10},0,0\n'
        for ind, (x, y, w, h) in enumerate(rows)
    )
    write_visdrone(tmp_path, {'a': text, 'b': GOOD}, (2000, 2000))
    chips = ChipDataset(
        VisDroneDataset(data_root=str(tmp_path)),
        [
            dict(type='LoadChipImage'),
            dict(type='CropChip', chip_size=256),
            dict(type='PackDetInputs', meta_keys=('img_id',)),
        ],
        [
            dict(window=256, valid_range=(0, 40), stride=64),
            dict(window=1024, valid_range=(28, None), stride=128),
        ],
        chip_size=256,
    )
    boxes = chips.dataset.boxes().bboxes[: len(rows)]
    own = chips.index.windows[chips.index.image_inds == 0]
    assert len(rows) > 10_000
    assert contains(own, boxes).any(axis=0).all()
    num_learned = len(chips[0]['data_samples'].gt_instances)
    assert num_learned >= contains(own[:1], boxes).sum() > 50
    folder = tmp_path / 'results'
    folder.mkdir()
    (folder / 'a.txt').write_text(
        ''.join(
            f'{x},{y},{w},{h},0.5,{1 + ind % 10},-1,-1\n'
            for ind, (x, y, w, h) in enumerate(rows[:500])
        )
    )
    (folder / 'b.txt').touch()
    figures = score_folder(folder, tmp_path).official
    assert figures[6] == pytest.approx(100 * 500 / len(rows), rel=0.05)
    assert warnings == []
