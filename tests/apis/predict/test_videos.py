import cv2
import numpy as np
import pytest

from mmhcm.apis.predict.videos import Video, VideoFile
from mmhcm.structures.images import ImageError


def frames(num):
    return [np.full((48, 64, 3), 40 * n, dtype=np.uint8) for n in range(num)]


@pytest.fixture
def clip(tmp_path):
    path = tmp_path / 'sub' / 'clip.mp4'
    with VideoFile(path, fps=10) as file:
        for frame in frames(4):
            file.write(frame)
    return path


def test_frames_come_back(clip):
    video = Video(clip)
    assert (video.fps, video.num_frames) == (10, 4)
    read = list(video)
    assert len(read) == 4
    for frame, expected in zip(read, frames(4), strict=True):
        assert np.abs(frame.astype(int) - expected).max() < 8
    assert [path.name for path in clip.parent.iterdir()] == ['clip.mp4']


def test_a_stopped_video_leaves_the_earlier_one(clip):
    before = clip.read_bytes()
    file = VideoFile(clip, fps=10)
    file.write(frames(1)[0])
    file.__exit__(KeyboardInterrupt, None, None)
    assert clip.read_bytes() == before
    assert [path.name for path in clip.parent.iterdir()] == ['clip.mp4']


def test_missing_frames_are_an_error(clip, monkeypatch):
    before = clip.read_bytes()
    file = VideoFile(clip, fps=10)
    for frame in frames(2):
        file.write(frame)
    # As on a full disk, of which OpenCV says nothing.
    monkeypatch.setattr(file, '_num_frames', 3)
    with pytest.raises(OSError, match='2 of 3 frames were written'):
        file.__exit__(None, None, None)
    assert clip.read_bytes() == before


def test_a_folder_that_cannot_be_made(tmp_path):
    (tmp_path / 'file').touch()
    with (
        pytest.raises(OSError, match='file'),
        VideoFile(tmp_path / 'file' / 'clip.mp4', fps=10) as file,
    ):
        file.write(frames(1)[0])


def test_no_video_is_an_error(tmp_path):
    path = tmp_path / 'clip.mp4'
    path.write_bytes(b'garbage')
    with pytest.raises(ImageError, match='not a video that OpenCV') as info:
        Video(path)
    assert str(info.value).startswith(str(path))


def test_a_video_without_frames(tmp_path):
    path = tmp_path / 'clip.avi'
    writer = cv2.VideoWriter(
        str(path), cv2.VideoWriter.fourcc(*'MJPG'), 10, (64, 48)
    )
    writer.release()
    with pytest.raises(ImageError, match=r'no frames|not a video'):
        list(Video(path))
