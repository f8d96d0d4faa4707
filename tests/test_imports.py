import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest

import mmhcm

HEAVY = {'torch', 'torchvision', 'mmcv', 'mmdet', 'mmengine'}


def _modules(prefix):
    return [
        module.name
        for module in pkgutil.walk_packages(mmhcm.__path__, 'mmhcm.')
        if f'{module.name}.'.startswith(f'{prefix}.')
    ]


def _run(code):
    return subprocess.run(
        [sys.executable, '-W', 'ignore', '-c', code],
        capture_output=True,
        text=True,
        timeout=300,
    )


@pytest.mark.parametrize(
    'prefix', ['mmhcm.functional', 'mmhcm.structures', None]
)
def test_lower_floors_pull_in_no_framework(prefix):
    names = _modules(prefix) if prefix else ['mmhcm']
    assert names
    code = (
        f'import sys, {", ".join(names)}\n'
        f'print(*sorted({HEAVY!r} & set(sys.modules)))'
    )
    result = _run(code)
    assert result.returncode == 0, result.stderr
    assert result.stdout.split() == []


@pytest.mark.parametrize('first', ['mmhcm', 'mmdet'])
def test_registered_names_are_unique(first):
    """A name that MMDetection has too fails when the second one registers."""
    ours = f'import {", ".join(_modules("mmhcm"))}\n'
    theirs = (
        'from mmdet.utils import register_all_modules\n'
        'register_all_modules()\n'
    )
    result = _run(ours + theirs if first == 'mmhcm' else theirs + ours)
    assert result.returncode == 0, result.stderr


def test_every_folder_is_a_package():
    """A folder without __init__ is left out of an installed package."""
    root = Path(mmhcm.__file__).parent
    folders = {path.parent for path in root.rglob('*.py')}
    missing = [f for f in folders if not (f / '__init__.py').is_file()]
    assert not missing
