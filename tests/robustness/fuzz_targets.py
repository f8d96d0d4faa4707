"""The readers that are fuzzed, each with valid files and what must hold."""

import hashlib
import json
import shutil
import tarfile
import warnings
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np

from mmhcm.datasets import CheckedVOCDataset
from mmhcm.datasets.chip_finding import (
    ChipIndex,
    read_chip_index,
    write_chip_index,
)
from mmhcm.datasets.partial_decoding import restart_offsets
from mmhcm.functional.jpeg import (
    JpegLayout,
    crop_jpeg,
    find_restart_offsets,
    is_cut_short,
    offset_index,
    read_layout,
    units_around,
)
from mmhcm.functional.pasting import Paste
from mmhcm.structures.annotations import visdrone_txt, yolo_txt
from mmhcm.structures.annotations.dota_txt import read_labels
from mmhcm.structures.archives import unpack_tar
from mmhcm.structures.files import arrays as array_file
from mmhcm.structures.files import (
    checksum_files,
    checksums_path,
    map_arrays,
    read_checksums,
    write_arrays,
    write_checksums,
)
from mmhcm.structures.images import read_sizes_csv
from mmhcm.structures.pool import INDEX, PIXELS, ObjectPool
from mmhcm.structures.results import (
    read_submission,
    validate_submission,
    write_submission,
)
from mmhcm.structures.rounds import (
    ErrorBox,
    HardChipRound,
    MinedCanvas,
    hard_chips,
    read_round,
    write_round,
)
from tests.support.own_data import CLASSES, voc_text
from tests.support.pool_images import build, make_images
from tests.support.programs import Program

#: Raises what a reader raises; AssertionError where a result is wrong.

Check = Callable[[bytes], object]
#: Gives valid files and the check of one content, which works in a folder.
Prepare = Callable[[Path], tuple[list[bytes], Check]]


class Target(NamedTuple):
    """A reader.

    Attributes:
        name: Of the target.
        prepare: Prepares its check.
        seal: Puts the right checksum into a damaged file, so that what lies
            behind it is reached as well.
    """

    name: str
    prepare: Prepare
    seal: Callable[[bytes], bytes] | None = None


def _seal_arrays(content: bytes) -> bytes:
    line, newline, body = content.partition(b'\n')
    try:
        header = json.loads(line)
        header.pop('crc32', None)
        header['crc32'] = array_file._checksum(header, body)
    except (ValueError, AttributeError, RecursionError):
        return content
    sealed = json.dumps(header).encode()
    return sealed + b' ' * max(0, len(line) - len(sealed)) + newline + body


def _seal_round(content: bytes) -> bytes:
    start = content.rfind(b'\n', 0, -1) + 1
    num = content.count(b'\n', 0, start) - 1
    digest = hashlib.sha256(content[:start]).hexdigest()
    return content[:start] + hard_chips._last_line(num, digest)


ROWS = (
    b'684,8,273,116,0,0,0,0\n406,119,265,70,0,0,0,0\n'
    b'255,22,119,128,0,0,0,0\n1,3,209,78,1,4,0,1\n708,471,74,33,1,11,0,2\n',
    b'684,8,273,116,0,0,0,0,\r\n-3,119,265,70,1,5,0,0,\r\n',
    b'1.5,2.25,3,4,1,3,1,2',
    b'',
    b'\xef\xbb\xbf1, 2,3 ,4,1,3,1,2\n\n5,6,7,8,1,3,1,2\n',
)
RESULTS = (
    b'1.00,2.00,30.50,4.00,0.91000,1,-1,-1\n5,6,7,8,0.5,10,-1,-1\n',
    b'5,6,7,8,0.5,2\n5,6,7,8,0.5,3\n',
    b'5,6,7,8,1e-1,2,-1\n',
    b'',
)


def _file(
    name: str, seeds: Iterable[bytes], examine: Callable[[Path], object]
) -> Prepare:
    """Prepare the check of a reader of single files."""

    def prepare(folder: Path) -> tuple[list[bytes], Check]:
        path = folder / name

        def check(content: bytes) -> None:
            path.write_bytes(content)
            examine(path)

        return [*seeds], check

    return prepare


def _outcome(read: Callable[[], np.ndarray]) -> Any:
    try:
        return read()
    except (ValueError, OSError) as error:
        return str(error)


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, str) or isinstance(other, str):
        return bool(np.array_equal(one, other)) and one == other
    return one.shape == other.shape and bool(
        # signs of zero included
        np.array_equal(one.view(np.int64), other.view(np.int64))
    )


