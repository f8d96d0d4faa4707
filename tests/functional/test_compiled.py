import resource

import numba
import pytest

from mmhcm.functional.compiled import compiled


def _double(value):
    return value * 2


def test_compiled_functions_are_kept():
    assert compiled(_double) is compiled(_double)
    assert compiled(_double)(4) == 8
    assert compiled(_double, 'f8(f8)')(1.5) == 3


@pytest.mark.parametrize('signature', [None, 'i8(i8)'])
def test_uncached_functions_are_compiled_each_time(signature):
    # without a file, Numba has no cache folder
    namespace = {}
    exec('def square(value):\n    return value * value', namespace)
    square = compiled(namespace['square'], signature)
    assert square is not namespace['square']
    assert square(7) == 49


def _triple(value):
    return value * 3


def _fourfold(value):
    return value * 4


@pytest.mark.parametrize(
    ('function', 'signature'), [(_triple, None), (_fourfold, 'i8(i8)')]
)
def test_full_disk_does_not_stop_compilation(
    tmp_path, monkeypatch, function, signature
):
    monkeypatch.setattr(numba.config, 'CACHE_DIR', str(tmp_path))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10, hard))
    try:
        value = compiled(function, signature)(5)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert value == function(5)
    # Writing was tried and left no partial file.
    assert list(tmp_path.iterdir())
    assert not [path for path in tmp_path.rglob('*') if path.is_file()]
