"""Files of one row and seed, and the records among them."""

import hashlib
import json
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from mmhcm.engine.checkpoints import load_plain
from mmhcm.engine.launching import hold_lock
from mmhcm.structures.files import (
    atomic_write,
    check_fields,
    one_line,
    parse_json,
)

# Bytes that are read at once.
_PIECE = 1 << 20


@dataclass
class TrainRecord:
    """Record of one row's training with one seed.

    Attributes:
        config: Digest of the whole config.
        training: Digest of the settings that the weights depend on.
        started_from: Digest of the checkpoint that training started from, or
            ''.
        commits: Versions of the code that the training ran with, in order.
        seconds: Time of all runs of the training, without shared epochs.
        checkpoint: File name of the last checkpoint of a finished training.
        digest: Digest of the file of ``checkpoint``.
        pixels: Pixels trained on, with shared epochs; None if unknown.
        pixels_from: 'measured', or 'planned' if computed from the config.
        error: Last line of the log if the last run failed.
    """

    config: str
    training: str
    started_from: str = ''
    commits: list[str] = field(default_factory=list)
    seconds: float = 0.0
    checkpoint: str = ''
    digest: str = ''
    pixels: int | None = None
    pixels_from: str = ''
    error: str = ''


@dataclass
class TestRecord:
    """Record of one row's test with one seed.

    Attributes:
        config: Digest of the whole config and of the kind of test: one
            scale, many scales, slices or an ensemble.
        digest: Digest of the checkpoint.
        commit: Version of the code.
        done: True if ``scores.json`` has the scores of this test.
        error: Last line of the log if the test failed.
    """

    config: str
    digest: str
    commit: str = ''
    done: bool = False
    error: str = ''

    def is_of(self, other: 'TestRecord') -> bool:
        """Compare config and checkpoint with those of another test."""
        return (self.config, self.digest) == (other.config, other.digest)


Record = TypeVar('Record', TrainRecord, TestRecord)


class RowFolder:
    """Files of one row and seed.

    Args:
        path: The folder, ``<work_dir>/<row>/seed_<n>``.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.train_dir = path / 'train'
        self.test_dir = path / 'test'
        self.zip_path = path / 'results.zip'
        self.scores_path = path / 'scores.json'
        self.log_path = path / 'log.txt'

    def train_record(self) -> TrainRecord | None:
        """Read the record of the training, if there is one."""
        return _read(TrainRecord, self.path / 'train.json')

    def test_record(self) -> TestRecord | None:
        """Read the record of the test, if there is one."""
        return _read(TestRecord, self.path / 'test.json')

    def write(self, record: TrainRecord | TestRecord) -> None:
        """Write a record."""
        name = 'train' if isinstance(record, TrainRecord) else 'test'
        with atomic_write(self.path / f'{name}.json') as file:
            file.write(json.dumps(asdict(record), indent=1).encode())

    def scores(self) -> dict[str, dict[str, Any]]:
        """Read the scores of the test."""
        try:
            return parse_json(self.scores_path.read_bytes())
        except ValueError as error:
            raise ValueError(
                f'{self.scores_path}: damaged: {one_line(error)}'
            ) from error

    def set_aside(self) -> Path | None:
        """Rename the folder out of the way; return its new path."""
        if not self.path.exists():
            return None
        name = self.path.name
        number = len(list(self.path.parent.glob(f'{name}.old-*'))) + 1
        return self.path.rename(self.path.with_name(f'{name}.old-{number}'))

    def locked(self) -> AbstractContextManager[None]:
        """Keep other processes out of the folder.

        Raises:
            OSError: another process uses the folder.
        """
        # Next to the folder, because the folder may be set aside.
        path = self.path.with_name(f'.{self.path.name}.lock')
        return hold_lock(path, 'another process runs it')


def file_digest(path: str | Path) -> str:
    """Compute the SHA-256 of a file; '' if the file is missing.

    An unchanged file is read only once.
    """
    try:
        state = Path(path).stat()
    except FileNotFoundError:
        return ''
    return _digest(str(path), state.st_size, state.st_mtime_ns)


@cache
def _digest(path: str, *_state: int) -> str:
    digest = hashlib.sha256()
    with Path(path).open('rb') as file:
        while piece := file.read(_PIECE):
            digest.update(piece)
    return digest.hexdigest()


def trained_amount(checkpoint: str | Path) -> tuple[int, int | None]:
    """Read a checkpoint's iterations and pixels (None if not counted)."""
    values = load_plain(checkpoint)
    return int(values['meta']['iter']), values.get('trained_pixels')


def _read(kind: type[Record], path: Path) -> Record | None:
    try:
        values = parse_json(path.read_bytes())
        record = kind(**values)
        check_fields(kind, values)
        return record
    except FileNotFoundError:
        return None
    except (TypeError, ValueError) as error:
        raise ValueError(f'{path}: damaged: {one_line(error)}') from error
