"""Write the leaderboard zip of a checkpoint, and validate it."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from .arguments import (
    add_config_arguments,
    add_mode_arguments,
    command_parser,
)
from .user_errors import command_main


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = command_parser(
        'submit',
        __doc__,
        'configs/hcm/faster-rcnn_r101_fpn_hcm_visdrone.py '
        'epoch_24.pth --tta --out submission.zip',
    )
    add_config_arguments(parser)
    parser.add_argument('checkpoint', help='checkpoint: a file or an address')
    parser.add_argument(
        '--out', default='submission.zip', help='the zip to write'
    )
    add_mode_arguments(parser)
    parser.add_argument(
        '--data-root',
        help='folder with images/, instead of the test set of the config',
    )
    return parser.parse_args(argv)


def run(args: argparse.Namespace) -> int:
    """Test, write, validate; 1 for an invalid zip."""
    from mmengine.dist import is_main_process

    from mmhcm.engine.checkpoints import check_checkpoint, existing_checkpoint
    from mmhcm.engine.launching import (
        build_runner,
        image_sizes,
        innermost_dataset,
        load_config,
        submit_only,
        use_mode,
    )
    from mmhcm.structures.results import validate_submission

    cfg = load_config(args)
    cfg.load_from = existing_checkpoint(args.checkpoint)
    max_rows = submit_only(cfg, args.out)
    if args.data_root is not None:
        dataset = innermost_dataset(cfg.test_dataloader.dataset)
        dataset.data_root = args.data_root
    use_mode(cfg, args)
    runner = build_runner(cfg)
    classes = runner.test_dataloader.dataset.metainfo.get('classes')
    check_checkpoint(args.checkpoint, runner.model, classes)
    runner.test()
    if not is_main_process():
        return 0
    images = image_sizes(runner.test_dataloader.dataset)
    faults = validate_submission(args.out, images, max_rows)
    for fault in faults:
        print(fault, file=sys.stderr)
    if not faults:
        print(f'{Path(args.out)}: good, {len(images)} result files')
    return int(bool(faults))


main = command_main(parse_args, run)

if __name__ == '__main__':
    sys.exit(main())
