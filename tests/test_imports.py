from pathlib import Path

import pytest

import mmhcm
from tests.support.fresh_python import run_python

HEAVY = {'torch', 'torchvision', 'mmcv', 'mmdet', 'mmengine'}


ROOT = Path(mmhcm.__file__).parent


def _modules(*parts):
    # From the files: walk_packages would import the packages right here.
    return sorted(
        '.'.join(path.relative_to(ROOT.parent).with_suffix('').parts)
        for path in ROOT.joinpath(*parts).rglob('*.py')
        if path.name != '__init__.py'
    )


@pytest.mark.parametrize('folder', ['functional', 'structures', None])
def test_lower_floors_pull_in_no_framework(folder):
    names = _modules(folder) if folder else ['mmhcm']
    assert names
    code = (
        f'import sys, {", ".join(names)}\n'
        f'print(*sorted({HEAVY!r} & set(sys.modules)))'
    )
    assert run_python(code).split() == []


@pytest.mark.parametrize('first', ['mmhcm', 'mmdet'])
def test_registered_names_are_unique(first):
    """A name that MMDetection has too fails when the second one registers."""
    ours = f'import {", ".join(_modules())}\n'
    theirs = (
        'from mmdet.utils import register_all_modules\n'
        'register_all_modules()\n'
    )
    run_python(ours + theirs if first == 'mmhcm' else theirs + ours)


def test_lower_floors_need_neither_fcntl_nor_extras():
    """As on Windows, and without the extras of pyproject.toml."""
    absent = ('fcntl', 'ensemble_boxes', 'pandas', 'torch')
    names = _modules('functional') + _modules('structures')
    code = (
        'import sys\n'
        f'sys.modules.update(dict.fromkeys({absent!r}))\n'
        f'import {", ".join(names)}\n'
        'from mmhcm.cli import main\n'
        "main(['evaluate', '--help'])\n"
    )
    assert 'usage: mmhcm evaluate' in run_python(code)


def test_every_folder_is_a_package():
    """A folder without __init__ is left out of an installed package."""
    folders = {path.parent for path in ROOT.rglob('*.py')}
    missing = [f for f in folders if not (f / '__init__.py').is_file()]
    assert not missing
