"""Submissions: one result file per image, at the root of one zip."""

import stat
import struct
import unicodedata
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from mmhcm.structures.annotations import (
    CLASSES,
    IGNORED_CATEGORY,
    MAX_DETS,
    OTHERS_CATEGORY,
    AnnotationError,
    decode,
    parse_number,
    split_rows,
)
from mmhcm.structures.files import atomic_write, one_line
from mmhcm.structures.images import is_apple_double

# Limits far above any sensible result, low enough that a hostile zip cannot
# fill the memory: 500 rows take about 25 kB.
MAX_FILE_BYTES = 16 << 20
MAX_TOTAL_BYTES = 1 << 30
MAX_FILES = 100_000

_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest time that a zip can hold
_MAX_NAME = 200  # characters of a name in a message
_BORDER_TOLERANCE = 1e-6  # pixels, for the rounding of x + w alone

# Exceptions of zipfile for unreadable bytes.
_DAMAGE = (
    zipfile.BadZipFile,  # also a wrong checksum
    zlib.error,
    struct.error,
    EOFError,
    OSError,  # a position before the start of the file
    ValueError,
    RuntimeError,  # encrypted; includes NotImplementedError
)


class SubmissionError(ValueError):
    """Error of a zip or folder of results that cannot be read."""


class _File(NamedTuple):
    """A file of a zip or folder; exactly one of text and fault is None."""

    name: str
    text: str | None
    fault: str | None


def write_submission(path: str | Path, texts: Mapping[str, str]) -> None:
    """Write result files into a zip, whole or not at all.

    Equal texts give equal bytes: names are sorted, times are fixed.

    Args:
        path: Path of the zip.
        texts: Text of each image's result file, by the image's stem; ''
            without detections.

    Raises:
        ValueError: a stem cannot be a file name at the root of a zip, or some
            systems treat two stems as the same name.
    """
    seen: dict[str, str] = {}
    for stem in texts:
        if not stem or set(stem) & set('/\\\0\n'):
            raise ValueError(f'{stem!r} cannot name a result file')
        if (other := seen.setdefault(_one_name(stem), stem)) != stem:
            raise ValueError(
                f'{other!r} and {stem!r} cannot both name a result file: '
                'some systems take them for one'
            )
    with (
        atomic_write(path) as file,
        zipfile.ZipFile(file, 'w', zipfile.ZIP_DEFLATED) as archive,
    ):
        for name, text in sorted(
            (f'{stem}.txt', text) for stem, text in texts.items()
        ):
            info = zipfile.ZipInfo(name, _EPOCH)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.create_system = 3  # Unix, on every system
            info.external_attr = 0o100644 << 16
            archive.writestr(info, text.encode(), compresslevel=6)


def read_submission(path: str | Path) -> dict[str, str]:
    """Read every result file of a zip or folder, by its stem.

    Nothing is unpacked to disk and nothing is silently left out.

    Raises:
        SubmissionError: the file is not a zip, or an entry is not a result
            file at the root.
        OSError: ``path`` cannot be read.
    """
    path = Path(path)
    texts = {}
    for file in _folder_files(path) if path.is_dir() else _zip_files(path):
        if file.text is None:
            name = file.name[:_MAX_NAME]
            raise SubmissionError(f'{path}: {name}: {file.fault}')
        texts[file.name.removesuffix('.txt')] = file.text
    return texts


def validate_submission(
    path: str | Path,
    images: Mapping[str, tuple[int, int]],
    max_rows: int = MAX_DETS,
) -> list[str]:
    """List the faults of a submission, one line each; [] if valid.

    Args:
        path: Path of the zip.
        images: (width, height) of every image of the split, by its stem.
        max_rows: Maximum number of rows of a file. Defaults to 500.

    Raises:
        OSError: ``path`` cannot be read.
    """
    path = Path(path)
    if path.is_dir():
        return [f'{path}: not a zip file but a folder']
    faults = []
    missing = set(images)
    try:
        for file in _zip_files(path):
            stem = file.name.removesuffix('.txt')
            missing.discard(stem)
            if file.text is None:
                faults.append(f'{file.name}: {file.fault}')
            elif stem not in images:
                name = _printable(file.name)
                faults.append(f'{name}: no such image in the split')
            else:
                faults += [
                    f'{file.name}{fault}'
                    for fault in _row_faults(file.text, images[stem], max_rows)
                ]
    except SubmissionError as error:
        return [*faults, str(error)]
    return faults + [f'{stem}.txt: missing' for stem in sorted(missing)]


def _row_faults(
    text: str, image_wh: tuple[int, int], max_rows: int
) -> Iterator[str]:
    """List the faults of one file, each starting with ':line: '."""
    rows = split_rows(text)
    previous = float('inf')
    for number, fields in rows:
        if len(fields) != 8:
            yield f':{number}: {len(fields)} columns, not 8'
            continue
        values = [parse_number(field) for field in fields]
        odd = [
            field.strip()
            for field, value in zip(fields, values, strict=True)
            if not abs(value) < float('inf')  # NaN fails this too
        ]
        if odd:
            yield f':{number}: {odd[0][:40]!r} is not a finite number'
            continue
        score, category = values[4:6]
        for fault in (
            _box_fault(values, image_wh),
            _category_fault(category),
            '' if 0 <= score <= 1 else f'score {score:g} is not in [0, 1]',
            ''
            if score <= previous
            else f'score {score:g} is above that of the row before, '
            f'{previous:g}: rows must descend over all classes',
            ''
            if values[6:] == [-1, -1]
            else 'the last two columns must be -1,-1',
        ):
            if fault:
                yield f':{number}: {fault}'
        previous = score
    if len(rows) > max_rows:
        yield f':{rows[max_rows][0]}: {len(rows)} rows, more than {max_rows}'


