import numpy as np
import pytest

from mmhcm.structures.annotations import format_results, parse_results
from mmhcm.structures.results import (
    ensemble_submissions,
    ensembling,
    read_submission,
    validate_submission,
    write_submission,
)

CAR = '10,10,20,10,0.9,4,-1,-1\n'
CAR_AGAIN = '10,10,20,12,0.6,4,-1,-1\n'
BUS = '40,2,15,15,0.5,9,-1,-1\n'


@pytest.fixture
def write(tmp_path):
    def write(name, **texts):
        write_submission(tmp_path / name, texts)
        return tmp_path / name

    return write


def rows_of(path, stem):
    return parse_results(read_submission(path)[stem])


def test_one_submission_of_two(write, tmp_path):
    first = write('a.zip', x=CAR + BUS, y='')
    second = write('b.zip', x=CAR_AGAIN, y=BUS)
    out = tmp_path / 'out' / 'fused.zip'
    sizes = {'x': (60, 40), 'y': (60, 40)}
    counts = ensemble_submissions([first, second], out, image_whs=sizes)
    assert counts == (2, 4, 3)
    assert validate_submission(out, sizes) == []
    np.testing.assert_allclose(
        rows_of(out, 'x'),
        [
            # The mean of both by score, and of the scores.
            [10, 10, 20, 10.8, 0.75, 4],
            # One of two detectors: half the score.
            [40, 2, 15, 15, 0.25, 9],
        ],
        atol=0.006,
    )
    np.testing.assert_allclose(
        rows_of(out, 'y'), [[40, 2, 15, 15, 0.25, 9]], atol=0.006
    )


def test_folders_count_and_sizes_are_not_needed(write, tmp_path):
    first = write('a.zip', x=CAR)
    folder = tmp_path / 'folder'
    folder.mkdir()
    (folder / 'x.txt').write_text('10,10,20,10,0.9,4\n')
    out = tmp_path / 'out.zip'
    counts = ensemble_submissions([first, folder], out, weights=[3, 1])
    assert counts.num_rows == 1
    np.testing.assert_allclose(
        rows_of(out, 'x'), [[10, 10, 20, 10, 0.9, 4]], atol=0.006
    )


def test_boxes_are_kept_inside_the_image(write, tmp_path):
    outside = '50,30,40,40,0.5,4,-1,-1\n'
    paths = [write('a.zip', x=outside), write('b.zip', x=outside)]
    out = tmp_path / 'out.zip'
    ensemble_submissions(paths, out, image_whs={'x': (60, 40)})
    assert rows_of(out, 'x')[:, :4].tolist() == [[50, 30, 10, 10]]


@pytest.mark.parametrize('method', ['wbf', 'nms'])
def test_no_more_rows_than_the_protocol_counts(method, write, tmp_path):
    rng = np.random.default_rng(0)
    paths = []
    for name in ('a.zip', 'b.zip'):
        corners = rng.uniform(0, 1900, (500, 2))
        bboxes = np.hstack([corners, corners + rng.uniform(5, 60, (500, 2))])
        text = format_results(
            bboxes, rng.random(500), rng.integers(0, 10, 500), (2000, 2000)
        )
        paths.append(write(name, x=text))
    out = tmp_path / 'out.zip'
    sizes = {'x': (2000, 2000)}
    counts = ensemble_submissions(paths, out, method=method, image_whs=sizes)
    assert counts.num_rows == 500
    assert validate_submission(out, sizes) == []
    assert counts.num_input_rows == 1000


def test_equal_input_gives_equal_bytes(write, tmp_path):
    paths = [write('a.zip', x=CAR + BUS), write('b.zip', x=CAR_AGAIN)]
    for name, order in (('1.zip', paths), ('2.zip', paths[::-1])):
        ensemble_submissions(order, tmp_path / name)
    first, second = (tmp_path / name for name in ('1.zip', '2.zip'))
    assert first.read_bytes() == second.read_bytes()


@pytest.mark.parametrize(
    ('second', 'options', 'fault'),
    [
        (
            {'x': CAR},
            {},
            'b.zip: 6 images have no result file: r, s, t, u, v and 1 more',
        ),
        ({'x': CAR, 'zz': ''}, {}, 'a.zip: 1 images have no result file: zz'),
        ({}, {'weights': [1, 2, 3]}, '3 weights for 2 results'),
        ({}, {'weights': [1, -2]}, 'weights must be positive: 1 -2'),
        ({}, {'method': 'wbf2'}, "'wbf2'"),
        ({}, {'iou_thr': -0.1}, 'iou_thr'),
        ({'x': CAR + '1,2,3\n'}, {}, 'b.zip: x.txt:2: 3 columns'),
        (
            {'x': '\n1,2,3,4,1.5,4,-1,-1\n'},
            {},
            'b.zip: x.txt:2: a score outside [0, 1]',
        ),
        ({'x': '1,2,3,4,0.5,11,-1,-1\n'}, {}, 'x.txt:1: a category'),
        (
            {},
            {'image_whs': {'x': (60, 40)}},
            'r.txt: no such image in the split',
        ),
    ],
    ids=str,
)
def test_user_error_is_named_and_writes_no_file(
    second, options, fault, write, tmp_path
):
    others = dict.fromkeys('rstuvw', '')
    first = write('a.zip', x=CAR, **others)
    missing = second.keys() == {'x'} and second['x'] == CAR
    second = second if missing else {'x': CAR, **others, **second}
    out = tmp_path / 'out.zip'
    with pytest.raises(ValueError) as error:  # noqa: PT011
        ensemble_submissions([first, write('b.zip', **second)], out, **options)
    assert fault in str(error.value)
    assert not out.exists()


def test_one_result_is_no_ensemble_and_none_is_overwritten(write, tmp_path):
    first, second = write('a.zip', x=CAR), write('b.zip', x=CAR)
    with pytest.raises(ValueError, match='two results, not 1'):
        ensemble_submissions([first], tmp_path / 'o.zip')
    before = first.read_bytes()
    with pytest.raises(ValueError, match='one of the results'):
        ensemble_submissions([first, second], first)
    assert first.read_bytes() == before
    with pytest.raises(ValueError, match=r'must end in \.zip'):
        ensemble_submissions([first, second], tmp_path / 'o.txt')


def test_folders_without_results_are_no_ensemble(tmp_path):
    for name in 'ab':
        (tmp_path / name).mkdir()
    with pytest.raises(ValueError, match='a: no result files'):
        ensemble_submissions(
            [tmp_path / 'a', tmp_path / 'b'], tmp_path / 'o.zip'
        )


def test_written_results_are_validated(write, tmp_path, monkeypatch):
    monkeypatch.setattr(
        ensembling, 'validate_submission', lambda *_: ['a fault', 'another']
    )
    paths = [write('a.zip', x=CAR), write('b.zip', x=CAR)]
    with pytest.raises(ValueError, match=r'o\.zip: a fault$'):
        ensemble_submissions(paths, tmp_path / 'o.zip')
