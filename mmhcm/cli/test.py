"""Print the official scores of a checkpoint, in one of four test modes."""

import argparse
import sys
from collections.abc import Sequence

from .arguments import (
    add_config_arguments,
    add_mode_arguments,
    command_parser,
)
from .user_errors import command_main


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = command_parser(
        'test',
        __doc__,
        'configs/hcm/faster-rcnn_r101_fpn_hcm_visdrone.py '
        'epoch_24.pth --slices',
    )
    add_config_arguments(parser)
    parser.add_argument('checkpoint', help='checkpoint: a file or an address')
    add_mode_arguments(parser)
    parser.add_argument(
        '--out',
        help='write the detections as a pickle, which the analysis tools of '
        'MMDetection read',
    )
    parser.add_argument(
        '--show-dir',
        help='folder for pictures of objects and detections, below '
        'WORK_DIR/TIMESTAMP/',
    )
    return parser.parse_args(argv)


def run(args: argparse.Namespace) -> int:
    """Test."""
    from mmhcm.engine.checkpoints import check_checkpoint, existing_checkpoint
    from mmhcm.engine.launching import (
        build_runner,
        draw_detections,
        dump_detections,
        load_config,
        use_mode,
    )

    cfg = load_config(args)
    cfg.load_from = existing_checkpoint(args.checkpoint)
    use_mode(cfg, args)
    if args.out is not None:
        dump_detections(cfg, args.out)
    if args.show_dir is not None:
        draw_detections(cfg, args.show_dir)
    runner = build_runner(cfg)
    classes = runner.test_dataloader.dataset.metainfo.get('classes')
    check_checkpoint(args.checkpoint, runner.model, classes)
    runner.test()
    return 0


main = command_main(parse_args, run)

if __name__ == '__main__':
    sys.exit(main())
