"""Agreement of docs/settings.md with the signatures in the code."""

import ast
import inspect
import re
from dataclasses import MISSING
from math import inf
from pathlib import Path

import pytest

from mmhcm.apis.report import MiningReportHook
from mmhcm.datasets import CanvasDataset, ChipDataset, ChipSampler
from mmhcm.datasets.transforms import CropChip, ResizeToScale, ViewsOfImage
from mmhcm.engine.hooks import HardChipMiningHook
from mmhcm.engine.mining import MiningSettings
from mmhcm.evaluation import HardChipMetric
from mmhcm.functional.chips import ChipScale
from mmhcm.functional.pasting import PasteOptions
from mmhcm.models import FocusRPNHead, FocusTTA, MultiScaleTTA, SliceTTA
from mmhcm.models.autofocus import FocusHead
from mmhcm.structures.pool import PoolOptions

PAGE = Path(__file__).parents[1] / 'docs' / 'settings.md'
CLASSES = [
    CanvasDataset,
    ChipDataset,
    ChipSampler,
    ChipScale,
    CropChip,
    FocusHead,
    FocusRPNHead,
    FocusTTA,
    HardChipMetric,
    HardChipMiningHook,
    MiningReportHook,
    MiningSettings,
    MultiScaleTTA,
    PasteOptions,
    PoolOptions,
    ResizeToScale,
    SliceTTA,
    ViewsOfImage,
]
REQUIRED = inspect.Parameter.empty


def page_settings():
    """Read {class name: {setting: default}} from the page."""
    sections = re.split(r'^## ', PAGE.read_text(), flags=re.MULTILINE)[1:]
    settings = {}
    for section in sections:
        name, *lines = section.splitlines()
        rows = [line for line in lines if line.startswith('| `')]
        cells = [
            [c.strip() for c in row.strip('|').split('|')] for row in rows
        ]
        settings[name] = {
            row[0].strip('`'): _default(row[3].strip('`')) for row in cells
        }
        assert all(len(row) == 5 and row[4] for row in cells)
    return settings


def _default(text):
    if text == '*required*':
        return REQUIRED
    return inf if text == 'inf' else ast.literal_eval(text)


def true_settings(cls):
    """Read {setting: default}, without bases that the page lists too."""
    settings = {}
    for base in reversed(cls.__mro__):
        is_listed = base in CLASSES and base is not cls
        if is_listed or not base.__module__.startswith('mmhcm.'):
            continue
        if '__init__' in vars(base):
            settings |= _defaults(base)
    return settings or _defaults(cls)


def _defaults(cls):
    made = {
        name: field.default_factory()
        for name, field in getattr(cls, '__dataclass_fields__', {}).items()
        if field.default_factory is not MISSING
    }
    return made | {
        name: parameter.default
        for name, parameter in inspect.signature(cls).parameters.items()
        if name not in made
        and parameter.kind
        not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
    }


@pytest.mark.parametrize('cls', CLASSES, ids=lambda cls: cls.__name__)
def test_page_lists_all_settings_with_true_defaults(cls):
    assert page_settings()[cls.__name__] == true_settings(cls)


def test_page_lists_no_other_class():
    assert sorted(page_settings()) == sorted(cls.__name__ for cls in CLASSES)


def test_every_row_of_the_page_is_read():
    rows = re.findall(r'^\| `', PAGE.read_text(), re.MULTILINE)
    assert len(rows) == sum(map(len, page_settings().values()))
