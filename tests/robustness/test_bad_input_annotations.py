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
from tests.support.data_sets import infos_of
from tests.support.scene_folders import square, write_visdrone

GOOD = '10,10,20,14,1,4,0,0\n'
SCALES = [
    dict(window=32, valid_range=(0, 20)),
    dict(window=64, valid_range=(16, None)),
]


def write_split(root, content=GOOD, good=GOOD):
    """Write images a, b and c, of 100 x 80 pixels; b has ``content``."""
    write_visdrone(root, dict.fromkeys('abc', good))
    path = root / 'annotations' / 'b.txt'
    path.unlink()
    if callable(content):
        content(path)
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


def visdrone(root, **kwargs):
    return VisDroneDataset(data_root=str(root), **kwargs)


def dota(root, **kwargs):
    prefix = dict(ann_path='annotations')
    return DOTADataset(data_root=str(root), data_prefix=prefix, **kwargs)


def names_of(dataset):
    return {info['img_id'] for info in infos_of(dataset)}


def assert_said(messages, *patterns):
    """Match each kind of fault with its line."""
    assert len(messages) == len(patterns), messages
    for message, pattern in zip(messages, patterns, strict=True):
        assert re.search(pattern, message), message
        assert '\n' not in message


INVALID = (
    f'{GOOD}nan,10,5,5,1,4,0,0\n0,0,1e300,5,1,4,0,0\n'
    '50,50,9,9,1,12,0,0\n50,10,9,9,1,4.5,0,0\n'
)


def test_invalid_rows_are_left_out_of_training(tmp_path, warnings):
    dataset = visdrone(write_split(tmp_path, INVALID))
    assert_said(
        warnings,
        '2 rows that cannot be read, left out; the first: .*b.txt:2: bad num',
        "2 rows of an unknown category, taken as 'others', neither "
        'foreground nor background; the first: .*b.txt:4: bad category',
    )
    # What has no known class is neither learned nor background.
    kept = dataset.get_data_info(1)['instances']
    assert [item['ignore_flag'] for item in kept] == [0, 1, 1]
    assert len(ChipDataset(dataset, [], SCALES)) >= 3


#: Contents of b.txt of which nothing can be read, and what is said of them.
UNREADABLE = {
    'nothing but words': ('there is a car\nand a bus\n', 'no row can be read'),
    'UTF-16': (GOOD.encode('utf-16'), 'not a UTF-8 text file'),
    'directory named like an annotation': (lambda p: p.mkdir(), 'Is a direct'),
    'broken link': (lambda p: p.symlink_to('nowhere'), 'No such file'),
}


@pytest.mark.parametrize('build', [visdrone, dota])
@pytest.mark.parametrize('name', UNREADABLE)
def test_unreadable_files_are_left_out(tmp_path, warnings, name, build):
    content, said = UNREADABLE[name]
    good = GOOD if build is visdrone else square(1, 1, 9, 'ship')
    root = write_split(tmp_path, content, good)
    dataset = build(root)
    assert_said(
        warnings[-1:],
        '1 annotation files that cannot be read, left out with their images; '
        f'the first: .*b.txt: {said}',
    )
    assert names_of(dataset) == set('ac')
    with pytest.raises((ValueError, OSError), match=r'b\.txt'):
        build(root, test_mode=True)


