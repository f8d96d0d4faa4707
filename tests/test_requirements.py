"""The lock holds what pyproject.toml asks for."""

import re
import runpy
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.support.toml_files import toml

ROOT = Path(__file__).parents[1]
PROJECT = toml.loads((ROOT / 'pyproject.toml').read_text())['project']
EXTRAS = PROJECT['optional-dependencies']
ASKED = [
    *PROJECT['dependencies'],
    *(
        entry
        for name in ('openmmlab', 'mmdetection', 'torchvision', 'ensemble')
        for entry in EXTRAS[name]
        if not entry.startswith('mmhcm[')
    ),
    *EXTRAS['dev'],
]
PYTHONS = ('3.10', '3.11', '3.12', '3.13')


def _pins(python, *names):
    """Read the versions that a Python gets, by package."""
    pins = {}
    for name in names or ('build.txt', 'lock.txt'):
        for line in (ROOT / 'requirements' / name).read_text().splitlines():
            if not line or line.startswith('#'):
                continue
            pin = Requirement(line)
            assert re.fullmatch(r'==[\w.]+', str(pin.specifier)), line
            if pin.marker is None or pin.marker.evaluate(
                {'python_version': python}
            ):
                package = canonicalize_name(pin.name)
                assert package not in pins, line
                pins[package] = str(pin.specifier).removeprefix('==')
    return pins


@pytest.mark.parametrize('python', PYTHONS)
@pytest.mark.parametrize('asked', ASKED)
def test_lock_satisfies_project(asked, python):
    requirement = Requirement(asked)
    pins = _pins(python)
    assert canonicalize_name(requirement.name) in pins
    version = pins[canonicalize_name(requirement.name)]
    assert requirement.specifier.contains(version)


def test_compiled_mmcv_satisfies_project():
    (asked,) = (
        Requirement(entry)
        for entry in EXTRAS['openmmlab-full']
        if not entry.startswith('mmhcm[')
    )
    assert asked.specifier.contains(_pins('3.11', 'full.txt')['mmcv'])


def test_pythons_are_those_of_the_project():
    wanted = Requirement(f'python{PROJECT["requires-python"]}').specifier
    every = [f'3.{minor}' for minor in range(20)]
    assert [p for p in every if wanted.contains(f'{p}.1')] == [*PYTHONS]
    options = runpy.run_path(str(ROOT / 'requirements/check_python.py'))
    assert options['OLDEST'] == tuple(map(int, PYTHONS[0].split('.')))
    assert options['NEWEST'] == tuple(map(int, PYTHONS[-1].split('.')))


def test_families_are_exclusive():
    families = [
        {
            canonicalize_name(Requirement(entry).name)
            for name in names
            for entry in EXTRAS[name]
        }
        for names in (
            ('mmdetection', 'openmmlab', 'openmmlab-full'),
            ['onedl'],
        )
    ]
    assert families[0].isdisjoint(families[1])
