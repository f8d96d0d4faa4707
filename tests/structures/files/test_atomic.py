import os
import stat
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmhcm.structures.files import atomic, atomic_write, fingerprint


def names(folder):
    return [path.name for path in Path(folder).iterdir()]


def test_a_file_appears_whole(tmp_path):
    path = tmp_path / 'new' / 'folder' / 'a.bin'
    with atomic_write(path) as file:
        file.write(b'one')
        assert not path.exists()
    assert path.read_bytes() == b'one'
    assert names(path.parent) == ['a.bin']


def test_bytes_are_flushed_before_the_rename(tmp_path, monkeypatch):
    steps = []
    fsync, replace = os.fsync, Path.replace

    def note_fsync(handle):
        is_folder = stat.S_ISDIR(os.fstat(handle).st_mode)
        steps.append('folder' if is_folder else os.fstat(handle).st_size)
        fsync(handle)

    def note_replace(self, target):
        steps.append(target.name)
        replace(self, target)

    monkeypatch.setattr(atomic.os, 'fsync', note_fsync)
    monkeypatch.setattr(Path, 'replace', note_replace)
    with atomic_write(tmp_path / 'a') as file:
        file.write(b'one')
    assert steps == [3, 'a', 'folder']


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


def test_fingerprints_ignore_layout_and_tuples():
    array = np.arange(6).reshape(2, 3)
    assert fingerprint(array) == fingerprint(np.asfortranarray(array))
    assert fingerprint((1, (2,))) == fingerprint([1, [2]])
    assert fingerprint({'a': 1, 'b': 2}) == fingerprint({'b': 2, 'a': 1})


