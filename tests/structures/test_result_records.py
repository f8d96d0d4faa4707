import numpy as np
import pytest

from mmhcm.structures.result_records import read_records, read_split

OBJECT = '10,10,10,10,1,4,0,0\n'
HIT = '10,10,10,10,0.5,4,-1,-1\n'


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


@pytest.mark.parametrize(
    ('texts', 'fault'),
    [
        ({'a': HIT}, 'results: 1 images have no result file, first a-1'),
        ({'a': '', 'a-1': '', 'b': ''}, '1 results have no annotations'),
        ({'a': '', 'a-1': '1,2\n'}, r'results: a-1.txt:1: 2 columns'),
    ],
)
def test_faulty_results(root, texts, fault):
    split = read_split(root, root / 'sizes.csv')
    with pytest.raises(ValueError, match=fault):
        read_records(write_results(root, **texts), split)


def test_faulty_splits(root):
    (root / 'sizes.csv').write_text('a,60,40\n')
    with pytest.raises(ValueError, match='no known size, first a-1'):
        read_split(root, root / 'sizes.csv')
    for path in (root / 'annotations').iterdir():
        path.unlink()
    with pytest.raises(ValueError, match='annotations: no annotation files'):
        read_split(root, root / 'sizes.csv')
