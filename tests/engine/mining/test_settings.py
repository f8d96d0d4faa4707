import pytest
from mmdet.registry import DATASETS
from mmengine.config import Config

from mmhcm.engine.hooks import HardChipMiningHook
from mmhcm.engine.mining import (
    MiningSettings,
    build_canvases,
    hook_settings,
    mining_settings,
)

NAME = 'HardChipMiningHook'
MINING = {'type': NAME, 'epochs': [3], 'fp16': True}
OTHER = {'type': 'EMAHook'}


@pytest.mark.parametrize(
    'hooks',
    [
        {'default_hooks': {'other': OTHER, 'mining': MINING}},
        {'custom_hooks': [OTHER, MINING]},
        {'default_hooks': {'other': OTHER}, 'custom_hooks': [MINING, OTHER]},
        {
            'default_hooks': {
                'any': {**MINING, 'type': 'mmdet.' + MINING['type']}
            }
        },
    ],
)
def test_hooks_are_found_wherever_they_are(hooks):
    cfg = Config(hooks)
    assert hook_settings(cfg, NAME)['epochs'] == [3]
    assert hook_settings(cfg, 'MiningReportHook') == {}
    assert mining_settings(cfg) == MiningSettings(fp16=True)


def test_no_external_data_sets():
    assert MiningSettings(external=None) == MiningSettings(external=[])


@pytest.mark.parametrize(
    'hooks', [{}, {'default_hooks': {'mining': {**MINING, 'epochs': []}}}]
)
def test_a_config_has_to_mine(hooks):
    with pytest.raises(ValueError, match='no HardChipMiningHook with epochs'):
        mining_settings(Config(hooks))


def test_unknown_settings_are_refused():
    with pytest.raises(ValueError, match='report'):
        HardChipMiningHook([1], report=True)


def test_commands_draw_the_canvases_of_training(make_runner):
    """The first round's, by the one builder."""
    runner = make_runner({'default_hooks.mining.canvases.num_canvases': 3})
    drawn = []
    (hook,) = [h for h in runner.hooks if isinstance(h, HardChipMiningHook)]
    build = hook.settings.build_canvases

    def watched(*args, **kwargs):
        canvases = build(*args, **kwargs)
        drawn.extend(canvases.get_data_info(ind)['canvas'] for ind in range(3))
        raise KeyboardInterrupt

    hook.settings.build_canvases = watched
    with pytest.raises(KeyboardInterrupt):
        runner.train()
    chips = DATASETS.build(runner.cfg.train_dataloader.dataset)
    canvases = build_canvases(runner.cfg, chips, 3, hook.sources.pool)
    assert [canvases.get_data_info(ind)['canvas'] for ind in range(3)] == drawn
    assert any(canvas.pastes for canvas in drawn)
