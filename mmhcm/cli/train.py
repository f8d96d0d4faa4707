"""Train a detector: normal chips, mining, retraining, evaluation."""

import argparse
import sys
from collections.abc import Sequence

from mmhcm.engine.checkpoints import (
    check_checkpoint,
    existing_checkpoint,
    latest_checkpoint,
)
from mmhcm.engine.launching import (
    add_config_arguments,
    build_runner,
    check_mining_hooks,
    join_processes,
    load_config,
    only_run_in,
)

from .user_errors import report_user_errors


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog='mmhcm train', description=__doc__)
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
    return parser.parse_args(argv)


def run(args: argparse.Namespace) -> int:
    """Train."""
    cfg = load_config(args)
    check_mining_hooks(cfg)
    if args.amp:
        cfg.optim_wrapper.type = 'AmpOptimWrapper'
        cfg.optim_wrapper.setdefault('loss_scale', 'dynamic')
    checkpoint = None
    if args.resume is not None:
        # Without a checkpoint yet, the run starts at the beginning.
        checkpoint = (
            latest_checkpoint(cfg.work_dir)
            if args.resume == 'auto'
            else existing_checkpoint(args.resume)
        )
        cfg.resume, cfg.load_from = True, checkpoint
    # All ranks end if the main process finds another run in the folder.
    join_processes(cfg)
    with only_run_in(cfg.work_dir):
        runner = build_runner(cfg)
        if checkpoint is not None:
            check_checkpoint(checkpoint, runner.model)
        runner.train()
    return 0


def main(argv: Sequence[str] | None = None) -> int:
    """Parse the arguments, train, and return the exit status."""
    args = parse_args(argv)
    return report_user_errors(
        lambda: run(args),
        hint='; --resume goes on from the newest checkpoint',
    )


if __name__ == '__main__':
    sys.exit(main())
