"""Write what a config trains on or mines as images and one COCO json."""

import argparse
import sys
from collections.abc import Sequence

from mmhcm.apis.browse import KINDS, SUFFIXES, export
from mmhcm.engine.launching import add_config_arguments, load_config

from .user_errors import report_user_errors


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog='mmhcm export', description=__doc__)
    add_config_arguments(parser)
    parser.add_argument('--what', choices=KINDS, default='chips')
    parser.add_argument(
        '--out',
        required=True,
        help='folder to write into: images below WHAT/, and WHAT.json',
    )
    parser.add_argument(
        '--round',
        help='hard_chips.jsonl of a mined round; by default the last one of '
        'the work directory',
    )
    parser.add_argument(
        '--num', type=int, help='so many, drawn at random; by default all'
    )
    parser.add_argument(
        '--suffix',
        choices=SUFFIXES,
        default='.png',
        help='file format; .jpg is smaller, but not exact',
    )
    return parser.parse_args(argv)


def run(args: argparse.Namespace) -> int:
    """Export and print a summary."""
    result = export(
        load_config(args),
        args.what,
        args.out,
        num=args.num,
        round_file=args.round,
        suffix=args.suffix,
    )
    broken = f' ({result.num_broken} left out)' if result.num_broken else ''
    print(f'{result.num_images} images in {result.json_path}{broken}')
    return 0


def main(argv: Sequence[str] | None = None) -> int:
    """Parse the arguments, export, and return the exit status."""
    args = parse_args(argv)
    return report_user_errors(lambda: run(args))


if __name__ == '__main__':
    sys.exit(main())
