"""Rows of the tables differ from those they are compared with as declared."""

import re
from copy import deepcopy
from functools import cache

import pytest
from mmdet.registry import METRICS

from mmhcm.apis.tables.configs import (
    check_start,
    config_differences,
    config_hash,
    is_below,
    resolve_config,
)
from mmhcm.apis.tables.rows import read_table
from mmhcm.apis.tables.runner import TableRunner
from mmhcm.apis.tables.settings import RunSettings
from mmhcm.cli import run_table
from tests.support.tiny_run import REPO

TABLES = {
    path.rsplit('/', 1)[-1]: read_table(REPO / path)
    for path in (
        'configs/table1',
        'configs/comparators',
        'configs/recipe',
        'projects/visdrone_lowdata/cpu.json',
        'projects/visdrone_lowdata/gpu.json',
    )
}
ROWS = [(name, row.id) for name, table in TABLES.items() for row in table.rows]
SCALES = [
    {'window': 64, 'valid_range': (0, 32)},
    {'window': 128, 'valid_range': (24, float('inf'))},
]


@cache
def _config(path):
    return resolve_config(path, [])


def config_of(name, row_id):
    return deepcopy(_config(TABLES[name].row(row_id).config))


@pytest.mark.parametrize(('name', 'row_id'), ROWS)
def test_a_row_differs_from_its_parent_as_declared(name, row_id):
    row = TABLES[name].row(row_id)
    if row.parent is None:
        assert not row.differs
        return
    keys = config_differences(
        config_of(name, row_id), config_of(name, row.parent)
    )
    other = TABLES[name].row(row.parent)
    assert [key for key in keys if not is_below(key, row.differs)] == []
    if row.checkpoint_of is None:
        # Nothing is declared that does not differ.
        unused = [d for d in row.differs if not any(
            is_below(key, [d]) for key in keys
        )]  # fmt: skip
        assert unused == []
    else:
        assert keys or row.tta != other.tta


@pytest.mark.parametrize(('name', 'row_id'), ROWS)
def test_row_may_go_on_from_the_row_it_names(name, row_id):
    row = TABLES[name].row(row_id)
    cfg = config_of(name, row_id)
    if row.shares is None:
        return
    check_start(row, row.shares, cfg, config_of(name, row.shares.row))
    # Its checkpoint is there until the end of the training.
    shared = TABLES[name].row(row.shares.row)
    checkpoint = config_of(name, shared.id).default_hooks.checkpoint
    kept = shared.cfg_options.get(
        'default_hooks.checkpoint.max_keep_ckpts',
        checkpoint.get('max_keep_ckpts', -1),
    )
    assert row.shares.epoch % checkpoint.interval == 0
    written_after = (
        cfg.train_cfg.max_epochs - row.shares.epoch
    ) // checkpoint.interval
    assert kept == -1 or kept > written_after


@pytest.mark.parametrize(('name', 'row_id'), ROWS)
def test_mining_of_each_row_can_be_built(name, row_id):
    hook = config_of(name, row_id).default_hooks.get('mining')
    if hook is not None:
        METRICS.build({**hook.metric, 'scales': SCALES})
        assert hook.get('predict', 'detections') == {
            'HardChipMetric': 'detections',
            'NegativeChipMetric': 'proposals',
        }.get(hook.metric.type, 'nothing')


def test_every_comparator_has_a_row():
    named = {row.config for row in TABLES['comparators'].rows}
    folder = REPO / 'configs' / 'comparators'
    assert set(folder.glob('*.py')) <= named
    assert {path for path in (REPO / 'configs' / 'table1').glob('*.py')} == {
        row.config for row in TABLES['table1'].rows
    }


def test_rows_of_both_tables_are_trained_once(tmp_path):
    settings = RunSettings(tmp_path)
    tables = [TABLES['table1'], TABLES['comparators']]
    runs = [
        {run.row.id: run for run in TableRunner(table, settings).runs()}
        for table in tables
    ]
    common = {row.id for row in TABLES['table1'].rows} & {
        row.id for row in TABLES['comparators'].rows
    }
    assert common == {'chips', 'pasting-only', 'hcm-no-pasting', 'hcm', 'ours'}
    for row_id in common:
        digests = {config_hash(part[row_id].config) for part in runs}
        assert len(digests) == 1
        starts = {table.row(row_id).shares for table in tables}
        assert len(starts) == 1


def test_recipe_starts_from_coco_weights_on_eight_gpus(capsys):
    status = run_table.main(
        [
            str(REPO / 'configs/recipe'),
            '--dry-run',
            *('--launcher', 'pytorch', '--num-processes', '8'),
        ]
    )
    lines = capsys.readouterr().out.splitlines()
    assert status == 0
    assert sum('mmhcm.cli.train' in line for line in lines) == 3
    assert sum('--nproc_per_node 8' in line for line in lines) == 6
    assert sum('--slices' in line for line in lines) == 1
    assert sum('--tta' in line for line in lines) == 2
    fusion = next(line for line in lines if 'mmhcm.cli.ensemble' in line)
    assert fusion.count('results.zip') == 4
    for row in TABLES['recipe'].rows:
        cfg = config_of('recipe', row.id)
        assert re.search(r'_coco[-_\w]*\.pth$', cfg.load_from)
        assert cfg.default_hooks.mining.type == 'HardChipMiningHook'
        assert cfg.optim_wrapper.type == 'AmpOptimWrapper'


@pytest.mark.parametrize('name', ['table1', 'comparators', 'recipe'])
def test_the_readme_has_a_line_for_every_row(name):
    text = (REPO / 'configs' / name / 'README.md').read_text()
    for row in TABLES[name].rows:
        assert f'| `{row.id}` |' in text
        assert row.config.name in text


def test_the_study_names_all_its_rows():
    text = (REPO / 'projects/visdrone_lowdata/README.md').read_text()
    for name in ('cpu.json', 'gpu.json'):
        missing = [r.id for r in TABLES[name].rows if f'`{r.id}`' not in text]
        assert missing == []
