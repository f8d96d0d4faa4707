import http.server
import io
import os
import pickle
import tarfile
import threading
from collections import OrderedDict, defaultdict
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import ConfigDict
from mmengine.logging import HistoryBuffer
from mmengine.model import BaseModule
from mmengine.runner import CheckpointLoader
from torch import nn

from mmhcm.engine.checkpoints import (
    check_checkpoint,
    load_plain,
    recorded_classes,
    safe_loading,
)
from mmhcm.engine.checkpoints.inert_pickle import InertPickle, LeftOut
from tests.support.programs import Program


def by_mmengine(path):
    return CheckpointLoader.load_checkpoint(str(path), map_location='cpu')


LOADERS = {'ours': load_plain, 'mmengine': by_mmengine}
WRITERS = {
    'archive': torch.save,
    'before torch 1.6': lambda value, path: torch.save(
        value, path, _use_new_zipfile_serialization=False
    ),
}


def published(weights):
    """Make a checkpoint with all that MMDetection 3 puts into its own."""
    buffer = HistoryBuffer()
    buffer.update(1.5)
    return {
        'meta': {
            'epoch': 12,
            'iter': np.int64(87972),
            'cfg': "model = dict(type='FasterRCNN')\n",
            'time': '20220504_163544',
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


@pytest.mark.parametrize('load', LOADERS.values(), ids=LOADERS)
@pytest.mark.parametrize('write', WRITERS.values(), ids=WRITERS)
def test_a_published_checkpoint_is_loaded(tmp_path, load, write):
    model = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3))
    weights = model.state_dict()
    write(published(weights), tmp_path / 'coco.pth')
    loaded = load(tmp_path / 'coco.pth')
    assert list(loaded['state_dict']) == list(weights)
    for name, value in weights.items():
        assert torch.equal(loaded['state_dict'][name], value)
    assert loaded['meta'].pop('dataset_meta') == {
        'classes': ('person', 'car'),
        'palette': [(220, 20, 60)] * 2,
    }
    expected = published(weights)
    del expected['meta']['dataset_meta']
    assert loaded['meta'] == expected['meta']
    for value, kind in (
        (loaded['meta']['iter'], int),
        (loaded['meta']['hook_msgs']['best_score'], float),
        (loaded['message_hub']['log_scalars']['train/loss'], LeftOut),
    ):
        assert isinstance(value, kind)
    assert loaded['message_hub']['runtime_info'] == {'iter': 87972}


@pytest.mark.parametrize(
    'meta',
    [
        {'CLASSES': ['a', 'b']},
        {'dataset_meta': {'CLASSES': ('a', 'b')}},
        {'dataset_meta': ConfigDict(classes=('a', 'b'))},
    ],
)
def test_class_names_of_every_version_are_kept(tmp_path, meta):
    path = str(tmp_path / 'old.pth')
    model = nn.Linear(2, 3)
    meta['best'] = np.float32(0.5)
    torch.save({'meta': meta, 'state_dict': model.state_dict()}, path)
    assert recorded_classes(load_plain(path)) == ['a', 'b']
    check_checkpoint(path, model, ('a', 'b'))
    with pytest.raises(ValueError, match="label 1 is 'b', not 'c'"):
        check_checkpoint(path, model, ('a', 'c'))


NUMBERS = [
    *(np.bool_(True), np.int8(-3), np.uint64(2**63), np.float16(0.5)),
    *(np.float32(1.25), np.float64(-1e300), np.dtype('>i4').type(7)),
    np.array([258], '>u2')[0],
]


@pytest.mark.parametrize('protocol', [2, 4])
@pytest.mark.parametrize('number', NUMBERS, ids=lambda n: n.dtype.str)
def test_numpy_scalars_become_numbers(tmp_path, number, protocol):
    torch.save([number], tmp_path / 'a.pth', pickle_protocol=protocol)
    (value,) = load_plain(tmp_path / 'a.pth')
    assert value == number.item()
    assert type(value) is type(number.item())


