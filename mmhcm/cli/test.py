"""Print the official scores of a checkpoint, in one of three test modes."""

import argparse
import sys
from collections.abc import Sequence

from mmhcm.engine.checkpoints import check_checkpoint, existing_checkpoint
from mmhcm.engine.launching import (
    add_config_arguments,
    add_mode_arguments,
    build_runner,
    load_config,
    use_mode,
)

from .user_errors import report_user_errors


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog='mmhcm test', description=__doc__)
    add_config_arguments(parser)
    parser.add_argument('checkpoint', help='checkpoint file')
    add_mode_arguments(parser)
    return parser.parse_args(argv)


def run(args: argparse.Namespace) -> int:
    """Test."""
    cfg = load_config(args)
    cfg.load_from = existing_checkpoint(args.checkpoint)
    use_mode(cfg, args)
    runner = build_runner(cfg)
    classes = runner.test_dataloader.dataset.metainfo.get('classes')
    check_checkpoint(args.checkpoint, runner.model, classes)
    runner.test()
    return 0


def main(argv: Sequence[str] | None = None) -> int:
    """Parse the arguments, test, and return the exit status."""
    args = parse_args(argv)
    return report_user_errors(lambda: run(args))


if __name__ == '__main__':
    sys.exit(main())
