import hashlib
import json
from copy import deepcopy

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmhcm.functional.pasting import Paste
from mmhcm.structures.rounds import (
    ERROR_KINDS,
    ErrorBox,
    HardChipError,
    HardChipRound,
    MinedCanvas,
    read_round,
    write_round,
)

NUMBERS = st.floats(-1e6, 1e6, width=32)
COUNTS = st.integers(0, 10**6)
BOXES = st.tuples(NUMBERS, NUMBERS, NUMBERS, NUMBERS)
PASTES = st.builds(
    Paste,
    patch_id=COUNTS,
    bbox=BOXES,
    scale=NUMBERS,
    angle=NUMBERS,
    flip=st.booleans(),
    alpha=NUMBERS,
    label=COUNTS,
)
ERRORS = st.builds(
    ErrorBox,
    bbox=BOXES,
    kind=st.sampled_from(list(ERROR_KINDS)),
    det_label=st.integers(-1, 9),
    gt_label=st.integers(-1, 9),
    score=st.floats(0, 1),
    det_bbox=st.none() | BOXES,
)


@st.composite
def canvases(draw):
    chips = draw(st.lists(st.tuples(BOXES, st.integers(0, 3)), max_size=3))
    errors = draw(st.lists(ERRORS, max_size=2))
    inds = st.lists(st.sampled_from(range(len(errors)) or [0]), max_size=2)
    return MinedCanvas(
        source=draw(COUNTS),
        image=draw(COUNTS),
        img_id=draw(st.text(max_size=5)),
        pastes=draw(st.lists(PASTES, max_size=2)),
        windows=[window for window, _ in chips],
        scale_inds=[scale_ind for _, scale_ind in chips],
        errors=errors,
        chip_errors=[draw(inds) if errors else () for _ in chips],
        other_errors=draw(st.lists(ERRORS, max_size=2)),
    )


ROUNDS = st.builds(
    HardChipRound,
    number=st.integers(1, 99),
    fingerprint=st.text('0123456789abcdef', min_size=64, max_size=64),
    canvases=st.lists(canvases(), max_size=3),
    counts=st.dictionaries(st.text(max_size=3), st.lists(COUNTS), max_size=2),
    origin=st.dictionaries(st.text(max_size=3), COUNTS, max_size=2),
)


def make_round(**kwargs):
    settings = {
        'number': 2,
        'fingerprint': 'ab' * 32,
        'canvases': [
            MinedCanvas(
                source=0,
                image=7,
                img_id='0001\u2028x',
                pastes=[Paste(3, (1.5, 2, 30, 40), 1.25, -3, True, 0.9, 8)],
                windows=[(0, 0, 64, 64), (32, 16, 96, 80)],
                scale_inds=[0, 1],
                errors=[ErrorBox((1, 2, 3, 4), 'class', 4, 3, 0.75)],
            ),
            MinedCanvas(
                1, 0, 'P0003', windows=[(5, 5, 69, 69)], scale_inds=[0]
            ),
        ],
        'counts': {'canvases': 9},
    }
    return HardChipRound(**{**settings, **kwargs})


@pytest.fixture
def path(tmp_path):
    path = tmp_path / 'hcm' / 'round_2' / 'hard_chips.jsonl'
    write_round(path, make_round())
    return path


@given(hard_round=ROUNDS)
def test_round_trip(tmp_path_factory, hard_round):
    path = tmp_path_factory.getbasetemp() / 'round.jsonl'
    write_round(path, hard_round)
    content = path.read_bytes()
    again = read_round(path, hard_round.fingerprint)
    assert again == hard_round
    write_round(path, again)
    assert path.read_bytes() == content


def test_equal_rounds_give_equal_bytes(path):
    """Whatever sequences and numbers they were put together from."""
    content = path.read_bytes()
    canvas = make_round().canvases[0]
    same = MinedCanvas(
        **{
            **vars(canvas),
            'pastes': list(canvas.pastes),
            'windows': np.array(canvas.windows, dtype=np.float32),
            'scale_inds': np.array(canvas.scale_inds),
            'errors': list(canvas.errors),
        }
    )
    assert same == canvas
    hard_round = make_round(canvases=[same, make_round().canvases[1]])
    assert hard_round == make_round()
    write_round(path, hard_round)
    assert path.read_bytes() == content
    contents = []
    for names in ('ab', 'ba'):
        write_round(path, make_round(counts=dict.fromkeys(names, 1)))
        contents.append(path.read_bytes())
    assert contents[0] == contents[1]


@pytest.mark.parametrize(
    ('det_label', 'gt_label', 'label'), [(4, 3, 3), (4, -1, 4), (-1, 0, 0)]
)
def test_label_of_an_error_is_that_of_its_object(det_label, gt_label, label):
    error = ErrorBox((1, 2, 3, 4), 'class', det_label, gt_label, 0.5)
    assert error.label == label


def test_a_canvas_needs_a_scale_for_each_window():
    with pytest.raises(ValueError, match='1 windows but 0 scale_inds'):
        MinedCanvas(0, 0, 'a', windows=[(0, 0, 1, 1)])
    with pytest.raises(ValueError, match='4 numbers'):
        MinedCanvas(0, 0, 'a', windows=[(0, 0, 1)], scale_inds=[0])


def test_flatten():
    canvas_inds, windows, scale_inds = make_round().flatten()
    assert canvas_inds.tolist() == [0, 0, 1]
    assert windows[2].tolist() == [5, 5, 69, 69]
    assert windows.dtype == np.float32
    assert scale_inds.tolist() == [0, 1, 0]
    assert make_round().num_chips == 3


def test_flatten_without_chips():
    canvas_inds, windows, scale_inds = make_round(canvases=[]).flatten()
    assert canvas_inds.shape == scale_inds.shape == (0,)
    assert windows.shape == (0, 4)
    assert make_round(canvases=[]).num_chips == 0


