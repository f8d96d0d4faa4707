import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmhcm.structures.files import atomic_write, fingerprint


def names(folder):
    return [path.name for path in Path(folder).iterdir()]


def test_a_file_appears_whole(tmp_path):
    path = tmp_path / 'new' / 'folder' / 'a.bin'
    with atomic_write(path) as file:
        file.write(b'one')
        assert not path.exists()
    assert path.read_bytes() == b'one'
    assert names(path.parent) == ['a.bin']


def test_permissions_are_those_of_any_new_file(tmp_path):
    with atomic_write(tmp_path / 'a') as file:
        file.write(b'')
    (tmp_path / 'b').write_bytes(b'')
    modes = [(tmp_path / name).stat().st_mode for name in 'ab']
    assert modes[0] == modes[1]


@pytest.mark.parametrize('error', [ValueError('x'), KeyboardInterrupt()])
def test_a_fault_leaves_the_old_file(tmp_path, error):
    path = tmp_path / 'a'
    path.write_bytes(b'old')

    def write():
        with atomic_write(path) as file:
            file.write(b'new')
            raise error

    with pytest.raises(type(error)):
        write()
    assert path.read_bytes() == b'old'
    assert names(tmp_path) == ['a']


def test_errors_of_the_disk_name_the_file(tmp_path):
    path = tmp_path / 'results.zip'

    def write(error):
        with atomic_write(path):
            raise error

    with pytest.raises(OSError, match=r"No space left.*results\.zip'"):
        write(OSError(28, 'No space left on device'))
    # One with a message of its own keeps it.
    with pytest.raises(OSError, match=r'^cannot identify image$'):
        write(OSError('cannot identify image'))
    (tmp_path / 'file').write_bytes(b'')
    with (
        pytest.raises(OSError, match='file'),
        atomic_write(tmp_path / 'file' / 'a'),
    ):
        pass


PARTS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=2), inner, max_size=2)
    ),
    max_leaves=4,
) | st.binary(max_size=4)


@given(st.lists(PARTS, max_size=3), st.lists(PARTS, max_size=3))
def test_fingerprints_are_equal_when_the_parts_are(parts1, parts2):
    same = sorted_repr(parts1) == sorted_repr(parts2)
    assert (fingerprint(*parts1) == fingerprint(*parts2)) == same
    assert fingerprint(*parts1) == fingerprint(*parts1)


def sorted_repr(value):
    # By repr, since True == 1 in Python but is another setting.
    if isinstance(value, dict):
        return repr(sorted((k, sorted_repr(v)) for k, v in value.items()))
    if isinstance(value, list):
        return [sorted_repr(item) for item in value]
    return repr(value)


@pytest.mark.parametrize(
    ('parts1', 'parts2'),
    [
        ((np.zeros(3),), (np.zeros((3, 1)),)),
        ((np.zeros(2, np.int64),), (np.zeros(2, np.float64),)),
        ((np.zeros(1), np.zeros(1)), (np.zeros(2),)),
        ((b'1',), ('1',)),
        (('a', 'b'), ('ab',)),
        (('a', ''), ('a',)),
        ((b'a\0b',), (b'a', b'b')),
    ],
)
def test_fingerprints_differ(parts1, parts2):
    assert fingerprint(*parts1) != fingerprint(*parts2)


def test_fingerprints_know_no_layout_and_no_tuples():
    array = np.arange(6).reshape(2, 3)
    assert fingerprint(array) == fingerprint(np.asfortranarray(array))
    assert fingerprint((1, (2,))) == fingerprint([1, [2]])
    assert fingerprint({'a': 1, 'b': 2}) == fingerprint({'b': 2, 'a': 1})


def test_fingerprints_are_the_same_in_another_process():
    code = (
        'import numpy as np\n'
        'from mmhcm.structures.files import fingerprint\n'
        "print(fingerprint(np.arange(4.0), {'b': [1, 'ä'], 'a': None}))"
    )
    outputs = {
        subprocess.run(
            [sys.executable, '-c', code],
            env={**os.environ, 'PYTHONHASHSEED': seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in '12'
    }
    own = fingerprint(np.arange(4.0), {'b': [1, 'ä'], 'a': None})
    assert outputs == {own + '\n'}


@pytest.mark.parametrize(
    'part', [np.array([{}]), np.float32(1), {1, 2}, object()]
)
def test_what_has_no_fingerprint(part):
    with pytest.raises(TypeError):
        fingerprint(part)