def _slowly(read: Callable[[], np.ndarray]) -> Any:
    """Outcome without the fast parser."""
    fast = visdrone_txt._parse_regular
    visdrone_txt._parse_regular = lambda text: None
    try:
        return _outcome(read)
    finally:
        visdrone_txt._parse_regular = fast


def _annotations(folder: Path) -> tuple[list[bytes], Check]:
    path, good = folder / 'a.txt', folder / 'good.txt'
    good.write_bytes(ROWS[0])

    def check(content: bytes) -> None:
        path.write_bytes(content)
        rows = _outcome(lambda: visdrone_txt.read_annotations(path))
        slow = _slowly(lambda: visdrone_txt.read_annotations(path))
        assert _same(rows, slow), f'{rows} is not {slow}'
        paths = [good, path, good]
        several, counts = visdrone_txt.read_annotation_files(paths)
        assert counts.tolist() == [5, len(rows), 5]
        assert np.array_equal(several[5:-5], rows)

    return [*ROWS], check


def _results(path: Path) -> None:
    rows = _outcome(lambda: visdrone_txt.read_results(path))
    slow = _slowly(lambda: visdrone_txt.read_results(path))
    assert _same(rows, slow), f'{rows} is not {slow}'
    visdrone_txt.read_results(path)


DOTA = (
    b'imagesource:GoogleEarth\ngsd:0.146343590398\n'
    b'2753 2408 2861 2385 2888 2468 2805 2502 plane 0\n'
    b'3445.0 3391.0 3484.0 3409.0 3478.0 3422.0 3437.0 3402.0 ship 1\n',
    b'1 2 3 4 5 6 7 8 small-vehicle\r\n\r\n',
    b'',
)


def _dota(path: Path) -> None:
    for row in read_labels(path):
        assert np.isfinite(row.polygon).all()
        assert len(row.bbox) == 4
        assert row.difficulty in (0, 1, 2)


YOLO = (
    b'0 0.5 0.5 0.2 0.4\n2 0.125 0.25 0.01 0.02\n',
    b'1 0.1 0.2 0.5 0.2 0.5 0.6 0.3 0.9\r\n\r\n',
    b'',
)


def _yolo(path: Path) -> None:
    for row in yolo_txt.read_labels(path, 3) or ():
        x1, y1, x2, y2 = row.bbox
        # A centre at the edge, and half a width beyond it.
        assert -0.6 < x1 <= x2 < 1.6
        assert -0.6 < y1 <= y2 < 1.6
        assert 0 <= row.label < 3


def _voc(folder: Path) -> tuple[list[bytes], Check]:
    (folder / 'Annotations').mkdir()
    (folder / 'list.txt').write_text('a\n')

    def check(content: bytes) -> None:
        (folder / 'Annotations' / 'a.xml').write_bytes(content)
        dataset = CheckedVOCDataset(
            data_root=str(folder),
            ann_file='list.txt',
            data_prefix={'sub_data_root': ''},
            metainfo={'classes': CLASSES},
            test_mode=True,
        )
        for item in dataset.get_data_info(0)['instances']:
            assert np.isfinite(item['bbox']).all()
            assert 0 <= item['bbox_label'] < len(CLASSES)

    return [
        voc_text([(0, 5, 6, 20, 10), (2, 100, 90, 60, 30)]).encode(),
        b'<annotation><size><width>9</width><height>8</height></size>'
        b'</annotation>',
    ], check


SIZES = (
    b'name,width,height\na.jpg,1360,765\nb,960,540\n',
    b'"a,b.png",1,2\r\n\r\n c , 3 , 4 \r\n',
    b'\xef\xbb\xbfa.v1,100,200\n',
)


def _sizes(path: Path) -> None:
    for width, height in read_sizes_csv(path).values():
        assert 0 < min(width, height) < 2**31
        assert max(width, height) < 2**31


