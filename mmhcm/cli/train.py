"""Train a detector: normal chips, mining, retraining, evaluation."""

import argparse
import sys
from collections.abc import Sequence

from .arguments import add_config_arguments, command_parser
from .user_errors import command_main


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = command_parser(
        'train', __doc__, 'configs/hcm/faster-rcnn_r101_fpn_hcm_visdrone.py'
    )
    add_config_arguments(parser)
    parser.add_argument(
        '--resume',
        nargs='?',
        const='auto',
        help='continue from a checkpoint, by default from the newest one in '
        'the work directory',
    )
    parser.add_argument(
        '--amp', action='store_true', help='train in mixed precision'
    )
    parser.add_argument(
        '--auto-scale-lr',
        action=argparse.BooleanOptionalAction,
        help='scale learning rates from the batch that they are made for to '
        "the batch in use; by default as the config's auto_scale_lr says, "
        'which is on in the configs of this project',
    )
    return parser.parse_args(argv)


def run(args: argparse.Namespace) -> int:
    """Train."""
    from mmhcm.engine.checkpoints import (
        check_checkpoint,
        existing_checkpoint,
        latest_checkpoint,
    )
    from mmhcm.engine.launching import (
        build_runner,
        join_processes,
        load_config,
        only_run_in,
    )

    cfg = load_config(args)
    if args.amp:
        cfg.optim_wrapper.type = 'AmpOptimWrapper'
        cfg.optim_wrapper.setdefault('loss_scale', 'dynamic')
    if args.auto_scale_lr is not None:
        cfg.setdefault('auto_scale_lr', {})['enable'] = args.auto_scale_lr
    checkpoint = None
    if args.resume is not None:
        # Without a checkpoint yet, the run starts at the beginning.
        checkpoint = (
            latest_checkpoint(cfg.work_dir)
            if args.resume == 'auto'
            else existing_checkpoint(args.resume)
        )
        if checkpoint is not None:
            cfg.resume, cfg.load_from = True, checkpoint
    # All ranks end if the main process finds another run in the folder.
    join_processes(cfg)
    with only_run_in(cfg.work_dir):
        runner = build_runner(cfg)
        if checkpoint is not None:
            check_checkpoint(checkpoint, runner.model)
        runner.train()
    return 0


main = command_main(
    parse_args, run, '; --resume goes on from the newest checkpoint'
)

if __name__ == '__main__':
    sys.exit(main())
