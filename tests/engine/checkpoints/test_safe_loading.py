import os
import pickle
import tarfile
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.logging import HistoryBuffer
from mmengine.model import BaseModule
from mmengine.runner import CheckpointLoader
from torch import nn

from mmhcm.engine.checkpoints import load_plain, safe_loading
from tests.support.programs import Program


def by_mmengine(path):
    return CheckpointLoader.load_checkpoint(str(path), map_location='cpu')


LOADERS = {'ours': load_plain, 'mmengine': by_mmengine}
WRITERS = {
    'archive': torch.save,
    'before torch 1.6': lambda value, path: torch.save(
        value, path, _use_new_zipfile_serialization=False
    ),
    'pickle': lambda value, path: Path(path).write_bytes(pickle.dumps(value)),
}


@pytest.mark.parametrize('load', LOADERS.values(), ids=LOADERS)
@pytest.mark.parametrize('write', WRITERS.values(), ids=WRITERS)
def test_a_program_is_refused_and_not_run(tmp_path, load, write):
    path, made = tmp_path / 'a.pth', tmp_path / 'made'
    write({'state_dict': {}, 'meta': Program(made)}, path)
    with pytest.raises(ValueError, match='can be loaded safely') as caught:
        load(path)
    assert not made.exists()
    message = str(caught.value)
    assert message.startswith(f'{path} ')
    assert len(message.splitlines()) == 1
    assert 'mmhcm convert_checkpoint' in message
    # ... while the unsafe loader does run it
    if write is torch.save:
        assert 'posix.mkdir' in message
        torch.load(path, weights_only=False)
        assert made.exists()


@pytest.mark.parametrize('load', LOADERS.values(), ids=LOADERS)
@pytest.mark.parametrize(
    'value', [HistoryBuffer(), np.float64(3)], ids=['buffer', 'scalar']
)
def test_foreign_objects_name_the_converter(tmp_path, load, value):
    torch.save({'message_hub': value}, tmp_path / 'a.pth')
    with pytest.raises(ValueError, match=r'if you trust .*convert_checkpoint'):
        load(tmp_path / 'a.pth')


def test_environment_cannot_turn_off_safe_loading(tmp_path, monkeypatch):
    monkeypatch.setenv('TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD', '1')
    path, made = tmp_path / 'a.pth', tmp_path / 'made'
    torch.save(Program(made), path)
    for load in LOADERS.values():
        with pytest.raises(ValueError, match=r'posix\.mkdir'):
            load(path)
    assert not made.exists()
    assert os.environ['TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD'] == '1'
    assert 'TORCH_FORCE_WEIGHTS_ONLY_LOAD' not in os.environ


@pytest.mark.parametrize(
    'address',
    [
        'https://example.org/a.pth',
        'torchvision://resnet50',
        'open-mmlab://detectron2/resnet50_caffe',
        'mmcls://mobilenet_v2',
    ],
)
def test_addresses_are_loaded_safely(tmp_path, monkeypatch, address):
    """MMEngine loads them through torch.hub, whose default is unsafe."""
    path, made = tmp_path / 'a.pth', tmp_path / 'made'
    torch.save(Program(made), path)
    loaders = 'mmengine.runner.checkpoint'
    monkeypatch.setattr(
        f'{loaders}.load_url',
        lambda *_, **__: torch.load(path, weights_only=False),
    )
    monkeypatch.setattr(
        f'{loaders}.get_torchvision_models', lambda: {'resnet50': 'http://a'}
    )
    with pytest.raises(ValueError, match=r'posix\.mkdir') as caught:
        by_mmengine(address)
    assert str(caught.value).startswith(address)
    assert not made.exists()


def test_every_way_of_mmengine_is_safe():
    assert CheckpointLoader._schemes.keys() == {
        prefix
        for prefixes in safe_loading._PREFIXES.values()
        for prefix in prefixes
    }
    for loader in CheckpointLoader._schemes.values():
        assert loader.__globals__['__name__'] == safe_loading.__name__


def test_initial_weights_are_loaded_safely(tmp_path):
    path, made = tmp_path / 'a.pth', tmp_path / 'made'
    torch.save(Program(made), path)
    config = {'type': 'Pretrained', 'checkpoint': str(path)}
    with pytest.raises(ValueError, match=r'posix\.mkdir'):
        BaseModule(config).init_weights()
    assert not made.exists()


def write_tar(path):
    with tarfile.open(path, 'w') as tar:
        tar.add(__file__, 'storages')


@pytest.mark.parametrize('load', LOADERS.values(), ids=LOADERS)
@pytest.mark.parametrize(
    'write',
    [
        lambda path: path.write_bytes(b''),
        lambda path: path.write_bytes(b'hello\n'),
        lambda path: path.write_bytes(b'PK\x03\x04'),
        lambda path: torch.jit.save(torch.jit.script(nn.ReLU()), path),
        write_tar,
    ],
    ids=['empty', 'text', 'cut', 'script', 'tar'],
)
@pytest.mark.filterwarnings('ignore')
def test_other_files_give_one_line(tmp_path, load, write):
    path = tmp_path / 'a.pth'
    write(path)
    with pytest.raises(ValueError, match='can be loaded safely') as caught:
        load(path)
    message = str(caught.value)
    assert message.startswith(f'{path} ')
    assert len(message.splitlines()) == 1
    assert 'weights_only' not in message


@pytest.mark.parametrize('load', LOADERS.values(), ids=LOADERS)
@pytest.mark.parametrize('archive', [True, False])
def test_plain_values_are_loaded(tmp_path, load, archive):
    path = tmp_path / 'a.pth'
    values = {'state_dict': {'a': torch.arange(3.0)}, 'meta': {'epoch': 3}}
    torch.save(values, path, _use_new_zipfile_serialization=archive)
    loaded = load(path)
    assert loaded['meta'] == values['meta']
    assert torch.equal(loaded['state_dict']['a'], torch.arange(3.0))


@pytest.mark.parametrize('load', LOADERS.values(), ids=LOADERS)
def test_absent_files_raise_file_not_found(tmp_path, load):
    with pytest.raises(FileNotFoundError, match=r'a\.pth'):
        load(tmp_path / 'a.pth')
