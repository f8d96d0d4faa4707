"""Mined round: its pastes, errors and hard chips.

A hard chip is a recipe, not pixels: an image, the patches pasted into the
image, a window. One round is one file of JSON lines: a header, a line per
canvas, and a last line with the number of canvases and a digest of the lines
before, which detects a file that is cut short or damaged.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from mmhcm.functional.boxes import as_bboxes
from mmhcm.functional.pasting import Paste
from mmhcm.structures.files import (
    atomic_write,
    check_fields,
    one_line,
    parse_json,
)

FORMAT = 'mmhcm hard chips'
VERSION = 5

#: Limit of coordinates, pixels, far above the sides of any image.
_MAX_SIDE = 1e9
_DAMAGES = (AttributeError, KeyError, TypeError, ValueError)


class HardChipError(ValueError):
    """Error of a round file that is damaged, stale or of other data."""


@dataclass(frozen=True)
class ErrorBox:
    """One error of the detector.

    Attributes:
        bbox: xyxy, pixels of the canvas: the object that the error is about;
            the detection for a background error.
        kind: One of ``error_kinds.ERROR_KINDS``.
        det_label: Detected label, -1 for a missed object.
        gt_label: Label of the object, -1 for background.
        score: Score of the detection, 0 for a missed object.
        det_bbox: xyxy of the detection; None for a background error, where
            ``bbox`` is the detection, and for a missed object.
    """

    bbox: tuple[float, float, float, float]
    kind: str
    det_label: int
    gt_label: int
    score: float
    det_bbox: tuple[float, float, float, float] | None = None

    @property
    def label(self) -> int:
        """Label of the object, or of the detection on background."""
        return self.gt_label if self.gt_label >= 0 else self.det_label


@dataclass(frozen=True)
class MinedCanvas:
    """One canvas: its source, pastes, errors and hard chips.

    Attributes:
        source: Index of the canvas' data set, 0 for the own data set.
        image: Index of the image in that data set.
        img_id: Name of the image, to verify the data set.
        pastes: Patches from the object pool, in the order of pasting.
        windows: Chips xyxy, canvas pixels.
        scale_inds: Scale of each chip.
        errors: The errors that are learned in the chips.
        chip_errors: Indices in ``errors`` of the errors that are learned in
            each chip; empty for chips that are not made from errors.
        other_errors: Errors without a chip: errors of a kind that is not
            mined, that are learned in no chip, or whose chips are left out.
    """

    source: int
    image: int
    img_id: str
    pastes: Sequence[Paste] = ()
    windows: Sequence[tuple[float, float, float, float]] = ()
    scale_inds: Sequence[int] = ()
    errors: Sequence[ErrorBox] = ()
    chip_errors: Sequence[Sequence[int]] = ()
    other_errors: Sequence[ErrorBox] = ()

    def __post_init__(self) -> None:
        # Equal records have one form, so that equal bytes are written.
        windows = tuple(tuple(map(float, row)) for row in self.windows)
        if any(len(row) != 4 for row in windows):
            raise ValueError('a window must have 4 numbers')
        # Written so that NaN fails as well.
        if not all(abs(v) <= _MAX_SIDE for row in windows for v in row):
            raise ValueError('a window is beyond all images')
        if len(windows) != len(self.scale_inds):
            raise ValueError(
                f'{len(windows)} windows but {len(self.scale_inds)} scale_inds'
            )
        chip_errors = tuple(tuple(map(int, inds)) for inds in self.chip_errors)
        self._check_chip_errors(chip_errors)
        for name, values in (
            ('pastes', self.pastes),
            ('windows', windows),
            ('scale_inds', map(int, self.scale_inds)),
            ('errors', self.errors),
            ('chip_errors', chip_errors),
            ('other_errors', self.other_errors),
        ):
            object.__setattr__(self, name, tuple(values))

    def _check_chip_errors(self, chip_errors: Sequence[Sequence[int]]) -> None:
        if chip_errors and len(chip_errors) != len(self.windows):
            raise ValueError(
                f'{len(self.windows)} windows but {len(chip_errors)} '
                'chip_errors'
            )
        num_errors = len(self.errors)
        if not all(0 <= i < num_errors for inds in chip_errors for i in inds):
            raise ValueError('chip_errors name an error that does not exist')

    def to_dict(self) -> dict[str, Any]:
        """Return the plain values of the record, as written to the file."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> 'MinedCanvas':
        """Build the record from the values of ``to_dict``."""
        check_fields(cls, values)
        values = dict(values)
        values['pastes'] = [_as_paste(paste) for paste in values['pastes']]
        for name in ('errors', 'other_errors'):
            values[name] = [_as_error(e) for e in values[name]]
        return cls(**values)


