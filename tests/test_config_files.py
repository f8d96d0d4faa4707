import copy

import pytest
from mmengine.config import Config

import mmhcm
from mmhcm.config_files import (
    SCOPE,
    config,
    deferred_references,
    resolve_references,
)
from tests.support.fresh_python import run_python
from tests.support.tiny_run import REPO

LEAF = 'hcm/faster-rcnn_r50_fpn_hcm_visdrone.py'


def resolve(**values):
    resolve_references(values)
    return values


def test_resolve_references_gives_values_text_and_lengths():
    values = resolve(
        scales=[dict(window=1)],
        root='r',
        classes=('a', 'b'),
        part=dict(
            scales='${scales}',
            path='${root}/x/${root}',
            names=('${classes}', '${len(classes)}'),
            other='$root {root} ${ root }',
        ),
    )
    assert values['part'] == dict(
        scales=[dict(window=1)],
        path='r/x/r',
        names=(('a', 'b'), 2),
        other='$root {root} ${ root }',
    )
    values['part']['scales'][0]['window'] = 2
    assert values['scales'] == [dict(window=1)]


def test_resolve_references_follows_chains_in_any_order():
    chain = dict(c='${b}', b='${a}/b', a='x')
    assert resolve(**chain) == dict(c='x/b', b='x/b', a='x')
    assert resolve(**dict(reversed(chain.items())))['c'] == 'x/b'


def test_resolve_references_twice_changes_nothing():
    values = resolve(a=1, b=['${a}', dict(c=('${a}',))])
    again = copy.deepcopy(values)
    resolve_references(again)
    assert again == values


@pytest.mark.parametrize(
    ('values', 'message'),
    [
        (dict(a=dict(b=['${c}'])), r"a.b.0 = '\$\{c\}': no c is set"),
        (dict(a='${b}', b='${a}'), 'a: refers to itself, by a -> b'),
        (dict(n='${len(c)}', c='boat'), r"c must be a list .*\('boat',\)"),
    ],
    ids=['absent', 'cycle', 'text has a length'],
)
def test_resolve_references_names_the_fault(values, message):
    with pytest.raises(ValueError, match=message):
        resolve_references(values)


def test_foreign_configs_keep_what_looks_like_a_reference():
    assert Config(dict(path='${HOME}/x')).path == '${HOME}/x'


def test_a_child_sets_values_of_its_base(tmp_path):
    child = tmp_path / 'child.py'
    child.write_text(
        f"_base_ = '{SCOPE}{LEAF}'\n"
        "data_root = 'elsewhere'\n"
        'scales = [dict(window=99, valid_range=(0, None))]\n'
    )
    cfg = Config.fromfile(child)
    chips = cfg.train_dataloader.dataset
    assert chips.dataset.data_root == 'elsewhere/VisDrone2019-DET-train'
    assert chips.scales == cfg.tta_pipeline[1].scales == cfg.scales
    assert cfg.scales[0].window == 99
    assert '${' not in cfg.pretty_text
    with deferred_references():
        assert Config.fromfile(child).train_dataset.data_root.startswith('${')


def test_config_finds_files_and_folders():
    assert config(LEAF) == config(SCOPE + LEAF) == str(REPO / 'configs' / LEAF)
    assert mmhcm.config('table1') == str(REPO / 'configs' / 'table1')
    with pytest.raises(FileNotFoundError, match=r'mmhcm::hcm/absent\.py'):
        config('hcm/absent.py')


def test_bases_of_mmdetection_are_found_without_metafiles(monkeypatch):
    monkeypatch.setattr('mmengine.config.utils.load', lambda *_: 1 / 0)
    name = '_base_/models/retinanet_r50_fpn.py'
    path, scope = Config._get_cfg_path(f'mmdet::{name}', 'a.py')
    assert path.endswith(f'mmdet/.mim/configs/{name}')
    assert scope == 'mmdet'
    # As MMEngine says it, who looks there too.
    monkeypatch.undo()
    with pytest.raises(FileNotFoundError, match=r'_base_/absent\.py'):
        Config._get_cfg_path('mmdet::_base_/absent.py', 'a.py')


# Without custom imports, which take seconds.
DATA = '_base_/datasets/visdrone_chips.py'
BY_PATH = f"""'{REPO / 'configs' / DATA}'
custom_imports = dict(imports=['mmhcm'])"""


@pytest.mark.parametrize(
    ('base', 'first'),
    [
        (repr(SCOPE + DATA), 'import mmhcm, mmengine'),
        (repr(SCOPE + DATA), 'import mmengine, mmhcm'),
        (f"__import__('mmhcm').config({DATA!r})", 'import mmengine'),
        (BY_PATH, 'import mmengine'),
    ],
    ids=['before', 'after', 'without import', 'by path'],
)
def test_bases_work_in_any_program(tmp_path, base, first):
    child = tmp_path / 'child.py'
    child.write_text(f'_base_ = {base}\nscales = []\n')
    code = (
        f'{first}\n'
        'from mmengine.config import Config\n'
        f'cfg = Config.fromfile({str(child)!r})\n'
        'print(cfg.train_dataloader.dataset.scales)'
    )
    assert run_python(code, cwd=tmp_path).strip() == '[]'