@pytest.mark.parametrize(
    'content',
    [
        *INVALID.splitlines()[1:],
        *(content for content, _ in UNREADABLE.values()),
    ],
)
def test_evaluation_stops_at_invalid_rows(tmp_path, content):
    root = write_split(tmp_path, content)
    for evaluate in (
        lambda: visdrone(root, test_mode=True),
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
    dataset = visdrone(root)
    plain, other = (dataset.get_data_info(ind) for ind in (0, 1))
    assert other['instances'] == plain['instances']
    counter = FaultCounter()
    scores = score_folder(results_of(root), root, counter=counter)
    assert scores.official[0] == pytest.approx(100)
    assert warnings == counter.lines() == []


UNUSUAL = (
    f'{GOOD}-5,10,20,20,1,4,0,0\n90,70,100000,90,1,4,0,0\n'
    '200,10,5,5,1,4,0,0\n1,-9,5,5,1,4,0,0\n'
    f'\n60,20,0,10,1,4,0,0\n60,20,10,0,1,4,0,0\n{GOOD}'
)
#: What is said of them, and what becomes of them in training.
OUTCOMES = {
    '2 boxes without area': 'left out',
    '2 boxes outside of their image': 'left out',
    '2 boxes that reach beyond their image': 'cut to it',
    '1 rows that stand in their file already': 'kept',
}
EMPTY = {'1 annotation files without a row': 'taken as images without objects'}


@pytest.mark.parametrize(
    ('content', 'outcomes', 'num_objects'),
    [(UNUSUAL, OUTCOMES, 4), ('', EMPTY, 0)],
    ids=['rows', 'empty file'],
)
def test_unusual_rows_are_counted(
    tmp_path, warnings, content, outcomes, num_objects
):
    root = write_split(tmp_path, content)
    dataset = visdrone(root)
    (message,) = {message.partition(': ')[0] for message in warnings}
    assert message == 'VisDroneDataset'
    where = r'.*b\.txt(:\d+ \(image of 100 x 80 pixels\))?$'
    assert_said(
        warnings,
        *(f': {s}, {o}; the first: {where}' for s, o in outcomes.items()),
    )
    assert len(dataset.get_data_info(1)['instances']) == num_objects
    assert len(ChipDataset(dataset, [], SCALES)) >= 2
    # The score is made from all of it, and says so.
    del warnings[:]
    visdrone(root, test_mode=True)
    counter = FaultCounter()
    score_folder(results_of(root), root, counter=counter)
    assert warnings == [f'VisDroneDataset: {s}' for s in counter.lines()]
    assert_said(warnings, *(f': {said}; the first: ' for said in outcomes))


def test_images_without_objects(tmp_path, warnings):
    region = '0,0,100,80,0,0,0,0\n'
    root = write_split(tmp_path, region)
    dataset = visdrone(root)
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
        ChipDataset(visdrone(tmp_path), [], SCALES)
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


def test_dota_text_files(tmp_path, warnings):
    rows = (
        square(1, 1, 9, 'ship'),
        square(float('nan'), 1, 5, 'ship'),
        '1 2 3\n',
        square(30, 30, 9, 'spaceship'),
        square(30, 30, 0, 'ship'),
        square(95, 75, 20, 'ship'),
        square(200, 30, 9, 'ship'),
    )
    root = write_split(tmp_path, ''.join(rows), '')
    info = dota(root).get_data_info(1)
    assert_said(
        warnings,
        '2 annotation files without a row, taken as images without objects',
        '2 rows that cannot be read, left out; the first: .*b.txt:2',
        '1 rows of an unknown category, masked; the first: .*b.txt:4: unkn',
        '1 boxes without area, left out; the first: .*b.txt:5',
        '1 boxes that reach beyond their image, cut to it; .*b.txt:6',
        '1 boxes outside of their image, left out; the first: .*b.txt:7',
    )
    assert len(info['instances']) == 2
    assert len(info['ignored_regions']) == 1
    for row in rows[1:4]:
        write_split(tmp_path, row, '')
        with pytest.raises(ValueError, match=r'b\.txt:1'):
            dota(root, test_mode=True)
    write_split(tmp_path, rows[0] + ''.join(rows[4:]), '')
    assert len(dota(root, test_mode=True)) == 3


def test_classes_without_patches_are_warned_of(tmp_path, warnings):
    root = write_split(tmp_path, '50,40,3,3,1,9,0,0\n60,20,25,20,1,1,0,0\n')
    dataset = visdrone(root)
    pool = open_or_build_pool({'min_size': 4}, tmp_path / 'work', dataset)
    (message,) = warnings
    assert message.startswith('8 classes have no patches and are not pasted: ')
    assert 'bus' in message
    assert 'pedestrian' not in message
    canvases = CanvasDataset([dataset], [], pool, num_pastes=6, seed=1)
    pastes = [info['pastes'] for info in infos_of(canvases)]
    labels = {paste.label for part in pastes for paste in part}
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
        visdrone(tmp_path),
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
