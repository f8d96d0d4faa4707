import os
import re
import tracemalloc
import zipfile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmhcm.structures.annotations import format_results, parse_results
from mmhcm.structures.results import (
    read_submission,
    submission,
    validate_submission,
    write_submission,
)
from mmhcm.structures.results.submission import SubmissionError

IMAGES = {'a': (100, 50), 'b': (80, 80)}
ROW = '1,2,3,4,0.5,1,-1,-1\n'


def write_zip(path, *files):
    with zipfile.ZipFile(path, 'w') as archive:
        for name, content in files:
            archive.writestr(name, content)
    return path


def test_write_read_round_trip(tmp_path):
    path = tmp_path / 'deep' / 's.zip'
    texts = {'b': '', 'a': ROW * 3}
    write_submission(path, texts)
    assert read_submission(path) == texts
    assert validate_submission(path, IMAGES) == []
    with zipfile.ZipFile(path) as archive:
        assert archive.namelist() == ['a.txt', 'b.txt']


def test_write_is_deterministic_and_atomic(tmp_path):
    path = tmp_path / 's.zip'
    write_submission(path, {'a': ROW, 'b': ''})
    content = path.read_bytes()
    write_submission(path, {'b': '', 'a': ROW})
    assert path.read_bytes() == content
    with pytest.raises(UnicodeEncodeError):
        write_submission(path, {'a': 'x', 'b': '\ud800'})
    assert path.read_bytes() == content
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize('stem', ['', 'a/b', '..\\a', '/a'])
def test_write_rejects_names_outside_of_the_root(tmp_path, stem):
    with pytest.raises(ValueError, match='cannot name a result file'):
        write_submission(tmp_path / 's.zip', {stem: ''})
    assert not list(tmp_path.iterdir())


def test_read_a_folder(tmp_path):
    (tmp_path / 'a.txt').write_text(ROW)
    (tmp_path / 'b.txt').write_bytes(b'')
    assert read_submission(tmp_path) == {'a': ROW, 'b': ''}
    (tmp_path / 'deeper').mkdir()
    with pytest.raises(SubmissionError, match='deeper: a folder'):
        read_submission(tmp_path)


@pytest.mark.parametrize(
    ('name', 'content', 'fault'),
    [
        ('../a.txt', ROW, 'a folder'),
        ('/etc/a.txt', ROW, 'a folder'),
        ('..\\a.txt', ROW, 'a folder'),
        ('results/', '', 'a folder'),
        ('results/a.txt', ROW, 'a folder'),
        ('a.csv', ROW, 'not named after'),
        ('a.txt', b'\xff\xfe', 'not a UTF-8'),
    ],
)
def test_invalid_result_files(tmp_path, name, content, fault):
    path = write_zip(tmp_path / 's.zip', ('b.txt', ROW), (name, content))
    with pytest.raises(SubmissionError, match=fault):
        read_submission(path)
    faults = validate_submission(path, IMAGES)
    assert any(fault in line for line in faults)
    assert list(tmp_path.iterdir()) == [path]


def test_bounds(tmp_path, monkeypatch):
    path = write_zip(tmp_path / 's.zip', ('a.txt', ROW), ('b.txt', ROW * 9))
    monkeypatch.setattr(submission, 'MAX_FILE_BYTES', 100)
    assert validate_submission(path, IMAGES) == [
        f'b.txt: too large a file ({9 * len(ROW)} bytes)'
    ]
    monkeypatch.setattr(submission, 'MAX_TOTAL_BYTES', 100)
    with pytest.raises(SubmissionError, match='bytes of files, more than 100'):
        read_submission(path)
    monkeypatch.setattr(submission, 'MAX_FILES', 1)
    with pytest.raises(SubmissionError, match='2 files, more than 1'):
        read_submission(path)


def test_not_a_zip(tmp_path):
    path = tmp_path / 's.zip'
    for content in (b'', b'PK\x03\x04 and so on', b'1,2,3'):
        path.write_bytes(content)
        assert validate_submission(path, IMAGES) == [f'{path}: not a zip file']
        with pytest.raises(SubmissionError, match='not a zip file'):
            read_submission(path)
    assert validate_submission(tmp_path, IMAGES) == [
        f'{tmp_path}: not a zip file but a folder'
    ]
    with pytest.raises(FileNotFoundError):
        validate_submission(tmp_path / 'absent.zip', IMAGES)