def _zip(folder: Path) -> tuple[list[bytes], Check]:
    path = folder / 'results.zip'
    images = {'a': (100, 50), 'b': (80, 80)}
    text = '1.00,2.00,30.50,4.00,0.91000,1,-1,-1\n'
    seeds = []
    for texts in ({'a': text * 3, 'b': ''}, {'a': text * 50, 'b': text}, {}):
        write_submission(path, texts)
        seeds.append(path.read_bytes())

    def check(content: bytes) -> None:
        path.write_bytes(content)
        faults = validate_submission(path, images)
        assert all('\n' not in fault for fault in faults), faults
        texts = read_submission(path)
        assert len({stem.casefold() for stem in texts}) == len(texts)
        assert not any(set(stem) & set('/\\\0') for stem in texts)

    return seeds, check


def _tar(folder: Path) -> tuple[list[bytes], Check]:
    path, out = folder / 'annotations.tar', folder / 'out'
    (folder / 'a.txt').write_bytes(ROWS[0])
    seeds = []
    for mode in ('w:', 'w:gz', 'w:xz'):
        for form in (tarfile.PAX_FORMAT, tarfile.GNU_FORMAT):
            with tarfile.open(path, mode, format=form) as tar:
                tar.add(folder / 'a.txt', 'annotations/a.txt')
                tar.add(folder / 'a.txt', f'annotations/{"b" * 120}.txt')
                tar.add(folder / 'a.txt', 'annotations/é.txt')
            seeds.append(path.read_bytes())
    outside = sorted(folder.iterdir())

    def check(content: bytes) -> None:
        path.write_bytes(content)
        out.mkdir()
        try:
            unpack_tar(path, out)
            found = [p for p in out.rglob('*') if not p.is_dir()]
            assert not any(p.is_symlink() for p in found)
            assert len({str(p).casefold() for p in found}) == len(found)
        finally:
            shutil.rmtree(out)
            assert sorted(folder.iterdir()) == outside

    return seeds, check


def _checkpoint(*, foreign: bool) -> Prepare:
    """Prepare checkpoints, with objects of other packages or plain."""

    def prepare(folder: Path) -> tuple[list[bytes], Check]:
        import torch

        from mmhcm.engine.checkpoints import load_plain

        path, made = folder / 'epoch_1.pth', folder / 'made'
        values = {
            'meta': {'epoch': 1, 'iter': 3, 'seed': [1.5, None, True, 'x']},
            'state_dict': {'a': torch.arange(6.0).view(2, 3)[:, 1:]},
        }
        if foreign:
            values['hub'] = [np.float64(0.5), _history(), Program(made)]
        seeds = []
        for archive in (True, True, False):
            torch.save(values, path, _use_new_zipfile_serialization=archive)
            seeds.append(path.read_bytes())

        def check(content: bytes) -> None:
            path.write_bytes(content)
            with warnings.catch_warnings():
                warnings.simplefilter('ignore')
                _assert_plain(load_plain(path), [])
            assert not made.exists()

        return seeds, check

    return prepare


def _history() -> Any:
    from mmengine.logging import HistoryBuffer

    return HistoryBuffer([1.0, 2.0], [1, 1])


def _assert_plain(value: Any, seen: list[Any]) -> None:
    """Make sure that a value holds nothing but plain values, deeply."""
    import torch

    from mmhcm.engine.checkpoints.inert_pickle import LeftOut

    if any(value is other for other in seen):
        return
    seen.append(value)
    if isinstance(value, dict):
        items: Iterable[Any] = [*value.keys(), *value.values()]
    else:
        items = value if isinstance(value, list | tuple | set) else ()
    for item in items:
        _assert_plain(item, seen)
    plain = (dict, list, tuple, set, str, bytes, bool, int, float, complex)
    torchs = (
        torch.Tensor,
        torch.dtype,
        torch.device,
        torch.storage.TypedStorage,
    )
    assert (
        value is None
        or isinstance(value, plain + torchs)
        or (isinstance(value, type) and issubclass(value, LeftOut))
    ), type(value)


def _round(folder: Path) -> tuple[list[bytes], Check]:
    path = folder / 'hard_chips.jsonl'
    error = ErrorBox((1, 2, 3, 4), 'background', 3, -1, 0.75)
    wrong = ErrorBox((1, 2, 3, 4), 'class', 3, 2, 0.5, (1, 2, 3.5, 4))
    paste = Paste(3, (5.0, 6.0, 70.5, 80.0), 1.25, -3.5, True, 0.9, 2)
    canvas = MinedCanvas(
        0,
        7,
        'a',
        [paste],
        [(0, 0, 64, 64)],
        [1],
        [error, wrong],
        [[0, 1]],
        [error],
    )
    write_round(path, HardChipRound(1, 'f' * 64, [canvas] * 2, {'chips': 2}))
    seeds = [path.read_bytes()]
    write_round(path, HardChipRound(2, 'f' * 64, []))
    seeds.append(path.read_bytes())

    def check(content: bytes) -> None:
        path.write_bytes(content)
        hard_round = read_round(path)
        inds, windows, scales = hard_round.flatten()
        assert len(inds) == len(windows) == len(scales)
        assert np.isfinite(windows).all()
        write_round(folder / 'again.jsonl', hard_round)
        assert read_round(folder / 'again.jsonl') == hard_round

    return seeds, check


