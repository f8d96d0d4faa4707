import os
import pickle

import cv2
import numpy as np
import pytest

from mmhcm.datasets.partial_decoding import restart_offsets
from mmhcm.datasets.partial_decoding.restart_offsets import (
    build_restart_offsets,
    offsets_digest,
    open_restart_offsets,
)

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
def offsets(tmp_path, paths):
    return build_restart_offsets(
        tmp_path / 'cache', paths, offsets_digest(paths)
    )


def read(offsets, ind, paths, wh=WH, area=AREA):
    part = offsets.read_part(ind, paths[ind], wh, area)
    if part is None:
        return None
    x1, y1, x2, y2 = area
    left, top = part.origin
    content = np.frombuffer(part.content, np.uint8)
    image = cv2.imdecode(content, cv2.IMREAD_COLOR)
    return image[y1 - top : y2 - top, x1 - left : x2 - left]


def test_parts_equal_the_whole_image(offsets, paths):
    assert len(offsets) == 5
    assert offsets.num_partial == 2
    for ind in (0, 4):
        x1, y1, x2, y2 = AREA
        whole = cv2.imread(str(paths[ind]))
        np.testing.assert_array_equal(
            read(offsets, ind, paths), whole[y1:y2, x1:x2]
        )


def test_files_of_other_kinds_have_no_parts(offsets, paths):
    assert [read(offsets, ind, paths) for ind in (1, 2, 3)] == [None] * 3


def test_another_size_than_expected_gives_no_part(offsets, paths):
    assert read(offsets, 0, paths, wh=(WH[1], WH[0])) is None


def test_changed_file_gives_no_part(offsets, paths):
    digest = offsets_digest(paths)
    stat = paths[0].stat()
    os.utime(paths[0], ns=(stat.st_atime_ns, stat.st_mtime_ns + 1))
    assert read(offsets, 0, paths) is None
    assert offsets_digest(paths) != digest
    paths[0].unlink()
    with pytest.raises(OSError, match=r'a\.jpg'):
        read(offsets, 0, paths)


def test_offsets_are_found_again_and_pickle_as_a_path(
    tmp_path, offsets, paths
):
    digest = offsets_digest(paths)
    again = open_restart_offsets(tmp_path / 'cache', digest)
    assert again is not None
    data = pickle.dumps(again)
    assert len(data) < 1000
    np.testing.assert_array_equal(
        read(pickle.loads(data), 4, paths), read(offsets, 4, paths)
    )
    assert open_restart_offsets(tmp_path / 'cache', 'f' * 64) is None
    # A worker that starts later decodes images as a whole.
    again.path.unlink()
    assert pickle.loads(data) is None


def test_files_have_a_version(monkeypatch, paths):
    digest = offsets_digest(paths)
    monkeypatch.setattr(restart_offsets, 'VERSION', 99)
    assert offsets_digest(paths) != digest


def test_absent_images_get_no_offsets(tmp_path, paths):
    paths.append(tmp_path / 'absent.jpg')
    offsets = build_restart_offsets(
        tmp_path / 'cache', paths, offsets_digest(paths)
    )
    assert (len(offsets), offsets.num_partial) == (6, 2)


def test_damaged_images_get_no_offsets_and_are_counted(tmp_path, paths):
    content = paths[0].read_bytes()
    paths[0].write_bytes(content[: len(content) // 2])
    done = []
    offsets = build_restart_offsets(
        tmp_path / 'cache', paths, offsets_digest(paths), done.append
    )
    assert offsets.num_partial == 1
    assert sum(done) == len(paths)


@pytest.mark.parametrize('kept', [0, 1])
def test_offsets_of_other_data_give_no_part(offsets, paths, kept, monkeypatch):
    if kept:
        monkeypatch.setattr(restart_offsets, 'crop_jpeg', lambda *_: None)
    else:
        # cut between the look at its size and the reading
        content = paths[0].read_bytes()
        stat = restart_offsets.file_stamp(paths[0])
        paths[0].write_bytes(content[: len(content) // 4])
        monkeypatch.setattr(restart_offsets, 'file_stamp', lambda _: stat)
    assert read(offsets, 0, paths) is None