def test_other_objects_are_left_out(tmp_path):
    """Whatever they are, they load as nothing, and dicts keep their items."""
    items = [
        *(np.arange(3), np.str_('a'), np.complex64(1), np.dtype('f4, i4')),
        *(range(3), slice(2), Path('a'), nn.Linear(2, 3), ValueError()),
    ]
    plain = [
        *(torch.ones(2), nn.Parameter(torch.ones(1)), torch.Size([2]), {1, 2}),
        *(torch.float16, torch.device('cpu'), b'x', 3j, 10**30, None, 'a'),
    ]
    content = {'items': items, 'plain': plain, 'function': len}
    content['dict'] = defaultdict(list, a=[1])
    torch.save(content, tmp_path / 'a.pth')
    loaded = load_plain(tmp_path / 'a.pth')
    assert all(isinstance(item, LeftOut) for item in loaded['items'])
    assert not any(isinstance(item, LeftOut) for item in loaded['plain'])
    assert repr(loaded['plain']) == repr(plain)
    assert issubclass(loaded['function'], LeftOut)
    assert loaded['dict'] == {'a': [1]}


@pytest.mark.parametrize('load', LOADERS.values(), ids=LOADERS)
@pytest.mark.parametrize('protocol', [2, 3, 4, 5])
@pytest.mark.parametrize('archive', [True, False])
@pytest.mark.filterwarnings('ignore:Detected pickle protocol')
def test_a_program_is_not_run(tmp_path, load, protocol, archive):
    path, made = tmp_path / 'a.pth', tmp_path / 'made'
    torch.save(
        {'epoch': 3, 'meta': Program(made)},
        path,
        pickle_protocol=protocol,
        _use_new_zipfile_serialization=archive,
    )
    try:
        loaded = load(path)
    except ValueError:
        # Files of before torch 1.6 are recognised by protocol 2.
        assert protocol > 2
        assert not archive
    else:
        assert loaded == {'epoch': 3, 'meta': {}}
    assert not made.exists()
    # ... while the unsafe loader does run it
    torch.load(path, weights_only=False)
    assert made.exists()


def pickled(*instructions):
    return b'\x80\x02' + b''.join(instructions) + b'.'


def word(text):
    return b'X' + len(text).to_bytes(4, 'little') + text.encode()


REBUILD = b'ctorch._utils\n_rebuild_tensor_v2\n'
ORDERED = b'ccollections\nOrderedDict\n'
#: Each would change something of this process, or call what is not listed.
REFUSED = {
    'attribute of a function': (REBUILD, b'N}', word('x'), b'K\x01s\x86b'),
    'attribute of a class': (ORDERED, b'N}', word('x'), b'K\x01s\x86b'),
    'state of a list': (b']}b',),
    'call of a plain value': (word('x'), b')R'),
    'call without a tuple': (ORDERED, b'NR'),
    'instance of a plain value': (b'(', word('x'), b'o'),
    'new storage': (b'ctorch.storage\nUntypedStorage\n', b'K\x09\x85R'),
    'extension': (b'\x82\x01',),
    'another codec': (
        *(b'c_codecs\nencode\n', word('x'), word('zlib'), b'\x86R'),
    ),
}


@pytest.mark.parametrize('instructions', REFUSED.values(), ids=REFUSED)
def test_harmful_instructions_are_refused(instructions):
    with pytest.raises(pickle.UnpicklingError):
        InertPickle().load(io.BytesIO(pickled(*instructions)))
    assert not hasattr(OrderedDict, 'x')
    assert not hasattr(torch._utils._rebuild_tensor_v2, 'x')


def test_attributes_of_a_dict_are_left_out():
    state = b'}', word('items'), b'K\x01s', word('_metadata'), b'}s'
    content = pickled(ORDERED, b')R', *state, b'b')
    value = InertPickle().load(io.BytesIO(content))
    assert vars(value) == {'_metadata': {}}


def test_memo_of_a_claimed_size_takes_no_memory():
    content = pickled(b'Nr\xff\xff\xff\xff')
    assert InertPickle().load(io.BytesIO(content)) is None


def test_config_in_a_checkpoint_is_not_run(tmp_path):
    """MMEngine evaluates it on resuming, even if all values are plain."""
    path = tmp_path / 'a.pth'
    torch.save({'meta': {'config': 'raise ValueError', 'epoch': 1}}, path)
    assert by_mmengine(path)['meta'] == {'epoch': 1}


def test_a_pickled_model_is_refused(tmp_path):
    torch.save(nn.Linear(2, 3), tmp_path / 'model.pth')
    with pytest.raises(ValueError, match=r'class torch\.nn.*save its state_'):
        load_plain(tmp_path / 'model.pth')


