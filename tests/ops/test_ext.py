import runpy
import sys
from pathlib import Path

import pytest

from mmhcm.operator_finder import OperatorFinder, register_finder
from mmhcm.ops import ext, name_backend
from tests.support.fresh_python import run_python
from tests.support.operators import needs_compiled

REPO = Path(__file__).parents[2]


def test_operator_without_stand_in_names_itself_and_the_remedy():
    with pytest.raises(ImportError) as caught:
        ext.nms_rotated(1, multi_label=2)
    message = str(caught.value)
    assert "mmcv's operator nms_rotated has no stand-in" in message
    assert 'make .venv MMCV=full' in message
    assert '\n' not in message


def test_absent_special_names_are_absent():
    assert not hasattr(ext, '__path__')


def test_finder_is_registered_once():
    register_finder()
    assert sys.meta_path.count(OperatorFinder) == 1
    assert OperatorFinder.find_spec('mmcv') is None


@needs_compiled
def test_compiled_operators_are_used_as_they_are():
    import mmcv._ext

    assert mmcv._ext.__file__.endswith(('.so', '.pyd'))


HIDE = """
import importlib.machinery as machinery
find = machinery.PathFinder.find_spec
machinery.PathFinder.find_spec = staticmethod(
    lambda name, *a: None if name == 'mmcv._ext' else find(name, *a)
)
"""
DETECT = """
import numpy as np
from mmcv.ops import get_compiler_version, nms
bboxes = np.float32([[0, 0, 9, 9], [1, 1, 9, 9]])
print(nms(bboxes, np.float32([0.8, 0.9]), 0.5)[1])
print(get_compiler_version())
from mmhcm.ops import name_backend
print(name_backend('cpu'))
"""


@pytest.mark.parametrize('first', ['mmhcm', 'mmdet'])
def test_stand_ins_serve_an_mmcv_without_operators(first):
    """With compiled operators hidden, if there are any."""
    if first == 'mmhcm':
        begin = 'import mmhcm\n'
    else:
        setup = runpy.run_path(str(REPO / 'setup.py'))
        # As an installed mmhcm lets Python do at its start.
        begin = setup['PTH'] + 'import mmdet.models\n'
    lines = run_python(HIDE + begin + DETECT).splitlines()
    assert lines[:2] == ['[1]', 'none (stand-ins of mmhcm)']
    assert lines[2].startswith('stand-ins by ')


def test_backend_has_a_name():
    assert name_backend('cpu') in (
        'compiled mmcv',
        'stand-ins by torchvision',
        'stand-ins by PyTorch and NumPy',
    )
