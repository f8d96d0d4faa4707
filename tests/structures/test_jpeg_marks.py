import os
import pickle

import cv2
import numpy as np
import pytest

from mmhcm.structures import jpeg_marks
from mmhcm.structures.files import ArrayFileError
from mmhcm.structures.jpeg_marks import build_marks, marks_digest, open_marks

WH = (150, 110)
AREA = (30, 20, 90, 80)


def make_image(seed):
    rng = np.random.default_rng(seed)
    image = rng.integers(0, 255, (14, 19, 3), dtype=np.uint8)
    return cv2.resize(image, WH)


@pytest.fixture
def paths(tmp_path):
    """A JPEG, a PNG, a progressive JPEG, an empty file and a JPEG again."""
    paths = [tmp_path / name for name in ('a.jpg', 'b.png', 'c.jpg', 'd.jpg')]
    for ind, path in enumerate(paths):
        flags = [cv2.IMWRITE_JPEG_PROGRESSIVE, 1] if ind == 2 else []
        cv2.imwrite(str(path), make_image(ind), flags)
    paths.insert(3, tmp_path / 'empty.jpg')
    paths[3].touch()
    return paths


@pytest.fixture
def marks(tmp_path, paths):
    return build_marks(tmp_path / 'cache', paths, marks_digest(paths))


def read(marks, ind, paths, wh=WH, area=AREA):
    part = marks.read_part(ind, paths[ind], wh, area)
    if part is None:
        return None
    x1, y1, x2, y2 = area
    left, top = part.origin
    content = np.frombuffer(part.content, np.uint8)
    image = cv2.imdecode(content, cv2.IMREAD_COLOR)
    return image[y1 - top : y2 - top, x1 - left : x2 - left]


def test_parts_have_the_pixels_of_the_whole(marks, paths):
    assert len(marks) == 5
    assert marks.num_marked == 2
    for ind in (0, 4):
        x1, y1, x2, y2 = AREA
        whole = cv2.imread(str(paths[ind]))
        np.testing.assert_array_equal(
            read(marks, ind, paths), whole[y1:y2, x1:x2]
        )


def test_files_of_other_kinds_have_no_parts(marks, paths):
    assert [read(marks, ind, paths) for ind in (1, 2, 3)] == [None] * 3


def test_another_size_than_expected_gives_no_part(marks, paths):
    assert read(marks, 0, paths, wh=(WH[1], WH[0])) is None


def test_a_file_that_has_changed_gives_no_part(marks, paths):
    digest = marks_digest(paths)
    stat = paths[0].stat()
    os.utime(paths[0], ns=(stat.st_atime_ns, stat.st_mtime_ns + 1))
    assert read(marks, 0, paths) is None
    assert marks_digest(paths) != digest
    paths[0].unlink()
    with pytest.raises(OSError, match=r'a\.jpg'):
        read(marks, 0, paths)


def test_marks_are_found_again_and_pickle_as_a_path(tmp_path, marks, paths):
    digest = marks_digest(paths)
    again = open_marks(tmp_path / 'cache', digest)
    assert again is not None
    data = pickle.dumps(again)
    assert len(data) < 1000
    np.testing.assert_array_equal(
        read(pickle.loads(data), 4, paths), read(marks, 4, paths)
    )
    assert open_marks(tmp_path / 'cache', 'f' * 64) is None
    # A worker that starts later decodes images as a whole.
    again.path.unlink()
    assert pickle.loads(data) is None


def test_damaged_and_foreign_files_are_no_marks(tmp_path, marks, paths):
    digest = marks_digest(paths)
    path = marks.path
    content = path.read_bytes()
    for damaged in (b'', content[:-1], content[: len(content) // 2]):
        path.write_bytes(damaged)
        assert open_marks(tmp_path / 'cache', digest) is None
    for position in range(0, len(content), len(content) // 50):
        damaged = bytearray(content)
        damaged[position] ^= 1
        path.write_bytes(damaged)
        try:
            assert open_marks(tmp_path / 'cache', digest) is None
        except ArrayFileError:
            assert position < 20
    path.write_bytes(content)
    assert open_marks(tmp_path / 'cache', digest) is not None


def test_nothing_to_mark(tmp_path):
    marks = build_marks(tmp_path, [], marks_digest([]))
    assert len(marks) == marks.num_marked == 0


def test_files_have_a_version(monkeypatch, paths):
    digest = marks_digest(paths)
    monkeypatch.setattr(jpeg_marks, 'VERSION', 99)
    assert marks_digest(paths) != digest


def test_absent_images_get_no_marks(tmp_path, paths):
    paths.append(tmp_path / 'absent.jpg')
    marks = build_marks(tmp_path / 'cache', paths, marks_digest(paths))
    assert (len(marks), marks.num_marked) == (6, 2)


def test_damaged_images_get_no_marks_and_are_counted(tmp_path, paths):
    content = paths[0].read_bytes()
    paths[0].write_bytes(content[: len(content) // 2])
    done = []
    marks = build_marks(
        tmp_path / 'cache', paths, marks_digest(paths), done.append
    )
    assert marks.num_marked == 1
    assert sum(done) == len(paths)


@pytest.mark.parametrize('kept', [0, 1])
def test_marks_of_other_data_give_no_part(marks, paths, kept, monkeypatch):
    if kept:
        monkeypatch.setattr(jpeg_marks, 'crop_jpeg', lambda *_: None)
    else:
        # cut between the look at its size and the reading
        content = paths[0].read_bytes()
        stat = jpeg_marks.file_stamp(paths[0])
        paths[0].write_bytes(content[: len(content) // 4])
        monkeypatch.setattr(jpeg_marks, 'file_stamp', lambda _: stat)
    assert read(marks, 0, paths) is None
