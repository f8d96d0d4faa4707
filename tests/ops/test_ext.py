import subprocess
import sys

import pytest

from mmhcm.operator_finder import OperatorFinder, register_finder
from mmhcm.ops import ext, name_backend
from tests.support.operators import needs_compiled


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


def test_stand_ins_serve_an_mmcv_without_operators():
    """Hide the compiled operators, if there are any, and detect."""
    code = (
        'import sys, importlib.machinery as m\n'
        'find = m.PathFinder.find_spec\n'
        'm.PathFinder.find_spec = staticmethod(lambda name, *a: None '
        "if name == 'mmcv._ext' else find(name, *a))\n"
        'import mmhcm\n'
        'from mmcv.ops import get_compiler_version, nms\n'
        'from mmhcm.ops import name_backend\n'
        'import numpy as np\n'
        'bboxes = np.float32([[0, 0, 9, 9], [1, 1, 9, 9]])\n'
        'print(nms(bboxes, np.float32([0.8, 0.9]), 0.5)[1])\n'
        "print(get_compiler_version(), name_backend('cpu'))\n"
    )
    result = subprocess.run(
        [sys.executable, '-W', 'ignore', '-c', code],
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert result.returncode == 0, result.stderr
    lines = result.stdout.splitlines()
    assert lines[0] == '[1]'
    assert lines[1].startswith('none (stand-ins of mmhcm) stand-ins by ')


def test_backend_has_a_name():
    assert name_backend('cpu') in (
        'compiled mmcv',
        'stand-ins by torchvision',
        'stand-ins by PyTorch and NumPy',
    )