def test_environment_chooses_no_unsafe_loader(tmp_path, monkeypatch):
    path, made = tmp_path / 'a.pth', tmp_path / 'made'
    torch.save({'meta': Program(made)}, path)
    monkeypatch.setenv('TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD', '1')
    for load in LOADERS.values():
        load(path)
    monkeypatch.delenv('TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD')
    # Who wants torch's loader alone gets it.
    monkeypatch.setenv('TORCH_FORCE_WEIGHTS_ONLY_LOAD', '1')
    for load in LOADERS.values():
        with pytest.raises(ValueError, match=r'it holds posix\.mkdir'):
            load(path)
    assert not made.exists()


@pytest.fixture
def server(tmp_path, monkeypatch):
    """Serve a folder; files from there go to a cache of this test."""
    folder = tmp_path / 'served'
    folder.mkdir()
    monkeypatch.setenv('TORCH_HOME', str(tmp_path / 'home'))

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(
        ('127.0.0.1', 0), partial(Quiet, directory=folder)
    ) as running:
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        yield folder, f'http://127.0.0.1:{running.server_port}'
        running.shutdown()
        thread.join()


def test_an_address_is_loaded_and_checked(server, capsys):
    folder, address = server
    model = nn.Linear(2, 3)
    torch.save(published(model.state_dict()), folder / 'coco.pth')
    loaded = by_mmengine(f'{address}/coco.pth')
    assert torch.equal(loaded['state_dict']['bias'], model.bias)
    check_checkpoint(f'{address}/coco.pth', model, ('person', 'car'))
    with pytest.raises(ValueError, match=r'coco\.pth is of another model'):
        check_checkpoint(f'{address}/coco.pth', nn.Linear(2, 4))
    with pytest.raises(OSError, match=r'absent\.pth cannot be downloaded'):
        by_mmengine(f'{address}/absent.pth')


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
    torch.save({'meta': Program(made)}, path)
    loaders = 'mmengine.runner.checkpoint'
    monkeypatch.setattr(
        f'{loaders}.load_url',
        lambda *_, **__: torch.load(path, weights_only=False),
    )
    monkeypatch.setattr(
        f'{loaders}.get_torchvision_models', lambda: {'resnet50': 'http://a'}
    )
    by_mmengine(address)
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
    model = nn.Linear(2, 3)
    torch.save({'meta': Program(made), 'state_dict': model.state_dict()}, path)

    class Layer(BaseModule):
        def __init__(self):
            super().__init__({'type': 'Pretrained', 'checkpoint': str(path)})
            self.weight = nn.Parameter(torch.zeros(3, 2))
            self.bias = nn.Parameter(torch.zeros(3))

    layer = Layer()
    layer.init_weights()
    assert torch.equal(layer.weight, model.weight)
    assert not made.exists()


def write_tar(path):
    with tarfile.open(path, 'w') as tar:
        tar.add(__file__, 'storages')


def write_pickle(path):
    path.write_bytes(pickle.dumps({'meta': Program(path.parent / 'made')}))


def write_half(path):
    torch.save({'state_dict': {'a': torch.ones(9)}}, path)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])


OTHER_FILES = {
    'empty': lambda path: path.write_bytes(b''),
    'text': lambda path: path.write_bytes(b'hello\n'),
    'cut': lambda path: path.write_bytes(b'PK\x03\x04'),
    'half': write_half,
    'script': lambda path: torch.jit.save(torch.jit.script(nn.ReLU()), path),
    'tar': write_tar,
    'pickle': write_pickle,
}


@pytest.mark.parametrize('load', LOADERS.values(), ids=LOADERS)
@pytest.mark.parametrize('write', OTHER_FILES.values(), ids=OTHER_FILES)
@pytest.mark.filterwarnings('ignore')
def test_other_files_give_one_line(tmp_path, load, write):
    path = tmp_path / 'a.pth'
    write(path)
    with pytest.raises(ValueError, match='checkpoint that can be') as caught:
        load(path)
    message = str(caught.value)
    assert message.startswith(f'{path} ')
    assert len(message.splitlines()) == 1
    assert 'weights_only' not in message
    assert os.listdir(tmp_path) == ['a.pth']  # noqa: PTH208


@pytest.mark.parametrize('load', LOADERS.values(), ids=LOADERS)
def test_absent_files_raise_file_not_found(tmp_path, load):
    with pytest.raises(FileNotFoundError, match=r'a\.pth'):
        load(tmp_path / 'a.pth')
