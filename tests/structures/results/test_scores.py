import json
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mmhcm.functional.scoring import METRICS, ImageRecord
from mmhcm.structures.annotations import CLASSES
from mmhcm.structures.annotations.visdrone_txt import parse_annotations
from mmhcm.structures.fault_counter import FaultCounter
from mmhcm.structures.results import (
    format_scores,
    read_records,
    read_split,
    score_folder,
    score_results,
    scores_dict,
    write_scores,
    write_submission,
)
from mmhcm.structures.results.scores import (
    CLASS_MEAN,
    OFFICIAL,
    PROTOCOL,
    look_like_corners,
)

CASE = Path(os.environ.get('MMHCM_DATA', '.')).parent / 'reference/eval_case'
SIZES = {'a': (60, 40), 'a-1': (50, 50)}
ROOT_TEXT = '10,10,10,10,1,4,0,0\n30,5,0,8,0,1,0,0\n'
ANNOTATIONS = {
    'a': parse_annotations(ROOT_TEXT),
    'a-1': parse_annotations(ROOT_TEXT),
}
HIT = '10,10,10,10,0.5,4,-1,-1\n'
MISS = '30,30,9,9,0.5,4,-1,-1\n'


def lay_out(root, annotations):
    (root / 'annotations').mkdir(parents=True)
    (root / 'images').mkdir()
    for stem, text in annotations.items():
        (root / 'annotations' / f'{stem}.txt').write_text(text)
        Image.new('RGB', SIZES[stem]).save(root / 'images' / f'{stem}.jpg')
    return root


def test_score_results_orders_by_file_name():
    # '-' sorts before '.', so a-1.txt comes first; its hit wins the tie.
    scores = score_results({'a': MISS, 'a-1': HIT}, ANNOTATIONS, SIZES)
    assert scores.per_class[3, 0] == pytest.approx(50)
    scores = score_results({'a': HIT, 'a-1': MISS}, ANNOTATIONS, SIZES)
    assert scores.per_class[3, 0] == pytest.approx(25)


@pytest.mark.parametrize(
    ('results', 'annotations', 'sizes', 'fault'),
    [
        ({'a': HIT}, ANNOTATIONS, SIZES, '1 images have no result.* a-1'),
        (
            {'a': HIT, 'a-1': '', 'c': ''},
            ANNOTATIONS,
            SIZES,
            '1 results have no annotation file, first c',
        ),
        ({'a': '', 'a-1': ''}, ANNOTATIONS, {'a': (9, 9)}, 'no known size'),
        ({'a': '1,2\n', 'a-1': ''}, ANNOTATIONS, SIZES, r'a\.txt:1: 2 col'),
        ({'a': ''}, {'a': np.zeros((0, 8))}, SIZES, 'no object of the ten'),
        ({}, {}, SIZES, 'no object of the ten'),
    ],
    ids=['result', 'unknown', 'size', 'row', 'no-objects', 'nothing'],
)
def test_score_results_rejects(results, annotations, sizes, fault):
    with pytest.raises(ValueError, match=fault):
        score_results(results, annotations, sizes)


def test_scores_are_named(tmp_path):
    scores = score_results({'a': HIT, 'a-1': HIT}, ANNOTATIONS, SIZES)
    named = scores_dict(scores)
    assert list(named) == ['official', 'class_mean', 'per_class']
    assert list(named['per_class']) == list(CLASSES)
    assert named['per_class']['bus'] is None
    assert named['class_mean']['AP'] == pytest.approx(50)
    write_scores(tmp_path / 'scores.json', scores)
    assert json.loads((tmp_path / 'scores.json').read_text()) == named
    text = format_scores(scores)
    assert all(part in text for part in (PROTOCOL, OFFICIAL, CLASS_MEAN))
    (bus,) = (line for line in text.splitlines() if line.startswith('bus'))
    assert bus.split() == ['bus'] + ['-'] * len(METRICS)


def test_score_folder_takes_zip_or_folder_images_or_table(tmp_path):
    root = lay_out(tmp_path / 'root', dict.fromkeys(SIZES, ROOT_TEXT))
    texts = {'a': MISS, 'a-1': HIT}
    write_submission(tmp_path / 's.zip', texts)
    (tmp_path / 'results').mkdir()
    for stem, text in texts.items():
        (tmp_path / 'results' / f'{stem}.txt').write_text(text)
    table = tmp_path / 'sizes.csv'
    table.write_text('name,width,height\na,60,40\na-1,50,50\n')
    expected = score_results(texts, ANNOTATIONS, SIZES)
    for results in ('s.zip', 'results'):
        for sizes in (None, table):
            scores = score_folder(tmp_path / results, root, sizes)
            np.testing.assert_array_equal(scores.official, expected.official)
            np.testing.assert_array_equal(scores.per_class, expected.per_class)


