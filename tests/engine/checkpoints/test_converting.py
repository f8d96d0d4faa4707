from collections import OrderedDict

import numpy as np
import pytest
import torch
from mmengine.config import ConfigDict
from mmengine.logging import HistoryBuffer
from mmengine.runner import CheckpointLoader
from torch import nn

from mmhcm.engine.checkpoints import convert_checkpoint, load_plain


def published(weights):
    """A checkpoint with all that MMDetection 3 puts into its own."""
    buffer = HistoryBuffer()
    buffer.update(1.5)
    return {
        'meta': {
            'epoch': 12,
            'iter': np.int64(87972),
            'cfg': "model = dict(type='FasterRCNN')\n",
            'seed': 0,
            'experiment_name': 'faster-rcnn_r50_fpn_1x_coco',
            'time': '20220504_163544',
            'mmengine_version': '0.1.0',
            'dataset_meta': ConfigDict(
                classes=('person', 'car'), palette=[(220, 20, 60)] * 2
            ),
            'hook_msgs': {'best_score': np.float64(0.4)},
        },
        'state_dict': OrderedDict(weights),
        'message_hub': {
            'log_scalars': {'train/loss': buffer},
            'runtime_info': OrderedDict(iter=87972),
            'resumed_keys': OrderedDict(),
        },
        'optimizer': {'state': {}, 'param_groups': [{'lr': 0.02}]},
        'param_schedulers': [{'last_step': np.int64(12)}],
    }


@pytest.fixture
def paths(tmp_path):
    return tmp_path / 'coco.pth', tmp_path / 'out' / 'plain.pth'


@pytest.mark.parametrize('archive', [True, False])
def test_a_published_checkpoint(paths, archive):
    source, out = paths
    weights = nn.Linear(2, 3).state_dict()
    torch.save(
        published(weights), source, _use_new_zipfile_serialization=archive
    )
    with pytest.raises(ValueError, match='convert_checkpoint'):
        load_plain(source)
    done = convert_checkpoint(source, out)
    assert done.num_weights == 2
    assert {'message_hub', 'optimizer', 'meta.cfg'} <= set(done.left_out)
    loaded = CheckpointLoader.load_checkpoint(str(out), map_location='cpu')
    assert loaded['meta'] == {
        'epoch': 12,
        'iter': 87972,
        'dataset_meta': {'classes': ('person', 'car')},
    }
    assert loaded.keys() == {'meta', 'state_dict'}
    assert list(loaded['state_dict']) == list(weights)
    for name, value in weights.items():
        assert torch.equal(loaded['state_dict'][name], value)


def test_kinds_of_checkpoints(paths):
    source, out = paths
    weights = {'w': nn.Parameter(torch.ones(2)), 'step': 3}
    torch.save(weights, source)
    done = convert_checkpoint(source, out)
    assert (done.meta, done.left_out) == ({}, ('step',))
    loaded = load_plain(out)['state_dict']
    assert type(loaded['w']) is torch.Tensor
    assert not loaded['w'].requires_grad
    # of MMDetection 2
    torch.save({'meta': {'CLASSES': ['a']}, 'state_dict': weights}, source)
    meta = convert_checkpoint(source, out).meta
    assert meta == {'dataset_meta': {'classes': ('a',)}}


def test_views_do_not_bring_their_whole_storage(paths):
    source, out = paths
    torch.save({'w': torch.zeros(1_000_000)[:2]}, source)
    convert_checkpoint(source, out)
    assert out.stat().st_size < 10_000


@pytest.mark.parametrize(
    'value', [[1, 2], {'epoch': 3}, {'state_dict': [1]}, {}, torch.ones(2)]
)
def test_no_weights(paths, value):
    source, out = paths
    torch.save(value, source)
    with pytest.raises(ValueError, match=r'coco\.pth holds no weights'):
        convert_checkpoint(source, out)
    assert not out.exists()


def test_invalid_files_are_not_converted(paths):
    source, out = paths
    for content in (b'', b'hello', b'PK\x03\x04'):
        source.write_bytes(content)
        with pytest.raises(ValueError, match=r'coco\.pth cannot be loaded'):
            convert_checkpoint(source, out)
    source.write_bytes(b'cabsent_module\nThing\n.')
    with pytest.raises(ValueError, match=r'coco\.pth (needs|cannot)'):
        convert_checkpoint(source, out)
    with pytest.raises(FileNotFoundError):
        convert_checkpoint(source.with_name('absent.pth'), out)
    torch.save({'w': torch.ones(2)}, source)
    with pytest.raises(ValueError, match='name another output'):
        convert_checkpoint(source, source)
    assert not out.exists()
