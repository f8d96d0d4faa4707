"""Write the leaderboard zip of a checkpoint, and validate it."""

import argparse
import sys
from pathlib import Path

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
        '--out', default='submission.zip', help='the zip to write'
    )
    parser.add_argument(
        '--tta', action='store_true', help="test at the config's many scales"
    )
    parser.add_argument(
        '--data-root',
        help='folder with images/, instead of the test set of the config',
    )
    return parser.parse_args()


def main() -> int:
    """Test, write, validate; 1 for a mistake or an invalid zip."""
    args = parse_args()
    try:
        cfg = load_config(args)
        cfg.load_from = existing_file(args.checkpoint, 'checkpoint')
        if Path(args.out).suffix != '.zip':
            raise ValueError(f'--out must end in .zip, got {args.out}')
        if args.data_root is not None:
            cfg.test_dataloader.dataset.data_root = args.data_root
        if args.tta:
            use_tta(cfg)
    except (FileNotFoundError, ValueError) as error:
        print(error, file=sys.stderr)
        return 1
    cfg.test_evaluator = {
        **cfg.test_evaluator,
        'format_only': True,
        'outfile_prefix': str(Path(args.out).with_suffix('')),
    }
    build_runner(cfg).test()
    return 0


if __name__ == '__main__':
    sys.exit(main())