def _pool(file: str) -> Prepare:
    def prepare(folder: Path) -> tuple[list[bytes], Check]:
        path = folder / 'pool'
        build(path, make_images(folder, 1))

        def check(content: bytes) -> None:
            (path / file).write_bytes(content)
            pool = ObjectPool.open(path)
            for ind in range(len(pool)):
                assert pool.patch(ind).sum() >= 0
                assert pool.aspect_sums[pool.image_inds[ind]].ndim == 2
                assert len(pool.bboxes[ind]) == 4
                assert pool.class_counts[pool.labels[ind]] >= 0
            assert len(pool.looks) == len(pool)

        return [(path / file).read_bytes()], check

    return prepare


def _arrays(folder: Path) -> tuple[list[bytes], Check]:
    path = folder / 'x.bin'
    arrays = {
        'a': np.arange(12).reshape(3, 4),
        'b': np.zeros((0, 2), dtype=np.float32),
        'c': np.ones(5, dtype=np.uint8),
    }
    write_arrays(path, 'boxes 1', 'f', arrays)

    def check(content: bytes) -> None:
        path.write_bytes(content)
        mapped = map_arrays(path, 'boxes 1', 'f') or {}
        for array in mapped.values():
            assert array.dtype.kind in 'biufcU', array.dtype
            array.tolist()
            assert array.nbytes <= len(content)

    return [path.read_bytes()], check


def _chip_index(folder: Path) -> tuple[list[bytes], Check]:
    path = folder / 'x.npz'
    index = ChipIndex(
        np.array([0, 0, 1]),
        np.ones((3, 4), np.float32),
        np.array([0, 1, 0]),
        np.array(3),
    )
    write_chip_index(path, index, 'f')

    def check(content: bytes) -> None:
        path.write_bytes(content)
        read = read_chip_index(path, 'f')
        if read is not None:
            assert len(read.windows) == len(read.image_inds)
            assert read.windows.dtype == np.float32
            assert read.image_inds.dtype == read.scale_inds.dtype == np.int64

    return [path.read_bytes()], check


def _file_checksums(folder: Path) -> tuple[list[bytes], Check]:
    paths = [folder / 'a.jpg', folder / 'b.jpg']
    for number, path in enumerate(paths):
        path.write_bytes(bytes([number]))
    found = checksum_files(paths)
    write_checksums(folder, paths, found)
    kept = checksums_path(folder, paths)

    def check(content: bytes) -> None:
        kept.write_bytes(content)
        read = read_checksums(folder, paths)
        if read is not None:
            assert len(read.values) == len(read.stamps()) == 2
            assert read.values.dtype == np.uint32

    return [kept.read_bytes()], check


def _jpegs(folder: Path) -> Iterable[Path]:
    rng = np.random.default_rng(0)
    image = cv2.resize(
        rng.integers(0, 255, (9, 13, 3), dtype=np.uint8), (150, 70)
    )
    options: list[list[int]] = [
        [],
        [cv2.IMWRITE_JPEG_SAMPLING_FACTOR, 0x111111],
        [cv2.IMWRITE_JPEG_OPTIMIZE, 1],
    ]
    for number, option in enumerate(options):
        path = folder / f'{number}.jpg'
        cv2.imwrite(str(path), image, option)
        yield path
    path = folder / 'gray.jpg'
    cv2.imwrite(str(path), image[..., 0])
    yield path


