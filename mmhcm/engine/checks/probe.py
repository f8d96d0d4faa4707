"""Synthetic sample that shows where a pipeline moves pixels."""

import copy
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import cv2
import numpy as np

from mmhcm.functional.boxes import as_bboxes
from mmhcm.functional.pasting import Paste

#: A sixteenth of the chip's window, source pixels.
_UNIT = 8
_IMAGE_WH = (40 * _UNIT, 32 * _UNIT)
_WINDOW = (8, 6, 24, 22)
_GROUND, _OBJECT = 100, 230
# In units, xyxy. No flip of the image or of the window moves a box onto
# another box.
_BOXES = {
    'learned': [(11, 10, 14, 12), (21, 7, 23, 9)],
    'ignored': [(13, 19, 15, 21)],
    'region': [(15, 13, 17, 15)],
    'outside': [(34, 26, 37, 29)],
    'pasted': [(9, 14, 12, 16)],
}


class ProbePool:
    """Object pool of one bright patch.

    Attributes:
        bboxes: float32 (1, 4) xyxy, pixels of the patch.
        labels: int64 (1,).
    """

    def __init__(self) -> None:
        self.bboxes = as_bboxes([(_UNIT, _UNIT, 4 * _UNIT, 3 * _UNIT)])
        self.labels = np.zeros(1, dtype=np.int64)

    def patch(self, _: int) -> np.ndarray:
        """Return the patch, uint8 (h, w, 3)."""
        return _paint(
            self.patch_shape(0)[1::-1], [tuple(self.bboxes[0])], unit=1
        )

    def patch_shape(self, _: int) -> tuple[int, int, int]:
        """Return height, width and channels of the patch."""
        return 4 * _UNIT, 5 * _UNIT, 3

    def foreign(self, _: int) -> np.ndarray:
        """Return no parts of other objects."""
        return as_bboxes([])


@dataclass(frozen=True)
class Probe:
    """Files of one image with different contents, and their data info.

    Attributes:
        info: Data info without ``img_path``.
        paths: Image files: 'plain' without objects, 'objects' with the
            learned and the ignored objects, 'regions' with only the ignored
            region, and 'outside' with only an object outside the chip.
        num_learned: Largest number of learned boxes of a sample.
    """

    info: Mapping[str, Any]
    paths: Mapping[str, Path]
    num_learned: int
    pasted: list[dict] = field(default_factory=list)

    def sample(self, content: str, with_pastes: bool = False) -> dict:
        """Return a data info for a pipeline.

        Args:
            content: A key of ``paths``.
            with_pastes: Paste an object, as on a canvas of mining.
        """
        info = copy.deepcopy(dict(self.info))
        info['img_path'] = str(self.paths[content])
        if not with_pastes:
            return info
        info['instances'] = info['instances'] + copy.deepcopy(self.pasted)
        info['pastes'] = [_paste()]
        info['pool'] = ProbePool()
        if 'chip' in info:
            valid = info['chip']['valid']
            info['chip']['valid'] = np.append(valid, True)
        return info


@contextmanager
def chip_probe(template: Mapping[str, Any], chip_size: int) -> Iterator[Probe]:
    """Yield a probe of a chip.

    One object is outside the chip's range, and one object outside its window.

    Args:
        template: A data info of the data set, for its keys.
        chip_size: Side of the chips, network-input pixels.
    """
    boxes = _BOXES['learned'] + _BOXES['ignored'] + _BOXES['outside']
    window = np.asarray(_WINDOW, dtype=np.float32) * _UNIT
    chip = {
        'window': window,
        'scale_ind': 0,
        'resize': chip_size / float(window[2] - window[0]),
        'valid': np.array([True, True, False, True]),
    }
    info = _info(template, [_instance(box) for box in boxes], chip=chip)
    with _files() as paths:
        yield Probe(info, paths, 2, [_instance(_BOXES['pasted'][0])])


@contextmanager
def image_probe(template: Mapping[str, Any]) -> Iterator[Probe]:
    """Yield a probe of a whole image with one ignored object.

    Args:
        template: A data info of the data set, for its keys.
    """
    instances = [_instance(box) for box in _BOXES['learned']]
    instances += [_instance(box, ignored=1) for box in _BOXES['ignored']]
    chip = {
        'window': np.array([0, 0, *_IMAGE_WH], dtype=np.float32),
        'scale_ind': 0,
        'resize': 1.0,
        'valid': np.array([True, True, False]),
    }
    more = {'chip': chip} if 'chip' in template else {}
    with _files() as paths:
        yield Probe(_info(template, instances, **more), paths, 2)


def _info(
    template: Mapping[str, Any], instances: list[dict], **more: Any
) -> dict:
    regions = [[float(v * _UNIT) for v in box] for box in _BOXES['region']]
    return {
        **{key: template[key] for key in template if key != 'guides'},
        'width': _IMAGE_WH[0],
        'height': _IMAGE_WH[1],
        'instances': instances,
        'ignored_regions': regions,
        **more,
    }


def _instance(box: Sequence[int], ignored: int = 0) -> dict:
    x1, y1, x2, y2 = (float(value * _UNIT) for value in box)
    return {
        'bbox': [x1, y1, x2, y2],
        'bbox_label': 0,
        'ignore_flag': ignored,
        'truncation': 0,
        'occlusion': 0,
        'mask': [[x1, y1, x2, y1, x2, y2, x1, y2]],
    }


def _paste() -> Paste:
    x1, y1, x2, y2 = (float(value * _UNIT) for value in _BOXES['pasted'][0])
    return Paste(
        patch_id=0,
        bbox=(x1, y1, x2, y2),
        scale=1.0,
        angle=0.0,
        flip=False,
        alpha=1.0,
        label=0,
    )


@contextmanager
def _files() -> Iterator[dict[str, Path]]:
    contents = {
        'plain': (),
        'objects': ('learned', 'ignored'),
        'regions': ('region',),
        'outside': ('outside',),
    }
    with TemporaryDirectory() as folder:
        paths = {}
        for name, kinds in contents.items():
            boxes = [box for kind in kinds for box in _BOXES[kind]]
            paths[name] = Path(folder, f'{name}.png')
            cv2.imwrite(str(paths[name]), _paint(_IMAGE_WH, boxes))
        yield paths


def _paint(
    image_wh: Sequence[int],
    boxes: Sequence[Sequence[float]],
    unit: int = _UNIT,
) -> np.ndarray:
    """Paint bright boxes on grey ground, uint8 (h, w, 3)."""
    width, height = image_wh
    image = np.full((height, width, 3), _GROUND, dtype=np.uint8)
    for box in boxes:
        x1, y1, x2, y2 = (int(value * unit) for value in box)
        image[y1:y2, x1:x2] = _OBJECT
    return image
