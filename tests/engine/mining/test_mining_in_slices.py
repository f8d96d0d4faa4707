from mmengine.runner import Runner

from mmhcm.structures.rounds import read_round
from tests.support.tiny_run import IMAGE_WH, tiny_config, write_tiny_run


def test_a_round_is_mined_in_slices(tmp_path):
    """Slices of views of canvases, in place of the views as a whole."""
    cfg = tiny_config(
        write_tiny_run(tmp_path),
        tmp_path / 'work',
        {
            'default_hooks.mining.test_scales': [dict(scale_factor=1.5)],
            'default_hooks.mining.tta_model': dict(
                type='SliceTTA', slices=[dict(window=64, scale_factor=1.0)]
            ),
            'log_level': 'ERROR',
            'val_dataloader': None,
            'val_cfg': None,
            'val_evaluator': None,
            'default_hooks.checkpoint.save_best': None,
        },
    )
    Runner.from_cfg(cfg).train()
    path = tmp_path / 'work' / 'hcm' / 'round_1' / 'hard_chips.jsonl'
    mined = read_round(path)
    assert mined.counts['canvases'] == 2
    for canvas in mined.canvases:
        for error in canvas.errors:
            x1, y1, x2, y2 = error.bbox
            assert 0 <= x1 <= x2 <= IMAGE_WH[0]
            assert 0 <= y1 <= y2 <= IMAGE_WH[1]
