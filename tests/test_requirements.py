"""The lock holds what pyproject.toml asks for."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / 'pyproject.toml').read_text())['project']
EXTRAS = PROJECT['optional-dependencies']
ASKED = [
    *PROJECT['dependencies'],
    *EXTRAS['openmmlab'],
    *EXTRAS['dev'],
]


def _pins():
    pins = {}
    for name in ('build.txt', 'lock.txt'):
        for line in (ROOT / 'requirements' / name).read_text().splitlines():
            if line and not line.startswith('#'):
                assert re.fullmatch(r'[\w.-]+==[\w.]+', line), line
                package, version = line.split('==')
                assert canonicalize_name(package) not in pins, line
                pins[canonicalize_name(package)] = version
    return pins


@pytest.mark.parametrize('asked', ASKED)
def test_lock_satisfies_project(asked):
    requirement = Requirement(asked)
    pins = _pins()
    assert canonicalize_name(requirement.name) in pins
    version = pins[canonicalize_name(requirement.name)]
    assert requirement.specifier.contains(version)


def test_families_are_exclusive():
    families = [
        {canonicalize_name(Requirement(entry).name) for entry in EXTRAS[name]}
        for name in ('openmmlab', 'onedl')
    ]
    assert families[0].isdisjoint(families[1])