@dataclass(frozen=True)
class HardChipRound:
    """Result of one mining round.

    Attributes:
        number: Number of the round, from 1.
        fingerprint: Digest of the weights and inputs of the mining.
        canvases: The canvases that have hard chips, in canvas order.
        counts: Statistics of the round, by name, for logs and reports.
        origin: Epoch, seed and digest of the weights, for reports.
    """

    number: int
    fingerprint: str
    canvases: Sequence[MinedCanvas]
    counts: dict[str, Any] = field(default_factory=dict)
    origin: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, 'canvases', tuple(self.canvases))

    @property
    def num_chips(self) -> int:
        """Number of hard chips."""
        return sum(len(canvas.windows) for canvas in self.canvases)

    def flatten(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return canvas (m,), window (m, 4) and scale (m,) of each chip."""
        canvas_inds = np.repeat(
            np.arange(len(self.canvases)),
            [len(canvas.windows) for canvas in self.canvases],
        )
        windows = as_bboxes(
            [window for canvas in self.canvases for window in canvas.windows]
        )
        scale_inds = np.asarray(
            [ind for canvas in self.canvases for ind in canvas.scale_inds],
            dtype=np.int64,
        )
        return canvas_inds, windows, scale_inds


def write_round(path: str | Path, hard_round: HardChipRound) -> None:
    """Write a round whole or not at all; equal rounds give equal bytes."""
    header = {
        'format': FORMAT,
        'version': VERSION,
        'round': hard_round.number,
        'fingerprint': hard_round.fingerprint,
        'counts': hard_round.counts,
        'origin': hard_round.origin,
    }
    digest = hashlib.sha256()
    with atomic_write(path) as file:
        for values in (
            header,
            *(canvas.to_dict() for canvas in hard_round.canvases),
        ):
            text = json.dumps(values, sort_keys=True, allow_nan=False)
            line = text.encode() + b'\n'
            digest.update(line)
            file.write(line)
        file.write(_last_line(len(hard_round.canvases), digest.hexdigest()))


def read_round(
    path: str | Path, fingerprint: str | None = None
) -> HardChipRound:
    """Read a round.

    Args:
        path: The file.
        fingerprint: Required fingerprint of the round. Defaults to None: any.

    Raises:
        HardChipError: the file is absent, not a round file, of another
            version, cut short, damaged, or of another fingerprint; the message
            names file and line.
    """
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        raise HardChipError(
            f'{path}: cannot be read: {error.strerror}'
        ) from error
    lines = content.split(b'\n')
    header = _read_header(lines[0], f'{path}:1')
    if fingerprint is not None and header['fingerprint'] != fingerprint:
        raise HardChipError(
            f'{path}:1: mined from other weights or inputs '
            f'({header["fingerprint"][:12]}, expected {fingerprint[:12]})'
        )
    _check_end(content, str(path))
    return HardChipRound(
        number=header['round'],
        fingerprint=header['fingerprint'],
        canvases=[
            _read_canvas(line, f'{path}:{number}')
            for number, line in enumerate(lines[1:-2], 2)
        ],
        counts=header['counts'],
        origin=header['origin'],
    )


def _last_line(num_canvases: int, digest: str) -> bytes:
    end = {'canvases': num_canvases, 'sha256': digest}
    return json.dumps(end).encode() + b'\n'


def _check_end(content: bytes, path: str) -> None:
    """Raise an error if the file is cut short or damaged."""
    start = content.rfind(b'\n', 0, -1) + 1
    num_lines = content.count(b'\n', 0, start)
    digest = hashlib.sha256(content[:start]).hexdigest()
    last_line = content[start:]
    if last_line == _last_line(num_lines - 1, digest):
        return
    where = f'{path}:{num_lines + 1}'
    if last_line.startswith(b'{"canvases": ') and last_line.endswith(b'}\n'):
        raise HardChipError(f'{where}: damaged (wrong checksum or count)')
    raise HardChipError(f'{where}: the file is cut short')


def _read_header(line: bytes, where: str) -> dict[str, Any]:
    try:
        header = parse_json(line)
        is_ours = header['format'] == FORMAT
    except (KeyError, TypeError, ValueError):
        is_ours = False
    if not is_ours:
        raise HardChipError(f'{where}: not a file of hard chips')
    if header.get('version') != VERSION:
        version = ascii(header.get('version'))[:20]
        raise HardChipError(f'{where}: version {version}, expected {VERSION}')
    for name, kind in (
        ('round', int),
        ('fingerprint', str),
        ('counts', dict),
        ('origin', dict),
    ):
        if not isinstance(header.get(name), kind):
            raise HardChipError(f'{where}: damaged (no {name})')
    try:
        json.dumps(header, allow_nan=False)
    except ValueError as error:  # an infinite number
        raise HardChipError(f'{where}: damaged ({error})') from error
    return header


def _read_canvas(line: bytes, where: str) -> MinedCanvas:
    try:
        return MinedCanvas.from_dict(parse_json(line))
    except _DAMAGES as error:
        raise HardChipError(
            f'{where}: damaged ({type(error).__name__}: {one_line(error)})'
        ) from error


def as_bbox(values: Sequence[float]) -> tuple[float, float, float, float]:
    """Return the four numbers of an xyxy box as a tuple."""
    x1, y1, x2, y2 = values
    return x1, y1, x2, y2


def _as_paste(values: dict[str, Any]) -> Paste:
    check_fields(Paste, values)
    return Paste(**{**values, 'bbox': as_bbox(values['bbox'])})


def _as_error(values: dict[str, Any]) -> ErrorBox:
    check_fields(ErrorBox, values)
    det_bbox = values['det_bbox']
    return ErrorBox(
        **{
            **values,
            'bbox': as_bbox(values['bbox']),
            'det_bbox': None if det_bbox is None else as_bbox(det_bbox),
        }
    )
