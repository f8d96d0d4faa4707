import pytest
import torch
from torch import nn

from mmhcm.engine.hooks.weight_fit_hook import describe_fit


def test_fitting_weights_are_not_logged():
    state = nn.Linear(2, 3).state_dict()
    assert describe_fit(state, state) == ''
    wrapped = {f'module.{name}': value for name, value in state.items()}
    assert describe_fit(wrapped, state) == ''


def test_each_kind_of_misfit_is_named():
    expected = {
        'a': torch.ones(2),
        'cls': torch.ones(3, 4),
        'b': torch.ones(1),
    }
    weights = {'a': torch.ones(2), 'cls': torch.ones(9, 4), 'x': torch.ones(1)}
    assert describe_fit(weights, expected) == (
        '1 of 3 weights taken; 1 of another shape left as initialised '
        '(cls (9, 4), not (3, 4)); 1 not in the file left as initialised (b); '
        '1 not of the model passed over (x)'
    )


def test_many_names_are_cut():
    expected = {f'w{ind}': torch.ones(2) for ind in range(20)}
    line = describe_fit({'w0': torch.ones(2)}, expected)
    assert '19 not in the file' in line
    assert '(w1, w2, w3, w4, w5, w6, ...)' in line


def test_a_file_of_another_model_is_an_error():
    state = nn.Linear(2, 3).state_dict()
    with pytest.raises(ValueError, match='none of the 1 weights in the file'):
        describe_fit({'x': torch.ones(1)}, state)