def _jpeg(folder: Path) -> tuple[list[bytes], Check]:
    def check(content: bytes) -> None:
        assert is_cut_short(content) in (True, False)
        layout = read_layout(content)
        offsets = layout and find_restart_offsets(
            content, layout, restart_offsets.STEP
        )
        if layout is None or offsets is None:
            return
        width, height = layout.width, layout.height
        for area in (
            (0, 0, width, height),
            (width // 2, height // 2, width // 2 + 1, height // 2 + 1),
        ):
            part = _crop(content, layout, offsets, area)
            if part is not None and width * height < 1 << 20:
                cv2.imdecode(np.frombuffer(part, np.uint8), cv2.IMREAD_COLOR)

    return [path.read_bytes() for path in _jpegs(folder)], check


def _crop(
    content: bytes,
    layout: JpegLayout,
    offsets: np.ndarray,
    area: tuple[int, int, int, int],
) -> bytes | None:
    units = units_around(layout, area, restart_offsets.STEP)
    first = offset_index(layout, units[:2], restart_offsets.STEP)
    last = offset_index(layout, (units[2], units[3] - 1), restart_offsets.STEP)
    start, end = int(offsets['bit'][first]), int(offsets['bit'][last])
    data = content[start >> 3 : (end + 7) >> 3]
    return crop_jpeg(layout, offsets, units, restart_offsets.STEP, data)


def _restart_offsets(folder: Path) -> tuple[list[bytes], Check]:
    paths = list(_jpegs(folder))
    digest = restart_offsets.offsets_digest(paths)
    path = restart_offsets.build_restart_offsets(folder, paths, digest).path

    def check(content: bytes) -> None:
        path.write_bytes(content)
        offsets = restart_offsets.open_restart_offsets(folder, digest)
        if offsets is None:
            return
        assert offsets.num_partial >= 0
        for ind, image in enumerate(paths[: len(offsets)]):
            offsets.read_part(ind, image, (150, 70), (20, 10, 90, 40))

    return [path.read_bytes()], check


def _table_rows(folder: Path) -> tuple[list[bytes], Check]:
    from mmhcm.apis.tables.rows import read_table

    path = folder / 'rows.json'
    (folder / 'a.py').write_text('')
    rows = [
        {'id': 'one', 'name': 'One', 'config': 'a.py', 'tta': True},
        {
            'id': 'two',
            'config': 'a.py',
            'shares': {'row': 'one', 'epoch': 3, 'differs': ['model']},
            'parent': 'one',
            'paper': {'AP': 12.5},
            'differs': ['model.x'],
            'cfg_options': {'x.y': 3},
        },
        {'id': 'three', 'config': 'a.py', 'checkpoint_of': 'two'},
    ]
    values = {'name': 't', 'title': 'T', 'rows': rows}

    def check(content: bytes) -> None:
        path.write_bytes(content)
        table = read_table(path)
        assert table.with_needs([row.id for row in table.rows])
        assert all(isinstance(row.name, str) for row in table.rows)

    return [json.dumps(values).encode()], check


def _table_records(folder: Path) -> tuple[list[bytes], Check]:
    from mmhcm.apis.tables.records import RowFolder, TrainRecord

    row = RowFolder(folder)
    row.write(TrainRecord('c', 't', commits=['x'], seconds=2.5, pixels=3))
    path = row.path / 'train.json'

    def check(content: bytes) -> None:
        path.write_bytes(content)
        record = row.train_record()
        assert record is not None
        assert record.seconds >= 0 or record.seconds < 0
        assert isinstance(record.checkpoint, str)

    return [path.read_bytes()], check


_PREPARE = {
    'annotations': _annotations,
    'results': _file('a.txt', RESULTS, _results),
    'dota': _file('a.txt', DOTA, _dota),
    'yolo': _file('a.txt', YOLO, _yolo),
    'voc': _voc,
    'sizes': _file('sizes.csv', SIZES, _sizes),
    'zip': _zip,
    'tar': _tar,
    'round': _round,
    'pool_index': _pool(INDEX),
    'pool_pixels': _pool(PIXELS),
    'array_file': _arrays,
    'chip_index': _chip_index,
    'file_checksums': _file_checksums,
    'jpeg': _jpeg,
    'restart_offsets': _restart_offsets,
    'checkpoint': _checkpoint(foreign=False),
    'foreign_checkpoint': _checkpoint(foreign=True),
    'table_rows': _table_rows,
    'table_records': _table_records,
}
_SEALS = {
    'round': _seal_round,
    'pool_index': _seal_arrays,
    'array_file': _seal_arrays,
    'chip_index': _seal_arrays,
    'file_checksums': _seal_arrays,
    'restart_offsets': _seal_arrays,
}
TARGETS = {
    name: Target(name, prepare, _SEALS.get(name))
    for name, prepare in _PREPARE.items()
}