def test_non_finite_numbers_are_not_written(tmp_path):
    path = tmp_path / 'a.jsonl'
    with pytest.raises(ValueError, match='not JSON compliant'):
        write_round(path, make_round(counts={'share': float('nan')}))
    assert not path.exists()


def test_every_cut_is_noticed(path):
    content = path.read_bytes()
    for length in range(len(content)):
        path.write_bytes(content[:length])
        with pytest.raises(HardChipError, match=r'hard_chips\.jsonl:\d+: '):
            read_round(path)
    lines = content.splitlines(keepends=True)
    for missing in range(len(lines)):
        path.write_bytes(b''.join(lines[:missing] + lines[missing + 1 :]))
        with pytest.raises(HardChipError):
            read_round(path)


def test_every_wrong_bit_is_noticed(path):
    content = path.read_bytes()
    for position in range(len(content)):
        damaged = bytearray(content)
        damaged[position] ^= 1 << position % 8
        path.write_bytes(damaged)
        with pytest.raises(HardChipError, match=r'hard_chips\.jsonl:\d+: '):
            read_round(path)


@pytest.mark.parametrize(
    'content',
    [
        b'',
        b'\n',
        b'\xff\xfe\x00',
        b'PK\x03\x04',
        b'[]\n',
        b'{"images": [], "annotations": []}\n',
        b'{"format": "other"}\n',
        b'null\n{"canvases": 0}\n',
    ],
)
def test_foreign_files_are_refused(path, content):
    path.write_bytes(content)
    with pytest.raises(HardChipError, match=r'jsonl:1: not a file of hard'):
        read_round(path)


def edit(path, line, **values):
    """Change a line as somebody would who makes the digest fit."""
    lines = path.read_text().splitlines()
    lines[line] = json.dumps({**json.loads(lines[line]), **values})
    end = json.loads(lines.pop())
    content = ''.join(f'{row}\n' for row in lines).encode()
    end['sha256'] = hashlib.sha256(content).hexdigest()
    path.write_bytes(content + json.dumps(end).encode() + b'\n')


@pytest.mark.parametrize(
    ('line', 'values', 'fault'),
    [
        (0, {'version': 4}, '1: version 4, expected 5'),
        (0, {'version': None}, '1: version None'),
        (0, {'fingerprint': 'cd' * 32}, '1: mined from other .*cdcdcdcd'),
        (0, {'fingerprint': 3}, '1: damaged .no fingerprint'),
        (0, {'round': 'x'}, '1: damaged .no round'),
        (0, {'counts': None}, '1: damaged .no counts'),
        (0, {'origin': None}, '1: damaged .no origin'),
        (1, {'windows': [[1, 2, 3]], 'scale_inds': [0]}, '2: damaged'),
        (1, {'scale_inds': [0]}, '2: damaged .*2 windows but 1'),
        (1, {'errors': [{'bbox': [0, 0, 1, 1]}]}, '2: damaged'),
        (1, {'chip_errors': [[0]]}, '2: damaged .*2 windows but 1 chip_err'),
        (1, {'chip_errors': [[9], []]}, '2: damaged .*does not exist'),
        (1, {'chip_errors': [[-1], []]}, '2: damaged .*does not exist'),
        (1, {'pastes': [{'patch_id': 1}]}, '2: damaged'),
        (2, {'errors': 3}, '3: damaged'),
        (2, {'other_errors': [3]}, '3: damaged'),
        (2, {'more': 3}, '3: damaged'),
        (3, {'canvases': 3}, '4: damaged .wrong checksum or count'),
    ],
)
def test_faults_name_file_and_line(path, line, values, fault):
    edit(path, line, **values)
    with pytest.raises(HardChipError, match=f'jsonl:{fault}') as info:
        read_round(path, 'ab' * 32)
    assert '\n' not in str(info.value)


def test_a_stale_round_can_be_read_without_asking(path):
    assert read_round(path).fingerprint == 'ab' * 32
    with pytest.raises(HardChipError, match='expected 000000000000'):
        read_round(path, '0' * 64)


def test_an_absent_file(tmp_path):
    with pytest.raises(HardChipError, match=r'a\.jsonl: cannot be read: No'):
        read_round(tmp_path / 'a.jsonl')


GOOD = MinedCanvas(
    0,
    7,
    'a',
    [Paste(3, (5.0, 6.0, 70.5, 80.0), 1.25, -3.5, True, 0.9, 2)],
    [(0, 0, 64, 64)],
    [1],
    [ErrorBox((1, 2, 3, 4), 'background', 3, -1, 0.75)],
).to_dict()


def test_values_of_the_right_types_are_taken():
    assert MinedCanvas.from_dict(GOOD).to_dict() == GOOD


@pytest.mark.parametrize(
    ('part', 'name', 'value'),
    [
        (None, 'image', '7'),
        (None, 'image', 2**70),
        (None, 'source', 1.5),
        (None, 'img_id', 3),
        (None, 'scale_inds', ['1']),
        (None, 'windows', [[0, 0, 1, 'x']]),
        (None, 'windows', [[0, 0, 1, 1e30]]),
        ('pastes', 'scale', None),
        ('pastes', 'flip', 'yes'),
        ('pastes', 'bbox', [0, 0, 1, float('inf')]),
        ('errors', 'kind', 3),
        ('errors', 'score', '0.5'),
        ('errors', 'det_bbox', [1, 2]),
    ],
)
def test_values_of_other_types_are_refused(part, name, value):
    values = deepcopy(GOOD)
    (values if part is None else values[part][0])[name] = value
    with pytest.raises(ValueError, match=f'{name} is|window'):
        MinedCanvas.from_dict(values)