def test_damaged_content_is_named(tmp_path):
    path = write_zip(tmp_path / 's.zip', ('a.txt', ROW), ('b.txt', ''))
    path.write_bytes(path.read_bytes().replace(b'0.5', b'0.6'))
    (fault,) = validate_submission(path, IMAGES)
    assert re.match(r'a\.txt: cannot be read: Bad CRC', fault)


@pytest.mark.filterwarnings('ignore:Duplicate name')
def test_faults_of_the_set_of_files(tmp_path):
    path = write_zip(
        tmp_path / 's.zip', ('a.txt', ROW), ('a.txt', ROW), ('c.txt', '')
    )
    assert validate_submission(path, IMAGES) == [
        'a.txt: a second file of this name',
        'c.txt: no such image in the split',
        'b.txt: missing',
    ]


@pytest.mark.parametrize(
    ('rows', 'faults'),
    [
        ('1,2,3,4,0.5,1\n', ['1: 6 columns, not 8']),
        ('1 2 3 4 0.5 1 -1 -1', ['1: 1 columns, not 8']),
        ('1,2,3,4,0.5,0,-1,-1', ['1: category 0 ']),
        ('1,2,3,4,0.5,11,-1,-1', ['1: category 11']),
        ('1,2,3,4,0.5,12,-1,-1', ['1: category 12']),
        ('1,2,3,4,0.5,1.5,-1,-1', ['1: category 1.5']),
        ('1,2,3,4,0.5,-1,-1,-1', ['1: category -1']),
        ('1,2,3,4,nan,1,-1,-1', ["1: 'nan' is not a finite"]),
        ('1,2,inf,4,0.5,1,-1,-1', ["1: 'inf' is not a finite"]),
        ('1,2,,4,0.5,1,-1,-1', ["1: '' is not a finite"]),
        ('١,2,3,4,0.5,1,-1,-1', ["1: '١' is not a finite"]),
        ('1,2,3,4,1.5,1,-1,-1', ['1: score 1.5 is not']),
        ('1,2,3,4,-0.5,1,-1,-1', ['1: score -0.5 is not']),
        ('1,2,0,4,0.5,1,-1,-1', ['1: box of size 0 x 4']),
        ('-1,2,3,4,0.5,1,-1,-1', ['1: box -1,2,3,4 leaves']),
        ('98,2,3,4,0.5,1,-1,-1', ['1: box 98,2,3,4 leaves']),
        ('1,2,3,48.01,0.5,1,-1,-1', ['1: box 1,2,3,48.01 leaves']),
        ('1,2,3,4,0.5,1,0,0', ['1: the last two columns']),
        (ROW + '\n1,2,3,4,0.6,2,-1,-1\n' + ROW, ['3: score 0.6 is above']),
        (ROW * 501, ['501: 501 rows, more than 500']),
        ('97,2,3,48,2,11,-1,-1', ['1: category 11', '1: score 2 is']),
    ],
)
def test_row_faults_name_their_line(tmp_path, rows, faults):
    path = write_zip(tmp_path / 's.zip', ('a.txt', rows), ('b.txt', ROW))
    lines = validate_submission(path, IMAGES)
    assert len(lines) == len(faults)
    for line, fault in zip(lines, faults, strict=True):
        assert line.startswith(f'a.txt:{fault}')
        assert '\n' not in line


STEMS = st.text(
    # what a name in a zip cannot hold is refused, see above
    st.characters(exclude_characters='/\\\0\n', exclude_categories=['Cs']),
    min_size=1,
    max_size=12,
)
TEXTS = st.text(
    st.characters(exclude_categories=['Cs']) | st.sampled_from('0123.,-\r\n'),
    max_size=80,
).filter(lambda text: not text.startswith('\ufeff'))


@settings(max_examples=150)
@given(st.dictionaries(STEMS, TEXTS | st.just(ROW), max_size=6))
def test_write_then_read_is_the_identity(tmp_path_factory, texts):
    path = tmp_path_factory.mktemp('identity') / 's.zip'
    write_submission(path, texts)
    assert read_submission(path) == texts
    again = path.with_name('again.zip')
    write_submission(again, dict(reversed(read_submission(path).items())))
    assert again.read_bytes() == path.read_bytes()