def test_score_folder_needs_annotations(tmp_path):
    root = lay_out(tmp_path / 'root', {})
    with pytest.raises(ValueError, match='no annotation files'):
        score_folder(tmp_path, root)


@pytest.mark.skipif(not CASE.is_dir(), reason='no reference case')
def test_reference_case():
    scores = score_folder(CASE / 'results', CASE, CASE / 'sizes.csv')
    named = scores_dict(scores)['official']
    expected = {
        'AP': 10.3357137232,
        'AP50': 31.2798193625,
        'AP75': 3.5143646782,
        'AR1': 0.1202189810,
        'AR10': 1.4456648475,
        'AR100': 10.0123417987,
        'AR500': 24.4079072485,
    }
    assert named == pytest.approx(expected, abs=1e-6, rel=0)


OBJECT = '10,10,10,10,1,4,0,0\n'


@pytest.fixture
def root(tmp_path):
    (tmp_path / 'annotations').mkdir()
    for stem in ('a', 'a-1'):
        (tmp_path / 'annotations' / f'{stem}.txt').write_text(OBJECT)
    (tmp_path / 'sizes.csv').write_text('a,60,40\na-1,50,30\n')
    return tmp_path


def write_results(root, **texts):
    folder = root / 'results'
    folder.mkdir()
    for stem, text in texts.items():
        (folder / f'{stem}.txt').write_text(text)
    return folder


def test_records_come_in_the_order_of_file_names(root):
    split = read_split(root, root / 'sizes.csv')
    folder = write_results(root, **{'a': HIT, 'a-1': ''})
    records = read_records(folder, split)
    assert list(records) == ['a-1', 'a']
    assert (records['a'].width, records['a'].height) == (60, 40)
    np.testing.assert_allclose(records['a'].gt[0, :6], [10] * 4 + [1, 4])
    np.testing.assert_allclose(records['a'].dets, [[10] * 4 + [0.5, 4]])
    assert records['a-1'].dets.shape == (0, 6)


def test_faulty_splits(root):
    (root / 'sizes.csv').write_text('a,60,40\n')
    with pytest.raises(ValueError, match='no known size, first a-1'):
        read_split(root, root / 'sizes.csv')
    for path in (root / 'annotations').iterdir():
        path.unlink()
    with pytest.raises(ValueError, match='annotations: no annotation files'):
        read_split(root, root / 'sizes.csv')


def corner_records(rng, as_corners, num=60):
    """Records of boxes all over an image of 200 x 100 pixels."""
    x, y = rng.uniform(0, 180, num), rng.uniform(0, 80, num)
    w, h = rng.uniform(4, 20, num), rng.uniform(4, 20, num)
    columns = [x, y, x + w, y + h] if as_corners else [x, y, w, h]
    rows = np.stack([*columns, np.ones(num), np.ones(num)], axis=1)
    return [ImageRecord(200, 100, np.zeros((0, 8)), rows)]


def test_corners_are_recognised():
    rng = np.random.default_rng(0)
    for _ in range(20):
        assert look_like_corners(corner_records(rng, as_corners=True))
        assert not look_like_corners(corner_records(rng, as_corners=False))
    assert not look_like_corners([])
    assert not look_like_corners(corner_records(rng, True, num=0))


def test_corners_are_told(tmp_path):
    rng = np.random.default_rng(0)
    (tmp_path / 'annotations').mkdir()
    (tmp_path / 'annotations' / 'a.txt').write_text('5,5,9,9,1,1,0,0\n')
    # Beside a file of attributes, as macOS writes them.
    (tmp_path / 'annotations' / '._a.txt').write_bytes(b'\0')
    (tmp_path / 'results').mkdir()
    (tmp_path / 'results' / '._a.txt').write_bytes(b'\0')
    sizes = tmp_path / 'sizes.csv'
    sizes.write_text('a,200,100\n')
    for as_corners in (True, False):
        (record,) = corner_records(rng, as_corners)
        text = '\n'.join(
            ','.join(f'{v:g}' for v in [*row[:5].round(1), 1, -1, -1])
            for row in record.dets
        )
        (tmp_path / 'results' / 'a.txt').write_text(text + '\n')
        counter = FaultCounter()
        score_folder(tmp_path / 'results', tmp_path, sizes, counter)
        told = any('look like corners' in line for line in counter.lines())
        assert told == as_corners
