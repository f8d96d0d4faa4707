from mmhcm.engine.mining import round_path
from mmhcm.structures.rounds import read_round
from tests.support.tiny_run import IMAGE_WH


def test_a_round_is_mined_in_slices(make_runner):
    """Slices of views of canvases, in place of the views as a whole."""
    slices = [dict(window=64, scale_factor=1.0)]
    runner = make_runner(
        {
            'default_hooks.mining.test_scales': [dict(scale_factor=1.5)],
            'default_hooks.mining.tta_model': dict(
                type='SliceTTA', slices=slices
            ),
            'default_hooks.checkpoint': None,
            'train_cfg.val_interval': 9,
        }
    )
    runner.train()
    mined = read_round(round_path(runner.work_dir, 1))
    assert mined.counts['canvases'] == 2
    for canvas in mined.canvases:
        for error in canvas.errors:
            x1, y1, x2, y2 = error.bbox
            assert 0 <= x1 <= x2 <= IMAGE_WH[0]
            assert 0 <= y1 <= y2 <= IMAGE_WH[1]