def _box_fault(values: list[float], image_wh: tuple[int, int]) -> str:
    x, y, w, h = values[:4]
    if w <= 0 or h <= 0:
        return f'box of size {w:g} x {h:g} has no area'
    right = image_wh[0] + _BORDER_TOLERANCE
    bottom = image_wh[1] + _BORDER_TOLERANCE
    if x < 0 or y < 0 or x + w > right or y + h > bottom:
        return (
            f'box {x:g},{y:g},{w:g},{h:g} leaves the image of '
            f'{image_wh[0]} x {image_wh[1]} pixels'
        )
    return ''


def _category_fault(category: float) -> str:
    if category == IGNORED_CATEGORY:
        return 'category 0 is that of ignored regions, not of detections'
    if category == OTHERS_CATEGORY:
        return 'category 11, others, is not a class of the task'
    if category not in range(1, len(CLASSES) + 1):
        return f'category {category:g} is not a whole number from 1 to 10'
    return ''


def _zip_files(path: Path) -> Iterator[_File]:
    """Read and check the files of a zip, in the order of the zip."""
    with path.open('rb') as file:
        try:
            archive = zipfile.ZipFile(file)
        except _DAMAGE as error:
            raise SubmissionError(f'{path}: not a zip file') from error
        infos = archive.infolist()
        _check_bounds(path, [info.file_size for info in infos])
        seen: set[str] = set()
        for info in infos:
            # A zip may hold names that no file can have.
            name = info.filename.encode('utf-8', 'replace').decode()
            fault = _name_fault(name) or _kind_fault(info)
            if _one_name(name) in seen:
                fault = 'a second file of this name'
            seen.add(_one_name(name))
            content = b''
            if not fault:
                content, fault = _read_member(archive, info)
            yield _decoded(name, content, fault)


def _read_member(
    archive: zipfile.ZipFile, info: zipfile.ZipInfo
) -> tuple[bytes, str]:
    """Return a member's bytes, and its fault or ''."""
    if info.file_size > MAX_FILE_BYTES:
        return b'', f'too large a file ({info.file_size} bytes)'
    try:
        with archive.open(info) as member:
            # Without a length, read() expands more than the declared size.
            content = member.read(info.file_size + 1)
            if member.read(1) or len(content) > info.file_size:
                return b'', 'holds more than it declares'
    except _DAMAGE as error:
        return b'', f'cannot be read: {one_line(error)}'
    if len(content) < info.file_size:
        return b'', 'holds less than it declares'
    return content, ''


def _kind_fault(info: zipfile.ZipInfo) -> str:
    if stat.S_ISLNK(info.external_attr >> 16):
        return 'a link, not a file'
    # Other methods expand a few bytes without any bound.
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        return 'compressed in another way than deflate'
    return ''


def _one_name(name: str) -> str:
    """Normalize a name: names that are equal on some system become equal."""
    name = unicodedata.normalize('NFC', name.replace('\\', '/')).casefold()
    while name.startswith(('./', '/')):
        name = name.removeprefix('.').removeprefix('/')
    return name


def _folder_files(path: Path) -> Iterator[_File]:
    """Read and check the files of a folder, in the order of names."""
    paths = sorted(p for p in path.iterdir() if not is_apple_double(p.name))
    is_file = [file_path.is_file() for file_path in paths]
    _check_bounds(
        path,
        [
            file_path.stat().st_size if plain else 0
            for file_path, plain in zip(paths, is_file, strict=True)
        ],
    )
    for file_path, plain in zip(paths, is_file, strict=True):
        fault = _name_fault(file_path.name + '/' * file_path.is_dir())
        if not fault and not plain:
            fault = 'not a plain file'
        elif not fault and file_path.stat().st_size > MAX_FILE_BYTES:
            fault = f'too large a file ({file_path.stat().st_size} bytes)'
        content = b'' if fault else file_path.read_bytes()
        yield _decoded(file_path.name, content, fault)


def _name_fault(name: str) -> str:
    if '/' in name or '\\' in name:
        return 'a folder or in a folder; result files belong at the root'
    if not name.endswith('.txt') or name == '.txt':
        return 'not named after an image, IMAGE.txt'
    return ''


def _decoded(name: str, content: bytes, fault: str) -> _File:
    if fault:
        return _File(_printable(name), None, fault)
    try:
        return _File(name, decode(content, name), None)
    except AnnotationError:
        return _File(_printable(name), None, 'not a UTF-8 text file')


def _printable(name: str) -> str:
    return name.encode('unicode_escape').decode()


def _check_bounds(path: Path, file_sizes: list[int]) -> None:
    if len(file_sizes) > MAX_FILES:
        raise SubmissionError(
            f'{path}: {len(file_sizes)} files, more than {MAX_FILES}'
        )
    if sum(file_sizes) > MAX_TOTAL_BYTES:
        raise SubmissionError(
            f'{path}: {sum(file_sizes)} bytes of files, more than '
            f'{MAX_TOTAL_BYTES}'
        )
