from mmhcm.engine.hooks import PixelCountHook
from tests.support.stopping import train_until


def counted(runner):
    (hook,) = [h for h in runner.hooks if isinstance(h, PixelCountHook)]
    return hook.pixels


def test_pixels_are_counted_over_interruptions(make_runner):
    options = {
        'train_cfg.val_interval': 9,
        'default_hooks.checkpoint.save_best': None,
    }
    runner = make_runner(options)
    # In the second epoch, an iteration after the checkpoint.
    train_until(runner, iteration=3)
    # Two chips of 64 x 64 pixels an iteration.
    assert counted(runner) == 3 * 2 * 64**2
    resumed = make_runner(options, resume=True)
    resumed.train()
    # What the checkpoint did not have was trained once more.
    assert counted(resumed) == 4 * 2 * 64**2
    fresh = make_runner(
        {**options, 'load_from': runner.work_dir + '/epoch_2.pth'}
    )
    train_until(fresh, iteration=1)
    assert counted(fresh) == 2 * 64**2


def test_images_of_several_sizes(make_runner):
    dataset = {
        'train_dataloader.dataset.scales': None,
        'train_dataloader.dataset.pipeline': [
            {'type': 'LoadImageFromFile'},
            {'type': 'LoadAnnotations', 'with_bbox': True},
            {'type': 'MaskIgnoredRegions'},
            {'type': 'ResizeToScale', 'scale_factor': 0.5},
            {'type': 'PackDetInputs'},
        ],
        'default_hooks.mining.epochs': [],
        'default_hooks.checkpoint': None,
        'train_cfg.val_interval': 9,
    }
    runner = make_runner(dataset)
    train_until(runner, iteration=1)
    assert counted(runner) == 2 * 56 * 40
