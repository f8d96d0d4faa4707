"""Detection in pictures and videos, and the files of the detections."""

import json
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import numpy as np
from mmengine.config import Config
from tqdm import tqdm

from mmhcm.apis.browse import write_picture
from mmhcm.functional.merging import Detections
from mmhcm.structures.fault_counter import FaultCounter
from mmhcm.structures.files import atomic_write
from mmhcm.structures.geotiff import (
    TIFF_SUFFIXES,
    GeoTiff,
    has_geo_tags,
    has_rasterio,
)
from mmhcm.structures.images import MAX_PIXELS, ImageError
from mmhcm.structures.prediction_files import geojson

from .detector import Detector
from .drawing import MAX_SIDE, draw_detections
from .outputs import FORMATS, DetectionFiles
from .sources import Source, find_sources
from .videos import Video, VideoFile

_NO_GEOJSON = (
    'files with map coordinates get no GeoJSON, since rasterio is not '
    'installed'
)
_CUT_SHORT = 'videos ended before their headers say'
#: Least share of a header's frame count, which some formats estimate.
_LEAST_SHARE = 0.9


@dataclass
class Prediction:
    """Summary of a prediction.

    Attributes:
        num_images: Number of pictures and video frames.
        num_detections: Number of detections in all pictures and frames.
        broken: One line for each file that could not be read.
        notes: Lines on files passed over, missing GeoJSON and short videos.
    """

    num_images: int = 0
    num_detections: int = 0
    broken: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def predict(
    cfg: Config,
    checkpoint: str | Path,
    sources: Sequence[str],
    out_dir: str | Path,
    *,
    files: str | None = None,
    score_thr: float = 0.3,
    pictures: bool = True,
    device: str | None = None,
) -> Prediction:
    """Detect objects in pictures and videos; draw and write them.

    A file that cannot be read is reported on stderr and skipped. After
    Ctrl-C, the files contain all detections made until then.

    Args:
        cfg: The config, switched to its test mode.
        checkpoint: File or address of the weights.
        sources: Files, folders and patterns, see ``find_sources``.
        out_dir: Folder of the outputs: ``pictures/``, ``geojson/`` and the
            files of the format ``files``.
        files: Format of detections, a key of ``FORMATS``. Defaults to None.
        score_thr: Lowest score of a detection. Defaults to 0.3.
        pictures: Draw the detections. Defaults to True.
        device: Device of the model. Defaults to None, a GPU if there is one.

    Raises:
        OSError: a source does not exist, or an output cannot be written.
        ValueError: the format is unknown, or the checkpoint or the format
            does not fit the config.
    """
    if not 0 <= score_thr <= 1:
        raise ValueError(f'the lowest score must be in 0..1, got {score_thr}')
    if files is not None and files not in FORMATS:
        raise ValueError(
            f'files must be one of {tuple(FORMATS)}, got {files!r}'
        )
    out_dir, counter = Path(out_dir), FaultCounter()
    todo = find_sources(sources, out_dir / 'pictures', counter)
    detector = Detector(cfg, checkpoint, score_thr, device)
    job = _Job(detector, out_dir, pictures)
    if files is not None:
        job.files = FORMATS[files](out_dir, detector.classes)
    try:
        job.run(todo, counter)
    finally:
        # A run without images keeps the files of an earlier run.
        if job.files is not None and job.result.num_images:
            job.files.close()
    job.result.notes += counter.lines()
    return job.result


