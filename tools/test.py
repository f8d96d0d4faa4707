"""Print the official figures of a checkpoint, at one scale or many."""

import argparse
import sys

from mmhcm.engine.launch import (
    add_config_arguments,
    build_runner,
    existing_file,
    load_config,
    use_tta,
)


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    add_config_arguments(parser)
    parser.add_argument('checkpoint', help='checkpoint file')
    parser.add_argument(
        '--tta', action='store_true', help="test at the config's many scales"
    )
    return parser.parse_args()


def main() -> int:
    """Test; 1 for a user's mistake."""
    args = parse_args()
    try:
        cfg = load_config(args)
        cfg.load_from = existing_file(args.checkpoint, 'checkpoint')
        if args.tta:
            use_tta(cfg)
    except (FileNotFoundError, ValueError) as error:
        print(error, file=sys.stderr)
        return 1
    build_runner(cfg).test()
    return 0


if __name__ == '__main__':
    sys.exit(main())