@given(st.integers(0, 2**32 - 1), st.integers(0, 30))
def test_read_detections_equal_the_written_ones(tmp_path_factory, seed, num):
    # whole tenths of a pixel survive the two decimals of a row
    rng = np.random.default_rng(seed)
    corners = rng.integers(0, 700, (num, 2)) / 10
    bboxes = np.hstack([corners, corners + rng.integers(1, 90, (num, 2)) / 10])
    scores = np.sort(rng.integers(0, 10**5, num))[::-1] / 10**5
    labels = rng.integers(0, 10, num)
    path = tmp_path_factory.mktemp('identity') / 's.zip'
    text = format_results(bboxes, scores, labels, IMAGES['b'])
    write_submission(path, {'a': '', 'b': text})
    assert validate_submission(path, IMAGES) == []
    rows = parse_results(read_submission(path)['b'])
    np.testing.assert_allclose(rows[:, :2], bboxes[:, :2], atol=1e-9)
    np.testing.assert_allclose(
        rows[:, :2] + rows[:, 2:4], bboxes[:, 2:], atol=1e-9
    )
    np.testing.assert_array_equal(rows[:, 4], scores)
    np.testing.assert_array_equal(rows[:, 5] - 1, labels)


def test_zip_that_expands_beyond_its_declared_size(tmp_path, monkeypatch):
    """The declared size limits reading, not only the result."""
    path = write_zip(tmp_path / 's.zip')
    with zipfile.ZipFile(path, 'w', zipfile.ZIP_DEFLATED) as archive:
        archive.writestr('a.txt', b'0' * (64 << 20))
    content = path.read_bytes()
    size = (64 << 20).to_bytes(4, 'little')
    assert content.count(size) == 2  # in the member's header and in the list
    path.write_bytes(content.replace(size, (10).to_bytes(4, 'little')))
    tracemalloc.start()
    with pytest.raises(SubmissionError, match=r'a\.txt: '):
        read_submission(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4 << 20


@pytest.mark.parametrize('method', [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_other_compressions_are_refused(tmp_path, method):
    with zipfile.ZipFile(tmp_path / 's.zip', 'w', method) as archive:
        archive.writestr('a.txt', ROW)
    with pytest.raises(SubmissionError, match='another way than deflate'):
        read_submission(tmp_path / 's.zip')


def test_links_are_refused(tmp_path):
    info = zipfile.ZipInfo('a.txt')
    info.external_attr = 0o120777 << 16
    with zipfile.ZipFile(tmp_path / 's.zip', 'w') as archive:
        archive.writestr(info, '/etc/passwd')
    with pytest.raises(SubmissionError, match=r'a\.txt: a link, not a file'):
        read_submission(tmp_path / 's.zip')


@pytest.mark.parametrize(
    ('one', 'other'),
    [('a', 'A'), ('\u00e9', 'e\u0301'), ('stra\u00dfe', 'STRASSE')],
)
def test_names_equal_on_some_system_are_refused(tmp_path, one, other):
    path = write_zip(
        tmp_path / 's.zip', (f'{one}.txt', ROW), (f'{other}.txt', ROW)
    )
    with pytest.raises(SubmissionError, match='a second file of this name'):
        read_submission(path)
    with pytest.raises(ValueError, match='some systems take them for one'):
        write_submission(path, {one: '', other: ''})


@pytest.mark.filterwarnings('ignore:Duplicate name')
@pytest.mark.parametrize('name', ['./a.txt', './/a.txt', '/a.txt', '.\\a.txt'])
def test_a_duplicate_by_another_path_is_one(tmp_path, name):
    path = write_zip(tmp_path / 's.zip', ('a.txt', ROW), (name, ROW))
    with pytest.raises(SubmissionError, match='a second file of this name'):
        read_submission(path)


def test_files_of_a_folder_are_plain_and_of_bounded_size(
    tmp_path, monkeypatch
):
    (tmp_path / 'a.txt').write_text(ROW)
    os.mkfifo(tmp_path / 'b.txt')
    with pytest.raises(SubmissionError, match=r'b\.txt: not a plain file'):
        read_submission(tmp_path)
    (tmp_path / 'b.txt').unlink()
    monkeypatch.setattr(submission, 'MAX_FILE_BYTES', len(ROW) - 1)
    with pytest.raises(SubmissionError, match=r'a\.txt: too large a file'):
        read_submission(tmp_path)