class _Job:
    """Prediction for all sources.

    Args:
        detector: The detector.
        out_dir: Folder of the outputs.
        pictures: Draw the detections.
    """

    def __init__(
        self, detector: Detector, out_dir: Path, pictures: bool
    ) -> None:
        self.detector, self.out_dir = detector, out_dir
        self.pictures = pictures
        self.files: DetectionFiles | None = None
        self.result = Prediction()

    def run(self, sources: Sequence[Source], counter: FaultCounter) -> None:
        """Process each source; a progress bar shows the time left."""
        for source in tqdm(sources, 'predicting', unit='file'):
            try:
                if source.is_video:
                    self._predict_video(source, counter)
                else:
                    self._predict_picture(source, counter)
            except ImageError as error:
                self.result.broken.append(str(error))
                tqdm.write(f'skipped {error}', file=sys.stderr)

    def _predict_picture(self, source: Source, counter: FaultCounter) -> None:
        with ExitStack() as stack:
            image: np.ndarray | GeoTiff
            is_tiff = source.path.suffix.lower() in TIFF_SUFFIXES
            if is_tiff and has_rasterio():
                image = stack.enter_context(GeoTiff(source.path))
                self._check_size(image)
            else:
                image = self.detector.load(source.path)
                if is_tiff and has_geo_tags(source.path):
                    counter.add(_NO_GEOJSON, source.path)
            found = self._detect(image, source)
            self._add(source.name, source.relative, image, found)
            if isinstance(image, GeoTiff) and image.is_referenced:
                self._write_geojson(source, image, found)
            if self.pictures:
                self._draw(source, image, found)

    def _check_size(self, image: GeoTiff) -> None:
        height, width = image.shape[:2]
        if height * width > MAX_PIXELS and not self.detector.in_slices:
            raise ImageError(
                f'{image.path}: {width} x {height} pixels are too many to be '
                'read at once; take --slices'
            )

    def _detect(
        self, image: np.ndarray | GeoTiff, source: Source
    ) -> Detections:
        num_slices = self.detector.count_slices(image)
        with tqdm(
            total=num_slices,
            desc=source.path.name,
            unit='slice',
            leave=False,
            disable=num_slices < 2,
        ) as bar:
            return self.detector.detect(image, source.path, bar.update)

    def _add(
        self,
        name: str,
        file_name: str,
        image: np.ndarray | GeoTiff,
        found: Detections,
    ) -> None:
        self.result.num_images += 1
        self.result.num_detections += len(found.labels)
        if self.files is not None:
            height, width = image.shape[:2]
            self.files.add(name, file_name, (width, height), found)

    def _draw(
        self, source: Source, image: np.ndarray | GeoTiff, found: Detections
    ) -> None:
        if isinstance(image, GeoTiff):
            picture = image.shrunk(MAX_SIDE)
            factors = np.divide(picture.shape[1::-1], image.shape[1::-1])
            bboxes = found.bboxes * np.tile(factors, 2).astype(np.float32)
            image, found = picture, found._replace(bboxes=bboxes)
        drawn = draw_detections(image, found, self.detector.classes)
        path = self.out_dir / 'pictures' / f'{source.name}.jpg'
        write_picture(path, drawn)

    def _write_geojson(
        self, source: Source, image: GeoTiff, found: Detections
    ) -> None:
        names = [self.detector.classes[label] for label in found.labels]
        content = geojson(
            found.bboxes, found.scores, names, image.to_map, image.crs
        )
        path = self.out_dir / 'geojson' / f'{source.name}.geojson'
        with atomic_write(path) as file:
            file.write(json.dumps(content).encode())

    def _predict_video(self, source: Source, counter: FaultCounter) -> None:
        video = Video(source.path)
        frames = tqdm(
            video,
            source.path.name,
            total=video.num_frames,
            unit='frame',
            leave=False,
        )
        path = self.out_dir / 'pictures' / f'{source.name}.mp4'
        with VideoFile(path, video.fps) as drawn:
            for number, frame in zip(count(1), frames, strict=False):
                found = self.detector.detect(frame, source.path)
                name = f'{source.name}/{number:07d}'
                self._add(
                    name, f'{source.relative}/{number:07d}', frame, found
                )
                if self.pictures:
                    drawn.write(
                        draw_detections(
                            frame, found, self.detector.classes, True
                        )
                    )
        if video.num_frames and number < _LEAST_SHARE * video.num_frames:
            counter.add(_CUT_SHORT, f'{source.path}: {number} frames')
