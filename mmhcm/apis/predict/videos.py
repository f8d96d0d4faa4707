"""Videos, read and written by OpenCV."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import cv2
import numpy as np

from mmhcm.structures.images import ImageError

_DEFAULT_FPS = 25.0


class Video:
    """Frames of a video file, uint8 (h, w, 3) BGR.

    Attributes:
        fps: Frames per second.
        num_frames: Number of frames in the file's header; None if the header
            has no number.

    Args:
        path: The file.

    Raises:
        ImageError: OpenCV cannot decode the file.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._capture = cv2.VideoCapture(str(path))
        if not self._capture.isOpened():
            raise ImageError(f'{path}: not a video that OpenCV can decode')
        fps = self._capture.get(cv2.CAP_PROP_FPS)
        count = int(self._capture.get(cv2.CAP_PROP_FRAME_COUNT))
        self.fps = fps if 0 < fps < 1000 else _DEFAULT_FPS
        self.num_frames = count if count > 0 else None

    def __iter__(self) -> Iterator[np.ndarray]:
        """Yield all frames.

        Raises:
            ImageError: the video has no frame.
        """
        count = 0
        try:
            while True:
                is_read, frame = self._capture.read()
                if not is_read:
                    break
                count += 1
                yield frame
        finally:
            self._capture.release()
        if not count:
            raise ImageError(f'{self.path}: the video has no frames')


class VideoFile:
    """MP4 file that is written whole or not at all.

    Args:
        path: The file, ``.mp4``.
        fps: Frames per second.
    """

    def __init__(self, path: Path, fps: float) -> None:
        self.path, self.fps = path, fps
        # The writer takes the format from the suffix.
        self._temporary = path.with_name(f'.{path.stem}.part.mp4')
        self._writer: cv2.VideoWriter | None = None
        self._num_frames = 0

    def __enter__(self) -> 'VideoFile':
        return self

    def __exit__(self, kind: type | None, *_: object) -> None:
        """Move the file to its path, or remove the file after an error.

        Raises:
            OSError: frames are missing in the file.
        """
        if self._writer is not None:
            self._writer.release()
        try:
            if kind is None and self._writer is not None:
                self._check()
                self._temporary.replace(self.path)
        finally:
            with suppress(OSError):
                self._temporary.unlink(missing_ok=True)

    def write(self, frame: np.ndarray) -> None:
        """Append a frame, uint8 (h, w, 3) BGR, of the first frame's size.

        Raises:
            OSError: the file cannot be created.
        """
        if self._writer is None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._writer = cv2.VideoWriter(
                str(self._temporary),
                cv2.VideoWriter.fourcc(*'mp4v'),
                self.fps,
                frame.shape[1::-1],
            )
            if not self._writer.isOpened():
                raise OSError(f'{self.path}: OpenCV cannot write the video')
        self._writer.write(frame)
        self._num_frames += 1

    def _check(self) -> None:
        # OpenCV reports no error if the disk is full.
        written = cv2.VideoCapture(str(self._temporary))
        count = int(written.get(cv2.CAP_PROP_FRAME_COUNT))
        written.release()
        if count != self._num_frames:
            raise OSError(
                f'{self.path}: {count} of {self._num_frames} frames were '
                'written; is the disk full?'
            )
