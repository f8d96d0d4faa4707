import sys

import pytest

from mmhcm.functional.compiled import compiled


def _double(value):
    return value * 2


def test_compiled_functions_are_kept():
    assert compiled(_double) is compiled(_double)
    assert compiled(_double)(4) == 8
    assert compiled(_double, 'f8(f8)')(1.5) == 3


def test_without_numba_there_is_none(monkeypatch):
    monkeypatch.setitem(sys.modules, 'numba', None)

    def triple(value):
        return value * 3

    assert compiled(triple) is None


@pytest.mark.parametrize('signature', [None, 'i8(i8)'])
def test_what_cannot_be_cached_is_compiled_each_time(signature):
    # no file, and so no place beside it or in the home folder
    namespace = {}
    exec('def square(value):\n    return value * value', namespace)
    square = compiled(namespace['square'], signature)
    assert square is not namespace['square']
    assert square(7) == 49
