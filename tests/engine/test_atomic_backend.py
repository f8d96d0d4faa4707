import pytest
from mmengine.fileio import get_file_backend

from mmhcm.engine.atomic_backend import ATOMIC


@pytest.fixture
def backend():
    return get_file_backend(backend_args={'backend': ATOMIC})


def test_bytes_and_texts(backend, tmp_path):
    backend.put(b'\0\1', tmp_path / 'new' / 'a')
    backend.put_text('ä', str(tmp_path / 'b'))
    assert (tmp_path / 'new' / 'a').read_bytes() == b'\0\1'
    assert backend.get_text(tmp_path / 'b') == 'ä'


def test_a_failed_write_leaves_the_file(backend, tmp_path, monkeypatch):
    path = tmp_path / 'a'
    backend.put(b'old', path)

    def fail(handle):
        raise OSError(28, 'No space left on device')

    monkeypatch.setattr('mmhcm.structures.files.os.fsync', fail)
    with pytest.raises(OSError, match=f"No space left on device: '{path}'"):
        backend.put(b'new', path)
    assert path.read_bytes() == b'old'
    assert list(tmp_path.iterdir()) == [path]
