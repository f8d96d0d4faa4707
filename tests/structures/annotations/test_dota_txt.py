import pytest

from mmhcm.structures.annotations.dota_txt import (
    DOTA_V1_5_CLASSES,
    DOTA_V1_CLASSES,
    DotaFormatError,
    read_labels,
)

ROW = '10 20 30 20 30 50 10 50 ship'


def read(tmp_path, text, **kwargs):
    path = tmp_path / 'P1.txt'
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_labels(path, **kwargs)


def test_classes():
    assert len(DOTA_V1_CLASSES) == 15
    assert len(DOTA_V1_5_CLASSES) == 16
    assert DOTA_V1_5_CLASSES[:15] == DOTA_V1_CLASSES
    assert DOTA_V1_5_CLASSES[15] == 'container-crane'


@pytest.mark.parametrize(
    'text', ['', '\n \n', 'imagesource:GoogleEarth\ngsd:null\n']
)
def test_files_without_objects(tmp_path, text):
    assert read(tmp_path, text) == []


@pytest.mark.parametrize(
    'text',
    [
        f'{ROW} 1\n',
        f'imagesource:GoogleEarth\ngsd:0.15\n{ROW} 1',
        f'\ufeffImageSource:x\r\n  gsd:0.1\r\n\r\n{ROW} 1\r\n',
    ],
    ids=['bare', 'headers', 'mark, spaces and line ends'],
)
def test_a_row(tmp_path, text):
    (row,) = read(tmp_path, text)
    assert row.polygon.tolist() == [[10, 20], [30, 20], [30, 50], [10, 50]]
    assert (row.name, row.difficulty) == ('ship', 1)
    assert row.bbox == (10, 20, 30, 50)


def test_difficulty_may_be_absent(tmp_path):
    assert read(tmp_path, ROW)[0].difficulty == 0


def test_box_is_the_upright_one_around_the_polygon(tmp_path):
    (row,) = read(tmp_path, '5.5 0 10 -4 14.5 0 10 4.25 plane 2')
    assert row.bbox == (5.5, -4, 14.5, 4.25)
    assert all(type(value) is float for value in row.bbox)
    assert row.difficulty == 2


@pytest.mark.parametrize(
    ('row', 'fault'),
    [
        ('1 2 3 4 5 6 7 8', 'expected 9 or 10 columns, got 8'),
        (f'{ROW} 1 2', 'expected 9 or 10 columns, got 11'),
        ('1 2 3 4 5 6 7 x ship 0', "bad number in row '1 2"),
        ('1 2 3 4 5 6 7 nan ship 0', 'bad number'),
        ('1 2 3 4 5 6 7 inf ship 0', 'bad number'),
        ('1 2 3 4 5 6 7 1_0 ship 0', 'bad number'),
        ('1 2 3 4 5 6 7 ١ ship 0', 'bad number'),
        ('1 2 3 4 5 6 7 2e9 ship 0', r'coordinates beyond 1e\+09'),
        (f'{ROW} 3', "difficulty must be 0, 1 or 2, got '3'"),
        (f'{ROW} 0.5', 'difficulty'),
        (ROW.replace('ship', 'boat'), "unknown class 'boat'"),
    ],
)
def test_faults_name_file_and_line(tmp_path, row, fault):
    text = f'gsd:1\n{ROW} 0\n\n{row}\n'
    with pytest.raises(DotaFormatError, match=rf'P1\.txt:4: {fault}') as info:
        read(tmp_path, text, classes=DOTA_V1_CLASSES)
    assert '\n' not in str(info.value)


def test_any_class_may_occur_if_none_are_given(tmp_path):
    assert read(tmp_path, ROW.replace('ship', 'boat'))[0].name == 'boat'


def test_binary_content_is_an_error(tmp_path):
    with pytest.raises(DotaFormatError, match=r'P1\.txt: not a UTF-8'):
        read(tmp_path, b'\xff\xfe')
