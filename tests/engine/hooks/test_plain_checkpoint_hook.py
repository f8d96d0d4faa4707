import io

import numpy as np
import pytest
import torch
from mmengine.logging import HistoryBuffer

from mmhcm.engine.hooks import PlainCheckpointHook
from mmhcm.engine.hooks.plain_checkpoint_hook import from_plain, to_plain


def save_and_load(value):
    file = io.BytesIO()
    torch.save(value, file)
    file.seek(0)
    return torch.load(file, weights_only=True)


@pytest.mark.parametrize(
    'value',
    [
        {},
        [],
        (),
        'text',
        None,
        {'a': [1, (2.5, 'b')], 3: {'c': None}},
        {'lr': [0.1, float('inf')]},
    ],
)
def test_plain_values_stay(value):
    assert from_plain(save_and_load(to_plain(value))) == value


@pytest.mark.parametrize('length', [0, 1, 5])
def test_buffers_come_back(length):
    buffer = HistoryBuffer(max_length=7)
    for number in range(length):
        buffer.update(number / 3, number + 1)
    hub = {'log_scalars': {'train/loss': buffer}, 'best': np.float64(0.25)}
    loaded = from_plain(save_and_load(to_plain(hub)))
    assert loaded['best'] == 0.25
    assert type(loaded['best']) is float
    restored = loaded['log_scalars']['train/loss']
    assert restored.max_length == 7
    for ours, theirs in zip(restored.data, buffer.data, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    restored.update(4.0)
    assert restored.current() == 4.0
    # What is written does not change with the buffer.
    assert len(buffer.data[0]) == length


def test_arrays_become_lists():
    assert to_plain({'a': np.arange(3)}) == {'a': [0, 1, 2]}


def test_hook_leaves_the_rest_alone():
    weight = torch.ones(2)
    checkpoint = {
        'state_dict': {'w': weight},
        'meta': {'epoch': np.int64(3)},
        'message_hub': {'log_scalars': {'x': HistoryBuffer([1.0], [1])}},
    }
    hook = PlainCheckpointHook()
    hook.before_save_checkpoint(None, checkpoint)
    assert checkpoint['state_dict']['w'] is weight
    assert type(checkpoint['meta']['epoch']) is int
    hook.after_load_checkpoint(None, checkpoint)
    buffer = checkpoint['message_hub']['log_scalars']['x']
    assert buffer.current() == 1.0
    hook.after_load_checkpoint(None, {'state_dict': {}})
