"""Print the official figures of a checkpoint, in one of three test modes."""

import argparse
import sys

from mmhcm.engine.checkpoints import check_checkpoint, existing_checkpoint
from mmhcm.engine.launching import (
    add_config_arguments,
    add_mode_arguments,
    build_runner,
    load_config,
    report_mistakes,
    use_mode,
)


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    add_config_arguments(parser)
    parser.add_argument('checkpoint', help='checkpoint file')
    add_mode_arguments(parser)
    return parser.parse_args()


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


def main() -> int:
    """Test; 1 for a user's mistake."""
    args = parse_args()
    return report_mistakes(lambda: run(args))


if __name__ == '__main__':
    sys.exit(main())
