from pathlib import Path

import pytest

from mmhcm.apis.predict.sources import find_sources
from mmhcm.structures.fault_counter import FaultCounter


@pytest.fixture
def place(tmp_path, monkeypatch):
    """Working directory with files, and the names that sources get."""
    monkeypatch.chdir(tmp_path)

    def make(*names):
        for name in names:
            Path(name).parent.mkdir(parents=True, exist_ok=True)
            Path(name).touch()

    return make


def names_of(*names, counter=None):
    found = find_sources(names, Path('out/pictures'), counter)
    return {
        source.name: source.path.relative_to(Path.cwd()).as_posix()
        for source in found
    }


def test_one_picture(place):
    place('a/b.JPG')
    assert names_of('a/b.JPG') == {'b': 'a/b.JPG'}


def test_equal_names_in_subfolders_are_kept_apart(place):
    place('in/a/1.jpg', 'in/b/1.jpg', 'in/clip.MP4')
    expected = {
        'a/1': 'in/a/1.jpg',
        'b/1': 'in/b/1.jpg',
        'clip': 'in/clip.MP4',
    }
    assert names_of('in') == expected
    assert names_of('in/') == expected
    assert names_of('in/a/1.jpg', 'in/b/1.jpg', 'in/clip.MP4') == expected
    assert names_of('in/**/*.jpg') == {
        'a/1': 'in/a/1.jpg',
        'b/1': 'in/b/1.jpg',
    }


def test_equal_stems_keep_their_suffix(place):
    place('in/1.jpg', 'in/1.png', 'in/1_png.jpg', 'in/1.PNG')
    found = names_of('in')
    assert len(found) == len({name.lower() for name in found}) == 4
    assert found['1'] == 'in/1.PNG'
    assert set(found.values()) == {
        'in/1.jpg',
        'in/1.png',
        'in/1_png.jpg',
        'in/1.PNG',
    }


def test_each_file_once(place):
    place('in/1.jpg', 'in/2.jpg')
    assert len(names_of('in', 'in/1.jpg', 'in/../in/2.jpg', 'in/*.jpg')) == 2


def test_other_files_in_folders_are_counted_and_named_ones_are_taken(place):
    place('in/1.jpg', 'in/notes.txt', 'in/.hidden.jpg', 'in/.cache/2.jpg')
    counter = FaultCounter()
    assert names_of('in', counter=counter) == {'1': 'in/1.jpg'}
    (line,) = counter.lines()
    assert line.endswith('in/notes.txt')
    assert names_of('in/*', counter=FaultCounter()) == {'1': 'in/1.jpg'}
    assert names_of('in/notes.txt') == {'notes': 'in/notes.txt'}


def test_a_name_with_the_signs_of_a_pattern(place):
    place('in/[1]*.jpg', 'in/1.jpg')
    assert names_of('in/[1]*.jpg') == {'[1]*': 'in/[1]*.jpg'}


def test_drawn_pictures_are_no_sources(place):
    place('1.jpg', 'out/pictures/1.jpg', 'out/other/2.jpg')
    assert set(names_of('.').values()) == {'1.jpg', 'out/other/2.jpg'}
    assert set(names_of('**/*.jpg').values()) == {'1.jpg', 'out/other/2.jpg'}
    with pytest.raises(ValueError, match='would be overwritten'):
        names_of('out/pictures/1.jpg')


@pytest.mark.parametrize(
    ('name', 'error', 'fault'),
    [
        ('absent.jpg', FileNotFoundError, 'no picture, video or folder at'),
        ('empty', ValueError, 'no pictures or videos in empty'),
        ('texts', ValueError, 'no pictures or videos in texts'),
        ('texts/*', ValueError, r'no pictures or videos in texts/\*'),
    ],
)
def test_nothing_to_do_is_an_error(place, name, error, fault):
    place('texts/a.txt')
    Path('empty').mkdir()
    with pytest.raises(error, match=fault):
        names_of(name)