def test_fingerprints_are_the_same_in_another_process():
    code = (
        'import numpy as np\n'
        'from mmhcm.structures.files.atomic import fingerprint\n'
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
def test_unsupported_values_have_no_fingerprint(part):
    with pytest.raises(TypeError):
        fingerprint(part)


def leftover(folder, name, age=0.0, locked=False):
    """A temporary file of a killed writer, or of one that lives."""
    handle, temporary = atomic._open_temporary(folder / name)
    path = Path(temporary)
    if not locked:
        os.close(handle)
    now = path.stat().st_mtime
    os.utime(path, (now - age, now - age))
    return path


def test_leftovers_of_killed_writers_are_removed(tmp_path):
    dead = leftover(tmp_path, 'a.bin')
    alive = leftover(tmp_path, 'a.bin', age=1e6, locked=True)
    (tmp_path / '.notes.tmp').touch()
    with atomic_write(tmp_path / 'b.bin') as file:
        file.write(b'new')
    assert sorted(names(tmp_path)) == sorted(
        [alive.name, '.notes.tmp', 'b.bin']
    )
    assert not dead.exists()


def test_leftovers_of_other_machines_are_removed_after_a_day(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(atomic, '_HOST', 'other')
    new = leftover(tmp_path, 'new')
    old = leftover(tmp_path, 'old', age=25 * 3600)
    monkeypatch.undo()
    atomic.remove_leftovers(tmp_path)
    assert names(tmp_path) == [new.name]
    assert not old.exists()


def test_killed_writer_leaves_the_old_and_a_temporary_file(tmp_path):
    path = tmp_path / 'a'
    path.write_bytes(b'old')
    code = (
        'import os, signal\n'
        'from mmhcm.structures.files.atomic import atomic_write\n'
        f'with atomic_write({str(path)!r}) as file:\n'
        '    file.write(bytes(10**6))\n'
        '    os.kill(os.getpid(), signal.SIGKILL)\n'
    )
    subprocess.run([sys.executable, '-c', code], check=False)
    assert path.read_bytes() == b'old'
    (marked,) = {*names(tmp_path)} - {'a'}
    assert marked.startswith('.')
    assert marked.endswith('.mmhcm.tmp')
    atomic.remove_leftovers(tmp_path)
    assert names(tmp_path) == ['a']


def test_writer_whose_temporary_file_is_removed_tries_again(
    tmp_path, monkeypatch
):
    """Between making and locking it, it looks like one."""
    made = []
    mkstemp = atomic.tempfile.mkstemp

    def make(**kwargs):
        handle, name = mkstemp(**kwargs)
        if not made:
            atomic.remove_leftovers(tmp_path)
        made.append(name)
        return handle, name

    monkeypatch.setattr(atomic.tempfile, 'mkstemp', make)
    with atomic_write(tmp_path / 'a') as file:
        file.write(b'new')
    assert len(made) == 2
    assert names(tmp_path) == ['a']


@pytest.fixture
def windows(monkeypatch):
    """Do without locks and without renames of open files."""

    def refuse(*_, **__):
        raise AssertionError

    monkeypatch.setattr(atomic, 'lock_descriptor', refuse)
    monkeypatch.setattr(atomic, '_IS_WINDOWS', True)


def test_files_are_written_whole_on_windows(windows, tmp_path):
    path = tmp_path / 'a'
    path.write_bytes(b'old')
    with pytest.raises(ZeroDivisionError), atomic_write(path):
        1 / 0  # noqa: B018
    assert path.read_bytes() == b'old'
    with atomic_write(path) as file:
        file.write(b'new')
        assert path.read_bytes() == b'old'
    assert path.read_bytes() == b'new'
    assert names(tmp_path) == ['a']


def test_open_files_are_not_renamed_on_windows(windows, tmp_path, monkeypatch):
    files = []
    replace = Path.replace

    def replace_closed(source, target):
        assert files[0].closed
        return replace(source, target)

    monkeypatch.setattr(Path, 'replace', replace_closed)
    with atomic_write(tmp_path / 'a') as file:
        files.append(file)
    assert names(tmp_path) == ['a']


def test_leftovers_are_removed_after_a_day_on_windows(windows, tmp_path):
    new = leftover(tmp_path, 'new')
    old = leftover(tmp_path, 'old', age=25 * 3600)
    atomic.remove_leftovers(tmp_path)
    assert names(tmp_path) == [new.name]
    assert not old.exists()


def test_long_names(tmp_path):
    for name in ('a' * 255, 'ä' * 127):
        with atomic_write(tmp_path / name) as file:
            file.write(b'new')
        assert (tmp_path / name).read_bytes() == b'new'


@pytest.mark.parametrize('step', ['fsync', 'chmod', 'mkstemp', 'replace'])
def test_a_full_disk_at_any_step_leaves_the_old_file(
    tmp_path, monkeypatch, step
):
    path = tmp_path / 'a'
    path.write_bytes(b'old')

    def fail(*_, **__):
        # As the system does, with names or without.
        raise OSError(28, 'No space left on device', str(tmp_path / '.a.x'))

    def fail_without_name(*_, **__):
        raise OSError(28, 'No space left on device')

    if step in ('chmod', 'replace'):
        monkeypatch.setattr(Path, step, fail_without_name)
    elif step == 'mkstemp':
        monkeypatch.setattr(atomic.tempfile, 'mkstemp', fail)
    else:
        monkeypatch.setattr(atomic.os, step, fail_without_name)
    with (
        pytest.raises(OSError, match=r"No space left on device: '.*/a'$"),
        atomic_write(path) as file,
    ):
        file.write(b'new')
    monkeypatch.undo()
    assert path.read_bytes() == b'old'
    assert names(tmp_path) == ['a']


def test_a_folder_in_the_place_of_the_file_is_named(tmp_path):
    path = tmp_path / 'a'
    path.mkdir()
    with (
        pytest.raises(IsADirectoryError, match=r"Is a directory: '.*/a'$"),
        atomic_write(path),
    ):
        pass
    assert names(tmp_path) == ['a']


def test_full_disk_is_found_behind_other_errors(tmp_path):
    """Writers of archives raise errors of their own when they close."""

    def write(hidden, shown):
        with atomic_write(tmp_path / 'a.zip'):
            try:
                raise hidden
            except Exception:
                raise shown  # noqa: B904  (as they do)

    with pytest.raises(OSError, match=r"No space left.*a\.zip'"):
        write(OSError(28, 'No space left on device'), RuntimeError('pos 3'))
    # One with a message of its own keeps it.
    with pytest.raises(OSError, match=r'^cannot identify image$'):
        write(ValueError, OSError('cannot identify image'))
    # Other errors before, and errors of other files, tell nothing.
    with pytest.raises(RuntimeError, match=r'^pos 3$'):
        write(FileNotFoundError(2, 'No such file', 'b'), RuntimeError('pos 3'))
    with pytest.raises(OSError, match=r"No space left on device: 'b'$"):
        write(ValueError, OSError(28, 'No space left on device', 'b'))
    assert names(tmp_path) == []
