from contextlib import nullcontext
from pathlib import Path

import pytest
import torch
from torch import nn

from mmhcm.engine.checkpoints import (
    check_checkpoint,
    existing_checkpoint,
    latest_checkpoint,
)


@pytest.fixture
def path(tmp_path):
    return str(tmp_path / 'epoch_1.pth')


@pytest.mark.parametrize(
    'wrap', [lambda state: {'state_dict': state}, lambda state: state]
)
def test_fitting_weights_are_accepted(path, wrap):
    torch.save(wrap(nn.Linear(2, 3).state_dict()), path)
    check_checkpoint(path, nn.Linear(2, 3))


NO_WEIGHTS = 'holds no weights of a model'


@pytest.mark.parametrize(
    ('content', 'message'),
    [
        (nn.Linear(2, 4).state_dict(), '2 of 2 weights do not fit, first bi'),
        ({'weight': torch.ones(3, 2)}, '1 of 2 weights do not fit, first bi'),
        (
            {**nn.Linear(2, 3).state_dict(), 'more': torch.ones(1)},
            '1 of 2 weights do not fit, first more',
        ),
        ([1, 2], NO_WEIGHTS),
        ({'epoch': 3}, NO_WEIGHTS),
        (torch.ones(2), NO_WEIGHTS),
    ],
)
def test_weights_of_another_model(path, content, message):
    torch.save(content, path)
    with pytest.raises(ValueError, match=message):
        check_checkpoint(path, nn.Linear(2, 3))


@pytest.mark.parametrize('value', [float('nan'), float('inf')])
def test_non_finite_weights_are_refused(path, value):
    model = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3))
    state = model.state_dict()
    for name in ('1.weight', '1.running_var'):
        state[name][1] = value
    torch.save({'state_dict': state}, path)
    with pytest.raises(ValueError, match=r'NaN or .*, first 1\.weight$'):
        check_checkpoint(path, model)


@pytest.mark.parametrize(
    ('recorded', 'message'),
    [
        (('van', 'car'), "other classes .* label 0 is 'van', not 'car'$"),
        (('car', 'bus'), "other classes .* label 1 is 'bus', not 'van'$"),
        (['car'], '1 classes, the data set has 2$'),
        (['car', 'van'], None),
        (None, None),
    ],
)
def test_other_classes_are_refused(path, recorded, message):
    model = nn.Linear(2, 3)
    content = {'state_dict': model.state_dict()}
    content['meta'] = {'dataset_meta': {'classes': recorded}}
    torch.save(content, path)
    check_checkpoint(path, model)
    raised = (
        nullcontext()
        if message is None
        else pytest.raises(ValueError, match=f'epoch_1.pth was .*{message}')
    )
    with raised:
        check_checkpoint(path, model, ('car', 'van'))
    for meta in (None, {}, {'dataset_meta': None}):
        torch.save({**content, 'meta': meta}, path)
        check_checkpoint(path, model, ('car', 'van'))
    torch.save(content['state_dict'], path)
    check_checkpoint(path, model, ('car', 'van'))


def test_existing_checkpoint(path):
    with pytest.raises(FileNotFoundError, match='no checkpoint at'):
        existing_checkpoint(path)
    torch.save({}, path)
    assert existing_checkpoint(path) == path
    for address in ('https://example.org/a.pth', 'open-mmlab://resnet50'):
        assert existing_checkpoint(address) == address


def test_latest_checkpoint(tmp_path, path):
    assert latest_checkpoint(tmp_path) is None
    note = tmp_path / 'last_checkpoint'
    note.write_text(path)
    with pytest.raises(FileNotFoundError, match='which does not exist'):
        latest_checkpoint(tmp_path)
    torch.save({}, path)
    assert latest_checkpoint(tmp_path) == path
    # A work directory that was moved.
    note.write_text('/before/epoch_1.pth\n')
    assert latest_checkpoint(tmp_path) == path


def write_checkpoints(folder, *names):
    for name in names:
        torch.save({'weight': torch.ones(100)}, folder / name)


def damage(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def truncate(path):
    path.write_bytes(path.read_bytes()[:-1])


@pytest.mark.parametrize('harm', [damage, truncate, Path.unlink])
def test_damaged_checkpoint_falls_back_on_a_whole_one(tmp_path, harm):
    write_checkpoints(
        tmp_path, 'epoch_2.pth', 'epoch_10.pth', 'epoch_11.pth', 'best_3.pth'
    )
    note = tmp_path / 'last_checkpoint'
    note.write_text(str(tmp_path / 'epoch_10.pth'))
    assert latest_checkpoint(tmp_path) == str(tmp_path / 'epoch_10.pth')
    # What lies beyond the note is of another course of the run.
    harm(tmp_path / 'epoch_10.pth')
    assert latest_checkpoint(tmp_path) == str(tmp_path / 'epoch_2.pth')
    truncate(tmp_path / 'epoch_2.pth')
    with pytest.raises(ValueError, match='holds no checkpoint that is whole'):
        latest_checkpoint(tmp_path)


@pytest.mark.parametrize('text', [None, ''])
def test_farthest_checkpoint_without_a_note(tmp_path, text):
    write_checkpoints(tmp_path, 'epoch_9.pth', 'epoch_10.pth', 'other.pth')
    if text is not None:
        (tmp_path / 'last_checkpoint').write_text(text)
    assert latest_checkpoint(tmp_path) == str(tmp_path / 'epoch_10.pth')
    damage(tmp_path / 'epoch_10.pth')
    assert latest_checkpoint(tmp_path) == str(tmp_path / 'epoch_9.pth')
